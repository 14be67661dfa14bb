import ArgumentParser
import FoundationEssentials
import Platform
import Rules
import Samples

struct TestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Run tests.", subcommands: [TestRulesCommand.self])
}

struct TestRulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Run unit tests of rules, in promtool's format.",
        discussion: """
            In addition to promtool's checks a test may have "explained_by_test": which alerts are consequences of which. Keep
            such tests in files of their own, *.incidents.test.yml: promtool refuses the key.
            Exits with 0 if all tests pass, else with 1.
            Example:
              vaultwatch test rules rules/tests/*.yml
            """)

    @Argument(help: "Test files.")
    var files: [String]

    @Option(help: "Run only tests whose name matches this regular expression; repeatable.")
    var run: [String] = []

    @Option(help: "Also write the results to this file as JUnit XML.")
    var junit: String?

    @Flag(help: "Show failures as a line-by-line difference: - expected, + got.")
    var diff = false

    @Flag(help: "Ignore unknown fields in test files.")
    var ignoreUnknownFields = false

    @OptionGroup var output: DataOptions

    func run() async throws {
        var options = RuleTestRunner.Options()
        options.run = run
        options.showsDifferences = diff
        options.ignoresUnknownFields = ignoreUnknownFields
        options.incidents = { DispatcherIncidents() }
        let runner = RuleTestRunner(options, files: SystemFiles())
        let results = files.map { runner.run($0) }
        if output.isJSON {
            try JSONOutput.print(results.map { ResultBody($0) })
        } else {
            TestRulesCommand.show(results)
        }
        if let junit { try JUnit.write(results, to: junit, now: Timestamp(seconds: Date().timeIntervalSince1970)) }
        if !results.allSatisfy(\.isSuccess) { throw ExitCode.failure }
    }

    /// A file's results as JSON.
    private struct ResultBody: Encodable {
        struct Test: Encodable {
            var name: String
            var failures: [String]
        }
        var file: String
        var success: Bool
        var errors: [String]
        var tests: [Test]

        init(_ result: RuleTestRunner.FileResult) {
            file = result.file
            success = result.isSuccess
            errors = result.errors
            tests = result.tests.map { Test(name: $0.name, failures: $0.failures) }
        }
    }

    private static func show(_ results: [RuleTestRunner.FileResult]) {
        let display = Display.current()
        func print(_ text: String) { Swift.print(display.fitted(text)) }
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
    }
}
