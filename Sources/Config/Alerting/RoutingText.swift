package import Dispatching
import Platform
import Samples
import TimeZones

/// Writes the current routing as an Alertmanager configuration, which amtool and Grafana can read. Receivers appear by
/// name only, so that it contains no secret; defaults are omitted, and so are our own keys, which amtool would refuse.
package struct RoutingText {
    private var lines: [String] = []

    /// - Returns: YAML, with the sections in Alertmanager's order.
    package static func write(_ options: DispatchOptions) -> String {
        var text = RoutingText()
        text.add(0, "global:")
        text.add(1, "resolve_timeout: \(options.resolveTimeout.prometheusDescription)")
        text.add(0, "route:")
        text.route(options.route, 1)
        // An amtool without support for several sources would refuse the whole text.
        text.list(0, "inhibit_rules", options.inhibitRules.filter { $0.sources.count == 1 }) { text, rule in
            text.matchers("source_matchers", rule.sources[0].matchers)
            text.matchers("target_matchers", rule.targetMatchers)
            text.words(2, "equal", rule.sources[0].equal)
        }
        text.list(0, "receivers", options.receivers) { text, receiver in
            text.add(2, "name: \(receiver.name.quotedInYAML)")
        }
        text.list(0, "time_intervals", options.timeIntervals.sorted { $0.key < $1.key }) { text, interval in
            text.add(2, "name: \(interval.key.quotedInYAML)")
            text.list(2, "time_intervals", interval.value) { $0.window($1) }
        }
        return text.lines.joined(separator: "\n") + "\n"
    }

    private mutating func add(_ depth: Int, _ line: String) {
        lines.append(String(repeating: "  ", count: depth) + line)
    }

    private mutating func words(_ depth: Int, _ key: String, _ words: some Collection<String>) {
        if !words.isEmpty { add(depth, "\(key): [\(words.map(\.quotedInYAML).joined(separator: ", "))]") }
    }

    /// Writes a list; `write` adds an item's lines two levels deeper.
    private mutating func list<T>(_ depth: Int, _ key: String, _ items: [T], _ write: (inout RoutingText, T) -> Void) {
        guard !items.isEmpty else { return }
        add(depth, "\(key):")
        for item in items {
            let first = lines.count
            write(&self, item)
            let indent = String(repeating: "  ", count: depth + 1)
            if lines.count == first {
                lines.append(indent + "- {}")
            } else {
                lines[first] = indent + "- " + lines[first].drop { $0 == " " }
            }
        }
    }

    private mutating func matchers(_ key: String, _ matchers: [Matcher]) {
        words(2, key, matchers.map(\.alertmanagerText))
    }

    private mutating func route(_ route: Route, _ depth: Int) {
        if let receiver = route.receiver { add(depth, "receiver: \(receiver.quotedInYAML)") }
        switch route.groupBy {
        case nil: break
        case .all?: words(depth, "group_by", ["..."])
        case .labels(let names)?:
            add(depth, "group_by: [\(names.sorted().map(\.quotedInYAML).joined(separator: ", "))]")
        }
        words(depth, "matchers", route.matchers.map(\.alertmanagerText))
        words(depth, "mute_time_intervals", route.muteTimeIntervals)
        words(depth, "active_time_intervals", route.activeTimeIntervals)
        if route.continues { add(depth, "continue: true") }
        for (key, duration) in [
            ("group_wait", route.groupWait), ("group_interval", route.groupInterval),
            ("repeat_interval", route.repeatInterval),
        ] {
            if let duration { add(depth, "\(key): \(duration.prometheusDescription)") }
        }
        list(depth, "routes", route.routes) { $0.route($1, depth + 2) }
    }

    private mutating func window(_ window: TimeWindow) {
        list(4, "times", window.timeTexts) { text, range in
            text.add(6, "start_time: \(range.start.quotedInYAML)")
            text.add(6, "end_time: \(range.end.quotedInYAML)")
        }
        words(4, "weekdays", window.weekdayTexts)
        words(4, "days_of_month", window.dayOfMonthTexts)
        words(4, "months", window.monthTexts)
        words(4, "years", window.yearTexts)
        if window.zone != .utc { add(4, "location: \(window.zone.name.quotedInYAML)") }
    }
}

extension String {
    /// In single quotes, or in double quotes if control characters must be escaped.
    var quotedInYAML: String {
        let isPlain = unicodeScalars.allSatisfy {
            $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) && $0.value != 0x2028 && $0.value != 0x2029
                && $0.value != 0xfeff
        }
        if isPlain { return "'" + replacing("'", with: "''") + "'" }
        var out = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _
            where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                || [0x2028, 0x2029, 0xfeff].contains(scalar.value):
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
