import Glibc
import Platform

/// All PostgreSQL connections on one thread, with poll(2).
final class PostgresLoop: @unchecked Sendable {
    enum Command: Sendable {
        case query(PostgresSession, PostgresQuery)
        case cancel(PostgresSession, PostgresQuery)
        /// Closes the connection and keeps the session.
        case close(PostgresSession, OneShot<Void>)
        /// Its owner was released.
        case remove(PostgresSession)
        case resolved(PostgresSession, name: String, NameResolver.Answer, attempt: Int)
        /// The files that a connection needs have been read, including the password's.
        case read(PostgresSession, Result<String?, PostgresError>, attempt: Int)
        case stop
    }

    private let platform: Platform
    private let onIdleConnectionLost: (@Sendable (PostgresOptions) -> Void)?
    /// Tasks may run on the thread.
    let inbox: LoopInbox<Command>
    private let resolver: NameResolver
    /// Used only by the thread: sessions that have been used.
    private var sessions: [ObjectIdentifier: PostgresSession] = [:]

    init(
        platform: Platform, resolver: NameResolver? = nil, onIdleConnectionLost: (@Sendable (PostgresOptions) -> Void)?
    ) {
        self.platform = platform
        self.resolver = resolver ?? NameResolver(platform)
        inbox = LoopInbox("postgres", platform.threads)
        self.onIdleConnectionLost = onIdleConnectionLost
    }

    /// Submits a query, and starts the thread if it is not running.
    /// - Returns: why the query will not be processed; the next one tries to start the thread again.
    func submit(_ query: PostgresQuery, to session: PostgresSession) -> PostgresError? {
        switch inbox.submit(.query(session, query), run: { self.run($0) }) {
        case nil: nil
        case .stopped: PostgresLoop.closed
        case .noThread(let error): PostgresError(.other, "\(error)")
        }
    }

    /// - Returns: false when no thread runs, so that there is nothing to do.
    @discardableResult
    func post(_ command: Command) -> Bool { inbox.post(command) }

    /// Closes every connection and ends the thread; waiting queries fail with `.cancelled`, and so do all later ones.
    func stop() { inbox.stop(.stop) }

    private func run(_ wakeup: Wakeup) {
        var last = platform.time.monotonic()
        while true {
            let begin = platform.time.monotonic()
            // poll's set is rebuilt in each iteration: libpq may change a session's socket at any step.
            var polled = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
            var owners: [PostgresSession] = []
            var next: Instant?
            for session in sessions.values {
                guard let interest = session.interest else { continue }
                if let deadline = interest.deadline { next = min(next ?? deadline, deadline) }
                for entry in interest.polled where entry.fd >= 0 {
                    polled.append(entry)
                    owners.append(session)
                }
            }
            let wait = inbox.hasWork ? 0 : wait(until: next)
            _ = poll(&polled, nfds_t(polled.count), wait)
            // What has come by now is read before a deadline is looked at.
            let woken = platform.time.monotonic()
            let stall = LoopStall.duration(busy: begin - last, polled: woken - begin, wait: wait)
            if stall > .zero { for session in sessions.values { session.extend(by: stall) } }
            last = woken
            if polled[0].revents != 0 { wakeup.drain() }
            var done: PostgresSession?
            for (entry, session) in zip(polled.dropFirst(), owners) where entry.revents != 0 && session !== done {
                // A session's entries are adjacent, and one step handles all of them.
                done = session
                if session.ready() { onIdleConnectionLost?(session.options) }
            }
            for session in sessions.values { session.expire(at: woken) }
            guard perform() else { return }
            inbox.runJobs()
        }
    }

    private func wait(until deadline: Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let wait = deadline - platform.time.monotonic()
        return wait <= .zero ? 0 : Int32(clamping: wait.wholeMilliseconds + 1)
    }

    /// Executes commands of other threads.
    /// - Returns: false after `stop`.
    private func perform() -> Bool {
        for command in inbox.take() {
            switch command {
            case .query(let session, let query):
                sessions[ObjectIdentifier(session)] = session
                session.enqueue(query)
            case .cancel(let session, let query): session.cancel(query)
            case .close(let session, let done):
                session.drop(PostgresLoop.closed)
                done.fulfil(())
            case .remove(let session):
                session.drop(PostgresLoop.closed)
                sessions[ObjectIdentifier(session)] = nil
            case .resolved(let session, let name, let result, let attempt):
                session.resolved(name, result, attempt: attempt)
            case .read(let session, let result, let attempt): session.read(result, attempt: attempt)
            // Nothing is accepted after `stop`.
            case .stop:
                for session in sessions.values { session.drop(PostgresLoop.closed) }
                sessions = [:]
                return false
            }
        }
        return true
    }

    static let closed = PostgresError(.cancelled, "the connection is closed")

    /// A session without a connection, which is made by its first query.
    func session(_ options: PostgresOptions) -> PostgresSession {
        PostgresSession(options, platform: platform) { session, name, attempt in
            self.resolver.lookUp(name) { self.post(.resolved(session, name: name, $0, attempt: attempt)) }
        } readFiles: { session, attempt in
            let files = self.platform.files
            Task { self.post(.read(session, await session.options.loaded(files), attempt: attempt)) }
        }
    }
}
