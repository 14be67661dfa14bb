import Foundation
import Lab
import Platform
import Samples
import Simulation
import Testing

@testable import Probes

/// Audit logs as they grow, are rotated, cut and lost, in real files.
struct AuditLogProbeTests {
    /// A folder with the log of one node, and the probe that follows it.
    private final class Rig {
        let folder: TemporaryDirectory
        let path: String
        let positions: AuditPositions
        let time = VirtualTime(wall: Timestamp(milliseconds: 1_795_849_000_000))
        private(set) var probe: AuditLogProbe
        private var options: AuditLogOptions

        /// - Parameter first: what is in the log before the first run; nil for no log.
        init(_ first: String? = "", change: (inout AuditLogOptions) -> Void = { _ in }) throws {
            folder = try TemporaryDirectory()
            path = folder.file("audit.log")
            if let first { try folder.write("audit.log", first) }
            positions = AuditPositions()
            options = AuditLogOptions(cluster: "prod", node: "vault-1", paths: [path])
            change(&options)
            probe = AuditLogProbe(options: options, positions: positions, platform: testPlatform(time))
        }

        deinit { folder.remove() }

        /// Another process goes on with what the journal has.
        func restart() throws {
            let stored = positions.all
            let restored = AuditPositions()
            for (name, bytes) in stored { restored.restore(name, bytes) }
            probe = AuditLogProbe(options: options, positions: restored, platform: testPlatform(time))
        }

        func run() async -> ProbeReport {
            time.move(to: time.monotonic() + .seconds(5))
            return await probe.run()
        }

        /// Adds to a file as Vault does, which opens it for appending.
        func append(_ text: String, to name: String = "audit.log") throws {
            let handle = try #require(FileHandle(forWritingAtPath: folder.file(name)))
            try handle.seekToEnd()
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        }

        func move(_ name: String, to new: String) throws {
            try FileManager.default.moveItem(atPath: folder.file(name), toPath: folder.file(new))
        }
    }

    private static let read = AuditRecording.line("read", "kv/a", time: "2026-11-28T06:50:00Z")
    private static let list = AuditRecording.line(
        "list", "kv/", time: "2026-11-28T06:50:01Z", response: #"{"data":{"keys":["a"]}}"#)
    private static let write = AuditRecording.line(
        "update", "kv/a", time: "2026-11-28T06:50:02Z", response: #"{"data":{"version":2}}"#)

    private func events(_ report: ProbeReport, _ kind: AuditEventKind) -> Double? {
        report.samples.value("vault_audit_events_total", ["kind": kind.rawValue])
    }

    private func lines(_ report: ProbeReport) -> Double? { report.samples.value("vault_audit_lines_total") }

    /// What happened before the first start is no news, and the first report has only zeros to count from.
    @Test func countingBeginsAtTheEnd() async throws {
        let rig = try Rig(String(decoding: AuditRecording.incident, as: UTF8.self))
        var report = await rig.run()
        #expect(report.failure == nil && lines(report) == 0 && events(report, .rootTokenUse) == 0)
        try rig.append(Self.read + Self.list)
        report = await rig.run()
        #expect(lines(report) == 2 && events(report, .secretRead) == 1 && events(report, .secretList) == 1)
        #expect(events(report, .rootTokenUse) == 0)
        #expect(report.samples.value("vault_audit_newest_timestamp_seconds") == 1_795_848_601)
        #expect(report.samples.allSatisfy { $0.labels["cluster"] == "prod" && $0.labels["node"] == "vault-1" })
        report = await rig.run()
        #expect(lines(report) == 2)
    }

    @Test func aRecordedIncidentIsCounted() async throws {
        let rig = try Rig { options in
            options.tenantPatterns = [TenantPattern(TenantPattern.usual)].compactMap(\.self)
            options.exclusions = [AuditExclusion(who: "approle", path: "smtp/test-tenant-id/admin")]
            options.listedPaths = ["smtp/tenant-01/admin", "smtp/test-tenant-id/admin"]
            options.massReads = 20
        }
        _ = await rig.run()
        try rig.append(String(decoding: AuditRecording.incident, as: UTF8.self))
        let report = await rig.run()
        #expect(lines(report) == 152 && events(report, .rootTokenUse) == 21 && events(report, .denied) == 5)
        // Without the two reads of the canary.
        #expect(events(report, .secretRead) == 27)
        let samples = report.samples
        #expect(samples.value("vault_audit_client_secrets") == 27 && samples.value("vault_audit_client_reads") == 27)
        #expect(samples.value("vault_audit_client_tenants") == 12)
        #expect(samples.value("vault_audit_client_secrets_limit") == 20)
        #expect(
            samples.value(
                "vault_audit_client_info", ["display_name": "userpass-alice", "remote_address": "127.0.9.66"]) == 1)
        #expect(samples.value("vault_audit_listed_reads_total", ["path": "smtp/tenant-01/admin"]) == 1)
        #expect(samples.value("vault_audit_listed_reads_total", ["path": "smtp/test-tenant-id/admin"]) == 0)
        #expect(
            samples.value(
                "vault_audit_event_info",
                ["kind": "audit_device_disabled", "display_name": "root", "path": "sys/audit/second"]) == 1)
        #expect(
            samples.value("vault_audit_event_timestamp_seconds", ["kind": "seal"]) == 1_795_848_600.531)
        #expect(samples.value("vault_audit_event_info", ["kind": "login_failed", "path": "auth/approle/login"]) == 1)
        // No secret's path but the listed ones is in any label.
        let labels = samples.flatMap { sample in Array(sample.labels.dictionary.values) }
        #expect(!labels.contains { $0.contains("tenant-02") || $0.contains("dkim/example") })
        #expect(report.status.health == .ok)
    }

    /// Renamed without SIGHUP, Vault goes on in the renamed file; after SIGHUP it writes to the new one.
    @Test func aRenamedFileIsReadOn() async throws {
        let rig = try Rig()
        _ = await rig.run()
        try rig.append(Self.read)
        _ = await rig.run()
        try rig.move("audit.log", to: "audit.log.1")
        try rig.append(Self.read, to: "audit.log.1")
        var report = await rig.run()
        #expect(lines(report) == 2, "the path is missing, the file is read on")
        try rig.folder.write("audit.log", "")
        try rig.append(Self.read, to: "audit.log.1")
        report = await rig.run()
        #expect(lines(report) == 3 && report.samples.value("vault_audit_rotations_total") == 1)
        try rig.append(Self.list)
        try rig.append(Self.read, to: "audit.log.1")
        report = await rig.run()
        #expect(lines(report) == 5 && report.samples.value("vault_audit_followed_files") == 2)
        // When the old one has not grown for a minute it is closed.
        rig.time.move(to: rig.time.monotonic() + .seconds(61))
        report = await rig.run()
        #expect(report.samples.value("vault_audit_followed_files") == 1 && lines(report) == 5)
        #expect(report.samples.value("vault_audit_gaps_total") == 0)
    }

    /// Vault writes on into a file that was deleted, and its clients get their answers.
    @Test func aDeletedFileIsReadOn() async throws {
        let rig = try Rig()
        let writer = try #require(FileHandle(forWritingAtPath: rig.path))
        _ = await rig.run()
        try FileManager.default.removeItem(atPath: rig.path)
        try writer.write(contentsOf: Data(Self.read.utf8))
        let report = await rig.run()
        #expect(lines(report) == 1 && report.failure == nil)
    }

    /// copytruncate: what was written just before is in the copy.
    @Test func aTruncatedFileIsReadFromItsBeginning() async throws {
        let rig = try Rig(Self.write)
        _ = await rig.run()
        try rig.append(Self.read)
        _ = await rig.run()
        try rig.append(Self.list)
        try FileManager.default.copyItem(atPath: rig.path, toPath: rig.path + ".1")
        try rig.folder.write("audit.log", "")
        try rig.append(Self.read)
        let report = await rig.run()
        #expect(report.samples.value("vault_audit_truncations_total") == 1)
        #expect(events(report, .secretList) == 1 && events(report, .secretRead) == 2)
        #expect(events(report, .secretWrite) == 0 && report.samples.value("vault_audit_gaps_total") == 0)
    }

    /// Overwritten, and longer than before: told by its first bytes.
    @Test func anotherFileInTheSamePlaceIsToldByItsBeginning() async throws {
        let rig = try Rig()
        _ = await rig.run()
        try rig.append(Self.read)
        _ = await rig.run()
        try rig.folder.write("audit.log", Self.list + Self.list + Self.list)
        let report = await rig.run()
        #expect(events(report, .secretList) == 3 && report.samples.value("vault_audit_gaps_total") == 1)
    }

    @Test func theRestOfALineIsWaitedFor() async throws {
        let rig = try Rig()
        _ = await rig.run()
        try rig.append(String(Self.read.prefix(100)))
        var report = await rig.run()
        #expect(lines(report) == 0 && report.samples.value("vault_audit_behind_bytes") == 0)
        try rig.restart()
        _ = await rig.run()
        try rig.append(String(Self.read.dropFirst(100)))
        report = await rig.run()
        #expect(lines(report) == 1 && events(report, .secretRead) == 1)
        try rig.append(String(Self.read.dropLast(30)) + Self.list)
        report = await rig.run()
        #expect(events(report, .secretList) == 1 && report.status.health == .warning)
        #expect(report.samples.value("vault_audit_unreadable_lines_total", ["reason": "cut"]) == 1)
    }

    /// The position outlives a restart, also when the log was rotated meanwhile, once or several times, compressed or not.
    @Test(arguments: ["stays", "renamed", "renamed twice", "copied", "compressed", "gone"])
    func readingGoesOnAfterARestart(_ fate: String) async throws {
        let rig = try Rig(Self.write)
        _ = await rig.run()
        try rig.append(Self.read)
        _ = await rig.run()
        // Nobody reads from here on.
        try rig.append(Self.list)
        switch fate {
        case "renamed":
            try rig.move("audit.log", to: "audit.log.1")
            try rig.folder.write("audit.log", "")
        case "renamed twice":
            try rig.move("audit.log", to: "audit.log.2")
            try rig.folder.write("audit.log.1", Self.list + Self.list)
            try rig.folder.write("audit.log", "")
        case "copied":
            try FileManager.default.copyItem(atPath: rig.path, toPath: rig.path + "-20261128")
            try rig.folder.write("audit.log", "")
        case "compressed":
            try await ChildProcess.run("/bin/gzip", [rig.path])
            try rig.move("audit.log.gz", to: "audit.log.1.gz")
            try rig.folder.write("audit.log", "")
        case "gone": try rig.folder.write("audit.log", "")
        default: break
        }
        try rig.append(Self.read)
        try rig.restart()
        var report = await rig.run()
        #expect(lines(report) == 0, "zeros to count from")
        report = await rig.run()
        let lists = ["renamed twice": 3.0, "gone": 0.0][fate] ?? 1.0
        #expect(events(report, .secretList) == lists && events(report, .secretRead) == 1)
        #expect(events(report, .secretWrite) == 0)
        #expect(report.samples.value("vault_audit_gaps_total") == (fate == "gone" ? 1 : 0))
        report = await rig.run()
        #expect(lines(report) == lists + 1, "nothing is counted twice")
    }

    /// A pattern takes the logs, and neither what was rotated away nor a second name of one.
    @Test func patternsTakeTheLogsAlone() async throws {
        let rig = try Rig { $0.paths = [$0.paths[0].replacing("audit.log", with: "*.log*")] }
        try rig.folder.write("audit.log.1", Self.read)
        try rig.folder.write("audit.log.2.gz", "x")
        try rig.folder.write("other.log", "")
        try FileManager.default.createSymbolicLink(
            atPath: rig.folder.file("link.log"), withDestinationPath: rig.path)
        var report = await rig.run()
        #expect(report.failure == nil && report.samples.value("vault_audit_followed_files") == 2)
        try rig.append(Self.read)
        try rig.append(Self.list, to: "other.log")
        // It was not there at the start, so all of it is news.
        try rig.folder.write("third.log", Self.list)
        report = await rig.run()
        #expect(events(report, .secretRead) == 1 && events(report, .secretList) == 2)
    }

    @Test func whatIsNoFileIsRefused() async throws {
        let rig = try Rig(nil)
        var report = await rig.run()
        #expect(report.failure == nil && report.samples.value("vault_audit_log_readable") == 1)
        #expect(report.status.health == .ok && report.status.state == "no log", "a node that was never active has none")
        #expect(events(report, .rootTokenUse) == 0, "counters exist from the start")
        try #require(mkfifo(rig.path, 0o600) == 0)
        report = await rig.run()
        #expect(report.failure?.message.contains("FIFO") == true)
        #expect(report.failure?.reason == "other" && report.samples.value("vault_audit_log_readable") == 0)
        try FileManager.default.removeItem(atPath: rig.path)
        try rig.folder.write("audit.log", Self.read)
        report = await rig.run()
        #expect(
            report.failure == nil && events(report, .secretRead) == 0, "what it held while it could not be read is old")
        try rig.append(Self.list)
        report = await rig.run()
        #expect(events(report, .secretList) == 1)
    }

    @Test func aLogThatAppearsLaterIsNews() async throws {
        let rig = try Rig(nil)
        _ = await rig.run()
        try rig.folder.write("audit.log", Self.read)
        let report = await rig.run()
        #expect(report.failure == nil && events(report, .secretRead) == 1)
    }

    /// Names from a log cannot break a page of metrics, and times of the future not the windows.
    @Test func hostileEntriesStayHarmless() async throws {
        let rig = try Rig()
        _ = await rig.run()
        try rig.append(
            AuditRecording.line(
                "delete", #"sys/audit/a\u001b[2J\n"#, time: "9999-12-31T23:59:59Z", who: #"x\u0007\ny"#,
                mount: "system", response: "{}")
                + Self.read)
        let report = await rig.run()
        let info = try #require(report.samples.first { $0.labels.name == "vault_audit_event_info" })
        #expect(info.labels["display_name"] == "x  y" && info.labels["path"] == "sys/audit/a [2J ")
        let newest = try #require(report.samples.value("vault_audit_newest_timestamp_seconds"))
        #expect(newest <= rig.time.wall().seconds + 300)
        #expect(report.samples.value("vault_audit_client_secrets") == 1)
    }

    /// Started while logrotate has renamed the log and Vault has not opened the new one.
    @Test func aPositionOutlivesAMissingLog() async throws {
        let rig = try Rig(Self.write)
        _ = await rig.run()
        try rig.append(Self.read)
        _ = await rig.run()
        try rig.append(Self.list)
        try rig.move("audit.log", to: "audit.log.1")
        try rig.restart()
        _ = await rig.run()
        _ = await rig.run()
        try rig.folder.write("audit.log", Self.read)
        _ = await rig.run()
        let report = await rig.run()
        #expect(events(report, .secretList) == 1 && events(report, .secretRead) == 1)
        #expect(report.samples.value("vault_audit_gaps_total") == 0)
    }

    @Test func positionsAreStoredAsTheyChange() async throws {
        let rig = try Rig()
        _ = await rig.run()
        _ = await rig.run()
        #expect(rig.positions.takeChanges().keys.sorted() == ["prod/vault-1"])
        _ = await rig.run()
        #expect(rig.positions.takeChanges().isEmpty)
        try rig.append(Self.read)
        _ = await rig.run()
        #expect(rig.positions.takeChanges().count == 1)
        rig.positions.retain([])
        #expect(rig.positions.all.isEmpty && rig.positions.takeChanges() == ["prod/vault-1": nil])
        let other = AuditPositions()
        other.restore("prod/vault-1", Array("garbage".utf8))
        #expect(other.all.isEmpty)
        let damaged = """
            [{"path": "/a", "identity": {"device": 1, "inode": 2}, "offset": 0, "head": {"length": -1, "hash": 0}}]
            """
        other.restore("prod/vault-1", Array(damaged.utf8))
        #expect(other["prod/vault-1"] == [])
    }
}
