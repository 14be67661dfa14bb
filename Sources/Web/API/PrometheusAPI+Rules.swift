import HTTPServer
import Samples
import Text

extension WebService {
    /// Go's zero time, which means never.
    private static let never = "0001-01-01T00:00:00Z"

    func rules(_ request: ServerRequest) async throws(QueryError) -> Document {
        let kind = WebService.value("type", request)?.lowercased() ?? ""
        guard ["", "alert", "record"].contains(kind) else {
            throw QueryError(.badData, "invalid parameter \"type\": not supported value \(kind.quotedAsInGo)")
        }
        let names = Set(WebService.values("rule_name[]", request))
        let groupNames = Set(WebService.values("rule_group[]", request))
        let files = Set(WebService.values("file[]", request))
        let withoutAlerts = ["true", "1", "t"].contains(WebService.value("exclude_alerts", request)?.lowercased() ?? "")
        let all = await sources.ruleGroups()
        @Sendable func isWanted(_ rule: RuleView) -> Bool {
            guard names.isEmpty || names.contains(rule.name) else { return false }
            switch rule.kind {
            case .alerting: return kind != "record"
            case .recording: return kind != "alert"
            }
        }
        return WebService.success { json in
            json.object { data in
                data.key("groups")
                data.array { list in
                    for group in all()
                    where (groupNames.isEmpty || groupNames.contains(group.name))
                        && (files.isEmpty || files.contains(group.file))
                    {
                        let rules = group.rules.filter(isWanted)
                        // As in Prometheus, a filter removes groups that have no rules left.
                        if rules.isEmpty && !(names.isEmpty && kind.isEmpty) { continue }
                        list.object { one in
                            one.field("name", group.name)
                            one.field("file", group.file)
                            one.key("rules")
                            one.array { list in for rule in rules { WebService.write(rule, withoutAlerts, &list) } }
                            one.field("interval", group.interval.seconds)
                            one.field("limit", group.limit)
                            one.field("evaluationTime", group.evaluationTime)
                            one.field("lastEvaluation", group.lastEvaluation?.rfc3339 ?? WebService.never)
                            one.field("lateness", group.lateness)
                        }
                    }
                }
            }
        }
    }

    func ruleAlerts() async -> Document {
        let groups = await sources.ruleGroups()
        return WebService.success { json in
            json.object { data in
                data.key("alerts")
                data.array { list in
                    for rule in groups().flatMap(\.rules) {
                        if case .alerting(let alerting) = rule.kind {
                            for alert in alerting.alerts { WebService.write(alert, &list) }
                        }
                    }
                }
            }
        }
    }

    private static func write(_ rule: RuleView, _ withoutAlerts: Bool, _ json: inout JSONWriter) {
        json.object { one in
            if case .alerting(let alerting) = rule.kind {
                let states = Set(alerting.alerts.map(\.state))
                one.field(
                    "state", states.contains(.firing) ? "firing" : states.contains(.pending) ? "pending" : "inactive")
            }
            one.field("name", rule.name)
            one.field("query", rule.query)
            if case .alerting(let alerting) = rule.kind {
                one.field("duration", alerting.hold.seconds)
                one.field("keepFiringFor", alerting.keepFiring.seconds)
                one.field("annotations", alerting.annotations)
                one.key("alerts")
                one.array { list in if !withoutAlerts { for alert in alerting.alerts { write(alert, &list) } } }
            }
            if !rule.labels.isEmpty || rule.isAlerting { one.field("labels", rule.labels) }
            one.field("health", rule.health == .unknown ? "unknown" : rule.health.rawValue)
            if let error = rule.lastError, !error.isEmpty { one.field("lastError", error) }
            one.field("evaluationTime", rule.evaluationTime)
            one.field("lastEvaluation", rule.lastEvaluation?.rfc3339 ?? never)
            one.field("type", rule.isAlerting ? "alerting" : "recording")
            // The first by the name that vmalert gives it; Prometheus has none of them.
            one.field("lastSeriesFetched", rule.series)
            one.field("lastSamplesFetched", rule.samples)
            if rule.readsNothing { one.field("readsNothing", true) }
        }
    }

    private static func write(_ alert: AlertView, _ json: inout JSONWriter) {
        json.object { one in
            one.field("labels", alert.labels.withoutName())
            one.field("annotations", alert.annotations)
            one.field("state", alert.state.rawValue)
            one.field("activeAt", alert.activeAt.rfc3339)
            if let since = alert.keepFiringSince { one.field("keepFiringSince", since.rfc3339) }
            one.field("value", goExponent(alert.value))
        }
    }

    /// Go's format `'e', -1`, which only this endpoint uses for values: `1e+00`.
    static func goExponent(_ value: Double) -> String {
        guard value.isFinite else { return goFormat(value) }
        if value == 0 { return value.sign == .minus ? "-0e+00" : "0e+00" }
        var magnitude = value.magnitude.description
        var exponent = 0
        if let e = magnitude.firstIndex(of: "e") {
            exponent = Int(magnitude[magnitude.index(after: e)...]) ?? 0
            magnitude = String(magnitude[..<e])
        }
        let halves = magnitude.split(separator: ".", omittingEmptySubsequences: false)
        let whole = halves.first ?? "0"
        exponent += whole.count - 1
        var digits = Substring(whole + (halves.count > 1 ? halves[1] : ""))
        while digits.first == "0", digits.count > 1 {
            digits.removeFirst()
            exponent -= 1
        }
        while digits.last == "0", digits.count > 1 { digits.removeLast() }
        let size = exponent.magnitude
        return (value < 0 ? "-" : "") + digits.prefix(1) + (digits.count > 1 ? "." + digits.dropFirst() : "") + "e"
            + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" : "") + String(size)
    }
}

extension RuleView {
    fileprivate var isAlerting: Bool {
        if case .alerting = kind { true } else { false }
    }
}
