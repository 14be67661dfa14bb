import Lab
import Platform
import Samples
import Testing

@testable import Probes
@testable import Recovery

/// What a run records, the daemon reads: a failed one is BackupRunFailed.
struct BackupRecordTests {
    @Test func failedRunIsAFailureForTheDaemon() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = folder.file("recovery.jsonl")
        let now = Timestamp(rfc3339: "2026-11-30T02:00:00Z") ?? Timestamp(milliseconds: 0)
        var stored = RecordedEvent.Details()
        stored.backups = ["daily/k.enc"]
        try RecordFile.append(RecordedEvent(.backupStarted, at: now), to: path)
        try RecordFile.append(RecordedEvent(.backupCompleted, at: now + .seconds(60), details: stored), to: path)
        var failed = RecordedEvent.Details()
        failed.error = "the bucket refused"
        try RecordFile.append(RecordedEvent(.backupStarted, at: now + .seconds(86_400)), to: path)
        try RecordFile.append(RecordedEvent(.backupFailed, at: now + .seconds(86_460), details: failed), to: path)

        var report = RecordReport(now: now + .seconds(90_000))
        report.take(try SystemFiles().read(path, limit: 1 << 16), isCut: false)
        #expect(report.unreadableLines == 0)
        var set = SampleSet(at: now)
        report.add(to: &set)
        func value(_ name: String) -> Double? { set.samples.first { $0.labels["__name__"] == name }?.value }
        #expect(value("backup_run_last_success_timestamp_seconds") == (now + .seconds(60)).seconds)
        // The rule: the last failure is later than the last success.
        #expect(value("backup_run_last_failure_timestamp_seconds") == (now + .seconds(86_460)).seconds)
    }
}
