import Platform
import Samples
import Synchronization
import Text

/// What a run tells.
extension AuditLogProbe {
    func report(_ failure: ProbeFailure?) -> ProbeReport {
        let now = platform.time.now()
        var set = SampleSet(
            ["cluster": options.cluster, "node": options.node ?? ""], at: now.wall,
            previous: state.withLock(\.series.labels))
        set.add("vault_audit_log_readable", failure == nil)
        let status = state.withLock { state in
            state.tally.add(to: &set, quiet: state.read.map { now.monotonic - $0 } ?? .zero)
            set.add("vault_audit_followed_files", state.follower.current.count + state.follower.older.count)
            set.add("vault_audit_behind_bytes", Double(state.behind))
            set.add("vault_audit_rotations_total", state.follower.rotations)
            set.add("vault_audit_truncations_total", state.follower.truncations)
            set.add("vault_audit_gaps_total", state.follower.gaps)
            state.series.keep(set.samples)
            return targetStatus(state)
        }
        guard let failure else { return ProbeReport(samples: set.samples, failure: nil, status: status) }
        return ProbeReport(
            samples: set.samples, failure: failure,
            status: TargetStatus(.warning, "not read", detail: failure.description, warnings: status.warnings))
    }

    private func targetStatus(_ state: State) -> TargetStatus {
        var warnings: [String] = []
        let unreadable = Int(saturating: state.tally.unreadable)
        if unreadable > 0 {
            warnings.append(
                unreadable == 1
                    ? "1 line is cut off or no audit entry" : "\(unreadable) lines are cut off or no audit entries")
        }
        if state.follower.gaps > 0 { warnings.append("part of the log was rotated away before it was read") }
        if state.follower.current.isEmpty {
            return TargetStatus(
                warnings.isEmpty ? .ok : .warning, "no log",
                detail: "no file at \(Words.list(options.paths, limit: 3)): a node that was never active has none",
                warnings: warnings)
        }
        let newest = state.tally.newest.map { "newest entry \($0.rfc3339)" } ?? "no entry since the start"
        let detail = state.behind > 0 ? "\(newest), \(Words.size(Double(state.behind))) to be read" : newest
        return TargetStatus(warnings.isEmpty ? .ok : .warning, "followed", detail: detail, warnings: warnings)
    }
}
