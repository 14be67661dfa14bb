import CSQLite
import Platform
import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// Handles the journal's file on the journal's own thread: opens it, writes it, sets a broken one aside.
final class JournalWorker {
    private let options: JournalOptions
    private let files: any FileAccess
    private let time: any TimeSource
    private let report: (JournalEvent) -> Void
    private var lock: FileLock?
    private var file: JournalFile?
    /// The last failure, until a disk access succeeds.
    private(set) var failure: JournalError?
    private(set) var commits = 0
    private var retryAt = Instant(nanoseconds: .min)

    /// How many set-aside files are kept; older ones are deleted.
    private static let keptLimit = 3

    /// Does not open anything yet.
    init(
        _ options: JournalOptions, files: any FileAccess, time: any TimeSource,
        report: @escaping (JournalEvent) -> Void
    ) {
        self.options = options
        self.files = files
        self.time = time
        self.report = report
    }

    /// The last failure, while it is too early to retry.
    var pause: JournalError? {
        guard let failure, time.monotonic() < retryAt else { return nil }
        return failure
    }

    /// Writes the changes to the disk in one transaction.
    func write(_ changes: [JournalChange]) throws(JournalError) {
        if changes.isEmpty { return }
        try with { file throws(SQLiteError) in
            do throws(SQLiteError) {
                try JournalWorker.apply(changes, file)
            } catch  where error.isFull {
                // At the journal's own size limit, deleting history makes room; on a full disk this fails as well.
                try file.dropOlderHalfOfHistory()
                try JournalWorker.apply(changes, file)
            }
        }
        commits += 1
    }

    func snapshot() throws(JournalError) -> JournalSnapshot {
        try with { file throws(SQLiteError) in try file.snapshot() }
    }

    /// Deletes old history. If the file could not be used, this also checks whether it can be now.
    func maintain() throws(JournalError) {
        let before = time.wall() - options.historyAge
        try with { file throws(SQLiteError) in try file.expireHistory(before: before, count: options.historyCount) }
    }

    /// Checkpoints the WAL, closes the file, and releases the lock.
    func close() {
        file = nil
        lock = nil
    }

    /// Size of the database in bytes; 0 if it is not open.
    var bytes: Int64 { (try? file?.bytes) ?? 0 }

    /// Bytes available on the file system; nil if the file is not open. Source: statvfs(3).
    var availableBytes: Int64? {
        var found = statvfs()
        guard file != nil, statvfs(options.path, &found) == 0, found.f_blocks > 0 else { return nil }
        return Int64(clamping: found.f_bavail).multipliedSaturated(by: Int64(clamping: found.f_frsize))
    }

    private static func apply(_ changes: [JournalChange], _ file: JournalFile) throws(SQLiteError) {
        try file.database.transaction { () throws(SQLiteError) in
            for change in changes { try file.apply(change) }
        }
    }

    /// Runs something on the file; opens it first if necessary, and a second time if it turns out to be unusable.
    private func with<T>(_ body: (JournalFile) throws(SQLiteError) -> T) throws(JournalError) -> T {
        do throws(SQLiteError) {
            let result: T
            do throws(SQLiteError) {
                result = try body(try opened())
            } catch  where error.isCorruption || error.isNewerFormat {
                try setAside(error)
                result = try body(try opened())
            }
            failure = nil
            return result
        } catch {
            let reason: JournalError = file == nil ? .unavailable(error.description) : .sqlite(error)
            failure = reason
            retryAt = time.monotonic() + options.retryInterval
            // Drop a connection that met an I/O error; the next access opens a new one.
            if error.primary == SQLITE_IOERR || error.primary == SQLITE_READONLY { file = nil }
            throw reason
        }
    }

    private func opened() throws(SQLiteError) -> JournalFile {
        if let file { return file }
        do throws(FileError) {
            // Alerts contain host names and paths of secrets: only the owner may read them.
            try files.makeFolder(parentFolder(of: options.path), mode: 0o700)
            // Two agents on one journal would undo each other.
            if lock == nil { lock = try FileLock(options.path + "-lock") }
        } catch {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: error.description, statement: "")
        }
        let opened = try JournalFile(options, files: files)
        file = opened
        return opened
    }

    /// Renames the file, adding the time, so that an empty one can be created and no data is destroyed.
    private func setAside(_ error: SQLiteError) throws(SQLiteError) {
        file = nil
        let suffix = error.isNewerFormat ? ".newer-" : ".broken-"
        let stamp = time.wall().rfc3339.filter { $0 != ":" && $0 != "-" }
        var kept = options.path + suffix + stamp
        var count = 1
        while !files.glob(kept).isEmpty, count < 100 {
            count += 1
            kept = options.path + suffix + stamp + "-\(count)"
        }
        do throws(FileError) {
            try files.rename(options.path, to: kept)
        } catch {
            throw SQLiteError(
                code: SQLITE_CANTOPEN, message: "can't be set aside: \(error.reason)", statement: "")
        }
        // The write-ahead log belongs to the old file: a new one must not use it.
        try? files.rename(options.path + "-wal", to: kept + "-wal")
        try? files.remove(options.path + "-shm")
        let all = files.glob(options.path + suffix + "*").filter { !$0.hasSuffix("-wal") }
        for old in all.dropLast(JournalWorker.keptLimit) {
            try? files.remove(old)
            try? files.remove(old + "-wal")
        }
        report(.begunAnew(keptAs: kept, reason: error.message))
    }
}
