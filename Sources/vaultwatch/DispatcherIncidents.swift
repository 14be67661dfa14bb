import Alerts
import Dispatching
import Platform
import Rules
import Samples

/// The incidents of a unit test of rules, formed by the agent's own code.
struct DispatcherIncidents: RuleTestIncidents {
    /// Alerts that always fire, and so belong to no incident.
    private static let steady: Set<String> = ["Watchdog"]

    private var dispatcher: Dispatcher

    init() {
        // Without a group wait every evaluation notifies: alerts notified separately stay separate, as in the agent.
        let route = Route(
            receiver: "test", groupBy: .labels(["alertname", "cluster"]), groupWait: .zero, groupInterval: .seconds(60),
            repeatInterval: .seconds(4 * 3600))
        dispatcher = Dispatcher(DispatchOptions(route: route, receivers: [.init(name: "test", integrations: [])]))
    }

    mutating func receive(_ alerts: [Alert], at now: Timestamp, elapsed: Duration) {
        let now = DispatcherIncidents.moment(now, elapsed)
        _ = dispatcher.receive(alerts, now: now)
        _ = dispatcher.advance(now)
    }

    func incidents(at now: Timestamp, elapsed: Duration) -> [RuleTestIncident] {
        dispatcher.incidents(DispatcherIncidents.moment(now, elapsed)).map { incident in
            RuleTestIncident(cause: incident.cause.name, consequences: incident.consequences.map(\.name))
        }.filter { !DispatcherIncidents.steady.contains($0.cause) }
    }

    private static func moment(_ now: Timestamp, _ elapsed: Duration) -> Moment {
        Moment(monotonic: Instant(nanoseconds: 0) + elapsed, wall: now)
    }
}
