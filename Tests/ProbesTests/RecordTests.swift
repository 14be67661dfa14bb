import Foundation
import HTTPServer
import Lab
import Platform
import Samples
import Simulation
import Testing

@testable import Probes

/// Records of the procedures, parsed from files that operators' scripts write.
struct RecordTests {
    private func run(_ texts: [String], tail: Int = 1 << 20) async throws -> ProbeReport {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        var options = RecordOptions(
            paths: try texts.enumerated().map { try folder.write("\($0.offset).jsonl", $0.element) })
        options.tailBytes = tail
        return await RecordProbe(options: options, platform: testPlatform()).run()
    }

    private static func line(_ event: String, _ time: String, _ details: String = "{}") -> String {
        "{\"event\":\"\(event)\",\"timestamp\":\"\(time)\",\"details\":\(details)}\n"
    }

    @Test func theLatestOfEachOutcomeCounts() async throws {
        let report = try await run([
            Self.line("vault_backup_test_success", "2025-11-20T03:00:00.000Z")
                + Self.line("vault_backup_test_success", "2025-11-13T03:00:00Z"),
            Self.line("vault_backup_test_failure", "2025-11-21T03:00:00Z")
                + Self.line("user_login", "2025-11-22T03:00:00Z"),
        ])
        #expect(report.failure == nil)
        #expect(report.samples.value("restore_test_last_success_timestamp_seconds") == 1_763_607_600)
        #expect(report.samples.value("restore_test_last_failure_timestamp_seconds") == 1_763_694_000)
        #expect(report.samples.value("records_unreadable_lines") == 0)
        #expect(report.status.health == .warning && report.status.state == "last run failed")
    }

    /// A success dated in the future does not count, or nobody would be reminded until then.
    @Test func whatHasNotHappenedYetDoesNotCount() async throws {
        let report = try await run([
            Self.line("vault_backup_test_success", "2025-11-20T03:00:00Z")
                + Self.line("vault_backup_test_success", "2099-11-20T03:00:00Z")
                + Self.line("dr_drill_completed", "9999-12-31T23:59:59Z", #"{"scenario":"a"}"#)
        ])
        #expect(report.samples.value("restore_test_last_success_timestamp_seconds") == 1_763_607_600)
        #expect(report.samples.value("drill_last_success_timestamp_seconds") == nil)
        #expect(report.samples.value("records_future_events") == 2)
        #expect(report.status.warnings == ["2 events are dated in the future and do not count"])
    }

    /// Series only of phases that exist, of the last test that passed.
    @Test func thePhasesOfARestoreTestAreSeries() async throws {
        let samples = try await run([
            Self.line(
                "vault_backup_test_success", "2025-11-20T03:00:00Z",
                #"{"duration_ms":32600,"backup_age_ms":3600000,"phases_ms":{"fetch":900,"active":8200,"made up":5,"canary":-1}}"#
            )
                + Self.line(
                    "vault_backup_test_success", "2025-11-13T03:00:00Z", #"{"phases_ms":{"fetch":1,"unseal":2}}"#)
                + Self.line("vault_backup_test_failure", "2025-11-21T03:00:00Z", #"{"phases_ms":{"fetch":7}}"#)
                + Self.line("vault_backup_test_success", "2025-11-22T03:00:00Z", #"{"phases_ms":"none"}"#)
        ]).samples
        #expect(samples.value("restore_test_last_phase_seconds", ["phase": "fetch"]) == 0.9)
        #expect(samples.value("restore_test_last_phase_seconds", ["phase": "active"]) == 8.2)
        #expect(samples.filter { $0.labels.name == "restore_test_last_phase_seconds" }.count == 2)
        #expect(samples.value("restore_test_last_backup_age_seconds") == 3600)
        #expect(samples.value("restore_test_last_duration_seconds") == 32.6)
    }

    @Test func aDrillThatRanAndShowedAFaultIsAFailure() async throws {
        let samples = try await run([
            Self.line(
                "dr_drill_completed", "2025-10-07T09:00:00Z",
                #"{"scenario":"vault_failure","duration_ms":90000,"success":true,"rto_met":true,"issues":[]}"#)
                + Self.line(
                    "dr_drill_completed", "2025-10-08T09:00:00Z",
                    #"{"scenario":"cluster_loss","duration_ms":9000000,"paged_ms":42000,"rpo_ms":-1,"success":false,"rto_met":false,"issues":["a","b"]}"#
                )
        ]).samples
        #expect(samples.value("drill_last_success_timestamp_seconds", ["scenario": "vault_failure"]) != nil)
        #expect(samples.value("drill_last_success_timestamp_seconds", ["scenario": "cluster_loss"]) == nil)
        #expect(samples.value("drill_last_failure_timestamp_seconds", ["scenario": "cluster_loss"]) != nil)
        #expect(samples.value("drill_last_duration_seconds", ["scenario": "cluster_loss"]) == 9000)
        #expect(samples.value("drill_last_recovery_time_met", ["scenario": "cluster_loss"]) == 0)
        #expect(samples.value("drill_last_issues", ["scenario": "cluster_loss"]) == 2)
        #expect(samples.value("drill_last_page_seconds", ["scenario": "cluster_loss"]) == 42)
        #expect(!samples.has("drill_last_data_loss_seconds"))
    }

    @Test func brokenLinesAreCountedAndTheRestIsRead() async throws {
        let report = try await run([
            "garbage\n{\"event\":\"dr_drill_completed\"}\n\n"
                + Self.line("vault_backup_completed", "2025-11-20T03:00:00Z", "{\"duration_ms\":\"long\"}")
        ])
        #expect(report.samples.value("records_unreadable_lines") == 2)
        #expect(report.samples.value("backup_run_last_success_timestamp_seconds") != nil)
        #expect(report.status.health == .warning)
    }

    @Test func aMissingFileIsAFailureAndTheOthersAreRead() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let there = try folder.write("a.jsonl", Self.line("vault_backup_completed", "2025-11-20T03:00:00Z"))
        let report = await RecordProbe(
            options: RecordOptions(paths: [there, folder.path + "/none"]), platform: testPlatform()
        ).run()
        #expect(report.failure?.message.contains("none: No such file") == true)
        #expect(report.samples.value("records_readable", ["file": there]) == 1)
        #expect(report.samples.value("records_readable", ["file": folder.path + "/none"]) == 0)
        #expect(report.samples.has("backup_run_last_success_timestamp_seconds"))
    }

    /// Only the end of a long file is read; the line that is cut there is not an error.
    @Test func onlyTheEndOfALongFileIsRead() async throws {
        let old = Self.line("vault_backup_completed", "2025-11-20T03:00:00Z")
        let new = Self.line("vault_backup_completed", "2025-11-21T03:00:00Z")
        let samples = try await run([String(repeating: old, count: 100) + new], tail: new.utf8.count * 2 + 10).samples
        #expect(samples.value("backup_run_last_success_timestamp_seconds") == 1_763_694_000)
        #expect(samples.value("records_unreadable_lines") == 0)
    }

    @Test func scenariosAreBounded() async throws {
        let lines = (0..<500).map {
            Self.line("dr_drill_completed", "2025-10-07T09:00:00Z", "{\"scenario\":\"s\($0)\"}")
        }.joined()
        #expect(try await run([lines]).samples.count { $0.labels.name == "drill_last_success_timestamp_seconds" } <= 33)
    }

    // MARK: Files that logrotate has moved away

    /// What was recorded does not end with the file that it was written to.
    @Test func rotatedFilesAreReadToo() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = try folder.write("dr.jsonl", "")
        let options = RecordOptions(paths: [path])
        func success() async -> Double? {
            await RecordProbe(options: options, platform: testPlatform()).run().samples.value(
                "restore_test_last_success_timestamp_seconds")
        }
        func line(_ day: Int) -> String { Self.line("vault_backup_test_success", "2025-11-0\(day)T00:00:00Z") }
        func seconds(_ day: Int) -> Double? { Timestamp(rfc3339: "2025-11-0\(day)T00:00:00Z")?.seconds }
        #expect(await success() == nil)
        let packed = try #require(Gzip.compress(Array(line(2).utf8)))
        try Data(packed).write(to: URL(filePath: path + ".2.gz"))
        #expect(await success() == seconds(2))
        _ = try folder.write("dr.jsonl.1", line(3) + "{ half a li")
        #expect(await success() == seconds(3))
        _ = try folder.write("dr.jsonl-20251104", line(4))
        #expect(await success() == seconds(4))
        // Neither backups of an editor nor other files are rotated ones.
        _ = try folder.write("dr.jsonl.bak", line(9))
        _ = try folder.write("dr.jsonl.1.swp", line(9))
        #expect(await success() == seconds(4))
        // Nobody mends a line in a file that was moved away.
        let report = await RecordProbe(options: options, platform: testPlatform()).run()
        #expect(report.samples.value("records_unreadable_lines") == 0)
    }

    /// A packed file that is none, or unpacks to far too much, ends the reading and nothing else.
    @Test func rotatedFilesAreBounded() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = try folder.write("dr.jsonl", Self.line("vault_backup_test_success", "2025-11-01T00:00:00Z"))
        let bomb = try #require(Gzip.compress([UInt8](repeating: 0x20, count: 64 << 20)))
        try Data(bomb).write(to: URL(filePath: path + ".1.gz"))
        try Data([0x1f, 0x8b, 8, 0xff, 1, 2, 3]).write(to: URL(filePath: path + ".2.gz"))
        let report = await RecordProbe(options: RecordOptions(paths: [path]), platform: testPlatform()).run()
        #expect(report.failure == nil)
        #expect(report.samples.value("restore_test_last_success_timestamp_seconds") == 1_761_955_200)
    }
}
