import Platform
import Samples
import Synchronization

/// The names of the users at the other end of the Unix socket. User names may come from a network directory, so a
/// request waits for them no longer than `patience`.
final class PeerNames: Sendable {
    private struct State {
        var names: [UInt32: String] = [:]
        var lookups = 0
    }

    private let pool: any WorkPool
    private let time: any TimeSource
    private let lookUp: @Sendable (UInt32) -> String?
    private let state = Mutex(State())

    /// How long a request waits for a name.
    private static let patience = Duration.seconds(1)
    /// Maximum number of lookups that wait or run.
    private static let lookupLimit = 8
    /// Maximum number of names that are cached.
    private static let nameLimit = 256

    /// - Parameter lookUp: may block.
    init(_ platform: Platform, lookUp: @escaping @Sendable (UInt32) -> String? = { Accounts.userName($0) }) {
        pool = platform.workPool("accounts", threads: 1)
        time = platform.time
        self.lookUp = lookUp
    }

    /// - Returns: `ann`; `uid 1000` if the name is not available in time.
    func name(_ user: UInt32) async -> String {
        let number = "uid \(user)"
        let (known, mayAsk) = state.withLock { state -> (String?, Bool) in
            if let name = state.names[user] { return (name, false) }
            guard state.lookups < PeerNames.lookupLimit else { return (nil, false) }
            state.lookups += 1
            return (nil, true)
        }
        guard mayAsk else { return known ?? number }
        let answer = await Deadline.run(
            { [pool, lookUp] in await pool.run { lookUp(user) } ?? nil }, until: time.monotonic() + PeerNames.patience,
            time: time, ended: { self.state.withLock { $0.lookups -= 1 } })
        guard let name = answer ?? nil else { return number }
        state.withLock { state in
            if state.names.count >= PeerNames.nameLimit { state.names = [:] }
            state.names[user] = name
        }
        return name
    }
}
