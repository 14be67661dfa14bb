import Alerts
import PromQL
import Samples
import Text

/// One running test: time advances from the start to the last check, and groups are evaluated as by a server.
struct RuleTestRun {
    private let test: RuleTestCase
    private let interval: Duration
    private let storage: TestStorage
    private var groups: [GroupEvaluator]
    private var context: RuleContext
    private let showsDifferences: Bool
    private var incidents: (any RuleTestIncidents)?

    /// - Parameter incidents: nil if the test does not check any.
    init(
        _ test: RuleTestCase, groups: [RuleGroup], interval: Duration, showsDifferences: Bool = false,
        incidents: (any RuleTestIncidents)? = nil
    ) {
        self.showsDifferences = showsDifferences
        self.incidents = incidents
        self.test = test
        self.interval = interval
        storage = TestStorage(test.series)
        self.groups = groups.map { GroupEvaluator($0) }
        context = RuleContext(source: storage)
        context.externalLabels = Labels(test.externalLabels)
        context.externalURL = test.externalURL
        context.limits.defaultStep = interval
    }

    func failures() -> [String] {
        var copy = self
        return copy.run()
    }

    private mutating func run() -> [String] {
        var failures: [String] = []
        let last = (test.alerts.map(\.time) + test.expressions.map(\.time) + test.incidents.map(\.time)).max() ?? .zero
        let step = max(interval, .milliseconds(1))
        var time = Duration.zero
        var checks = test.alerts.sorted { $0.time < $1.time }[...]
        var incidentChecks = test.incidents.sorted { $0.time < $1.time }[...]
        while time <= last {
            let now = test.start + time
            var alerts: [Alert] = []
            for index in groups.indices {
                // All groups at each step, regardless of their interval, as promtool does.
                let result = groups[index].evaluate(at: now, context)
                storage.add(result.samples)
                alerts += result.alerts
                for (rule, error) in result.failures {
                    failures.append("    rule: \(rule), time: \(time.prometheusDescription), err: \(error)")
                }
            }
            incidents?.receive(alerts, at: now, elapsed: time)
            // A check between two evaluations uses the result of the earlier one.
            while let check = checks.first, check.time < time + step {
                failures += compare(check)
                checks.removeFirst()
            }
            while let check = incidentChecks.first, check.time < time + step {
                failures += compare(check, incidents?.incidents(at: now, elapsed: time).sorted() ?? [])
                incidentChecks.removeFirst()
            }
            time += step
        }
        let evaluator = Evaluator(source: storage, limits: context.limits)
        for check in test.expressions { failures += compare(check, evaluator) }
        return failures
    }

    private func compare(_ check: RuleTestCase.AlertCheck) -> [String] {
        var got: [(Labels, [String: String])] = []
        var isKnown = false
        for group in groups {
            for (rule, state) in zip(group.group.rules, group.rules)
            where rule.kind == .alerting && rule.name == check.name {
                isKnown = true
                got += state.alerts.filter { $0.value.state == .firing }.map { ($0.key, $0.value.annotations) }
            }
        }
        if !isKnown, !check.expected.isEmpty {
            return [
                "    alertname: \(check.name), time: \(check.time.prometheusDescription), \n        no rule of this name"
            ]
        }
        func text(_ alerts: [(Labels, [String: String])]) -> [String] {
            alerts.map { labels, annotations in
                let all = labels.setting("alertname", to: check.name)
                return
                    "Labels:\(RuleTestRun.pairs(all.dictionary))\n              Annotations:\(RuleTestRun.pairs(annotations))"
            }.sorted()
        }
        let (expected, found) = (text(check.expected.map { ($0.labels, $0.annotations) }), text(got))
        if expected == found { return [] }
        if showsDifferences {
            func lines(_ alerts: [String]) -> [String] {
                alerts.flatMap { $0.split(separator: "\n").map { String($0.drop { $0 == " " }) } }
            }
            return [
                "    alertname: \(check.name), time: \(check.time.prometheusDescription), \n        diff:\n"
                    + LineDifference.text(lines(expected), lines(found), indent: 12)
            ]
        }
        return [
            "    alertname: \(check.name), time: \(check.time.prometheusDescription), \n        exp:\(RuleTestRun.list(expected)), \n        got:\(RuleTestRun.list(found))"
        ]
    }

    private func compare(_ check: RuleTestCase.IncidentCheck, _ got: [RuleTestIncident]) -> [String] {
        if check.expected == got { return [] }
        let head = "    incidents, time: \(check.time.prometheusDescription), \n"
        let (expected, found) = (check.expected.map(\.description), got.map(\.description))
        if showsDifferences {
            return [head + "        diff:\n" + LineDifference.text(expected, found, indent: 12)]
        }
        return [head + "        exp:\(RuleTestRun.lines(expected)), \n        got:\(RuleTestRun.lines(found))"]
    }

    private static func lines(_ items: [String]) -> String {
        items.isEmpty ? "[]" : "[\n" + items.map { "            \($0)\n" }.joined() + "            ]"
    }

    private func compare(_ check: RuleTestCase.ExpressionCheck, _ evaluator: Evaluator) -> [String] {
        let head = "    expr: \(check.text.quotedAsInGo), time: \(check.time.prometheusDescription),"
        let value: Value
        do {
            value = try evaluator.instant(try Expression.parse(check.text), at: test.start + check.time)
        } catch {
            return ["\(head) err: \(error)"]
        }
        var got: [(labels: Labels, value: Double)] = []
        switch value {
        case .scalar(let number): got = [(.empty, number)]
        case .vector(let elements): got = elements.map { ($0.labels, $0.value) }
        default: return ["\(head) err: the result is neither a vector nor a scalar"]
        }
        let expected = check.expected.sorted { ($0.labels, $0.value) < ($1.labels, $1.value) }
        got.sort { ($0.labels, $0.value) < ($1.labels, $1.value) }
        let isSame =
            expected.count == got.count
            && zip(expected, got).allSatisfy { $0.labels == $1.labels && RuleTestRun.isEqual($0.value, $1.value) }
        if isSame { return [] }
        if showsDifferences {
            func lines(_ samples: [(labels: Labels, value: Double)]) -> [String] {
                samples.map { "\(RuleTestRun.pairs($0.labels.dictionary)) \(RuleTestRun.scientific($0.value))" }
            }
            return ["\(head)\n        diff:\n" + LineDifference.text(lines(expected), lines(got), indent: 12)]
        }
        func text(_ samples: [(labels: Labels, value: Double)]) -> String {
            samples.isEmpty
                ? "nil"
                : samples.map { "\(RuleTestRun.pairs($0.labels.dictionary)) \(RuleTestRun.scientific($0.value))" }
                    .joined(separator: ", ")
        }
        return ["\(head)\n        exp: \(text(expected))\n        got: \(text(got))"]
    }

    /// Equal, both NaN, or within a relative 1e-6: promtool's tolerance, which also covers sums in a different order.
    private static func isEqual(_ a: Double, _ b: Double) -> Bool {
        a == b || (a.isNaN && b.isNaN) || (a - b).magnitude <= 1e-6 * max(a.magnitude, b.magnitude)
    }

    /// Go's `'E', -1`, in which promtool prints values: `1.5E+00`.
    private static func scientific(_ value: Double) -> String {
        guard value.isFinite else { return goFormat(value) }
        let plain = goFormatPlain(value.magnitude)
        let digits = plain.filter { $0 != "." }
        let leading = digits.prefix { $0 == "0" }.count
        var significant = String(digits.dropFirst(leading))
        while significant.count > 1, significant.hasSuffix("0") { significant.removeLast() }
        let exponent = value == 0 ? 0 : plain.prefix { $0 != "." }.count - 1 - leading
        let mantissa =
            significant.isEmpty
            ? "0" : String(significant.prefix(1)) + (significant.count > 1 ? "." + significant.dropFirst() : "")
        let size = String(exponent.magnitude)
        return (value.sign == .minus ? "-" : "") + mantissa + (exponent < 0 ? "E-" : "E+") + (size.count < 2 ? "0" : "")
            + size
    }

    private static func pairs(_ values: [String: String]) -> String {
        "{" + values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value.quotedAsInGo)" }.joined(separator: ", ")
            + "}"
    }

    private static func list(_ items: [String]) -> String {
        if items.isEmpty { return "[]" }
        return "[\n" + items.enumerated().map { "            \($0):\n              \($1)" }.joined(separator: ",\n")
            + "\n            ]"
    }
}
