import Alerts
import CSQLite
import Platform
import Samples
import Text

/// The journal's tables in one database. Used by the journal's thread alone.
///
/// The format's version is `PRAGMA user_version`. It rises only where an older reader would misread the file, which then keeps it
/// aside; tables, states, kinds of history and JSON fields that a reader does not know are ignored and stay as they are.
struct JournalFile {
    /// "vwjr": tells our files from other databases. https://sqlite.org/pragma.html#pragma_application_id
    private static let applicationID: Int64 = 0x7677_6a72
    static let version: Int64 = 1
    private static let pageBytes = 4096

    let database: Database

    /// Opens, checks and, where it is new, lays out the file. Only its owner may read it.
    /// - Throws: `SQLiteError`; for a broken or foreign file one with `isCorruption`, for one of a newer version one with
    ///   `isNewerFormat`.
    init(_ options: JournalOptions, files: any FileAccess) throws(SQLiteError) {
        do throws(FileError) {
            // SQLite gives the files beside it the same mode. https://sqlite.org/wal.html
            try files.makePrivate(options.path)
        } catch {
            throw SQLiteError(code: SQLITE_CANTOPEN, message: error.reason, statement: "open")
        }
        let database = try Database(path: options.path)
        self.database = database
        try database.execute("PRAGMA busy_timeout = 2000")
        let isNew = try database.number("PRAGMA page_count") == 0
        if isNew {
            try database.execute("PRAGMA page_size = \(JournalFile.pageBytes); PRAGMA auto_vacuum = INCREMENTAL")
        } else {
            // Before anything is written: a file that is not ours or that we don't know stays as it is.
            try JournalFile.checkFormat(database)
        }
        guard try database.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw SQLiteError(
                code: SQLITE_CANTOPEN, message: "the file system does not allow WAL", statement: "PRAGMA journal_mode")
        }
        // FULL: a commit returns after fsync(2). https://sqlite.org/pragma.html#pragma_synchronous
        try database.execute(
            "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 4194304")
        try database.execute("PRAGMA cache_size = -512; PRAGMA temp_store = MEMORY")
        try database.execute("PRAGMA max_page_count = \(max(options.maxBytes / JournalFile.pageBytes, 64))")
        if !isNew {
            guard try database.text("PRAGMA quick_check(1)") == "ok" else {
                throw JournalFile.broken("quick_check failed")
            }
            // Neither number is set: the machine went down between making the file and laying it out.
            if try database.number("PRAGMA user_version") != 0 {
                try JournalFile.addIncidents(database)
                return
            }
        }
        try database.transaction { () throws(SQLiteError) in
            // `outbox.attempted` is not read any more; the format stays that of earlier versions.
            try database.execute(
                """
                CREATE TABLE alerts (fingerprint INTEGER PRIMARY KEY, body BLOB NOT NULL);
                CREATE TABLE outbox (id INTEGER PRIMARY KEY, attempted INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL);
                CREATE TABLE records (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE silences (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE states (key TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
                CREATE TABLE history (
                    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
                    receiver TEXT NOT NULL, integration TEXT NOT NULL, detail TEXT NOT NULL);
                CREATE INDEX history_at ON history (at);
                PRAGMA application_id = \(JournalFile.applicationID);
                PRAGMA user_version = \(JournalFile.version);
                """)
        }
        try JournalFile.addIncidents(database)
    }

    /// The numbers of the incidents that an entry of the history belongs to, with a comma before and after each; null for
    /// none. A version that does not know the column leaves it null: its statements name their columns.
    private static func addIncidents(_ database: Database) throws(SQLiteError) {
        if try hasIncidents(database) { return }
        try database.transaction { () throws(SQLiteError) in
            // Without a default other than null no row is touched. https://sqlite.org/lang_altertable.html
            try database.execute(
                """
                ALTER TABLE history ADD COLUMN incidents TEXT;
                CREATE INDEX history_incidents ON history (at) WHERE incidents IS NOT NULL;
                """)
        }
    }

    /// Whether the history has that column: not in a file that only an older version has opened so far.
    static func hasIncidents(_ database: Database) throws(SQLiteError) -> Bool {
        try database.number("SELECT count(*) FROM pragma_table_info('history') WHERE name = 'incidents'") ?? 0 > 0
    }

    /// `,318,320,`
    static func list(_ incidents: [Int]) -> String { "," + incidents.map { "\($0)," }.joined() }

    /// The numbers of such a list.
    static func incidents(in list: String) -> [Int] { list.split(separator: ",").compactMap { Int($0) } }

    private static func checkFormat(_ database: Database) throws(SQLiteError) {
        let id = try database.number("PRAGMA application_id")
        let found = try database.number("PRAGMA user_version") ?? 0
        if id == 0, found == 0 { return }
        guard id == applicationID else { throw broken("not a journal of vaultwatch") }
        guard found <= version else {
            throw SQLiteError(
                code: SQLiteError.newerFormat,
                message: "written by a newer vaultwatch: format \(found), this version reads up to \(version)",
                statement: "")
        }
    }

    private static func broken(_ reason: String) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: reason, statement: "")
    }

    /// Writes one change, inside a transaction of the caller's.
    func apply(_ change: JournalChange) throws(SQLiteError) {
        switch change {
        case .alert(let alert):
            try database.run(
                "INSERT OR REPLACE INTO alerts (fingerprint, body) VALUES (?, ?)",
                .integer(Int64(bitPattern: alert.id)), .blob(JournalCoding.encode(alert)))
        case .forgetAlert(let id):
            try database.run("DELETE FROM alerts WHERE fingerprint = ?", .integer(Int64(bitPattern: id)))
        case .outbox(let id, let notification):
            try database.run(
                "INSERT OR REPLACE INTO outbox (id, body) VALUES (?, ?)", .integer(Int64(bitPattern: id)),
                .blob(JournalCoding.encode(notification)))
        case .forgetOutbox(let id):
            try database.run("DELETE FROM outbox WHERE id = ?", .integer(Int64(bitPattern: id)))
        case .record(let key, let body):
            try database.run("INSERT OR REPLACE INTO records (key, body) VALUES (?, ?)", .text(key), .blob(body))
        case .forgetRecord(let key): try database.run("DELETE FROM records WHERE key = ?", .text(key))
        case .silence(let id, let body):
            try database.run("INSERT OR REPLACE INTO silences (id, body) VALUES (?, ?)", .text(id), .blob(body))
        case .forgetSilence(let id): try database.run("DELETE FROM silences WHERE id = ?", .text(id))
        case .state(let key, let body):
            try database.run("INSERT OR REPLACE INTO states (key, body) VALUES (?, ?)", .text(key), .blob(body))
        case .forgetState(let key): try database.run("DELETE FROM states WHERE key = ?", .text(key))
        case .history(let entry):
            try database.run(
                """
                INSERT INTO history (at, kind, subject, receiver, integration, detail, incidents)
                VALUES (?, ?, ?, ?, ?, ?, nullif(?, ''))
                """,
                .integer(entry.at.milliseconds), .text(entry.kind.rawValue), .text(entry.subject),
                .text(entry.receiver),
                .text(entry.integration), .text(entry.detail),
                .text(entry.incidents.isEmpty ? "" : JournalFile.list(entry.incidents)))
        }
    }

    /// How many bytes of each table a start takes in: more than a running agent can write by its own limits, but for
    /// rows of older versions, which had fewer.
    private enum LoadLimit {
        static let alerts = 48 << 20
        static let outbox = 64 << 20
        static let records = 32 << 20
        static let silences = 16 << 20
        static let states = 64 << 20
    }

    /// All rows but history. What can't be decoded is counted and stays where it is; what is over the limits, the
    /// largest rows of a table, is counted and deleted, or every start would have to step over it.
    func snapshot() throws(SQLiteError) -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        var held: [UInt64: Alert] = [:]
        snapshot.omitted["alerts"] = try rows("alerts", key: "fingerprint", limit: LoadLimit.alerts) { row in
            guard let alert = try? JournalCoding.alert(row.blob(1)) else {
                snapshot.unreadable["alerts", default: 0] += 1
                return
            }
            held[alert.id] = alert
            snapshot.alerts.append(alert)
        }
        snapshot.omitted["outbox"] = try rows("outbox", key: "id", limit: LoadLimit.outbox) { row in
            guard var notification = try? JournalCoding.notification(row.blob(1)) else {
                snapshot.unreadable["outbox", default: 0] += 1
                return
            }
            // The messages of many receivers are about the same alerts: their texts are held once.
            notification.alerts = notification.alerts.map { held[$0.id]?.sharingTexts(with: $0) ?? $0 }
            snapshot.outbox.append(.init(id: UInt64(bitPattern: row.integer(0)), notification: notification))
        }
        snapshot.outbox.sort { $0.id < $1.id }
        snapshot.omitted["records"] = try rows("records", key: "key", limit: LoadLimit.records) {
            snapshot.records[$0.text(0)] = $0.blob(1)
        }
        snapshot.omitted["silences"] = try rows("silences", key: "id", limit: LoadLimit.silences) {
            snapshot.silences[$0.text(0)] = $0.blob(1)
        }
        snapshot.omitted["states"] = try rows("states", key: "key", limit: LoadLimit.states) {
            snapshot.states[$0.text(0)] = $0.blob(1)
        }
        snapshot.omitted = snapshot.omitted.filter { $0.value > 0 }
        return snapshot
    }

    /// Deletes history that is too old or too much, and gives its pages back to the file system.
    func expireHistory(before: Timestamp, count: Int) throws(SQLiteError) {
        try database.run("DELETE FROM history WHERE at < ?", .integer(before.milliseconds))
        try database.run(
            "DELETE FROM history WHERE id <= (SELECT id FROM history ORDER BY id DESC LIMIT 1 OFFSET ?)",
            .integer(Int64(count)))
        try database.run("PRAGMA incremental_vacuum(256)")
    }

    /// Makes room when the file has reached its largest size.
    func dropOlderHalfOfHistory() throws(SQLiteError) {
        try database.run("DELETE FROM history WHERE id <= (SELECT (min(id) + max(id)) / 2 FROM history)")
    }

    /// Size of the database in bytes, its write-ahead log apart.
    var bytes: Int64 {
        get throws(SQLiteError) { (try database.number("PRAGMA page_count") ?? 0) * Int64(JournalFile.pageBytes) }
    }

    /// Reads a table: key, body, and another column.
    /// - Returns: how many rows, the largest ones, were over the limit; they are deleted.
    private func rows(
        _ table: String, key: String, _ other: String = "0", limit: Int, _ body: (Statement) -> Void
    ) throws(SQLiteError) -> Int {
        let all = try database.number("SELECT count(*) FROM \(table)") ?? 0
        var taken: Int64 = 0
        var bytes: Int64 = 0
        let sizes = try database.statement("SELECT length(body) FROM \(table) ORDER BY length(body)")
        while bytes <= Int64(limit), try sizes.step() {
            bytes = bytes.addingSaturated(sizes.integer(0))
            if bytes <= Int64(limit) { taken += 1 }
        }
        sizes.reset()
        // Sorted within the subquery alone: a sorter holds what it is to give, and that must not be the bodies.
        let isWanted =
            taken < all ? "IN (SELECT \(key) FROM \(table) ORDER BY length(body), \(key) LIMIT \(taken))" : ""
        let condition = isWanted.isEmpty ? "" : "WHERE \(key) \(isWanted)"
        let statement = try database.statement("SELECT \(key), body, \(other) FROM \(table) \(condition)")
        while try statement.step() { body(statement) }
        statement.reset()
        if isWanted.isEmpty { return 0 }
        try database.execute("DELETE FROM \(table) WHERE \(key) NOT \(isWanted)")
        return Int(clamping: all - taken)
    }
}

extension Alert {
    /// The same alert as another one, which holds the texts that both have in one place.
    fileprivate func sharingTexts(with other: Alert) -> Alert {
        var alert = other
        if labels == other.labels { alert.labels = labels }
        if annotations == other.annotations { alert.annotations = annotations }
        return alert
    }
}
