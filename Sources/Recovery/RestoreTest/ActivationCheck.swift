/// Decides whether the copy itself serves. A copy that became a standby would forward a read to the cluster that it was
/// copied from, which would answer.
struct ActivationCheck: Sendable {
    /// What the answers say.
    enum Verdict: Sendable, Equatable {
        /// Not yet; why.
        case wait(String)
        /// It serves, by itself.
        case active
        /// It never will.
        case fail(RestoreFailure)
    }

    /// The API and cluster addresses of everything that is watched.
    let watched: WatchedAddresses

    func verdict(_ health: StagingAnswer<StagingHealth>, _ leader: StagingAnswer<StagingLeader>) -> Verdict {
        if case .value(let leader) = leader, leader.haEnabled, watched.contains(url: leader.leaderAddress) {
            return .fail(
                RestoreFailure(
                    .notItself,
                    "the copy became a standby of \(leader.leaderAddress), which is watched: a read would be answered by production. Remove ha_enabled from staging's storage, and the rows of core/leader/ and of the lock table"
                ))
        }
        switch health {
        case .silent(let reason): return .wait("no answer: \(reason)")
        case .status(let status, _): return .wait("sys/health gives \(status)")
        case .value(let health):
            switch health.status {
            case 200: break
            case 429: return .wait("it is a standby (429)")
            case 503:
                return .fail(RestoreFailure(.staging, "the copy sealed itself again after its keys were accepted"))
            case 472, 473, 474:
                return .fail(
                    RestoreFailure(
                        .notItself,
                        "sys/health gives \(health.status): the copy is a secondary or a performance standby, whose reads others answer"
                    ))
            default: return .wait("sys/health gives \(health.status)")
            }
        }
        switch leader {
        case .value(let leader):
            // Without high availability there is nobody else.
            if !leader.haEnabled || leader.isSelf { return .active }
            return .wait("sys/leader names \(leader.leaderAddress.isEmpty ? "nobody" : leader.leaderAddress)")
        case .status(let status, _): return .wait("sys/leader gives \(status)")
        case .silent(let reason): return .wait("no answer: \(reason)")
        }
    }
}
