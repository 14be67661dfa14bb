import CPostgres
import Platform

extension PostgresSession {
    /// What the session does.
    enum State {
        case disconnected
        /// Names are being resolved and files read.
        case resolving(deadline: Instant, attempt: Int)
        case connecting(OpaquePointer, PostgresPollingStatusType, deadline: Instant)
        case ready(OpaquePointer)
        case running(OpaquePointer, PostgresQuery, deadline: Instant, unsent: Bool)

        /// The same with a deadline that is put off.
        func extended(by stall: Duration) -> State {
            let stall = min(stall, LoopStall.limit)
            return switch self {
            case .disconnected, .ready: self
            case .resolving(let deadline, let attempt): .resolving(deadline: deadline + stall, attempt: attempt)
            case .connecting(let connection, let wants, let deadline):
                .connecting(connection, wants, deadline: deadline + stall)
            case .running(let connection, let query, let deadline, let unsent):
                .running(connection, query, deadline: deadline + stall, unsent: unsent)
            }
        }
    }
}
