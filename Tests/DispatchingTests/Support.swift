import Alerts
import Platform
import Samples

@testable import Dispatching

/// A moment so many seconds after the start, 2026-01-05T00:00:00Z, a Monday.
func at(_ seconds: Double) -> Moment {
    Moment(
        monotonic: Instant(nanoseconds: Int64(seconds * 1e9) + 1_000_000_000),
        wall: Timestamp(year: 2026, month: 1, day: 5) + .milliseconds(Int64(seconds * 1000)))
}

func firing(_ labels: [String: String], _ seconds: Double) -> Alert {
    Alert(labels: Labels(labels), startsAt: at(seconds).wall, updatedAt: at(seconds).wall)
}

func ended(_ labels: [String: String], since start: Double, _ seconds: Double) -> Alert {
    Alert(labels: Labels(labels), startsAt: at(start).wall, endsAt: at(seconds).wall, updatedAt: at(seconds).wall)
}

func matcher(_ text: String) -> Matcher {
    (try? MatcherSyntax.parse(text).first) ?? Matcher("unreadable", equals: text)
}

func oneReceiver(
    _ route: Route = Route(
        receiver: "ops", groupWait: .seconds(30), groupInterval: .seconds(300), repeatInterval: .seconds(3600)),
    sendResolved: Bool = true, inhibitRules: [InhibitRule] = [], timeIntervals: [String: [TimeWindow]] = [:]
) -> DispatchOptions {
    DispatchOptions(
        route: route,
        receivers: [.init(name: "ops", integrations: [.init(.init(.email, 0), sendResolved: sendResolved)])],
        inhibitRules: inhibitRules, timeIntervals: timeIntervals)
}

extension Dispatcher {
    /// One step in which every message is accepted at once; returns `reason:firing/resolved` of each.
    mutating func step(_ seconds: Double, sending: Bool = true) -> [String] {
        let decisions = advance(at(seconds))
        return decisions.send.map { outgoing in
            if sending, beginAttempt(outgoing) != nil { _ = recordAccepted(outgoing, now: at(seconds)) }
            return outgoing.notification.summary
        }
    }
}

extension Notification {
    var summary: String {
        func names(_ alerts: [Alert]) -> String { alerts.map { $0.labels["alertname"] ?? "?" }.joined(separator: ",") }
        return "\(reason.rawValue):\(names(firing))/\(names(resolved))"
    }
}
