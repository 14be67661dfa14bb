import Samples

/// The output of `pgbackrest info --output=json`: an array of stanzas. Source: pgBackRest's command reference, info
/// (https://pgbackrest.org/command.html#command-info), and doc/example/pgsql-pgbackrest-query.sql of its repository.
struct PgBackRestInfo: Decodable {
    static let command = "pgbackrest info --output=json"

    private let stanzas: [Stanza]

    init(from decoder: any Decoder) throws { stanzas = try decoder.singleValueContainer().decode([Stanza].self) }

    /// - Parameter stanza: nil for the only one.
    static func report(
        _ bytes: [UInt8], stanza: String?, now: Timestamp
    ) throws(ProbeFailure) -> PostgresBackupReport {
        let info = try PostgresBackupReport.decoded(PgBackRestInfo.self, bytes, command)
        let named = info.stanzas.compactMap { stanza in stanza.name.map { (name: $0, value: stanza) } }
        let (name, found) = try PostgresBackupReport.chosen(named, stanza, "stanza")
        guard let backups = found.backups, let code = found.status?.code else {
            throw ProbeFailure("body", "stanza \"\(name)\" has no status or no list of backups; expected \(command)")
        }
        var report = PostgresBackupReport()
        report.stanza = name
        for backup in backups {
            guard let stop = PostgresBackupReport.time(backup.stop) else { continue }
            report.take(
                .init(
                    kind: backup.type.flatMap(PostgresBackupReport.Kind.init) ?? .other, finished: stop,
                    sizeBytes: backup.size, isDamaged: backup.error == true), now: now)
        }
        // A missing backup is detected without this status.
        if code != 0, code != Status.noBackup { report.add(.status, found.complaint) }
        report.newestSegment = found.newestSegment
        report.conclude()
        return report
    }

    private struct Status: Decodable {
        /// "no valid backups".
        static let noBackup = 2

        var code: Int?
        var message: String?

        init(from decoder: any Decoder) throws {
            guard let fields = try? LenientFields(decoder) else { return }
            code = fields["code"]
            message = fields["message"]
        }
    }

    private struct Stanza: Decodable {
        var name: String?
        var status: Status?
        var backups: [Backup]?
        var repositories: [Repository]
        var archives: [Archive]

        init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            name = fields["name"]
            status = fields["status"]
            backups = fields["backup"]
            repositories = fields["repo"] ?? []
            archives = fields["archive"] ?? []
        }

        /// The stanza's status message, with those of the failing repositories.
        var complaint: String {
            let parts = repositories.filter { ($0.status?.code ?? 0) != 0 }.prefix(4).map { repository in
                "repo\(repository.key.map(String.init) ?? "?"): \(repository.status?.message ?? "not ok")"
            }
            return ([status?.message ?? "not ok"] + parts).joined(separator: "; ")
        }

        /// The newest segment of the stanza's current database, over all repositories.
        var newestSegment: String? {
            let newest = archives.compactMap(\.database).max()
            return archives.filter { $0.database == newest }.compactMap(\.max).max()
        }
    }

    private struct Repository: Decodable {
        var key: Int?
        var status: Status?

        init(from decoder: any Decoder) throws {
            guard let fields = try? LenientFields(decoder) else { return }
            key = fields["key"]
            status = fields["status"]
        }
    }

    private struct Archive: Decodable {
        var database: Int?
        var max: String?

        init(from decoder: any Decoder) throws {
            guard let fields = try? LenientFields(decoder) else { return }
            max = fields["max"]
            let described: LenientFields? = fields["database"]
            database = described?["id"]
        }
    }

    private struct Backup: Decodable {
        var type: String?
        var error: Bool?
        var stop: Double?
        var size: Double?

        init(from decoder: any Decoder) throws {
            guard let fields = try? LenientFields(decoder) else { return }
            type = fields["type"]
            error = fields["error"]
            let (timestamp, info): (LenientFields?, LenientFields?) = (fields["timestamp"], fields["info"])
            stop = timestamp?["stop"]
            size = info?["size"]
        }
    }
}
