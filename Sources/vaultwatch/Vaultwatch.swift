import ArgumentParser
import Supervision

@main
enum Main {
    static func main() async {
        // Daemons take signals as requests, from the first moment on.
        if CommandLine.arguments.dropFirst().contains(where: { ["run", "demo"].contains($0) }) { _ = Signals.shared }
        await Vaultwatch.main()
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
              vaultwatch demo                                     a simulated estate, and a page to look at
              vaultwatch check config --live vaultwatch.yml       before the first start
              vaultwatch run --config.file=vaultwatch.yml         the agent
              vaultwatch status                                   a table of what it sees
              vaultwatch test rules rules/tests/*.yml             unit tests of rules, in promtool's format
              vaultwatch notify test --severity critical          through the real route, to the real receivers
            """,
        version: version,
        subcommands: [
            RunCommand.self, CheckCommand.self, TestCommand.self, QueryCommand.self, StatusCommand.self, NotifyCommand.self, RecordCommand.self,
            DemoCommand.self,
        ])
}
