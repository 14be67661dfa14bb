package import Platform
import Synchronization

/// PostgreSQL through libpq, with all servers' connections on one thread of our own.
///
/// After a failed connect, queries fail at once with that failure until `Backoff` allows another try.
package final class PostgresPool: PostgresConnector {
    private let loop: PostgresLoop

    /// - Parameter onIdleConnectionLost: called when a server closes an idle connection: it has stopped or died. Runs
    ///   on the pool's thread and must not block.
    package init(platform: Platform, onIdleConnectionLost: (@Sendable (PostgresOptions) -> Void)? = nil) {
        loop = PostgresLoop(platform: platform, onIdleConnectionLost: onIdleConnectionLost)
    }

    deinit { close() }

    /// Closes every connection and stops the thread; queries fail with `.cancelled` from then on.
    package func close() { loop.stop() }

    /// libpq's thread.
    package var executor: (any TaskExecutor)? { loop.inbox }

    /// A separate connection, made by its first query and closed with the last reference to it.
    package func connection(to options: PostgresOptions) -> any PostgresConnection {
        PooledConnection(self, loop, loop.session(options))
    }
}

private final class PooledConnection: PostgresConnection {
    /// Retained, since its deallocation would close the connection.
    private let pool: PostgresPool
    private let loop: PostgresLoop
    private let session: PostgresSession

    init(_ pool: PostgresPool, _ loop: PostgresLoop, _ session: PostgresSession) {
        self.pool = pool
        self.loop = loop
        self.session = session
    }

    deinit { loop.post(.remove(session)) }

    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows {
        let query = PostgresQuery(sql, patience: patience)
        let (loop, session) = (loop, session)
        let result = await withTaskCancellationHandler {
            let refusal: PostgresError? = query.ticket.withLock { ticket in
                guard ticket == .fresh else { return PostgresLoop.closed }
                let refusal = loop.submit(query, to: session)
                if refusal == nil { ticket = .queued }
                return refusal
            }
            if let refusal { query.fail(refusal) }
            return await query.result.value()
        } onCancel: {
            query.ticket.withLock { ticket in
                if ticket == .queued { loop.post(.cancel(session, query)) }
                ticket = .cancelled
            }
        }
        return try result.get()
    }

    func close() async {
        let done = OneShot<Void>()
        if loop.post(.close(session, done)) { await done.value() }
    }
}
