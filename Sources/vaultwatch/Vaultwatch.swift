import ArgumentParser
import Platform
import Supervision
#if canImport(Glibc)
    import Glibc
#endif

@main
enum Main {
    static func main() async {
        // A daemon handles signals from the start; `backup run` and the like are none.
        if CommandLine.arguments.dropFirst().first(where: { !$0.hasPrefix("-") }) == "run" { _ = Signals.shared }
        var kind: any ParsableCommand.Type = Vaultwatch.self
        do {
            var command = try Vaultwatch.parseAsRoot()
            kind = type(of: command)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            end(.success)
        } catch {
            let code = Vaultwatch.exitCode(for: error)
            let text = Main.message(for: error, of: kind)
            if !text.isEmpty {
                if code == .success { print(text) } else { Terminal.error(text) }
            }
            // As in promtool, usage errors exit with 2.
            end(code == .validationFailure ? ExitCode(2) : code)
        }
    }

    /// The message for an error, with the usage of the command that it concerns. The parser knows the command of its own
    /// errors, and takes those that a running command throws for the root's.
    static func message(for error: any Error, of command: any ParsableCommand.Type) -> String {
        guard let wrong = error as? ValidationError else { return Vaultwatch.fullMessage(for: error) }
        let usage = Vaultwatch.usageString(for: command)
        let name = usage.split(separator: " ").prefix { $0.first?.isLetter == true }.joined(separator: " ")
        return "Error: \(wrong.message)\nUsage: \(usage)\n  See '\(name) --help' for more information."
    }

    /// Ends the process without running atexit(3) handlers: libraries would clean up while threads still use them.
    private static func end(_ code: ExitCode) -> Never {
        LogSink.standardError.flush()
        fflush(nil)
        _exit(code.rawValue)
    }
}

/// The command line. Exit codes: 0 success, 1 failure, 2 usage error, 3 lint findings.
struct Vaultwatch: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "vaultwatch",
        abstract: "Monitor a HashiCorp Vault estate and notify the right people.",
        discussion: """
            Examples:
              vaultwatch check config --live vaultwatch.yml       check a configuration and reach all targets
              vaultwatch run --config.file=vaultwatch.yml         run the agent
              vaultwatch status                                   show the state of the estate
              vaultwatch watch                                    show it, and redraw it while it changes
              vaultwatch ack -c "on it" VaultSealed               acknowledge an incident
              vaultwatch silence add -c "upgrade" -d 2h VaultSealed   silence an alert for two hours
              vaultwatch test rules rules/tests/*.yml             run unit tests of rules, in promtool's format
              vaultwatch notify test --severity critical          send a test through the configured route
            """,
        version: version,
        subcommands: [
            InitCommand.self, RunCommand.self, ReloadCommand.self, CheckCommand.self, TestCommand.self,
            QueryCommand.self,
            StatusCommand.self, WatchCommand.self,
            AlertsCommand.self, AckCommand.self, SilenceCommand.self,
            HistoryCommand.self, RoutesCommand.self, ReplayCommand.self, NotifyCommand.self, TemplateCommand.self,
            RecordCommand.self, BackupCommand.self, RestoreTestCommand.self, DrillCommand.self, ReportCommand.self,
            AuditCommand.self,
        ])
}
