import Agent
import Alerts
import Dispatching
import Platform
import PromQL
import Rules
import Samples
import Store
import Telemetry

/// What rules would have notified for recorded series: the store, the evaluation and the dispatcher of the agent, with
/// receivers that accept everything at once.
struct Replay {
    /// A message that would have been sent.
    struct Message: Sendable {
        var at: Timestamp
        var receiver: String
        var reason: String
        /// The causes of its incidents, or its resolved alerts.
        var text: String
    }

    /// One rule's alerts.
    struct Count: Sendable {
        /// How often one began to fire.
        var fired = 0
        /// The longest time that one fired.
        var longest: Duration = .zero
        /// The total time that they fired.
        var total: Duration = .zero
    }

    private(set) var messages: [Message] = []
    private(set) var counts: [String: Count] = [:]
    /// Rules that failed, with the first error of each.
    private(set) var failures: [String: String] = [:]

    private let to: Timestamp
    private var groups: [(evaluator: GroupEvaluator, interval: Duration, due: Timestamp)]
    private var dispatcher: Dispatcher
    private var began: [UInt64: (name: String, at: Timestamp)] = [:]
    private let store: Store

    /// Runs the whole time span.
    /// - Parameters:
    ///   - series: including points before the span, as far back as the rules look.
    ///   - interval: for groups that specify none.
    init(_ rules: RuleSet, series: [Series], route: Route, from: Timestamp, to: Timestamp, interval: Duration) {
        self.to = to
        groups = rules.groups.map { (GroupEvaluator($0), $0.interval ?? interval, from) }
        let receivers = Set(RouteTree(route).nodes.map(\.receiver)).sorted()
        dispatcher = Dispatcher(
            DispatchOptions(
                route: route,
                receivers: receivers.map {
                    .init(name: $0, integrations: [.init(.init(.webhook, 0), sendResolved: true)])
                }))
        var options = StoreOptions()
        options.retention = .seconds(366 * 86_400)
        options.byteLimit = 1 << 30
        options.seriesLimit = 1_000_000
        store = Store(options: options, registry: Registry())
        run(Replay.samples(series, until: to), from)
    }

    /// Samples in the order of time, including stale markers, which the API omits: a series that pauses for three times
    /// its usual distance between points is taken to have ended.
    private static func samples(_ series: [Series], until end: Timestamp) -> [Sample] {
        var samples: [Sample] = []
        for one in series {
            let gaps = zip(one.points, one.points.dropFirst()).map { $1.t - $0.t }.sorted()
            let usual = gaps.isEmpty ? 60_000 : max(gaps[gaps.count / 2], 1)
            for (index, point) in one.points.enumerated() {
                samples.append(Sample(one.labels, point.v, at: Timestamp(milliseconds: point.t)))
                let next = index + 1 < one.points.count ? one.points[index + 1].t : end.milliseconds
                if next - point.t > 3 * usual {
                    samples.append(
                        Sample(one.labels, StaleMarker.value, at: Timestamp(milliseconds: point.t + usual)))
                }
            }
        }
        return samples.enumerated().sorted {
            ($0.element.timestamp, $0.offset) < ($1.element.timestamp, $1.offset)
        }.map(\.element)
    }

    private mutating func run(_ samples: [Sample], _ from: Timestamp) {
        var left = samples[...]
        var context = RuleContext(source: StoreSource(store: store))
        var now = from
        while now <= to {
            let ready = left.prefix { $0.timestamp <= now }
            store.append(Array(ready))
            left = left.dropFirst(ready.count)
            for index in groups.indices where groups[index].due <= now {
                context.limits.defaultStep = groups[index].interval
                let result = groups[index].evaluator.evaluate(at: now, context)
                groups[index].due = now + groups[index].interval
                store.append(result.samples)
                for (rule, error) in result.failures where failures[rule] == nil { failures[rule] = error }
                count(result.alerts, now)
                _ = dispatcher.receive(result.alerts, now: moment(now, from))
            }
            send(now, from)
            let next = groups.map(\.due).min() ?? to + .milliseconds(1)
            let due = dispatcher.nextDeadline.map { from + ($0 - Instant(nanoseconds: 0)) }
            now = max(min(next, due ?? next), now + .milliseconds(1))
        }
        for (name, at) in began.values { add(name, to - at) }
    }

    private func moment(_ now: Timestamp, _ from: Timestamp) -> Moment {
        Moment(monotonic: Instant(nanoseconds: 0) + (now - from), wall: now)
    }

    private mutating func count(_ alerts: [Alert], _ now: Timestamp) {
        for alert in alerts {
            if alert.endsAt == nil {
                guard began[alert.id] == nil else { continue }
                began[alert.id] = (alert.name, alert.startsAt)
                counts[alert.name, default: Count()].fired += 1
            } else if let known = began.removeValue(forKey: alert.id) {
                add(known.name, now - known.at)
            }
        }
    }

    private mutating func add(_ name: String, _ span: Duration) {
        var count = counts[name] ?? Count()
        count.total += span
        count.longest = max(count.longest, span)
        counts[name] = count
    }

    private mutating func send(_ now: Timestamp, _ from: Timestamp) {
        let moment = moment(now, from)
        for outgoing in dispatcher.advance(moment).send {
            guard let notification = dispatcher.beginAttempt(outgoing) else { continue }
            let causes = dispatcher.incidents(in: notification, moment).map { Replay.text($0) }
            messages.append(
                Message(
                    at: now, receiver: notification.receiver, reason: notification.reason.rawValue,
                    text: causes.joined(separator: "; ")))
            _ = dispatcher.recordAccepted(outgoing, now: moment)
        }
    }

    private static func text(_ incident: Notification.Incident) -> String {
        let cause = incident.cause.annotations["summary"] ?? incident.cause.labels.description
        let count = incident.consequences.count
        return "\(incident.cause.name): \(cause)" + (count == 0 ? "" : " (and \(count) more)")
    }
}
