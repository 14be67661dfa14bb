import Alerts
import Config
import Delivery
import Journal
import Logging
import Platform
import Probes
import Samples
import Synchronization
import Web

/// The tests of receivers that users ask for: one at a time, and the last one of each integration is remembered, over a
/// restart by the history.
final class ReceiverTests: Sendable {
    private struct Key: Hashable {
        let receiver: String
        let integration: String
    }

    private struct State {
        var isRunning = false
        var last: [Key: ReceiverTest] = [:]
    }

    /// Maximum number of integrations whose last test is remembered.
    private static let limit = 1000
    /// How long a test may take; integrations have shorter limits of their own.
    static let patience = Duration.seconds(60)

    private let state = Mutex(State())

    init() {}

    /// The last test of each integration, by receiver and integration.
    var all: [ReceiverTest] {
        state.withLock { Array($0.last.values) }.sorted { a, b in
            (a.receiver, a.integration) < (b.receiver, b.integration)
        }
    }

    /// - Returns: whether a test may begin; then `end` must follow.
    func begin() -> Bool {
        state.withLock { state in
            guard !state.isRunning else { return false }
            state.isRunning = true
            return true
        }
    }

    /// Takes the outcomes of the test that began.
    func end(_ entries: [HistoryEntry]) {
        state.withLock { $0.isRunning = false }
        remember(entries)
    }

    /// Remembers the newest test of each integration.
    /// - Parameter entries: of any kind, in any order.
    func remember(_ entries: [HistoryEntry]) {
        state.withLock { state in
            for test in entries.compactMap({ ReceiverTest($0) }) {
                let key = Key(receiver: test.receiver, integration: test.integration)
                if let known = state.last[key] {
                    if known.at <= test.at { state.last[key] = test }
                } else if state.last.count < ReceiverTests.limit {
                    state.last[key] = test
                }
            }
        }
    }
}

extension Agent {
    /// Sends a test message to each integration of a receiver, as `vaultwatch notify test --receiver` does, and records
    /// the answers in the history.
    /// - Throws: `QueryError` of kind `.notFound` or `.unavailable`.
    func testReceiver(
        _ name: String, _ severity: Severity, isResolved: Bool, by caller: Caller
    ) async throws(QueryError) {
        let configuration = state.withLock(\.configuration)
        guard let receiver = configuration.delivery.receivers.first(where: { $0.name == name }) else {
            throw QueryError(.notFound, "there is no receiver \(name)")
        }
        guard !receiver.integrations.isEmpty else {
            throw QueryError(.notFound, "the receiver \(name) has no integrations, so that nothing can be sent to it")
        }
        guard receiverTests.begin() else {
            throw QueryError(.unavailable, "another test is under way; try again when it has ended")
        }
        let message = TestMessage(
            severity: severity, isResolved: isResolved, cluster: configuration.vault.first?.name ?? "test",
            url: configuration.web.externalURL, now: platform.time.wall())
        platform.log.notice(
            "test of a receiver", metadata: ["receiver": "\(name)", "by": "\(caller)", "resolved": "\(isResolved)"])
        // A client that disconnects must not interrupt what people may have received already.
        let entries = await Task { [notifier, platform] in
            let results = await Deadline.run(
                { await notifier.test(receivers: [name]) { message.notification($0, $1) } },
                until: platform.time.monotonic() + ReceiverTests.patience, time: platform.time)
            let now = platform.time.wall()
            func entry(_ integration: IntegrationID, isAccepted: Bool, _ answer: String) -> HistoryEntry {
                HistoryEntry(
                    at: now, kind: .test, subject: message.alert.labels.description, receiver: name,
                    integration: integration.description,
                    detail: ReceiverTest.detail(isAccepted: isAccepted, by: caller.description, answer))
            }
            guard let results else {
                return receiver.integrations.map {
                    entry($0.id, isAccepted: false, "no answer within \(ReceiverTests.patience.prometheusDescription)")
                }
            }
            return results.map { result in
                switch result.outcome {
                case .accepted(let answer, _): entry(result.integration, isAccepted: true, answer)
                case .failed(let error): entry(result.integration, isAccepted: false, error.description)
                }
            }
        }.value
        receiverTests.end(entries)
        await dispatcher.append(entries.map { .history($0) })
    }

    /// Recalls the last tests from the history.
    func restoreReceiverTests() async {
        var filter = HistoryFilter()
        filter.kinds = [HistoryEntry.Kind.test.rawValue]
        filter.limit = HistoryFilter.maxLimit
        if let entries = try? await journal.history(filter) { receiverTests.remember(entries) }
    }
}
