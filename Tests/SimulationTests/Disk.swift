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
        /// Neither reads nor writes are answered; whoever waits is told so after `waitLimit`.
        case hanging
    }

    private let time: VirtualTime
    private let random: SeededRandom
    var mode = Mode.fine {
        didSet { hangsSince = mode == .hanging ? hangsSince ?? time.monotonic() : nil }
    }
    private var hangsSince: Instant?
    /// A load of this life has failed: nothing is written until a later one has been merged.
    private var isHeld = false
    /// Whether the present life knows what lies here.
    private(set) var isRead = false
    private static let waitLimit = JournalOptions(path: "").waitLimit
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
        if isEarly, mode != .hanging { try commit(changes, life) }
        await answer(life)
        try? await time.sleep(for: .milliseconds(random.below(20)))
        if !isEarly || mode == .hanging { try commit(changes, life) }
    }

    /// Waits for a disk that hangs, for as long as the journal does.
    private func answer(_ life: Life) async {
        let limit = (hangsSince ?? time.monotonic()) + Disk.waitLimit
        while mode == .hanging, life.isAlive, time.monotonic() < limit {
            guard (try? await time.sleep(for: .milliseconds(100))) != nil else { break }
        }
    }

    private func commit(_ changes: [JournalChange], _ life: Life) throws(JournalError) {
        guard life.isAlive else { return }
        if mode != .fine || isHeld {
            for change in changes { backlog.add(change) }
            if mode == .failing { throw .unavailable("the disk is full") }
            throw mode == .hanging ? .stalled(Disk.waitLimit) : .unread
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
        isHeld = false
        isRead = false
    }

    /// As `Journal.load`: what waits in memory since a load that failed is newer than what lies here.
    func load(_ life: Life) async throws(JournalError) -> JournalSnapshot {
        await answer(life)
        // What a process that is gone has waited for is nothing to the next one.
        guard life.isAlive else { throw .closed }
        guard mode != .hanging else {
            isHeld = true
            throw .stalled(Disk.waitLimit)
        }
        var snapshot = JournalSnapshot()
        snapshot.alerts = alerts.sorted { $0.key < $1.key }.map(\.value)
        snapshot.outbox = outbox.sorted { $0.key < $1.key }.map {
            .init(id: $0.key, notification: $0.value)
        }
        snapshot.records = records
        snapshot.silences = silences
        snapshot.states = states
        if isHeld { snapshot.overlay(backlog) } else { isRead = true }
        return snapshot
    }

    /// As `Journal.resume`.
    func resume(_ life: Life) {
        isHeld = false
        isRead = true
        try? commit([], life)
    }

    /// Puts a change on the disk.
    func apply(_ change: JournalChange) {
        switch change {
        case .alert(let alert): alerts[alert.id] = alert
        case .forgetAlert(let id): alerts[id] = nil
        case .outbox(let id, let notification): outbox[id] = notification
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
