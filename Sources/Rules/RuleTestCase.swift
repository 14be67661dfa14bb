import PromQL
import Samples
import Text
import YAML

/// One entry of `tests`, parsed and validated.
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

    struct IncidentCheck: Sendable {
        var time: Duration
        var expected: [RuleTestIncident]
    }

    var name: String
    var interval: Duration
    var series: [Series] = []
    var alerts: [AlertCheck] = []
    var expressions: [ExpressionCheck] = []
    var incidents: [IncidentCheck] = []
    var externalLabels: [String: String]
    var externalURL: String
    var start: Timestamp

    /// - Parameter isStrict: unknown fields are errors.
    init(_ node: Node, index: Int, isStrict: Bool, errors: ErrorList) {
        var fields = Fields(node, errors, "a test")
        name = fields.string("name") ?? "test \(index + 1)"
        interval =
            fields.parsed("interval", expected: "a duration such as 1m") { Duration(prometheus: $0) } ?? .seconds(60)
        externalLabels = fields.stringMap("external_labels")
        externalURL = fields.string("external_url") ?? ""
        start =
            fields.parsed("start_timestamp", expected: "an RFC 3339 time or a Unix timestamp") { text in
                Timestamp(rfc3339: text) ?? Double(text).map { Timestamp(seconds: $0) }
            } ?? Timestamp(milliseconds: 0)
        for item in fields.list("input_series") { readSeries(item, isStrict, errors) }
        alerts = fields.list("alert_rule_test").map { RuleTestCase.alertCheck($0, isStrict, errors) }
        expressions = fields.list("promql_expr_test").map { RuleTestCase.expressionCheck($0, isStrict, errors) }
        incidents = fields.list("explained_by_test").map { RuleTestCase.incidentCheck($0, isStrict, errors) }
        if isStrict { fields.finish() }
    }

    private mutating func readSeries(_ node: Node, _ isStrict: Bool, _ errors: ErrorList) {
        var input = Fields(node, errors, "an input series")
        let labels = RuleTestCase.labels(input.required("series"), errors)
        if let values = input.required("values") {
            do {
                series.append(Series(labels, try points(values.scalar ?? "")))
            } catch {
                errors.add(values.position, error.message)
            }
        }
        if isStrict { input.finish() }
    }

    /// One point per interval, from the start on.
    private func points(_ values: String) throws(SeriesNotation.Problem) -> [Point] {
        var points: [Point] = []
        for (index, value) in try SeriesNotation.values(values).enumerated() {
            let t = start.milliseconds.addingSaturated(Int64(index).multipliedSaturated(by: interval.milliseconds))
            switch value {
            case .value(let number): points.append(Point(t: t, v: number))
            case .stale: points.append(Point(t: t, v: StaleMarker.value))
            case .missing: break
            }
        }
        return points
    }

    private static func alertCheck(_ node: Node, _ isStrict: Bool, _ errors: ErrorList) -> AlertCheck {
        var check = Fields(node, errors, "an alert test")
        let expected = check.list("exp_alerts").map { node -> (Labels, [String: String]) in
            var alert = Fields(node, errors, "an expected alert")
            let labels = Labels(alert.stringMap("exp_labels"))
            var annotations = alert.stringMap("exp_annotations")
            // promtool includes it in the alert's annotations; here it is a property of the rule.
            annotations[Rule.noDataAnnotation] = nil
            if isStrict { alert.finish() }
            return (labels, annotations)
        }
        let time = time(&check)
        let name = check.requiredString("alertname") ?? ""
        if isStrict { check.finish() }
        return AlertCheck(time: time, name: name, expected: expected)
    }

    private static func expressionCheck(_ node: Node, _ isStrict: Bool, _ errors: ErrorList) -> ExpressionCheck {
        var check = Fields(node, errors, "an expression test")
        let expected = check.list("exp_samples").map { node -> (Labels, Double) in
            var sample = Fields(node, errors, "an expected sample")
            let found = labels(sample.node("labels"), errors)
            let value = sample.parsed("value", expected: "a number", number) ?? 0
            _ = sample.nodeOrNull("histogram")
            if isStrict { sample.finish() }
            return (found, value)
        }
        let time = time(&check)
        let text = check.requiredString("expr") ?? ""
        if isStrict { check.finish() }
        return ExpressionCheck(time: time, text: text, expected: expected)
    }

    private static func incidentCheck(_ node: Node, _ isStrict: Bool, _ errors: ErrorList) -> IncidentCheck {
        var check = Fields(node, errors, "an incident test")
        let expected = check.list("exp_incidents").map { node -> RuleTestIncident in
            var incident = Fields(node, errors, "an expected incident")
            let cause = incident.requiredString("cause") ?? ""
            let consequences = incident.strings("consequences")
            if isStrict { incident.finish() }
            return RuleTestIncident(cause: cause, consequences: consequences)
        }
        let time = time(&check)
        if isStrict { check.finish() }
        return IncidentCheck(time: time, expected: expected.sorted())
    }

    private static func time(_ fields: inout Fields) -> Duration {
        fields.parsed("eval_time", expected: "a duration such as 5m") { Duration(prometheus: $0) } ?? .zero
    }

    private static func labels(_ node: Node?, _ errors: ErrorList) -> Labels {
        guard let node else { return .empty }
        do {
            return try SeriesNotation.labels(node.scalar ?? "")
        } catch {
            errors.add(node.position, error.message)
            return .empty
        }
    }

    /// YAML's numbers: `.inf`, `.nan` and Go's syntax.
    private static func number(_ text: String) -> Double? {
        switch text.lowercased() {
        case ".inf", "+.inf", "inf", "+inf": .infinity
        case "-.inf", "-inf": -.infinity
        case ".nan", "nan": .nan
        default:
            Double(text) ?? (text.hasPrefix("0x") ? Int(digits: text.dropFirst(2), radix: 16).map(Double.init) : nil)
        }
    }
}
