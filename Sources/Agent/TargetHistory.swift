import Alerts
import Console
import FoundationEssentials
import Journal
import Probes
import Samples
import Synchronization
import Text
import Web

/// The states of the targets over time, from the results of their probes.
///
/// The journal keeps the current state of each target, so that its true start survives a restart; each change is an
/// entry of the history. Both are written together with the next journal write.
final class TargetHistory: Sendable {
    /// Limits on what is kept.
    struct Limits: Sendable {
        /// Targets; further ones are not tracked.
        var targets = 2000
        /// How far back the runs of a target are kept.
        var span = Duration.seconds(6 * 3600)
        /// Changes per target that the history lists in an hour.
        var changesPerHour = 60
        /// Changes of all targets waiting to be written; beyond it the oldest are dropped.
        var pending = 1000
        /// A longer gap in watching is recorded as a state of its own.
        var unwatched = Duration.seconds(180)
    }

    private struct Track {
        var runs: [StateRun]
        /// When the changes of the last hour were listed.
        var listed: [Timestamp] = []
        /// Restored after a restart and not probed since.
        var isRestored = false
    }

    private struct State {
        var tracks: [String: Track] = [:]
        /// When the targets were last watched before this start.
        var watchedUntil: Timestamp?
        var entries: [HistoryEntry] = []
        /// Journal rows of the targets that have changed; nil for removed ones.
        var rows: [String: StateRun?] = [:]
    }

    private static let textBytes = 200
    private static let keyPrefix = "target/"
    private static let watchedKey = "watched"
    /// The state of a time during which the agent did not run.
    static let notWatched = "not watched"

    let limits: Limits
    private let state = Mutex(State())

    init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: Probe results

    /// Records probe results.
    func observe(_ results: [ProbeResult]) {
        state.withLock { state in
            for result in results {
                observe(
                    result.target.description, result.status.state.truncated(toBytes: TargetHistory.textBytes),
                    StatusTable.health(result.status.health), result.timestamp, &state)
            }
        }
    }

    private func observe(
        _ target: String, _ word: String, _ health: EstateStatus.Health, _ time: Timestamp, _ state: inout State
    ) {
        let run = StateRun(from: time, to: nil, state: word, health: health)
        guard var track = state.tracks[target] else {
            guard state.tracks.count < limits.targets else { return }
            state.tracks[target] = Track(runs: [run])
            state.rows[target] = .some(run)
            return
        }
        defer { state.tracks[target] = track }
        // A state derived from targets that have not all been probed since the start is not meaningful yet.
        if track.isRestored, word == "waiting", health == .unknown { return }
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

    /// Reduced to at most `TargetStates.runLimit` runs.
    static func reduced(_ runs: [StateRun]) -> [StateRun] {
        var runs = runs
        reduce(&runs)
        return runs
    }

    /// Over the limit, merges the shortest good run into the preceding one; a bad one only if no good one is left.
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

    // MARK: States

    /// All targets, sorted by name.
    var all: [TargetStates] {
        state.withLock { $0.tracks }.map { TargetStates(target: $0.key, runs: $0.value.runs) }.sorted {
            $0.target < $1.target
        }
    }

    /// The states of one target; nil if it is not known.
    func states(of target: String) -> TargetStates? {
        state.withLock { $0.tracks[target] }.map { TargetStates(target: target, runs: $0.runs) }
    }

    // MARK: The journal

    /// The changes to write with the next journal write.
    func takeChanges() -> [JournalChange] {
        let (entries, rows) = state.withLock { state in
            defer { (state.entries, state.rows) = ([], [:]) }
            return (state.entries, state.rows)
        }
        return entries.map { .history($0) }
            + rows.sorted { $0.key < $1.key }.map { TargetHistory.row($0.key, $0.value) }
    }

    /// Records that the targets are being watched, for the next start.
    static func watched(at now: Timestamp) -> JournalChange { .state(key: watchedKey, Array(now.rfc3339.utf8)) }

    /// All rows, for a journal that was created anew.
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

    /// Restores the last known states of the previous run.
    func restore(_ snapshot: JournalSnapshot) {
        state.withLock { state in
            state.watchedUntil = snapshot.states[TargetHistory.watchedKey].flatMap {
                Timestamp(rfc3339: String(decoding: $0, as: UTF8.self))
            }
            for (target, bytes) in snapshot.states(under: TargetHistory.keyPrefix) {
                guard state.tracks[target] == nil, state.tracks.count < limits.targets,
                    let stored = try? JSONDecoder().decode(Stored.self, from: Data(bytes))
                else { continue }
                let since = Timestamp(milliseconds: stored.since)
                state.tracks[target] = Track(
                    runs: [
                        StateRun(
                            from: since, to: nil, state: stored.state.truncated(toBytes: TargetHistory.textBytes),
                            health: .init(rawValue: stored.health) ?? .unknown)
                    ], isRestored: true)
            }
        }
    }

    /// Restores the runs before the current ones from the history.
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

    /// The runs that history entries describe; the last one has no end.
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
}
