package import Alerts
import Logging
import Platform
import Samples
import Synchronization
import Telemetry
import Text

extension Notifier {
    /// Starts the attempts of one queue that are due, and schedules the next wake-up.
    func startAttempts(_ key: QueueKey) {
        let now = platform.time.monotonic()
        let needsRefill = state.withLock { state -> Bool in
            // Removed while it changes, so that it is changed in place.
            guard var slot = state.slots.removeValue(forKey: key) else { return false }
            if !state.isHeld {
                for attempt in slot.queue.startAttempts(now) {
                    state.attempts[attempt.message.id] = Task { [integration = slot.integration] in
                        await self.run(attempt, key, integration)
                    }
                }
            }
            setAlarm(key, &slot, isHeld: state.isHeld)
            let needsRefill = !state.isHeld && slot.queue.beginRefill()
            state.slots[key] = slot
            setQueueLength(key, state)
            return needsRefill
        }
        if needsRefill { Task { await self.refill(key) } }
    }

    private func setAlarm(_ key: QueueKey, _ slot: inout Slot, isHeld: Bool) {
        let next = isHeld ? nil : slot.queue.nextAttempt
        if next == slot.alarm?.at { return }
        slot.alarm?.task.cancel()
        slot.alarm = next.map { next in
            let task = Task { [weak self, time = platform.time] in
                guard (try? await time.sleep(until: next)) != nil else { return }
                self?.ring(key, next)
            }
            return (next, task)
        }
    }

    private func ring(_ key: QueueKey, _ at: Instant) {
        state.withLock { state in
            if state.slots[key]?.alarm?.at == at { state.slots[key]?.alarm = nil }
        }
        startAttempts(key)
    }

    /// Fetches messages from the outbox that did not fit into the queue.
    private func refill(_ key: QueueKey) async {
        let messages = await events.pending(key.receiver, key.integration)
        let now = platform.time.monotonic()
        state.withLock { state in
            if !state.isClosed { state.slots[key]?.queue.refill(messages, now) }
        }
        startAttempts(key)
    }

    /// The queues of all integrations of the same kind share a series.
    func setQueueLength(_ key: QueueKey, _ state: State) {
        let kind = key.integration.kind
        var count = 0
        for (other, slot) in state.slots where other.receiver == key.receiver && other.integration.kind == kind {
            count += slot.queue.count
        }
        metrics.queueLength.set(Double(count), kind.rawValue, key.receiver)
    }

    /// Releases the resources of an attempt.
    private func finish(_ id: UInt64, _ key: QueueKey, _ change: (inout NotifierQueue) -> Void) {
        state.withLock { state in
            state.attempts[id] = nil
            guard var slot = state.slots.removeValue(forKey: key) else { return }
            change(&slot.queue)
            state.slots[key] = slot
        }
        startAttempts(key)
    }

    /// One attempt, from the permission to begin to the report of its outcome.
    private func run(_ attempt: NotifierQueue.Attempt, _ key: QueueKey, _ integration: any Integration) async {
        let message = attempt.message
        guard var notification = await events.beginAttempt(message) else {
            return finish(message.id, key) { $0.remove(message.id) }
        }
        addFailures(to: &notification)
        switch await send(notification, key, integration) {
        case .accepted(let detail, let thread):
            let threads = apply(thread, notification)
            recordAccepted(notification, key, detail)
            await events.accepted(message, detail, threads)
            finish(message.id, key) { $0.remove(message.id) }
        case .failed(let error):
            recordFailed(message.id, error, key)
            guard error.isRetryable else {
                await events.refused(message, error.description)
                return finish(message.id, key) { $0.remove(message.id) }
            }
            await events.failed(message, error, attempt.number)
            finish(message.id, key) { $0.retry(message.id) }
        }
    }

    /// Adds to who was notified what only the queues know: why the last attempt failed, and when the next one is.
    private func addFailures(to notification: inout Notification) {
        let waiting = notification.incidents.flatMap(\.told).filter { $0.state == .waiting }
        if waiting.isEmpty { return }
        let keys = Set(waiting.map { QueueKey($0.receiver, $0.integration) })
        let queues = state.withLock { state in
            state.slots.filter { keys.contains($0.key) }.mapValues { ($0.queue.lastError, $0.queue.nextAttempt) }
        }
        let now = platform.time.now()
        for index in notification.incidents.indices {
            for place in notification.incidents[index].told.indices {
                var told = notification.incidents[index].told[place]
                guard told.state == .waiting, let queue = queues[QueueKey(told.receiver, told.integration)],
                    let error = queue.0
                else { continue }
                (told.state, told.error) = (.refused, error)
                told.retryAt = queue.1.map { now.wall + max($0 - now.monotonic, .zero) }
                notification.incidents[index].told[place] = told
            }
        }
    }

    private func send(_ notification: Notification, _ key: QueueKey, _ integration: any Integration) async
        -> DeliveryOutcome
    {
        let kind = key.integration.kind.rawValue
        let began = platform.time.monotonic()
        metrics.attempts.increment(kind, key.receiver)
        let outcome = await integration.send(notification)
        metrics.latency.observe((platform.time.monotonic() - began).seconds, kind)
        return outcome
    }

    private func apply(_ change: ThreadChange?, _ notification: Notification) -> [String: String?] {
        guard let change else { return [:] }
        return state.withLock { $0.threads.apply(change, to: Notifier.threadKey(notification)) }
    }

    private func recordAccepted(_ notification: Notification, _ key: QueueKey, _ detail: String) {
        metrics.accepted.increment(key.integration.kind.rawValue, key.receiver)
        let wall = platform.time.wall()
        let hadFailed = state.withLock { $0.slots[key]?.queue.recordAccepted(wall) ?? false }
        if hadFailed {
            platform.log.notice(
                "receiver accepts notifications again",
                metadata: ["receiver": "\(key.receiver)", "integration": "\(key.integration)"])
        }
        platform.log.log(
            level: notification.isRoutine ? .debug : .info, "notification delivered",
            metadata: [
                "receiver": "\(key.receiver)", "integration": "\(key.integration)", "group": "\(notification.groupKey)",
                "reason": "\(notification.reason.rawValue)", "firing": "\(notification.firing.count)",
                "resolved": "\(notification.resolved.count)", "answer": "\(detail)",
            ])
    }

    private func recordFailed(_ id: UInt64, _ error: DeliveryError, _ key: QueueKey) {
        metrics.failed.increment(key.integration.kind.rawValue, key.receiver, error.reason.rawValue)
        if !error.isRetryable { metrics.refused.increment(key.integration.kind.rawValue, key.receiver) }
        let now = platform.time.monotonic()
        let unit = error.isRetryable ? platform.random.unit() : 0
        let isNew = state.withLock { $0.slots[key]?.queue.recordFailed(id, error, now, unit: unit) ?? true }
        guard isNew else { return }
        platform.log.error(
            "notification failed",
            metadata: [
                "receiver": "\(key.receiver)", "integration": "\(key.integration)",
                "reason": "\(error.reason.rawValue)", "err": "\(error.message)", "again": "\(error.isRetryable)",
            ])
    }

    /// One integration's result for a test message.
    package struct TestResult: Sendable {
        /// The receiver's name in the configuration.
        package let receiver: String
        /// Which of the receiver's integrations.
        package let integration: IntegrationID
        /// The outcome of the one attempt.
        package let outcome: DeliveryOutcome
    }

    /// Sends a message directly to receivers, bypassing the queue and without retries, to test them.
    /// - Parameter message: the message for each integration.
    /// - Returns: a result for each integration, in the order of the receivers.
    package func test(
        receivers: [String], _ message: @Sendable (_ receiver: String, IntegrationID) -> Notification
    ) async -> [TestResult] {
        var calls: [(key: QueueKey, integration: any Integration, notification: Notification)] = []
        for receiver in receivers {
            let slots = state.withLock { $0.slots.filter { $0.key.receiver == receiver } }
            for options in state.withLock({ $0.options.receivers.first { $0.name == receiver }?.integrations ?? [] }) {
                let key = QueueKey(receiver, options.id)
                guard let slot = slots[key] else { continue }
                calls.append((key, slot.integration, message(receiver, options.id)))
            }
        }
        return await withTaskGroup(of: (Int, TestResult).self) { group in
            for (index, call) in calls.enumerated() {
                group.addTask {
                    let outcome = await call.integration.send(call.notification)
                    if case .accepted(_, let thread) = outcome { _ = self.apply(thread, call.notification) }
                    return (
                        index,
                        TestResult(
                            receiver: call.key.receiver, integration: call.key.integration, outcome: outcome)
                    )
                }
            }
            var results: [(Int, TestResult)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
