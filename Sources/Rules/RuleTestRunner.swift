import Alerts
package import Platform
import PromQL
import Samples
import Text
import YAML

/// Runs unit tests of rules in promtool's format, unchanged. One key is our own: `explained_by_test`; promtool refuses
/// files that contain it.
/// Source: Prometheus' manual, "Unit testing for rules"; cmd/promtool/unittest.go.
package struct RuleTestRunner: Sendable {
    /// The options of `vaultwatch test rules`, which are promtool's.
    package struct Options: Sendable {
        /// Runs only tests whose name matches one of these regular expressions; empty runs all.
        package var run: [String] = []
        /// Failures show a line diff. Default: expected, then actual.
        package var showsDifferences = false
        /// Ignores unknown fields of the test file.
        package var ignoresUnknownFields = false
        /// Forms the incidents that `explained_by_test` checks, anew for each test. Without it such a check is an
        /// error.
        package var incidents: (@Sendable () -> any RuleTestIncidents)?
        /// All tests, with promtool's output.
        package init() {}
    }

    /// One test of a file.
    package struct TestResult: Sendable {
        /// Its name in the file, otherwise `test 1`, `test 2` …
        package let name: String
        /// One text for each failed check, in promtool's words; empty if the test passed.
        package var failures: [String]
    }

    /// The results of a file's tests.
    package struct FileResult: Sendable {
        /// Its path, as given.
        package let file: String
        /// Errors of the file itself; then there are no tests.
        package var errors: [String] = []
        /// In the order of the file.
        package var tests: [TestResult] = []
        /// Whether the file is valid and all tests passed.
        package var isSuccess: Bool { errors.isEmpty && tests.allSatisfy(\.failures.isEmpty) }
    }

    private let options: Options
    private let files: any FileAccess
    /// Maximum size of a test file: 16 MiB.
    private static let maxFileBytes = 16 << 20

    /// - Parameter files: for reading test files and the rule files that they name.
    package init(_ options: Options = Options(), files: any FileAccess) {
        self.options = options
        self.files = files
    }

    /// Runs the tests of one file. Takes as long as the tests' time span and rules require.
    package func run(_ path: String) -> FileResult {
        var result = FileResult(file: path)
        let errors = ErrorList()
        let root: Node
        do {
            root = try Node.parse(try files.read(path, limit: RuleTestRunner.maxFileBytes), file: path)
        } catch {
            result.errors = ["\(error)"]
            return result
        }
        var fields = Fields(root, errors, "the test file")
        let folder = parentFolder(of: path)
        let patterns = fields.strings("rule_files").map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
        let interval =
            fields.parsed("evaluation_interval", expected: "a duration such as 1m") { Duration(prometheus: $0) }
            ?? .seconds(60)
        let order = fields.strings("group_eval_order")
        // The comparison always tolerates differences in the last bits.
        _ = fields.bool("fuzzy_compare")
        let nodes = fields.list("tests")
        if !options.ignoresUnknownFields { fields.finish() }
        let set = RuleSet.load(patterns, files: files, errors: errors)
        for name in order where !set.groups.contains(where: { $0.name == name }) {
            errors.add(
                fields.position(of: "group_eval_order"), "group \"\(name)\" of group_eval_order is in no rule file")
        }
        let cases = nodes.enumerated().map {
            RuleTestCase($1, index: $0, isStrict: !options.ignoresUnknownFields, errors: errors)
        }
        if options.incidents == nil, cases.contains(where: { !$0.incidents.isEmpty }) {
            errors.add(root.position, "explained_by_test needs the dispatcher, which is not available here")
        }
        guard errors.isEmpty else {
            result.errors = errors.errors.map(\.description)
            return result
        }
        let wanted: [RegularExpression]
        do {
            wanted = try options.run.map { try RegularExpression($0) }
        } catch {
            result.errors = ["\(error)"]
            return result
        }
        let groups =
            order.isEmpty
            ? set.groups
            : set.groups.sorted { (order.firstIndex(of: $0.name) ?? .max) < (order.firstIndex(of: $1.name) ?? .max) }
        for test in cases where wanted.isEmpty || wanted.contains(where: { $0.isFound(in: test.name) }) {
            result.tests.append(
                TestResult(
                    name: test.name,
                    failures: RuleTestRun(
                        test, groups: groups, interval: interval, showsDifferences: options.showsDifferences,
                        incidents: test.incidents.isEmpty ? nil : options.incidents?()
                    ).failures()))
        }
        return result
    }
}
