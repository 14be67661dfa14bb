import Alerts
import Platform
import PromQL
import Samples
import YAML

/// Runs unit tests of rules in promtool's format, unchanged.
/// Source: Prometheus' manual, "Unit testing for rules"; cmd/promtool/unittest.go.
package struct RuleTestRunner: Sendable {
    package struct Options: Sendable {
        /// Run only tests in whose name one of these regular expressions is found; empty runs all.
        package var run: [String] = []
        package init() {}
    }

    /// One test of a file.
    package struct TestResult: Sendable {
        package let name: String
        package var failures: [String]
    }

    package struct FileResult: Sendable {
        package let file: String
        /// What is wrong with the file itself; then there are no tests.
        package var errors: [String] = []
        package var tests: [TestResult] = []
        package var isSuccess: Bool { errors.isEmpty && tests.allSatisfy(\.failures.isEmpty) }
    }

    private let options: Options
    private let files: any FileAccess
    private static let largestFile = 16 << 20

    package init(_ options: Options = Options(), files: any FileAccess) {
        self.options = options
        self.files = files
    }

    package func run(_ path: String) -> FileResult {
        var result = FileResult(file: path)
        let errors = ErrorList()
        let root: Node
        do {
            root = try Node.parse(try files.read(path, limit: RuleTestRunner.largestFile), file: path)
        } catch {
            result.errors = ["\(error)"]
            return result
        }
        var fields = Fields(root, errors, "the test file")
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let patterns = fields.strings("rule_files").map { $0.hasPrefix("/") ? $0 : folder + "/" + $0 }
        let interval = fields.parsed("evaluation_interval", expected: "a duration such as 1m") { Duration(prometheus: $0) } ?? .seconds(60)
        let order = fields.strings("group_eval_order")
        // The comparison allows for the last bits anyway.
        _ = fields.bool("fuzzy_compare")
        let nodes = fields.list("tests")
        fields.finish()
        let set = RuleSet.load(patterns, files: files, errors: errors)
        for name in order where !set.groups.contains(where: { $0.name == name }) {
            errors.add(fields.place(of: "group_eval_order"), "group \"\(name)\" of group_eval_order is in no rule file")
        }
        let cases = nodes.enumerated().map { RuleTestCase($1, index: $0, errors: errors) }
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
        let groups = order.isEmpty ? set.groups : set.groups.sorted { (order.firstIndex(of: $0.name) ?? .max) < (order.firstIndex(of: $1.name) ?? .max) }
        for test in cases where wanted.isEmpty || wanted.contains(where: { $0.isFound(in: test.name) }) {
            result.tests.append(TestResult(name: test.name, failures: RuleTestRun(test, groups: groups, interval: interval).failures()))
        }
        return result
    }
}

/// One entry of `tests`, read and checked.
struct RuleTestCase: Sendable {
    struct AlertCheck: Sendable {
        var time: Duration
        var name: String
        var expected: [(labels: Labels, annotations: [String: String])]
    }

    struct ExpressionCheck: Sendable {
        var time: Duration
        var text: String
        var expected: [(labels: Labels, value: Double)]
    }

    var name: String
    var interval: Duration
    var series: [Series] = []
    var alerts: [AlertCheck] = []
    var expressions: [ExpressionCheck] = []
    var externalLabels: [String: String]
    var externalURL: String
    var start: Timestamp

    init(_ node: Node, index: Int, errors: ErrorList) {
        var fields = Fields(node, errors, "a test")
        name = fields.string("name") ?? "test \(index + 1)"
        interval = fields.parsed("interval", expected: "a duration such as 1m") { Duration(prometheus: $0) } ?? .seconds(60)
        externalLabels = fields.stringMap("external_labels")
        externalURL = fields.string("external_url") ?? ""
        start = fields.parsed("start_timestamp", expected: "an RFC 3339 time or a Unix timestamp") { text in
            Timestamp(rfc3339: text) ?? Double(text).map { Timestamp(seconds: $0) }
        } ?? Timestamp(milliseconds: 0)
        func duration(_ fields: inout Fields) -> Duration {
            fields.parsed("eval_time", expected: "a duration such as 5m") { Duration(prometheus: $0) } ?? .zero
        }
        func labels(_ node: Node?) -> Labels {
            guard let node else { return .empty }
            do {
                return try SeriesNotation.labels(node.scalar ?? "")
            } catch {
                errors.add(node.place, error.message)
                return .empty
            }
        }
        for item in fields.list("input_series") {
            var input = Fields(item, errors, "an input series")
            let labels = labels(input.required("series"))
            if let values = input.required("values") {
                do {
                    var points: [Point] = []
                    for (index, value) in try SeriesNotation.values(values.scalar ?? "").enumerated() {
                        let t = start.milliseconds + Int64(index) * interval.milliseconds
                        switch value {
                        case .value(let number): points.append(Point(t: t, v: number))
                        case .stale: points.append(Point(t: t, v: StaleMarker.value))
                        case .missing: break
                        }
                    }
                    series.append(Series(labels, points))
                } catch {
                    errors.add(values.place, error.message)
                }
            }
            input.finish()
        }
        for item in fields.list("alert_rule_test") {
            var check = Fields(item, errors, "an alert test")
            let expected = check.list("exp_alerts").map { node -> (Labels, [String: String]) in
                var alert = Fields(node, errors, "an expected alert")
                let labels = Labels(alert.stringMap("exp_labels"))
                let annotations = alert.stringMap("exp_annotations")
                alert.finish()
                return (labels, annotations)
            }
            alerts.append(AlertCheck(time: duration(&check), name: check.requiredString("alertname") ?? "", expected: expected))
            check.finish()
        }
        for item in fields.list("promql_expr_test") {
            var check = Fields(item, errors, "an expression test")
            let expected = check.list("exp_samples").map { node -> (Labels, Double) in
                var sample = Fields(node, errors, "an expected sample")
                let found = labels(sample.node("labels"))
                let value = sample.parsed("value", expected: "a number", RuleTestCase.number) ?? 0
                _ = sample.nodeOrNull("histogram")
                sample.finish()
                return (found, value)
            }
            expressions.append(ExpressionCheck(time: duration(&check), text: check.requiredString("expr") ?? "", expected: expected))
            check.finish()
        }
        fields.finish()
    }

    /// YAML's numbers: `.inf`, `.nan` and what Go reads.
    private static func number(_ text: String) -> Double? {
        switch text.lowercased() {
        case ".inf", "+.inf", "inf", "+inf": .infinity
        case "-.inf", "-inf": -.infinity
        case ".nan", "nan": .nan
        default: Double(text) ?? (text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16).map(Double.init) : nil)
        }
    }
}
