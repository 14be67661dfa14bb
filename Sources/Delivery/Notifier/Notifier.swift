package import Alerts
import Logging
package import Platform
import Samples
import Synchronization
package import Telemetry
package import Transport

/// Owns every message from its decision to its acceptance: the queue of each integration, attempts and retries, rate
/// limits, conversations, withdrawal.
///
/// Integrations are isolated: one that hangs or is rate limited delays no other. A message that a restart interrupts is
/// in the journal's outbox until the dispatcher has recorded its acceptance.
package final class Notifier: Sendable {
    struct QueueKey: Hashable {
        let receiver: String
        let integration: IntegrationID

        init(_ notification: Notification) {
            receiver = notification.receiver
            integration = notification.integration
        }

        init(_ receiver: String, _ integration: IntegrationID) {
            self.receiver = receiver
            self.integration = integration
        }
    }

    struct Slot {
        var queue: NotifierQueue
        var options: IntegrationOptions
        var integration: any Integration
        /// Wakes the queue for its next attempt.
        var alarm: (at: Instant, task: Task<Void, Never>)?
    }

    struct State {
        var slots: [QueueKey: Slot] = [:]
        /// The attempts under way, by message.
        var attempts: [UInt64: Task<Void, Never>] = [:]
        var threads = Threads()
        var options: DeliveryOptions
        /// The routing is being reloaded: no attempt begins meanwhile.
        var isReloading = false
        var isClosed = false

        /// No attempts are started, and no wake-ups scheduled.
        var isHeld: Bool { isReloading || isClosed }
    }

    let state: Mutex<State>
    let events: NotifierEvents
    let platform: Platform
    let metrics: NotifierMetrics
    private let http: any HTTPClient
    private let mail: any MailSender
    private let stalled: @Sendable () -> [String]

    /// A notifier with an empty queue for each integration of the configuration.
    /// - Parameter stalled: the loops of the pipeline that have stalled; while there are any, no heartbeat is sent.
    /// - Throws: `TemplateError` or `FileError` of the user's templates.
    package init(
        _ options: DeliveryOptions, http: any HTTPClient, mail: any MailSender, platform: Platform, registry: Registry,
        events: NotifierEvents, stalled: @escaping @Sendable () -> [String] = { [] }
    ) throws {
        self.http = http
        self.mail = mail
        self.platform = platform
        self.events = events
        self.stalled = stalled
        metrics = NotifierMetrics(registry)
        state = Mutex(State(options: options))
        try replaceIntegrations(options)
    }

    /// Takes messages that are in the journal's outbox. Never blocks; a message that is already queued is not added
    /// again.
    package func enqueue(_ messages: [Outgoing]) {
        let now = platform.time.monotonic()
        let (keys, unknown) = state.withLock { state -> (Set<QueueKey>, [Outgoing]) in
            var keys: Set<QueueKey> = []
            var unknown: [Outgoing] = []
            if state.isClosed { return ([], []) }
            for message in messages {
                let key = QueueKey(message.notification)
                guard state.slots[key] != nil else {
                    unknown.append(message)
                    continue
                }
                state.slots[key]?.queue.add(message, now)
                keys.insert(key)
            }
            return (keys, unknown)
        }
        for key in keys { startAttempts(key) }
        guard !unknown.isEmpty else { return }
        Task { [events] in
            for message in unknown { await events.refused(message, "its receiver is not configured any more") }
        }
    }

    /// Drops messages that were superseded, have become pointless, or were accepted. Never blocks.
    package func withdraw(_ ids: [UInt64]) {
        guard !ids.isEmpty else { return }
        let keys = state.withLock { state in
            var keys: Set<QueueKey> = []
            for id in ids {
                for key in state.slots.keys where state.slots[key]?.queue.withdraw(id) == true {
                    keys.insert(key)
                    break
                }
            }
            return keys
        }
        for key in keys { startAttempts(key) }
    }

    /// Applies another configuration; one reload at a time. Waiting messages stay queued and are retried at once;
    /// attempts under way finish with the settings that they started with.
    /// - Parameter reroute: makes the dispatcher apply the same configuration; no attempt begins until it returns, so
    ///   that no message for one address is sent to another.
    /// - Throws: `TemplateError` or `FileError` of the user's templates; then nothing has changed.
    package func reload(_ options: DeliveryOptions, reroute: () async -> Void) async throws {
        try replaceIntegrations(options)
        await reroute()
        let keys = state.withLock { state in
            state.isReloading = false
            return Array(state.slots.keys)
        }
        for key in keys { startAttempts(key) }
    }

    /// Takes no more messages, and gives attempts under way the configured time to finish; then they are cancelled.
    /// Messages that were not accepted stay in the outbox.
    package func drain() async {
        let (attempts, timeout) = state.withLock { state in
            state.isClosed = true
            for key in state.slots.keys {
                state.slots[key]?.alarm?.task.cancel()
                state.slots[key]?.alarm = nil
                state.slots[key]?.queue.removeWaiting()
            }
            return (Array(state.attempts.values), state.options.drainTimeout)
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for attempt in attempts { await attempt.value } }
            group.addTask { [time = platform.time] in
                try? await time.sleep(for: timeout)
                for attempt in attempts { attempt.cancel() }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// The state of each queue, sorted by receiver and integration.
    package var statuses: [NotifierStatus] {
        state.withLock { state in
            state.slots.map { key, slot in
                NotifierStatus(
                    receiver: key.receiver, integration: key.integration, waiting: slot.queue.count,
                    lastAccepted: slot.queue.lastAccepted, lastError: slot.queue.lastError)
            }
        }.sorted { ($0.receiver, $0.integration) < ($1.receiver, $1.integration) }
    }

    // MARK: Conversations

    /// The first message of each conversation under way, by key, for the journal.
    package var threads: [String: String] { state.withLock { $0.threads.all } }

    /// Continues the conversations stored in the journal.
    package func restore(threads: [String: String]) { state.withLock { $0.threads.restore(threads) } }

    private func thread(of notification: Notification) -> String? {
        state.withLock { $0.threads.all[Notifier.threadKey(notification)] }
    }

    static func threadKey(_ notification: Notification) -> String {
        let id = notification.integration
        return "\(id.kind.rawValue)/\(notification.receiver)/\(id)/\(notification.groupKey)"
    }

    // MARK: Integrations

    /// Creates the integrations of the configuration, and a queue for each that has none yet.
    private func replaceIntegrations(_ options: DeliveryOptions) throws {
        let log = platform.log
        let composer = try Composer(
            templates: options.templates, externalURL: options.externalURL, zone: options.timeZone,
            files: platform.files
        ) { problem in
            log.error("a template failed; the default one is used", metadata: ["err": "\(problem)"])
        }
        let client = ReceiverClient(http: http, files: platform.files, time: platform.time)
        let now = platform.time.monotonic()
        state.withLock { state in
            let old = state.slots
            state.options = options
            state.slots = [:]
            // At the start there is no routing reload to wait for.
            state.isReloading = !old.isEmpty
            for receiver in options.receivers {
                for integration in receiver.integrations {
                    let key = QueueKey(receiver.name, integration.id)
                    let sender = makeIntegration(integration, options, client, composer)
                    if var slot = old[key] {
                        slot.alarm?.task.cancel()
                        slot.alarm = nil
                        slot.queue.reload(
                            limit: options.queueLimit, isChanged: slot.options != integration, now)
                        slot.options = integration
                        slot.integration = sender
                        state.slots[key] = slot
                    } else {
                        metrics.declare(integration.kind, receiver.name)
                        state.slots[key] = Slot(
                            queue: NotifierQueue(integration.kind, limit: options.queueLimit), options: integration,
                            integration: sender)
                    }
                }
            }
            for (key, slot) in old where state.slots[key] == nil {
                slot.alarm?.task.cancel()
                setQueueLength(key, state)
            }
        }
    }

    private func makeIntegration(
        _ integration: IntegrationOptions, _ all: DeliveryOptions, _ client: ReceiverClient, _ composer: Composer
    ) -> any Integration {
        switch integration.settings {
        case .email(let options):
            EmailIntegration(
                options: options, mail: mail, composer: composer, files: platform.files, time: platform.time
            ) { [weak self] in self?.thread(of: $0) }
        case .slack(let options):
            SlackIntegration(options: options, client: client, composer: composer) { [weak self] in
                self?.thread(of: $0)
            }
        case .pagerDuty(let options): PagerDutyIntegration(options: options, client: client, composer: composer)
        case .webhook(let options):
            WebhookIntegration(options: options, client: client, composer: composer)
        case .alertmanager(let options): AlertmanagerIntegration(options: options, client: client)
        case .heartbeat(let options): HeartbeatIntegration(options: options, client: client, stalled: stalled)
        }
    }
}
