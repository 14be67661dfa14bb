import Alerts
import FoundationEssentials
import Journal
import Probes
import Samples
import Synchronization
import Text
import Web

/// The states of the targets over time, from the results of their probes.
///
/// The state of now is in the journal for each target, so that its true start outlives a restart; each change is an entry of
/// the history. Both are written with the next other write.
final class TargetHistory: Sendable {
    /// How much is kept.
    struct Limits: Sendable {
        /// Targets; further ones are not followed.
        var targets = 2000
        /// How far back the runs of a target are kept.
        var span = Duration.seconds(6 * 3600)
        /// Changes of one target that the history lists in an hour.
        var changesPerHour = 60
        /// Changes of all targets that wait to be written; the oldest go first.
        var pending = 1000
        /// How long nobody may have looked before that is a state of its own.
        var unwatched = Duration.seconds(180)
    }

    private struct Track {
        var runs: [StateRun]
        /// When the changes of the last hour were listed.
        var listed: [Timestamp] = []
        /// Since a restart it has not been probed.
        var isRestored = false
        /// The last result's time.
        var seen: Timestamp
    }

    private struct State {
        var tracks: [String: Track] = [:]
        /// When the agent last looked, before this start.
        var watchedUntil: Timestamp?
        var entries: [HistoryEntry] = []
        /// What the journal is to have of the targets that have changed; nil for those that are gone.
        var rows: [String: StateRun?] = [:]
    }

    private static let textBytes = 200
    private static let keyPrefix = "target/"
    private static let watchedKey = "watched"
    /// The state of a time in which the agent did not run.
    static let notWatched = "not watched"

    private let limits: Limits
    private let state = Mutex(State())

    init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: What the probes find

    /// Takes note of results.
    func observe(_ results: [ProbeResult]) {
        state.withLock { state in
            for result in results {
                observe(
                    result.target.description, TargetHistory.cut(result.status.state),
                    TargetHistory.health(result.status.health), result.timestamp, &state)
            }
        }
    }

    private func observe(
        _ target: String, _ word: String, _ health: EstateStatus.Health, _ time: Timestamp, _ state: inout State
    ) {
        let run = StateRun(from: time, to: nil, state: word, health: health)
        guard var track = state.tracks[target] else {
            guard state.tracks.count < limits.targets else { return }
            state.tracks[target] = Track(runs: [run], seen: time)
            state.rows[target] = .some(run)
            return
        }
        defer { state.tracks[target] = track }
        track.seen = time
        let isFirst = track.isRestored
        track.isRestored = false
        guard let before = track.runs.last else { return }
        if isFirst, let until = state.watchedUntil, time - until > limits.unwatched, until > before.from {
            let gap = StateRun(from: until, to: nil, state: TargetHistory.notWatched, health: .unknown)
            append(gap, at: until, to: &track)
        } else if before.state == word, before.health == health {
            return
        }
        append(run, at: time, to: &track)
        state.rows[target] = .some(run)
        guard before.state != word || before.health != health else { return }
        track.listed.removeAll { time - $0 >= .seconds(3600) || $0 > time }
        guard track.listed.count < limits.changesPerHour else { return }
        track.listed.append(time)
        let isLast = track.listed.count == limits.changesPerHour
        state.entries.append(
            HistoryEntry(
                at: time, kind: .state, subject: target,
                detail: "\(before.state) → \(word), \(health.rawValue)"
                    + (isLast ? "; it changes too often, further changes of this hour are not listed" : "")))
        if state.entries.count > limits.pending { state.entries.removeFirst(state.entries.count - limits.pending) }
    }

    private func append(_ run: StateRun, at time: Timestamp, to track: inout Track) {
        if let last = track.runs.indices.last { track.runs[last].to = max(time, track.runs[last].from) }
        track.runs.append(run)
        let limit = time - limits.span
        track.runs.removeAll { $0.to.map { $0 < limit } ?? false }
        TargetHistory.reduce(&track.runs)
    }

    /// At most `TargetStates.runLimit` of them.
    static func reduced(_ runs: [StateRun]) -> [StateRun] {
        var runs = runs
        reduce(&runs)
        return runs
    }

    /// Over the limit the shortest good run becomes part of the one before it; a bad one only where no good one is left.
    private static func reduce(_ runs: inout [StateRun]) {
        while runs.count > TargetStates.runLimit {
            func length(_ index: Int) -> Duration { (runs[index].to ?? runs[index].from) - runs[index].from }
            let inner = runs.indices.dropFirst().dropLast()
            let good = inner.filter { runs[$0].health == .ok }
            guard let shortest = (good.isEmpty ? Array(inner) : good).min(by: { length($0) < length($1) }) else {
                return
            }
            runs[shortest - 1].to = runs[shortest].to
            runs.remove(at: shortest)
        }
    }

    /// Drops targets that are no longer configured.
    func retain(_ targets: Set<ProbeTarget>) {
        let names = Set(targets.map(\.description))
        state.withLock { state in
            for target in state.tracks.keys where !names.contains(target) {
                state.tracks[target] = nil
                state.rows[target] = .some(nil)
            }
        }
    }

    // MARK: What is known

    /// All targets in the order of their names.
    var all: [TargetStates] {
        state.withLock { $0.tracks }.map { TargetStates(target: $0.key, runs: $0.value.runs) }.sorted {
            $0.target < $1.target
        }
    }

    /// The states of one target; nil where it is not known.
    func states(of target: String) -> TargetStates? {
        state.withLock { $0.tracks[target] }.map { TargetStates(target: target, runs: $0.runs) }
    }

    // MARK: The journal

    /// What is to be written with the next write.
    func takeChanges() -> [JournalChange] {
        let (entries, rows) = state.withLock { state in
            defer { (state.entries, state.rows) = ([], [:]) }
            return (state.entries, state.rows)
        }
        return entries.map { .history($0) }
            + rows.sorted { $0.key < $1.key }.map { TargetHistory.row($0.key, $0.value) }
    }

    /// That the agent looks at the targets, for the next start.
    static func watched(at now: Timestamp) -> JournalChange { .state(key: watchedKey, Array(now.rfc3339.utf8)) }

    /// Everything that the journal is to have, for one that was begun anew.
    var allChanges: [JournalChange] {
        state.withLock { $0.tracks }.sorted { $0.key < $1.key }.map { TargetHistory.row($0.key, $0.value.runs.last) }
    }

    private static func row(_ target: String, _ run: StateRun?) -> JournalChange {
        guard let run else { return .forgetState(key: keyPrefix + target) }
        return .state(
            key: keyPrefix + target,
            JSONWriter.document { json in
                json.object { one in
                    one.field("state", run.state)
                    one.field("health", run.health.rawValue)
                    one.field("since", run.from.milliseconds)
                }
            })
    }

    private struct Stored: Decodable {
        var state: String
        var health: String
        var since: Int64
    }

    /// Takes in the states of now of the last run.
    func restore(_ snapshot: JournalSnapshot) {
        state.withLock { state in
            state.watchedUntil = snapshot.states[TargetHistory.watchedKey].flatMap {
                Timestamp(rfc3339: String(decoding: $0, as: UTF8.self))
            }
            for (key, bytes) in snapshot.states where key.hasPrefix(TargetHistory.keyPrefix) {
                let target = String(key.dropFirst(TargetHistory.keyPrefix.count))
                guard state.tracks[target] == nil, state.tracks.count < limits.targets,
                    let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes))
                else { continue }
                let since = Timestamp(milliseconds: stored.since)
                state.tracks[target] = Track(
                    runs: [
                        StateRun(
                            from: since, to: nil, state: TargetHistory.cut(stored.state),
                            health: .init(rawValue: stored.health) ?? .unknown)
                    ], isRestored: true, seen: since)
            }
        }
    }

    /// Takes in the runs before those of now, from the history.
    /// - Parameter entries: of the kind `state`, in any order.
    func restore(_ entries: [HistoryEntry]) {
        let byTarget = Dictionary(grouping: entries.filter { $0.kind == .state }, by: \.subject)
        state.withLock { state in
            for (target, entries) in byTarget {
                guard let first = state.tracks[target]?.runs.first else { continue }
                var runs = TargetHistory.runs(entries.filter { $0.at < first.from })
                if let last = runs.indices.last { runs[last].to = first.from }
                state.tracks[target]?.runs.insert(contentsOf: runs, at: 0)
                if var all = state.tracks[target]?.runs {
                    TargetHistory.reduce(&all)
                    state.tracks[target]?.runs = all
                }
            }
        }
    }

    /// The runs that entries of the history tell of; the last one has no end.
    static func runs(_ entries: [HistoryEntry]) -> [StateRun] {
        var runs: [StateRun] = []
        for entry in entries.sorted(by: { $0.at < $1.at }) {
            let detail = entry.detail.split(separator: ";", maxSplits: 1).first.map(String.init) ?? ""
            guard let arrow = detail.firstRange(of: " → "), let comma = detail.lastIndex(of: ","),
                arrow.upperBound <= comma
            else { continue }
            if let last = runs.indices.last { runs[last].to = entry.at }
            runs.append(
                StateRun(
                    from: entry.at, to: nil, state: String(detail[arrow.upperBound..<comma]),
                    health: .init(rawValue: String(detail[comma...].dropFirst(2))) ?? .unknown))
        }
        return runs
    }

    // MARK: Words

    private static func health(_ health: TargetStatus.Health) -> EstateStatus.Health {
        switch health {
        case .ok: .ok
        case .warning: .warning
        case .critical: .critical
        case .unknown: .unknown
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textBytes else { return text }
        return String(decoding: text.utf8.prefix(textBytes - 8), as: UTF8.self) + "…"
    }
}
