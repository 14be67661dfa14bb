import Samples

/// The output of `wal-g backup-list --detail --json`: an array of the completed backups, in no reliable order. Source:
/// WAL-G's documentation for PostgreSQL, backup-list (https://wal-g.readthedocs.io/PostgreSQL/); the fields of
/// BackupTime in internal/backup_time.go of its repository, whose names for the time differ between releases.
struct WALGBackupList: Decodable {
    static let command = "wal-g backup-list --detail --json"

    private let backups: [Backup]

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        // Go writes an empty list as null.
        backups = value.decodeNil() ? [] : try value.decode([Backup].self)
    }

    static func report(_ bytes: [UInt8], now: Timestamp) throws(ProbeFailure) -> PostgresBackupReport {
        let list = try PostgresBackupReport.decoded(WALGBackupList.self, bytes, command)
        var report = PostgresBackupReport()
        for backup in list.backups {
            guard let name = backup.name, let finished = backup.finished else { continue }
            report.take(
                .init(
                    // base_ and a WAL segment's name; for a delta followed by _D_ and the name of the backup that it
                    // builds on.
                    kind: name.contains("_D_") ? .delta : .full, finished: finished, sizeBytes: backup.size), now: now)
        }
        if !list.backups.isEmpty, report.newest.isEmpty, report.futureBackups == 0 {
            throw ProbeFailure("body", "no backup in the file has a name and a time; expected \(command)")
        }
        return report
    }

    private struct Backup: Decodable {
        var name: String?
        var finished: Timestamp?
        var size: Double?

        init(from decoder: any Decoder) throws {
            guard let fields = try? LenientFields(decoder) else { return }
            name = fields["backup_name"]
            size = fields["uncompressed_size"]
            let times = ["finish_time", "time", "modification_time"].lazy.compactMap { fields.time($0) }
            // Go writes an unset time as the year 1.
            finished = times.first { $0.milliseconds > 0 }
        }
    }
}
