import Alerts
import Dispatching
import Journal
import Platform
import Rules
import Samples
import Synchronization
import Text

/// What happens to alerts apart from their beginning and end, for the history: they wait for their rule's `for`, or are
/// held back. One entry for each change; entries are written along with the next journal write, so that they cost no
/// page anything.
final class AlertChanges: Sendable {
    /// Limits on what is kept.
    struct Limits: Sendable {
        /// Changes per alert that the history lists in an hour.
        var changesPerHour = 20
        /// Changes of all alerts that the history lists in an hour: the history keeps a limited number of entries, and
        /// those about messages must outlast a storm.
        var allPerHour = 5000
        /// Changes of all alerts waiting to be written; beyond it the oldest are dropped.
        var waiting = 1000
        /// Alerts whose changes are counted; beyond it the counts of all begin anew.
        var alerts = 20_000
    }

    private struct State {
        var entries: [HistoryEntry] = []
        /// By labels: what holds the firing alerts back.
        var held: [String: String] = [:]
        /// By labels: the beginning of the current hour, and the number of changes listed in it.
        var listed: [String: (since: Timestamp, count: Int)] = [:]
        /// The same for all alerts together.
        var all: (since: Timestamp, count: Int)?
    }

    private static let released = "no longer held"

    let limits: Limits
    private let state = Mutex(State())

    init(limits: Limits = Limits()) { self.limits = limits }

    /// Records alerts that have become pending, or have gone without having fired.
    func observe(_ changes: [PendingChange], at now: Timestamp) {
        state.withLock { state in
            for change in changes.suffix(limits.waiting) {
                let detail =
                    change.isOver
                    ? "over after \(Words.duration(max((now - change.since).seconds, 0))), before it fired"
                    : "fires if it lasts \(Words.duration(change.hold))"
                        + (change.summary.isEmpty ? "" : ": \(change.summary)")
                add(
                    HistoryEntry(
                        at: change.isOver ? now : change.since, kind: .pending, subject: change.labels.description,
                        detail: detail), now, &state)
            }
        }
    }

    /// Records what has changed in what holds the firing alerts back.
    /// - Parameter alerts: all firing alerts; the text is empty for those that nothing holds.
    func observe(holds alerts: [(alert: Alert, by: String, incidents: [Int])], at now: Timestamp) {
        state.withLock { state in
            var held: [String: String] = [:]
            var seen: Set<String> = []
            for (alert, by, incidents) in alerts {
                let subject = alert.labels.description.truncated(toBytes: HistoryEntry.textLimitBytes)
                // An alert of a rule and a posted one may have the same labels.
                guard seen.insert(subject).inserted else { continue }
                let by = by.truncated(toBytes: HistoryEntry.textLimitBytes / 2)
                if !by.isEmpty { held[subject] = by }
                let before = state.held[subject] ?? ""
                guard before != by else { continue }
                add(
                    HistoryEntry(
                        at: now, kind: .held, subject: subject,
                        detail: by.isEmpty ? "\(AlertChanges.released); it was \(before)" : by, incidents: incidents),
                    now, &state)
            }
            state.held = held
        }
    }

    private func add(_ entry: HistoryEntry, _ now: Timestamp, _ state: inout State) {
        if state.listed[entry.subject] == nil, state.listed.count >= limits.alerts { state.listed = [:] }
        var listed = state.listed[entry.subject] ?? (now, 0)
        if now - listed.since >= .seconds(3600) || now < listed.since { listed = (now, 0) }
        listed.count += 1
        state.listed[entry.subject] = listed
        guard listed.count <= limits.changesPerHour else { return }
        var all = state.all ?? (now, 0)
        if now - all.since >= .seconds(3600) || now < all.since { all = (now, 0) }
        all.count += 1
        state.all = all
        guard all.count <= limits.allPerHour else { return }
        var entry = entry
        if listed.count == limits.changesPerHour {
            entry.detail += "; it changes too often, further changes of this hour are not listed"
        } else if all.count == limits.allPerHour {
            entry.detail += "; too many alerts change, further changes of this hour are not listed"
        }
        state.entries.append(entry)
        // Not at each one: of thousands at once each would move all the others.
        if state.entries.count > 2 * limits.waiting {
            state.entries.removeFirst(state.entries.count - limits.waiting)
        }
    }

    /// The entries to write with the next journal write.
    func takeChanges() -> [JournalChange] {
        state.withLock { state in
            defer { state.entries = [] }
            return state.entries.suffix(limits.waiting).map { .history($0) }
        }
    }

    private static func withoutRemark(_ detail: String) -> String {
        for remark in ["; it changes too often", "; too many alerts change"] {
            if let found = detail.firstRange(of: remark) { return String(detail[..<found.lowerBound]) }
        }
        return detail
    }

    /// Recalls what held the alerts back before a restart, so that it is not listed again.
    /// - Parameter entries: of any kind, in any order.
    func restore(_ entries: [HistoryEntry]) {
        state.withLock { state in
            for entry in entries.sorted(by: { $0.at < $1.at }) where entry.kind == .held {
                let isReleased = entry.detail.hasPrefix(AlertChanges.released)
                state.held[entry.subject] =
                    isReleased ? nil : AlertChanges.withoutRemark(entry.detail)
            }
        }
    }
}

extension Agent {
    /// How far back the last run's holds are looked for.
    private static let heldSpan = Duration.seconds(7 * 86_400)

    /// Records what holds the firing alerts back.
    func observeHolds(on pool: any WorkPool) async {
        let dispatcher = await dispatcher.copy()
        let now = platform.time.now()
        let holds = await pool.run {
            dispatcher.holds(now).map {
                (alert: $0.alert, by: $0.by, incidents: dispatcher.incidentNumbers(of: [$0.alert]))
            }
        }
        if let holds { alertChanges.observe(holds: holds, at: now.wall) }
    }

    /// Recalls what held alerts back from the history.
    func restoreHolds() async {
        var filter = HistoryFilter()
        filter.kinds = [HistoryEntry.Kind.held.rawValue]
        filter.from = platform.time.wall() - Agent.heldSpan
        filter.limit = HistoryFilter.maxLimit
        if let entries = try? await journal.history(filter) { alertChanges.restore(entries) }
    }
}
