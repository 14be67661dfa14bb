import Alerts
import Logging
package import Platform
import Samples
import Synchronization
package import Telemetry
package import Transport

/// Sends change events to the PagerDuty services that get incidents, once to each. A change matters less than a page:
/// it is queued in memory only, for at most 15 minutes.
package final class ChangeEvents: Sendable {
    private struct Waiting {
        var event: ChangeEvent
        var service: PagerDutyOptions
        var attempts = 0
        var due: Instant
        let until: Instant
    }

    private struct State {
        var options: DeliveryOptions
        var waiting: [Waiting] = []
    }

    private static let waitingLimit = 100
    private static let patience = Duration.seconds(900)

    private let state: Mutex<State>
    private let client: ReceiverClient
    private let platform: Platform
    private let wake = Wake()
    private let outcomes: Counter

    /// Nothing is sent before `run`.
    package init(_ options: DeliveryOptions, http: any HTTPClient, platform: Platform, registry: Registry) {
        state = Mutex(State(options: options))
        client = ReceiverClient(http: http, files: platform.files, time: platform.time)
        self.platform = platform
        outcomes = registry.counter(
            "vaultwatch_change_events_total", help: "Change events for PagerDuty, by outcome.", labels: ["outcome"])
        for outcome in ["sent", "dropped"] { outcomes.declare(outcome) }
    }

    /// Applies another configuration; queued events keep the service that they were meant for.
    package func reload(_ options: DeliveryOptions) { state.withLock { $0.options = options } }

    /// Queues events for every service that wants them. Never blocks.
    package func report(_ events: [ChangeEvent]) {
        let now = platform.time.monotonic()
        let dropped = state.withLock { state -> Int in
            var dropped = 0
            for event in events {
                for service in ChangeEvents.services(state.options) {
                    if state.waiting.count >= ChangeEvents.waitingLimit {
                        state.waiting.removeFirst()
                        dropped += 1
                    }
                    state.waiting.append(
                        Waiting(event: event, service: service, due: now, until: now + ChangeEvents.patience))
                }
            }
            return dropped
        }
        if dropped > 0 { outcomes.increment("dropped", by: Double(dropped)) }
        wake.signal()
    }

    /// Each service once, even if several receivers use it.
    private static func services(_ options: DeliveryOptions) -> [PagerDutyOptions] {
        var found: [PagerDutyOptions] = []
        for case .pagerDuty(let service) in options.receivers.flatMap(\.integrations).map(\.settings)
        where service.changeEventsURL != nil
            && !found.contains(where: { $0.key == service.key && $0.url == service.url })
        {
            found.append(service)
        }
        return found
    }

    /// Sends until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let now = platform.time.monotonic()
            let next = state.withLock { state -> Waiting? in
                guard let index = state.waiting.firstIndex(where: { $0.due <= now }) else { return nil }
                return state.waiting.remove(at: index)
            }
            if let next {
                await send(next)
            } else {
                await wake.wait(until: state.withLock { $0.waiting.map(\.due).min() }, time: platform.time)
            }
        }
    }

    private func send(_ given: Waiting) async {
        var waiting = given
        do throws(DeliveryError) {
            try await post(waiting)
            outcomes.increment("sent")
        } catch {
            waiting.attempts += 1
            let unit = platform.random.unit()
            waiting.due =
                platform.time.monotonic()
                + RetryPolicy().delay(afterAttempt: waiting.attempts, retryAfter: error.retryAfter, unit: unit)
            if error.isRetryable, waiting.due <= waiting.until {
                state.withLock { $0.waiting.append(waiting) }
                return
            }
            outcomes.increment("dropped")
            platform.log.warning(
                "PagerDuty did not accept a change event",
                metadata: ["change": "\(waiting.event.summary)", "err": "\(error.message)"])
        }
    }

    private func post(_ waiting: Waiting) async throws(DeliveryError) {
        guard let url = waiting.service.changeEventsURL, case .routing(let secret) = waiting.service.key else { return }
        let key = try await client.reveal(secret)
        let externalURL = state.withLock(\.options.externalURL)
        var call = ReceiverClient.Call(
            url: url,
            body: waiting.event.body(routingKey: key, source: platform.hostname, externalURL: externalURL),
            options: waiting.service.http, timeout: waiting.service.timeout, secrets: [key])
        call.bodyIsSecret = true
        let answer = try await client.send(call)
        if let refusal = client.refusal(answer) { throw refusal }
    }
}
