import Glibc
import Platform
import Synchronization

/// All PostgreSQL connections on one thread, with poll(2).
final class PostgresLoop: @unchecked Sendable {
    enum Command: Sendable {
        case query(PostgresSession, PostgresQuery)
        case cancel(PostgresSession, PostgresQuery)
        /// Drops the connection and keeps the session.
        case close(PostgresSession, OneShot<Void>)
        /// Its owner is gone.
        case remove(PostgresSession)
        case resolved(PostgresSession, name: String, Result<[String], PostgresError>, attempt: Int)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var isStopped = false
    }

    private let platform: Platform
    private let onIdleConnectionLost: (@Sendable (PostgresOptions) -> Void)?
    private let inbox = Mutex(Inbox())
    private let wakeup = Wakeup()
    /// The thread's: sessions that have been used.
    private var sessions: [ObjectIdentifier: PostgresSession] = [:]

    init(platform: Platform, onIdleConnectionLost: (@Sendable (PostgresOptions) -> Void)?) {
        self.platform = platform
        self.onIdleConnectionLost = onIdleConnectionLost
        do {
            if wakeup.descriptor < 0 { throw ThreadError(name: "postgres", code: EMFILE) }
            try platform.threads.start("postgres") { self.run() }
        } catch {
            inbox.withLock { $0.isStopped = true }
        }
    }

    /// - Returns: false when the loop has stopped.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let taken = inbox.withLock { inbox in
            if inbox.isStopped { return false }
            inbox.commands.append(command)
            return true
        }
        if taken { wakeup.signal() }
        return taken
    }

    private func run() {
        while true {
            // poll's set is rebuilt each turn: libpq may change a session's socket at any step.
            var polled = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
            var owners: [PostgresSession] = []
            var next: Instant?
            for session in sessions.values {
                guard let interest = session.interest else { continue }
                if let deadline = interest.deadline { next = min(next ?? deadline, deadline) }
                if interest.descriptor >= 0 {
                    polled.append(pollfd(fd: interest.descriptor, events: interest.events, revents: 0))
                    owners.append(session)
                }
            }
            _ = poll(&polled, nfds_t(polled.count), wait(until: next))
            if polled[0].revents != 0 { wakeup.drain() }
            for (entry, session) in zip(polled.dropFirst(), owners) where entry.revents != 0 {
                if session.ready() { onIdleConnectionLost?(session.options) }
            }
            let now = platform.time.monotonic()
            for session in sessions.values { session.expire(at: now) }
            guard obey() else { return }
        }
    }

    private func wait(until deadline: Instant?) -> Int32 {
        guard let deadline else { return -1 }
        let wait = deadline - platform.time.monotonic()
        return wait <= .zero ? 0 : Int32(clamping: wait.milliseconds + 1)
    }

    private func obey() -> Bool {
        let commands = inbox.withLock { inbox in
            defer { inbox.commands = [] }
            return inbox.commands
        }
        for (index, command) in commands.enumerated() {
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
            case .stop:
                stop(commands[index...])
                return false
            }
        }
        return true
    }

    static let closed = PostgresError(.cancelled, "the connection is closed")

    private func stop(_ rest: ArraySlice<Command>) {
        let late = inbox.withLock { inbox in
            inbox.isStopped = true
            defer { inbox.commands = [] }
            return inbox.commands
        }
        for session in sessions.values { session.drop(PostgresLoop.closed) }
        sessions = [:]
        for command in rest + late {
            switch command {
            case .query(_, let query): query.fail(PostgresLoop.closed)
            case .close(_, let done): done.fulfil(())
            case .cancel, .remove, .resolved, .stop: break
            }
        }
    }

    /// A connection to come; it costs nothing before its first query.
    func session(_ options: PostgresOptions) -> PostgresSession {
        PostgresSession(options, platform: platform) { session, name, attempt in
            NameLookup.start(name, self.platform.threads) {
                self.post(.resolved(session, name: name, $0, attempt: attempt))
            }
        }
    }
}
