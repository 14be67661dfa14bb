import ArgumentParser
import FoundationEssentials
import Platform
import Rules
import Samples

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Tests rules.", subcommands: [TestRulesCommand.self])
}

struct TestRulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Runs unit tests of rules, written in promtool's format.",
        discussion: """
            Exits 0 when all pass and 1 when one fails.
            Example:
              vaultwatch test rules rules/tests/*.yml
            """)

    @Argument(help: "Test files.")
    var files: [String]

    @Option(help: "Run only tests in whose name this regular expression is found; may be given several times.")
    var run: [String] = []

    @Option(help: "Also write the results as JUnit XML to this file.")
    var junit: String?

    @Flag(help: "Show failures as a difference, line by line: - for what was expected, + for what came.")
    var diff = false

    @Flag(help: "Take fields that nobody knows for comments.")
    var ignoreUnknownFields = false

    func run() async throws {
        var options = RuleTestRunner.Options()
        options.run = run
        options.showsDifferences = diff
        options.ignoresUnknownFields = ignoreUnknownFields
        let runner = RuleTestRunner(options, files: SystemFiles())
        let results = files.map { runner.run($0) }
        for result in results {
            print("Unit Testing:  \(result.file)")
            if result.isSuccess {
                print("  SUCCESS\n")
                continue
            }
            print("  FAILED:")
            for error in result.errors { print("    \(error)") }
            for test in result.tests where !test.failures.isEmpty {
                print("    name: \(test.name),")
                for failure in test.failures { print(failure) }
            }
            print("")
        }
        if let junit { try JUnit.write(results, to: junit, now: Timestamp(seconds: Date().timeIntervalSince1970)) }
        if !results.allSatisfy(\.isSuccess) { throw ExitCode.failure }
    }
}
