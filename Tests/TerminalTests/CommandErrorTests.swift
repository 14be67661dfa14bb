import ArgumentParser
import Config
import Testing
import YAML

@testable import vaultwatch

/// What commands say when something is wrong with what was typed.
struct CommandErrorTests {
    /// A running command's error shows how that command is used, not the root.
    @Test func usageIsThatOfTheCommand() {
        let message = Main.message(for: ValidationError("--since: expected a duration"), of: HistoryCommand.self)
        #expect(message.hasPrefix("Error: --since: expected a duration\nUsage: vaultwatch history "), "\(message)")
        #expect(message.hasSuffix("See 'vaultwatch history --help' for more information."), "\(message)")
        let deep = Main.message(for: ValidationError("x"), of: RecordRestoreTestCommand.self)
        #expect(deep.contains("'vaultwatch record restore-test --help'"), "\(deep)")
        // The parser's own errors know their command.
        do {
            _ = try Vaultwatch.parseAsRoot(["silence", "add", "--nonsense"])
            Issue.record("--nonsense is no option")
        } catch {
            #expect(Main.message(for: error, of: Vaultwatch.self).contains("Usage: vaultwatch silence add "))
        }
    }

    /// Nine files that are missing for one reason are one message.
    @Test func missingCredentialsAreToldOnce() {
        func error(_ line: Int, _ message: String) -> YAMLError {
            YAMLError(SourcePosition(file: "c.yml", line: line, column: 3), message)
        }
        let missing = "the environment has no variable \"CREDENTIALS_DIRECTORY\"; systemd sets it for the service"
        let text = ConfigOptions.text(
            ConfigurationErrors(errors: [error(3, missing), error(5, "unknown key"), error(9, missing)]))
        #expect(
            text
                == "c.yml:5:3: unknown key\nc.yml:3:3: 2 files are credentials of systemd, in ${CREDENTIALS_DIRECTORY}, which only the service has (lines 3 and 9); run \"vaultwatch check config --as-service\" as root"
        )
        #expect(ConfigOptions.text(ConfigurationErrors(errors: [error(3, missing)])) == "c.yml:3:3: \(missing)")
    }

    @Test func anUnknownMetricIsNamed() {
        #expect(
            QueryCommand.unknown(["vault_node_sealedd", "up", "ALERTS", "vault_node_sealed"], known: ["up"])
                == ["there is no metric vault_node_sealedd; did you mean vault_node_sealed?"])
        #expect(QueryCommand.unknown(["nonsense_of_mine"], known: []) == ["there is no metric nonsense_of_mine"])
    }

    /// The same option everywhere where data are printed.
    @Test(arguments: [
        ["status"], ["alerts"], ["ack"], ["history"], ["silence", "list"], ["silence", "add", "-c", "x", "A"],
        ["query", "up"], ["routes", "show"], ["routes", "test"], ["routes", "diff", "a", "b"], ["replay", "r.yml"],
        ["notify", "test"], ["check", "config"], ["check", "rules", "r.yml"], ["test", "rules", "t.yml"],
    ])
    func jsonIsAnOutputOf(words: [String]) throws {
        for option in [["--output=json"], ["-o", "json"]] { _ = try Vaultwatch.parseAsRoot(words + option) }
        #expect(throws: (any Error).self) { try Vaultwatch.parseAsRoot(words + ["--output=xml"]) }
    }
}
