import Alerts
import Logging
import Platform
import Samples
import Synchronization
import Telemetry

/// What the owner of the messages is asked and told.
package struct CourierEvents: Sendable {
    /// A sending is about to begin; nil: the message is superseded or pointless, and must not leave.
    package var begin: @Sendable (_ id: UInt64) async -> Notification?
    package var accepted: @Sendable (_ id: UInt64, Notification, _ detail: String) async -> Void
    /// It will be tried again unless withdrawn.
    package var failed: @Sendable (_ id: UInt64, Notification, DeliveryError, _ attempt: Int) async -> Void
    /// It will not be tried again here.
    package var abandoned: @Sendable (_ id: UInt64, Notification, DeliveryError) async -> Void
    /// The ids of all messages that lie in the outbox for an integration, oldest first: asked when more came than its
    /// queue holds and there is room again.
    package var waiting: @Sendable (_ receiver: String, _ integration: String) async -> [UInt64]

    package init(
        begin: @escaping @Sendable (_ id: UInt64) async -> Notification?,
        accepted: @escaping @Sendable (_ id: UInt64, Notification, _ detail: String) async -> Void,
        failed: @escaping @Sendable (_ id: UInt64, Notification, DeliveryError, _ attempt: Int) async -> Void,
        abandoned: @escaping @Sendable (_ id: UInt64, Notification, DeliveryError) async -> Void,
        waiting: @escaping @Sendable (_ receiver: String, _ integration: String) async -> [UInt64] = { _, _ in [] }
    ) {
        self.begin = begin
        self.accepted = accepted
        self.failed = failed
        self.abandoned = abandoned
        self.waiting = waiting
    }
}

/// How messages of one integration fare, for status pages.
package struct CourierStatus: Sendable, Hashable {
    package var receiver: String
    package var integration: String
    package var waiting: Int
    package var lastAccepted: Timestamp?
    /// Since the last acceptance.
    package var lastError: String?
}

/// Carries the messages of one integration of one receiver, several groups at once, each message until it is taken.
/// One that hangs here delays no other integration, and a rate limit holds all messages of this one.
actor Courier {
    /// Messages under way at once. Machines take many, and the more are under way the more share one fsync of the
    /// journal: of 10,000 messages the last one arrives after 2.0 s with 256, 2.3 s with 128, 4.3 s with 64. People's
    /// services would answer with 429.
    static let mostToMachines = 256
    private static let mostToPeople = 16
    private let mostInFlight: Int

    private let receiver: String
    private let integration: String
    private let kind: String
    private let sender: any Integration
    private let events: CourierEvents
    private let platform: Platform
    private let policy = RetryPolicy()
    private let metrics: DeliveryMetrics
    private let limit: Int
    private var waiting = DueQueue()
    /// More lies in the outbox than there was room for.
    private var isShort = false
    private var isRefilling = false
    private var inFlight: Set<UInt64> = []
    /// Until then the receiver wants no message at all.
    private var quietUntil: Instant?
    private var lastAccepted: Timestamp?
    private var lastError: String?
    private var lastLogged: String?
    private var attempts: [UInt64: Task<Void, Never>] = [:]
    private var isClosed = false
    private var pump: CheckedContinuation<Void, Never>?
    private var alarm: Task<Void, Never>?

    init(
        receiver: String, integration: IntegrationOptions, sender: any Integration, events: CourierEvents,
        platform: Platform, metrics: DeliveryMetrics,
        limit: Int
    ) {
        self.receiver = receiver
        self.integration = integration.name
        kind = integration.kind
        mostInFlight =
            ["webhook", "alertmanager"].contains(integration.kind) ? Courier.mostToMachines : Courier.mostToPeople
        self.sender = sender
        self.events = events
        self.platform = platform
        self.metrics = metrics
        self.limit = limit
        metrics.declare(kind, receiver)
    }

    var status: CourierStatus {
        CourierStatus(
            receiver: receiver, integration: integration, waiting: waiting.count + inFlight.count,
            lastAccepted: lastAccepted, lastError: lastError)
    }

    func send(_ id: UInt64) {
        guard !isClosed, !inFlight.contains(id), !waiting.contains(id) else { return }
        // The outbox holds everything; what finds no room here is fetched from there when there is some.
        guard waiting.count < limit else {
            isShort = true
            return
        }
        waiting.add(id, due: platform.time.monotonic())
        launch()
    }

    func withdraw(_ id: UInt64) {
        waiting.remove(id)
        refill()
        metrics.queue.set(Double(waiting.count + inFlight.count), kind, receiver)
    }

    private func refill() {
        guard isShort, !isRefilling, !isClosed, waiting.count <= limit / 2 else { return }
        isRefilling = true
        Task { self.take(await self.events.waiting(self.receiver, self.integration)) }
    }

    private func take(_ ids: [UInt64]) {
        isRefilling = false
        isShort = false
        for id in ids where !inFlight.contains(id) && !waiting.contains(id) {
            guard waiting.count < limit else {
                isShort = true
                break
            }
            waiting.add(id, due: platform.time.monotonic())
        }
        launch()
    }

    /// Starts what is due, and sets an alarm for what comes next.
    private func launch() {
        metrics.queue.set(Double(waiting.count + inFlight.count), kind, receiver)
        let now = platform.time.monotonic()
        while !isClosed, inFlight.count < mostInFlight, quietUntil.map({ $0 <= now }) ?? true,
            let next = waiting.take(dueAt: now)
        {
            inFlight.insert(next.id)
            attempts[next.id] = Task { await self.attempt(next) }
        }
        alarm?.cancel()
        alarm = nil
        guard !isClosed, inFlight.count < mostInFlight, let due = waiting.firstDue() else { return }
        let wake = max(due, quietUntil ?? due)
        let time = platform.time
        alarm = Task { [weak self] in
            guard (try? await time.sleep(until: wake)) != nil else { return }
            await self?.launch()
        }
    }

    private func attempt(_ message: DueQueue.Entry) async {
        defer { finish(message.id) }
        guard let notification = await events.begin(message.id) else { return }
        let began = platform.time.monotonic()
        metrics.requests.increment(kind, receiver)
        let outcome = await sender.send(notification)
        metrics.latency.observe((platform.time.monotonic() - began).seconds, kind)
        switch outcome {
        case .accepted(let detail):
            metrics.sent.increment(kind, receiver)
            lastAccepted = platform.time.wall()
            lastError = nil
            if lastLogged != nil {
                platform.log.notice(
                    "receiver takes messages again",
                    metadata: ["receiver": "\(receiver)", "integration": "\(integration)"])
                lastLogged = nil
            }
            // What is told again every minute or so would fill the log.
            platform.log.log(
                level: notification.isRoutine ? .debug : .info, "notification delivered",
                metadata: [
                    "receiver": "\(receiver)", "integration": "\(integration)", "group": "\(notification.groupKey)",
                    "reason": "\(notification.reason)",
                    "firing": "\(notification.firing.count)", "resolved": "\(notification.resolved.count)",
                    "answer": "\(detail)",
                ])
            await events.accepted(message.id, notification, detail)
        case .failed(let error):
            metrics.failed.increment(kind, receiver, error.reason.rawValue)
            lastError = error.description
            // The same failure again is no news.
            if lastLogged != error.description {
                platform.log.error(
                    "notification failed",
                    metadata: [
                        "receiver": "\(receiver)", "integration": "\(integration)",
                        "reason": "\(error.reason.rawValue)", "err": "\(error.message)",
                        "again": "\(error.isRetryable)",
                    ])
                lastLogged = error.description
            }
            guard error.isRetryable else {
                await events.abandoned(message.id, notification, error)
                return
            }
            let now = platform.time.monotonic()
            let delay = policy.delay(
                afterAttempt: message.attempt + 1, retryAfter: error.retryAfter, unit: platform.random.unit())
            if error.reason == .rateLimited || error.retryAfter != nil {
                quietUntil = max(now + delay, quietUntil ?? now)
            }
            waiting.add(message.id, attempt: message.attempt + 1, due: now + delay)
            await events.failed(message.id, notification, error, message.attempt + 1)
        }
    }

    private func finish(_ id: UInt64) {
        inFlight.remove(id)
        attempts[id] = nil
        refill()
        if inFlight.isEmpty, isClosed {
            pump?.resume()
            pump = nil
        }
        launch()
    }

    /// Gives up what is in flight; it lies in the outbox all the same.
    func cancelAttempts() {
        for attempt in attempts.values { attempt.cancel() }
    }

    /// Takes no more and waits for what is in flight.
    func close() async {
        isClosed = true
        alarm?.cancel()
        waiting.removeAll()
        if inFlight.isEmpty { return }
        await withCheckedContinuation { pump = $0 }
    }
}

/// Counters of all couriers. Names follow Alertmanager's.
struct DeliveryMetrics: Sendable {
    let sent: Counter
    let failed: Counter
    let requests: Counter
    let latency: Histogram
    let queue: Gauge

    init(_ registry: Registry) {
        sent = registry.counter(
            "vaultwatch_notifications_total", help: "Messages that a receiver accepted.",
            labels: ["integration", "receiver"])
        failed = registry.counter(
            "vaultwatch_notifications_failed_total", help: "Attempts that failed, by reason.",
            labels: ["integration", "receiver", "reason"])
        requests = registry.counter(
            "vaultwatch_notification_requests_total", help: "Attempts made.", labels: ["integration", "receiver"])
        latency = registry.histogram(
            "vaultwatch_notification_latency_seconds", help: "Time that an attempt took.", labels: ["integration"])
        queue = registry.gauge(
            "vaultwatch_notification_queue_length", help: "Messages that wait or are in flight.",
            labels: ["integration", "receiver"])
    }

    func declare(_ kind: String, _ receiver: String) {
        sent.declare(kind, receiver)
        requests.declare(kind, receiver)
        latency.declare(kind)
        queue.set(0, kind, receiver)
        for reason in DeliveryError.Reason.allCases { failed.declare(kind, receiver, reason.rawValue) }
    }
}
