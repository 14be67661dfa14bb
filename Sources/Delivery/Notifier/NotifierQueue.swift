import Alerts
import Platform
import Samples

/// The messages of one integration of one receiver, from enqueueing to acceptance: which of them wait, until when, and
/// which are in flight. A value; the notifier acts on it.
///
/// A destination has at most one message at a time, so that messages of different groups never wait for one another,
/// except for the limit in flight and for a rate limit, which delays all messages of the integration.
struct NotifierQueue: Sendable {
    /// An attempt to be started.
    struct Attempt: Sendable {
        let message: Outgoing
        /// From 1.
        let number: Int
    }

    private struct Item: Sendable {
        let message: Outgoing
        var failures = 0
        /// When it is retried after a failure.
        var retryAt = Instant(nanoseconds: 0)
        /// Withdrawn while in flight: not to be retried.
        var isWithdrawn = false
    }

    /// Programs accept many messages at once, and the more are in flight the more share one fsync of the journal: of
    /// 10,000 messages the last one arrives after 2.0 s with 256, 2.3 s with 128, 4.3 s with 64.
    static let inFlightLimitToMachines = 256
    /// With more, services for people would mostly answer 429.
    static let inFlightLimitToPeople = 16

    /// How many messages may wait.
    var limit: Int
    private let inFlightLimit: Int
    private let policy = RetryPolicy()
    /// All messages, waiting and in flight.
    private var items: [UInt64: Item] = [:]
    private var waiting = TimerQueue<UInt64, Instant>()
    /// The receiver has asked for no messages at all until then.
    private var rateLimitedUntil: Instant?
    /// The outbox holds messages that did not fit.
    private var hasOverflowed = false
    private var isRefilling = false
    private(set) var lastAccepted: Timestamp?
    private(set) var lastError: String?

    /// - Parameter limit: how many messages may wait; up to 16 to people, or 256 to programs, may be in flight.
    init(_ kind: IntegrationKind, limit: Int) {
        self.limit = limit
        inFlightLimit = kind.isMachine ? NotifierQueue.inFlightLimitToMachines : NotifierQueue.inFlightLimitToPeople
    }

    /// Messages that wait or are in flight.
    var count: Int { items.count }
    private var inFlightCount: Int { items.count - waiting.count }

    /// Adds a message once; one that does not fit stays in the outbox until there is room.
    mutating func add(_ message: Outgoing, _ now: Instant) {
        guard items[message.id] == nil else { return }
        guard waiting.count < limit else {
            hasOverflowed = true
            return
        }
        items[message.id] = Item(message: message)
        waiting.schedule(message.id, at: now)
    }

    /// Drops a message; one that is in flight is not retried.
    /// - Returns: whether it was queued.
    mutating func withdraw(_ id: UInt64) -> Bool {
        guard items[id] != nil else { return false }
        if waiting.due(id) == nil {
            items[id]?.isWithdrawn = true
        } else {
            remove(id)
        }
        return true
    }

    /// Takes the messages whose attempt is due, up to the limit in flight.
    mutating func startAttempts(_ now: Instant) -> [Attempt] {
        var attempts: [Attempt] = []
        guard rateLimitedUntil.map({ $0 <= now }) ?? true else { return [] }
        while inFlightCount < inFlightLimit, let next = waiting.popFirst(dueBy: now) {
            guard let item = items[next.key] else { continue }
            attempts.append(Attempt(message: item.message, number: item.failures + 1))
        }
        return attempts
    }

    /// When the next attempt is due; nil if none waits, or if the limit in flight is reached.
    var nextAttempt: Instant? {
        guard inFlightCount < inFlightLimit, let due = waiting.firstDue else { return nil }
        return max(due, rateLimitedUntil ?? due)
    }

    /// Records an acceptance: the integration works.
    /// - Returns: whether its last attempt had failed.
    mutating func recordAccepted(_ now: Timestamp) -> Bool {
        lastAccepted = now
        defer { lastError = nil }
        return lastError != nil
    }

    /// An attempt failed. A rate limit takes effect now; `retry` schedules the next attempt.
    /// - Parameter unit: uniform in `0..<1`, for the jitter of the delay.
    /// - Returns: whether the error differs from that of the previous attempt.
    mutating func recordFailed(_ id: UInt64, _ error: DeliveryError, _ now: Instant, unit: Double) -> Bool {
        if error.isRetryable {
            let failures = (items[id]?.failures ?? 0) + 1
            let delay = policy.delay(afterAttempt: failures, retryAfter: error.retryAfter, unit: unit)
            items[id]?.failures = failures
            items[id]?.retryAt = now + delay
            if error.reason == .rateLimited || error.retryAfter != nil {
                rateLimitedUntil = max(now + delay, rateLimitedUntil ?? now)
            }
        }
        defer { lastError = error.description }
        return lastError != error.description
    }

    /// Schedules the next attempt of a message whose attempt failed, unless it was withdrawn meanwhile.
    mutating func retry(_ id: UInt64) {
        guard let item = items[id] else { return }
        if item.isWithdrawn { remove(id) } else { waiting.schedule(id, at: item.retryAt) }
    }

    /// Drops a message that was accepted, refused or withdrawn.
    mutating func remove(_ id: UInt64) {
        items[id] = nil
        waiting.cancel(id)
    }

    /// Drops all messages that wait.
    mutating func removeWaiting() {
        while let next = waiting.popFirst(dueBy: Instant(nanoseconds: .max)) { items[next.key] = nil }
    }

    /// The configuration was reloaded, possibly to correct a fault: waiting messages are retried at once.
    /// - Parameter isChanged: whether the integration's settings differ, so that a rate limit no longer applies.
    mutating func reload(limit: Int, isChanged: Bool, _ now: Instant) {
        self.limit = limit
        if isChanged { rateLimitedUntil = nil }
        let ids = items.keys.filter { waiting.due($0) != nil }.sorted()
        for id in ids { waiting.schedule(id, at: now) }
    }

    /// Whether the outbox should be asked for messages that did not fit; true once, until `refill`.
    mutating func beginRefill() -> Bool {
        guard hasOverflowed, !isRefilling, waiting.count <= limit / 2 else { return false }
        isRefilling = true
        return true
    }

    /// Takes the messages of the outbox that fit.
    mutating func refill(_ messages: [Outgoing], _ now: Instant) {
        isRefilling = false
        hasOverflowed = false
        for message in messages { add(message, now) }
    }
}
