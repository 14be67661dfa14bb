import Alerts
import Logging
import Platform
import Samples
import Synchronization
import Telemetry
import Transport

/// All receivers of a configuration and their couriers.
package final class DeliveryService: Sendable {
    private struct State {
        var couriers: [Key: Courier] = [:]
        /// Where a message of this id went, to be found again when it is withdrawn.
        var routes: [UInt64: Key] = [:]
    }

    private struct Key: Hashable {
        let receiver: String
        let integration: String
    }

    private let state: Mutex<State>
    private let integrations: [String: [(options: IntegrationOptions, sender: any Integration)]]
    private let options: DeliveryOptions

    /// - Parameter stalled: the loops of the pipeline that stand still; while there is one, no heartbeat is sent.
    /// - Throws: `TemplateError` or `FileError` of the user's templates.
    package init(
        _ options: DeliveryOptions, http: any HTTPClient, mail: any MailSender, platform: Platform, registry: Registry,
        threads: ThreadStore,
        events: CourierEvents, stalled: @escaping @Sendable () -> [String] = { [] }
    ) throws {
        self.options = options
        let log = platform.log
        let composer = try Composer(
            templates: options.templates, externalURL: options.externalURL, files: platform.files
        ) { problem in
            log.error("template failed; the default one speaks", metadata: ["err": "\(problem)"])
        }
        let client = ReceiverClient(http: http, files: platform.files, time: platform.time)
        let metrics = DeliveryMetrics(registry)
        var integrations: [String: [(options: IntegrationOptions, sender: any Integration)]] = [:]
        var couriers: [Key: Courier] = [:]
        for receiver in options.receivers {
            for integration in receiver.integrations {
                let sender: any Integration =
                    switch integration.settings {
                    case .email(let options):
                        EmailIntegration(
                            options: options, mail: mail, composer: composer, files: platform.files, time: platform.time
                        )
                    case .slack(let options):
                        SlackIntegration(options: options, client: client, composer: composer, threads: threads)
                    case .pagerDuty(let options):
                        PagerDutyIntegration(options: options, client: client, composer: composer)
                    case .webhook(let webhook):
                        WebhookIntegration(options: webhook, client: client, externalURL: options.externalURL)
                    case .alertmanager(let options): AlertmanagerIntegration(options: options, client: client)
                    case .heartbeat(let options):
                        HeartbeatIntegration(options: options, client: client, stalled: stalled)
                    }
                integrations[receiver.name, default: []].append((integration, sender))
                couriers[Key(receiver: receiver.name, integration: integration.name)] = Courier(
                    receiver: receiver.name, integration: integration, sender: sender, events: events,
                    platform: platform, metrics: metrics,
                    limit: options.queueLimit)
            }
        }
        self.integrations = integrations
        state = Mutex(State(couriers: couriers))
    }

    /// Takes a message that lies in the outbox.
    /// - Returns: false when there is no such receiver or integration.
    package func send(_ id: UInt64, _ notification: Notification) async -> Bool {
        let key = Key(receiver: notification.receiver, integration: notification.integration)
        let courier = state.withLock { state -> Courier? in
            guard let courier = state.couriers[key] else { return nil }
            state.routes[id] = key
            return courier
        }
        guard let courier else { return false }
        await courier.send(id)
        return true
    }

    /// The message is superseded, over, or accepted.
    package func withdraw(_ id: UInt64) async {
        let courier = state.withLock { state -> Courier? in
            state.routes.removeValue(forKey: id).flatMap { state.couriers[$0] }
        }
        await courier?.withdraw(id)
    }

    package func statuses() async -> [CourierStatus] {
        var statuses: [CourierStatus] = []
        for courier in state.withLock({ Array($0.couriers.values) }) { statuses.append(await courier.status) }
        return statuses.sorted { ($0.receiver, $0.integration) < ($1.receiver, $1.integration) }
    }

    /// Takes no more, and gives what is in flight its time.
    /// - Parameter closed: called for each integration as soon as nothing of it is in flight.
    package func drain(
        time: any TimeSource,
        closed: @escaping @Sendable (_ receiver: String, _ integration: String) async -> Void = { _, _ in }
    ) async {
        let couriers = state.withLock { $0.couriers }
        let limit = options.drainTimeout
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { inner in
                    for (key, courier) in couriers {
                        inner.addTask {
                            await courier.close()
                            await closed(key.receiver, key.integration)
                        }
                    }
                }
            }
            group.addTask {
                guard (try? await time.sleep(for: limit)) != nil else { return }
                for courier in couriers.values { await courier.cancelAttempts() }
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// What each integration of the named receivers answered to a message of its own.
    package struct TestResult: Sendable {
        package let receiver: String
        package let integration: String
        package let outcome: DeliveryOutcome
    }

    /// Sends a message straight to receivers, past queue and retry: for trying them out.
    package func test(
        receivers: [String], _ message: @Sendable (_ receiver: String, _ integration: String) -> Notification
    ) async -> [TestResult] {
        var calls: [(String, String, any Integration, Notification)] = []
        for receiver in receivers {
            for (integration, sender) in integrations[receiver] ?? [] {
                calls.append((receiver, integration.name, sender, message(receiver, integration.name)))
            }
        }
        return await withTaskGroup(of: (Int, TestResult).self) { group in
            for (index, call) in calls.enumerated() {
                group.addTask {
                    (index, TestResult(receiver: call.0, integration: call.1, outcome: await call.2.send(call.3)))
                }
            }
            var results: [(Int, TestResult)] = []
            for await result in group { results.append(result) }
            return results.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
