import Platform
import Samples
import Synchronization
import Text

/// Reads the reports of pgBackRest, WAL-G or Barman about the backups of a PostgreSQL cluster.
final class PostgresBackupProbe: RunnableProbe {
    let target: ProbeTarget
    private let options: PostgresBackupOptions
    private let platform: Platform
    /// The last report with the hash of its input, so that unchanged files are not parsed again.
    private let last = Mutex<(fingerprint: Int, report: PostgresBackupReport)?>(nil)

    init(options: PostgresBackupOptions, platform: Platform) {
        target = ProbeTarget(.postgresBackup, options.name)
        self.options = options
        self.platform = platform
    }

    var interval: Duration { options.interval }
    var timeout: Duration { options.timeout }

    func timedOut() -> ProbeReport {
        failed(
            ProbeFailure(
                "timeout", "reading \(options.file) took longer than \(Words.duration(timeout))"), samples())
    }

    func run() async -> ProbeReport {
        let now = platform.time.wall()
        var set = samples()
        do throws(ProbeFailure) {
            let (bytes, modified) = try await read(options.file)
            var check: [UInt8]?
            var oldest = modified
            if let file = options.checkFile {
                let (checkBytes, checkModified) = try await read(file)
                check = checkBytes
                oldest = min(oldest, checkModified)
            }
            guard oldest <= now + PostgresBackupReport.futureTolerance else {
                throw ProbeFailure("other", "\(options.file) was written in the future, \(oldest.rfc3339)")
            }
            set.add("postgres_backup_file_modified_timestamp_seconds", oldest)
            let report = try report(bytes, check, now)
            add(report, to: &set)
            set.add("postgres_backup_readable", 1)
            return ProbeReport(samples: set.samples, failure: nil, status: status(report, oldest, now))
        } catch {
            return failed(error, set)
        }
    }

    private func read(_ file: String) async throws(ProbeFailure) -> (bytes: [UInt8], modified: Timestamp) {
        do throws(FileError) {
            return try await platform.files.readDatedInTime(file, limit: options.fileLimitBytes)
        } catch {
            throw ProbeFailure(error.isStuck ? "timeout" : error.isMissing ? "not_found" : "other", error.description)
        }
    }

    private func report(
        _ bytes: [UInt8], _ check: [UInt8]?, _ now: Timestamp
    ) throws(ProbeFailure) -> PostgresBackupReport {
        var hasher = Hasher()
        hasher.combine(bytes)
        hasher.combine(check)
        let fingerprint = hasher.finalize()
        // A backup dated in the future counts as soon as its time has come.
        if let last = last.withLock({ $0 }), last.fingerprint == fingerprint, last.report.futureBackups == 0 {
            return last.report
        }
        let report: PostgresBackupReport
        switch options.tool {
        case .pgBackRest: report = try PgBackRestInfo.report(bytes, stanza: options.stanza, now: now)
        case .walG: report = try WALGBackupList.report(bytes, now: now)
        case .barman: report = try BarmanOutput.report(bytes, check: check, server: options.stanza, now: now)
        }
        last.withLock { $0 = (fingerprint, report) }
        return report
    }

    /// The samples that do not need the files.
    private func samples() -> SampleSet {
        var set = SampleSet(
            ["backup": options.name, "cluster": options.cluster, "tool": options.tool.rawValue],
            at: platform.time.wall())
        set.add("postgres_backup_max_age_seconds", options.maxAge.seconds)
        set.add("postgres_backup_full_max_age_seconds", options.fullMaxAge?.seconds)
        set.add("postgres_backup_file_max_age_seconds", options.fileMaxAge.seconds)
        return set
    }

    private func add(_ report: PostgresBackupReport, to set: inout SampleSet) {
        set.add("postgres_backup_info", 1, ["file": options.file, "stanza": report.stanza])
        for kind in PostgresBackupReport.Kind.allCases {
            guard let backup = report.newest[kind] else { continue }
            set.add("postgres_backup_last_success_timestamp_seconds", backup.finished, ["type": kind.rawValue])
            set.add("postgres_backup_last_success_size_bytes", backup.sizeBytes, ["type": kind.rawValue])
        }
        for reason in PostgresBackupReport.Reason.allCases {
            guard let message = report.errors[reason] else { continue }
            set.add("postgres_backup_error", 1, ["reason": reason.rawValue, "message": message])
        }
        set.add(
            "postgres_backup_archive_position_bytes",
            report.archivePosition(segmentBytes: options.walSegmentBytes))
    }

    private func status(_ report: PostgresBackupReport, _ modified: Timestamp, _ now: Timestamp) -> TargetStatus {
        let detail = PostgresBackupReport.Kind.allCases.compactMap { kind in
            report.newest[kind].map { "last \(kind.rawValue) backup \($0.finished.rfc3339)" }
        }.joined(separator: ", ")
        var warnings = PostgresBackupReport.Reason.allCases.compactMap { report.errors[$0] }
        let isStale = now - modified > options.fileMaxAge
        if isStale { warnings.append("\(options.file) was last written \(modified.rfc3339)") }
        guard let last = report.last else {
            return TargetStatus(.critical, "no backup", detail: detail, warnings: warnings)
        }
        let full = report.newest[.full]?.finished ?? Timestamp(milliseconds: 0)
        let isOverdue =
            now - last.finished > options.maxAge || options.fullMaxAge.map { now - full > $0 } ?? false
        let state = isOverdue ? "overdue" : isStale ? "not known" : report.errors.isEmpty ? "fresh" : "with errors"
        return TargetStatus(isOverdue || !warnings.isEmpty ? .warning : .ok, state, detail: detail, warnings: warnings)
    }

    private func failed(_ failure: ProbeFailure, _ set: SampleSet) -> ProbeReport {
        var set = set
        set.add("postgres_backup_readable", 0.0)
        return ProbeReport(
            samples: set.samples, failure: failure,
            status: TargetStatus(.warning, "not read", detail: failure.description))
    }
}
