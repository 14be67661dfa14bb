import ArgumentParser
import Dispatch
import Supervision

@main
enum Main {
    static func main() {
        // Daemons take signals as requests, from the first moment on.
        if CommandLine.arguments.dropFirst().contains("run") { _ = Signals.shared }
        // The task of an asynchronous main would have a priority above that of ordinary threads, and what it waits for too.
        // libdispatch's workers can't have it without privileges, and each would complain to syslog.
        Task.detached(priority: .medium) {
            do {
                var command = try Vaultwatch.parseAsRoot()
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    try command.run()
                }
            } catch {
                exit(error)
            }
            Vaultwatch.exit()
        }
        dispatchMain()
    }

    private static func exit(_ error: any Error) -> Never {
        // Wrong usage is 2 here, as with promtool's and amtool's kin.
        guard Vaultwatch.exitCode(for: error) == .validationFailure else { Vaultwatch.exit(withError: error) }
        Terminal.error(Vaultwatch.fullMessage(for: error))
        Vaultwatch.exit(withError: ExitCode(2))
    }
}

/// The command line. One file a command; exit codes: 0 well, 1 failure, 2 wrong usage, 3 findings of a lint.
struct Vaultwatch: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "vaultwatch",
        abstract: "Watches a HashiCorp Vault estate and wakes the right person.",
        discussion: """
            Examples:
              vaultwatch check config --live vaultwatch.yml       before the first start
              vaultwatch run --config.file=vaultwatch.yml         the agent
              vaultwatch status                                   a table of what it sees
              vaultwatch silence add -c "upgrade" -d 2h VaultSealed   quiet for two hours
              vaultwatch test rules rules/tests/*.yml             unit tests of rules, in promtool's format
              vaultwatch notify test --severity critical          through the real route, to the real receivers
            """,
        version: version,
        subcommands: [
            InitCommand.self, RunCommand.self, ReloadCommand.self, CheckCommand.self, TestCommand.self,
            QueryCommand.self,
            StatusCommand.self,
            AlertsCommand.self, SilenceCommand.self,
            HistoryCommand.self, RoutesCommand.self, NotifyCommand.self, TemplateCommand.self, RecordCommand.self,
        ])
}
