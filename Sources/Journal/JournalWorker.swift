import CSQLite
import Platform
import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// The journal's file on the journal's own thread: opens it, writes it, keeps a broken one aside.
final class JournalWorker {
    private let options: JournalOptions
    private let files: any FileAccess
    private let time: any TimeSource
    private let report: (JournalEvent) -> Void
    private var lock: FileLock?
    private var file: JournalFile?
    /// The last failure, until the disk takes something again.
    private(set) var failure: JournalError?
    private(set) var commits = 0
    private var retryAt = Instant(nanoseconds: .min)

    /// How many files kept aside stay beside the journal; older ones are deleted.
    private static let keptLimit = 3

    /// Nothing is opened yet.
    init(
        _ options: JournalOptions, files: any FileAccess, time: any TimeSource,
        report: @escaping (JournalEvent) -> Void
    ) {
        self.options = options
        self.files = files
        self.time = time
        self.report = report
    }

    /// The last failure, as long as it is too early to try again.
    var pause: JournalError? {
        guard let failure, time.monotonic() < retryAt else { return nil }
        return failure
    }

    /// Puts the changes on the disk in one transaction.
    func write(_ changes: [JournalChange]) throws(JournalError) {
        if changes.isEmpty { return }
        try with { file throws(SQLiteError) in
            do throws(SQLiteError) {
                try JournalWorker.apply(changes, file)
            } catch  where error.isFull {
                // At the journal's own size limit history makes room; on a full disk this fails as well.
                try file.dropOlderHalfOfHistory()
                try JournalWorker.apply(changes, file)
            }
        }
        commits += 1
    }

    func snapshot() throws(JournalError) -> JournalSnapshot {
        try with { file throws(SQLiteError) in try file.snapshot() }
    }

    /// Deletes old history. On a file that could not be used it shows whether it can be by now.
    func maintain() throws(JournalError) {
        let before = time.wall() - options.historyAge
        try with { file throws(SQLiteError) in try file.expireHistory(before: before, count: options.historyCount) }
    }

    /// Empties the WAL into the file, closes it, and lets others have it.
    func close() {
        file = nil
        lock = nil
    }

    /// Size of the database in bytes; 0 where it is not open.
    var bytes: Int64 { (try? file?.bytes) ?? 0 }

    /// Bytes that the file system has left for us; nil where the file is not open. Source: statvfs(3).
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

    /// Runs something on the open file; opens it first where need be, and once more where it turns out to be unusable.
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
            // A connection that met an I/O error is not worth keeping; the next try opens anew.
            if error.primary == SQLITE_IOERR || error.primary == SQLITE_READONLY { file = nil }
            throw reason
        }
    }

    private func opened() throws(SQLiteError) -> JournalFile {
        if let file { return file }
        do throws(FileError) {
            // Alerts name hosts and secrets' paths: only the owner may look.
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

    /// Gives the file another name with a time in it, so that an empty one can be begun and nothing is destroyed.
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
                code: SQLITE_CANTOPEN, message: "can't be kept aside: \(error.reason)", statement: "")
        }
        // The write-ahead log belongs to the old file: a new one must not find it.
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
