package import Dispatching
package import Platform
import Samples
import Text
package import YAML

/// Parses Alertmanager's routing sections: `route`, `inhibit_rules`, `time_intervals`, `mute_time_intervals`,
/// `templates`. Source: https://prometheus.io/docs/alerting/latest/configuration/
package struct RoutingParser {
    let errors: ErrorList
    let files: any FileAccess
    /// Maximum nesting of routes, which limits the cost of matching an alert.
    private static let depthLimit = 32

    /// - Parameters:
    ///   - errors: receives all mistakes.
    ///   - files: for the time zone database.
    package init(errors: ErrorList, files: any FileAccess) {
        self.errors = errors
        self.files = files
    }

    /// The parsed routing.
    package struct Result {
        /// Routes, receivers' names, inhibition rules and time intervals.
        package var options: DispatchOptions
        /// Patterns of template files, as written.
        package var templates: [String]
    }

    /// Parses the routing keys of the alerting section. The caller reads the other keys (`global`, `receivers`) and
    /// calls `finish`.
    /// - Parameters:
    ///   - receivers: all defined receivers, which routes may name.
    ///   - resolveTimeout: `global.resolve_timeout`.
    /// - Returns: nil without a route, which is an error.
    package func parse(_ fields: inout Fields, receivers: [DispatchOptions.Receiver], resolveTimeout: Duration? = nil)
        -> Result?
    {
        let intervals = timeIntervals(fields.list("mute_time_intervals") + fields.list("time_intervals"))
        let templates = fields.strings("templates")
        let inhibitRules = fields.list("inhibit_rules").map(inhibitRule)
        let external = externalAlerts(fields.node("external_alerts"))
        let correlates = fields.bool("correlate") ?? true
        let notifiesUnsilenced = fields.bool("notify_unsilenced") ?? true
        let acknowledgementTimeout = acknowledgementTimeout(&fields)
        guard let node = fields.node("route") else {
            errors.add(fields.position, "no route provided; expected \"route\" with a receiver")
            return nil
        }
        let names = Names(receivers: Set(receivers.map(\.name)), intervals: Set(intervals.keys))
        let route = route(node, names, depth: 0)
        var options = DispatchOptions(
            route: route, receivers: receivers, inhibitRules: inhibitRules, timeIntervals: intervals)
        if let resolveTimeout { options.resolveTimeout = resolveTimeout }
        options.external = external
        options.correlates = correlates
        options.notifiesUnsilenced = notifiesUnsilenced
        options.acknowledgementTimeout = acknowledgementTimeout
        return Result(options: options, templates: templates)
    }

    /// Maximum age of an acknowledgement; nil, written `0s`, for no limit.
    private func acknowledgementTimeout(_ fields: inout Fields) -> Duration? {
        let given = fields.parsed(
            "ack_timeout", expected: "a duration such as 8h, or 0s for none", Duration.init(prometheus:))
        guard let given else { return DispatchOptions.defaultAcknowledgementTimeout }
        return given > .zero ? given : nil
    }

    private struct Names {
        var receivers: Set<String>
        var intervals: Set<String>
    }

    private func route(_ node: Node, _ names: Names, depth: Int) -> Route {
        var fields = Fields(node, errors, "a route")
        let isRoot = depth == 0
        var route = Route()
        route.receiver = fields.string("receiver")
        if let receiver = route.receiver, !receiver.isEmpty {
            if !names.receivers.contains(receiver) {
                errors.add(
                    fields.node("receiver")?.position ?? node.position,
                    "undefined receiver \(receiver.quotedAsInGo) used in route" + hint(receiver, names.receivers))
            }
        } else if isRoot {
            errors.add(node.position, "root route must specify a default receiver")
        }
        route.matchers = matchers(&fields, "match", "match_re", "matchers")
        if isRoot, !route.matchers.isEmpty { errors.add(node.position, "root route must not have any matchers") }
        route.continues = fields.bool("continue") ?? false
        if isRoot, route.continues { errors.add(fields.position(of: "continue"), "cannot have continue in root route") }
        route.groupBy = groupBy(&fields)
        route.groupWait = fields.parsed("group_wait", expected: "a duration such as 30s", Duration.init(prometheus:))
        route.groupInterval = positive(&fields, "group_interval")
        route.repeatInterval = positive(&fields, "repeat_interval")
        route.muteTimeIntervals = intervalNames(&fields, "mute_time_intervals", names.intervals, isRoot)
        route.activeTimeIntervals = intervalNames(&fields, "active_time_intervals", names.intervals, isRoot)
        fields.refuse(RefusedKey.route)
        let children = fields.list("routes")
        if depth < RoutingParser.depthLimit {
            route.routes = children.map { self.route($0, names, depth: depth + 1) }
        } else if let first = children.first {
            errors.add(first.position, "routes are nested more than \(RoutingParser.depthLimit) levels deep")
        }
        fields.finish()
        return route
    }

    private func positive(_ fields: inout Fields, _ key: String) -> Duration? {
        guard let value = fields.parsed(key, expected: "a duration such as 5m", Duration.init(prometheus:)) else {
            return nil
        }
        if value == .zero {
            errors.add(fields.position(of: key), "\(key) cannot be zero")
            return nil
        }
        return value
    }

    private func groupBy(_ fields: inout Fields) -> Route.GroupBy? {
        guard let node = fields.node("group_by") else { return nil }
        let labels = fields.list("group_by")
        var names: Set<String> = []
        var isAll = false
        for label in labels {
            guard let name = label.scalar, !name.isEmpty else {
                errors.add(label.position, "group_by: expected a label name, found \(label.kind)")
                continue
            }
            if name == "..." {
                isAll = true
            } else if !names.insert(name).inserted {
                errors.add(label.position, "duplicated label \(name.quotedAsInGo) in group_by")
            }
        }
        if isAll, !names.isEmpty {
            errors.add(node.position, "cannot have wildcard group_by (`...`) and other labels at the same time")
        }
        // As in newer Alertmanagers, an empty list differs from an absent one: it puts all alerts of the route into one
        // group, whatever the parent says.
        return isAll ? .all : names.isEmpty && !labels.isEmpty ? nil : .labels(names)
    }

    private func intervalNames(_ fields: inout Fields, _ key: String, _ known: Set<String>, _ isRoot: Bool) -> [String]
    {
        let nodes = fields.list(key)
        if isRoot, let first = nodes.first {
            errors.add(
                first.position,
                "root route must not have any \(key == "mute_time_intervals" ? "mute" : "active") time intervals")
        }
        return nodes.compactMap { node in
            guard let name = node.scalar else {
                errors.add(node.position, "\(key): expected the name of a time interval, found \(node.kind)")
                return nil
            }
            if !known.contains(name) {
                errors.add(
                    node.position, "undefined time interval \(name.quotedAsInGo) used in route" + hint(name, known))
            }
            return name
        }
    }

    private func inhibitRule(_ node: Node) -> InhibitRule {
        var fields = Fields(node, errors, "an inhibit rule")
        let name = fields.string("name") ?? ""
        let source = matchers(&fields, "source_match", "source_match_re", "source_matchers")
        let target = matchers(&fields, "target_match", "target_match_re", "target_matchers")
        let equal = fields.strings("equal")
        let several = fields.list("sources").prefix(RoutingParser.sourceLimit + 1).map(inhibitSource)
        // Our own extension.
        let external = fields.bool("external") ?? false
        fields.finish()
        if several.count > RoutingParser.sourceLimit {
            errors.add(fields.position(of: "sources"), "sources: more than \(RoutingParser.sourceLimit)")
        }
        guard !several.isEmpty else {
            return InhibitRule(
                name: name, sourceMatchers: source, targetMatchers: target, equal: equal, external: external)
        }
        if !source.isEmpty || !equal.isEmpty {
            errors.add(
                fields.position(of: "sources"),
                "sources cannot stand beside source_match, source_match_re, source_matchers or equal; write those into an item of sources"
            )
        }
        return InhibitRule(name: name, sources: several, targetMatchers: target, external: external)
    }

    /// Maximum number of sources of one inhibit rule.
    private static let sourceLimit = 20

    /// Parses an item of `sources`; an alert must fire for each of them.
    private func inhibitSource(_ node: Node) -> InhibitRule.Source {
        var fields = Fields(node, errors, "a source of an inhibit rule")
        let found = matchers(fields.list("matchers"), "matchers")
        let equal = fields.strings("equal")
        fields.finish()
        if found.allSatisfy({ $0.matches("") }) {
            errors.add(
                node.position, "a source of an inhibit rule needs a matcher that does not match the empty string")
        }
        return InhibitRule.Source(matchers: found, equal: equal)
    }

    /// Our own section: limits on alerts that come through the API.
    private func externalAlerts(_ node: Node?) -> ExternalAlertLimits {
        var limits = ExternalAlertLimits()
        guard let node else { return limits }
        var fields = Fields(node, errors, "external_alerts")
        if let value = fields.integer("max_alerts", in: 0...100_000) { limits.count = value }
        for (key, path) in [("max_bytes", \ExternalAlertLimits.bytes), ("max_alert_bytes", \.alertBytes)] {
            guard
                let value = fields.parsed(
                    key, expected: "a number of bytes such as 16MiB, at most 64MiB",
                    { text in ParsingContext.bytes(text).flatMap { $0 <= 64 << 20 ? $0 : nil } })
            else { continue }
            limits[keyPath: path] = value
        }
        fields.finish()
        return limits
    }

    /// Combines the three notations of matchers into one list.
    private func matchers(_ fields: inout Fields, _ match: String, _ matchRE: String, _ modern: String) -> [Matcher] {
        var found: [Matcher] = []
        for (name, value) in fields.stringMap(match).sorted(by: { $0.key < $1.key }) {
            check(labelName: name, fields.position(of: match))
            found.append(Matcher(name, equals: value))
        }
        let expressions = fields.node(matchRE)
        for (name, value) in fields.stringMap(matchRE).sorted(by: { $0.key < $1.key }) {
            let position = expressions?[name]?.position ?? fields.position(of: matchRE)
            if expressions?[name]?.isNull == true {
                errors.add(position, "\(matchRE): \(name): expected a regular expression, found nothing")
            }
            check(labelName: name, position)
            do {
                // Compiled without anchors first, so that an error shows the expression as written.
                _ = try RegularExpression(anchored: value)
                // Alertmanager anchors the expression in its text, which is part of group keys.
                found.append(try Matcher(name, .matches, "^(?:\(value))$"))
            } catch {
                errors.add(position, "\(matchRE): \(error)")
            }
        }
        // Only the modern matcher notation is used to write the routing, for the API and the command line.
        for matcher in found where matcher.alertmanagerText.utf8.count > MatcherSyntax.limitBytes {
            errors.add(
                fields.position(of: fields.node(match) == nil ? matchRE : match),
                "the matcher of \(String(matcher.name.prefix(40)).quotedAsInGo) has more than \(MatcherSyntax.limitBytes) bytes"
            )
        }
        return found + matchers(fields.list(modern), modern)
    }

    private func matchers(_ nodes: [Node], _ key: String) -> [Matcher] {
        var found: [Matcher] = []
        for node in nodes {
            guard let text = node.scalar else {
                errors.add(
                    node.position, "\(key): expected a matcher such as severity=\"critical\", found \(node.kind)")
                continue
            }
            do {
                found += try MatcherSyntax.parse(text)
            } catch {
                errors.add(node.position, "\(key): \(error); expected a matcher such as severity=\"critical\"")
            }
        }
        return found
    }

    private func check(labelName: String, _ position: SourcePosition) {
        if labelName.isEmpty { errors.add(position, "a label name is empty") }
    }

    func hint(_ word: String, _ known: Set<String>) -> String {
        nearest(word, in: known).map { "; did you mean \($0.quotedAsInGo)?" } ?? ""
    }
}
