import Samples

/// The output of Barman's `list-backups` and `check` with `--format json`: an object with a member for each server, and
/// members for the tool's messages whose names begin with `_`. Source: Barman's manual, list-backups, check and the
/// global option --format (https://docs.pgbarman.org); the fields are those of JsonOutputWriter in barman/output.py.
struct BarmanOutput: Decodable {
    static let listCommand = "barman --format json list-backups"
    static let checkCommand = "barman --format json check"

    private let members: [String: Member]

    init(from decoder: any Decoder) throws {
        members = try decoder.singleValueContainer().decode([String: Member].self)
    }

    /// - Parameters:
    ///   - check: the output of `check`; nil without one.
    ///   - server: nil for the only one.
    static func report(
        _ bytes: [UInt8], check: [UInt8]?, server: String?, now: Timestamp
    ) throws(ProbeFailure) -> PostgresBackupReport {
        let list = try PostgresBackupReport.decoded(BarmanOutput.self, bytes, listCommand)
        let servers = list.servers { member -> [Backup]? in
            if case .backups(let backups) = member { backups } else { nil }
        }
        let (name, backups) = try PostgresBackupReport.chosen(servers, server, "server")
        var report = PostgresBackupReport()
        report.stanza = name
        for backup in backups where backup.status == "DONE" {
            guard let finished = PostgresBackupReport.time(backup.finished) else { continue }
            report.take(
                .init(
                    kind: backup.type == "incremental" ? .incremental : .full, finished: finished,
                    sizeBytes: backup.size), now: now)
        }
        // A backup's id is its start time, which a failed one has too.
        if let last = backups.filter({ $0.id != nil }).max(by: { ($0.id ?? "") < ($1.id ?? "") }),
            last.status == "FAILED"
        {
            report.add(.failed, "backup \(last.id ?? "") failed")
        }
        list.addMessages(to: &report)
        if let check { try addChecks(check, server: name, to: &report) }
        return report
    }

    private static func addChecks(
        _ bytes: [UInt8], server: String, to report: inout PostgresBackupReport
    ) throws(ProbeFailure) {
        let output = try PostgresBackupReport.decoded(BarmanOutput.self, bytes, checkCommand)
        let servers = output.servers { member -> [String: Check]? in
            if case .checks(let checks) = member { checks } else { nil }
        }
        let checks = try PostgresBackupReport.chosen(servers, server, "server").value
        let failed = checks.filter { $0.value.status == "FAILED" }.sorted { $0.key < $1.key }
        if !failed.isEmpty {
            let words = failed.prefix(3).map { name, check in
                check.hint.map { $0.isEmpty ? name : "\(name) (\($0))" } ?? name
            }
            report.add(
                .check,
                words.joined(separator: ", ") + (failed.count > 3 ? " and \(failed.count - 3) more" : ""))
        }
        output.addMessages(to: &report)
    }

    private func servers<Value>(_ value: (Member) -> Value?) -> [(name: String, value: Value)] {
        members.filter { !$0.key.hasPrefix("_") }.sorted { $0.key < $1.key }.compactMap { name, member in
            value(member).map { (name, $0) }
        }
    }

    private func addMessages(to report: inout PostgresBackupReport) {
        for name in ["_ERROR", "_EXCEPTION"] {
            if case .messages(let messages) = members[name], let first = messages.first { report.add(.message, first) }
        }
    }

    private enum Member: Decodable {
        case backups([Backup])
        case checks([String: Check])
        case messages([String])
        case other

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            // An empty list is one of backups: messages are only written if there are some.
            if let backups = try? value.decode([Backup].self) {
                self = .backups(backups)
            } else if let messages = try? value.decode([String].self) {
                self = .messages(messages)
            } else if let checks = try? value.decode([String: Check].self) {
                self = .checks(checks)
            } else {
                self = .other
            }
        }
    }

    private struct Check: Decodable {
        var status: String?
        var hint: String?

        init(from decoder: any Decoder) throws {
            guard let fields = try? LenientFields(decoder) else { return }
            status = fields["status"]
            hint = fields["hint"]
        }
    }

    private struct Backup: Decodable {
        var id: String?
        var status: String?
        var type: String?
        var finished: Double?
        var size: Double?

        init(from decoder: any Decoder) throws {
            let fields = try LenientFields(decoder)
            id = fields["backup_id"]
            status = fields["status"]
            type = fields["backup_type"]
            let written: String? = fields["end_time_timestamp"]
            finished = written.flatMap(Double.init) ?? fields["end_time_timestamp"]
            size = fields["size_bytes"]
        }
    }
}
