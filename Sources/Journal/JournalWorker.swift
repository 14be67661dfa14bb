import CSQLite
import Platform
import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// The journal's state on its own thread: the file, and what waits for it while it can't be written.
final class JournalWorker {
    private let options: JournalOptions
    private let time: any TimeSource
    private let report: (JournalEvent) -> Void
    private var file: JournalFile?
    private var backlog = JournalBacklog()
    private var failure: JournalError?
    private var commits = 0
    private var retryAt = Instant(nanoseconds: .min)

    /// Broken files kept beside the journal; older ones go.
    private static let mostKept = 3
    private static let retryEvery: Duration = .seconds(1)

    init(_ options: JournalOptions, time: any TimeSource, report: @escaping (JournalEvent) -> Void) {
        self.options = options
        self.time = time
        self.report = report
    }

    /// Puts the changes, and whatever waited, on the disk in one transaction.
    /// - Throws: `JournalError`; the changes then wait in memory and go with the next write that succeeds.
    func write(_ changes: [JournalChange]) throws(JournalError) {
        if failure != nil || !backlog.isEmpty {
            for change in changes { backlog.add(change) }
            return try flush()
        }
        do throws(JournalError) {
            try commit(changes)
        } catch {
            for change in changes { backlog.add(change) }
            throw error
        }
    }

    /// Tries to write what waits.
    func flush() throws(JournalError) {
        if backlog.isEmpty, failure == nil { return }
        if let failure, time.monotonic() < retryAt { throw failure }
        try commit(backlog.changes)
        backlog.clear()
    }

    func snapshot() throws(JournalError) -> JournalSnapshot {
        try with { file throws(SQLiteError) in try file.snapshot() }
    }

    func history(from: Timestamp, to: Timestamp, limit: Int) throws(JournalError) -> [HistoryEntry] {
        try with { file throws(SQLiteError) in try file.history(from: from, to: to, limit: limit) }
    }

    func maintain() throws(JournalError) {
        try flush()
        let before = time.wall() - options.historyAge
        try with { file throws(SQLiteError) in try file.expireHistory(before: before, count: options.historyCount) }
    }

    /// Empties the WAL into the file and closes it.
    func close() {
        try? flush()
        file = nil
    }

    var health: JournalHealth {
        JournalHealth(
            isHealthy: failure == nil && backlog.isEmpty, failure: failure?.description, backlog: backlog.count,
            lost: backlog.lost,
            bytes: (try? file?.bytes) ?? 0, commits: commits)
    }

    private func commit(_ changes: [JournalChange]) throws(JournalError) {
        try with { file throws(SQLiteError) in
            do throws(SQLiteError) {
                try JournalWorker.apply(changes, file)
            } catch  where error.isFull {
                // At our own bound history makes room; on a full disk this fails as well.
                try file.dropOlderHalfOfHistory()
                try JournalWorker.apply(changes, file)
            }
        }
        commits += 1
    }

    private static func apply(_ changes: [JournalChange], _ file: JournalFile) throws(SQLiteError) {
        try file.database.transaction { () throws(SQLiteError) in
            for change in changes { try file.apply(change) }
        }
    }

    /// Runs something on the open file; opens it first where need be, and once more where it turns out to be broken.
    private func with<T>(_ body: (JournalFile) throws(SQLiteError) -> T) throws(JournalError) -> T {
        do throws(SQLiteError) {
            let result: T
            do throws(SQLiteError) {
                result = try body(try opened())
            } catch  where error.isCorruption {
                try setAside(error)
                result = try body(try opened())
            }
            if failure != nil {
                failure = nil
                report(.recovered)
            }
            return result
        } catch {
            let reason: JournalError = file == nil ? .unavailable(error.description) : .sqlite(error)
            if failure != reason { report(.failing(reason.description)) }
            failure = reason
            retryAt = time.monotonic() + JournalWorker.retryEvery
            // A connection that met an I/O error is not worth keeping; the next try opens anew.
            if error.primary == SQLITE_IOERR || error.primary == SQLITE_READONLY { file = nil }
            throw reason
        }
    }

    private func opened() throws(SQLiteError) -> JournalFile {
        if let file { return file }
        let made = try JournalFile(options)
        file = made
        return made
    }

    /// Renames the broken file, with a time in its name, so that an empty one can be begun and nothing is destroyed.
    private func setAside(_ error: SQLiteError) throws(SQLiteError) {
        file = nil
        let stamp = time.wall().rfc3339.filter { $0 != ":" && $0 != "-" }
        var kept = options.path + ".broken-" + stamp
        var count = 1
        while access(kept, F_OK) == 0, count < 100 {
            count += 1
            kept = options.path + ".broken-" + stamp + "-\(count)"
        }
        guard rename(options.path, kept) == 0 else {
            throw SQLiteError(
                code: SQLITE_CANTOPEN, message: "can't be put aside: " + String(cString: strerror(errno)), statement: ""
            )
        }
        // The write-ahead log belongs to the broken file: a new one must not find it.
        _ = rename(options.path + "-wal", kept + "-wal")
        _ = unlink(options.path + "-shm")
        let all = SystemFiles().glob(options.path + ".broken-*").filter { !$0.hasSuffix("-wal") }
        for old in all.dropLast(JournalWorker.mostKept) {
            _ = unlink(old)
            _ = unlink(old + "-wal")
        }
        report(.begunAnew(keptAs: kept, reason: error.message))
    }
}
