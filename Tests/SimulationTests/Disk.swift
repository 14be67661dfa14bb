import Alerts
import Platform
import Samples
import Simulation

@testable import Journal

/// What lies under the agent's lives and outlasts them: a journal in memory that takes its time, can be full, and can
/// break. Touched by the thread of its run alone.
final class Disk: @unchecked Sendable {
    enum Mode: Hashable {
        case fine
        /// Full or read-only: nothing can be written, what is there can be read.
        case failing
        /// A write waits for as long as this lasts, as for a disk that does not answer.
        case hanging
    }

    private let time: VirtualTime
    private let random: SeededRandom
    var mode = Mode.fine
    private var alerts: [UInt64: Alert] = [:]
    private(set) var outbox: [UInt64: Notification] = [:]
    private(set) var records: [String: [UInt8]] = [:]
    private var silences: [String: [UInt8]] = [:]
    private var states: [String: [UInt8]] = [:]
    /// What the present life holds in memory since the disk refuses it.
    private var backlog = JournalBacklog()
    private var isBegunAnew = false
    /// Broke, and has not been written again in full.
    private var isAwaitingRewrite = false

    init(time: VirtualTime, random: SeededRandom) {
        self.time = time
        self.random = random
    }

    /// Whether a crash now loses something that was decided.
    var isDurable: Bool { backlog.isEmpty && !isAwaitingRewrite }
    var alertCount: Int { alerts.count }

    /// As `Journal.write`: all or nothing, and what is refused waits in memory. A crash may come before or after the
    /// commit.
    func write(_ changes: [JournalChange], _ life: Life) async throws(JournalError) {
        let isEarly = random.chance(50)
        if isEarly { try commit(changes, life) }
        while mode == .hanging, life.isAlive {
            guard (try? await time.sleep(for: .seconds(1))) != nil else { break }
        }
        try? await time.sleep(for: .milliseconds(random.below(20)))
        if !isEarly { try commit(changes, life) }
    }

    private func commit(_ changes: [JournalChange], _ life: Life) throws(JournalError) {
        guard life.isAlive else { return }
        if mode != .fine {
            for change in changes { backlog.add(change) }
            throw .unavailable("the disk is full")
        }
        if backlog.isEmpty {
            for change in changes { apply(change) }
        } else {
            for change in changes { backlog.add(change) }
            for change in backlog.changes { apply(change) }
            backlog.clear()
        }
    }

    /// As `Journal.maintain`: tries what waits.
    func maintain(_ life: Life) throws(JournalError) { try commit([], life) }

    /// Whether something waits in memory.
    var isFull: Bool { !backlog.isEmpty }

    /// Whether everything must be written again; once.
    func takeBegunAnew() -> Bool {
        defer { isBegunAnew = false }
        return isBegunAnew
    }

    /// The file is unreadable: it is put aside and an empty one begun.
    func breakFile() {
        (alerts, outbox, records, silences, states) = ([:], [:], [:], [:], [:])
        isBegunAnew = true
        isAwaitingRewrite = true
    }

    /// The process is gone, and with it what only it knew.
    func crash() {
        backlog = JournalBacklog()
        isBegunAnew = false
        isAwaitingRewrite = false
    }

    func load() -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        snapshot.alerts = alerts.sorted { $0.key < $1.key }.map(\.value)
        snapshot.outbox = outbox.sorted { $0.key < $1.key }.map {
            .init(id: $0.key, notification: $0.value, attempted: false)
        }
        snapshot.records = records
        snapshot.silences = silences
        snapshot.states = states
        return snapshot
    }

    private func apply(_ change: JournalChange) {
        switch change {
        case .alert(let alert): alerts[alert.id] = alert
        case .forgetAlert(let id): alerts[id] = nil
        case .outbox(let id, let notification): outbox[id] = notification
        case .attempted: break
        case .forgetOutbox(let id): outbox[id] = nil
        case .record(let key, let bytes): records[key] = bytes
        case .forgetRecord(let key): records[key] = nil
        case .silence(let id, let bytes): silences[id] = bytes
        case .forgetSilence(let id): silences[id] = nil
        case .state(let key, let bytes): states[key] = bytes
        case .forgetState(let key): states[key] = nil
        case .history(let entry):
            // The agent says so when it has written everything again.
            if entry.kind == .agent, entry.subject == "journal begun anew" { isAwaitingRewrite = false }
        }
    }
}
