import Foundation
import Lab
import Platform
import Samples
import Simulation
import Testing

@testable import Probes

/// What pgBackRest, WAL-G and Barman say, from files that a timer writes.
struct PostgresBackupTests {
    /// 2025-11-26T01:00:00Z.
    private static let now = Timestamp(milliseconds: 1_764_118_800_000)

    private func run(
        _ tool: PostgresBackupOptions.Tool, _ text: String?, check: String? = nil, written: Timestamp = now,
        _ change: (inout PostgresBackupOptions) -> Void = { _ in }
    ) async -> ProbeReport {
        var files = MemoryFiles()
        var options = PostgresBackupOptions(name: "main", tool: tool, file: "/info.json")
        files.contents["/info.json"] = text
        files.modified["/info.json"] = written
        if let check {
            options.checkFile = "/check.json"
            files.contents["/check.json"] = check
            files.modified["/check.json"] = Self.now
        }
        change(&options)
        var platform = testPlatform(VirtualTime(wall: Self.now))
        platform.files = files
        return await PostgresBackupProbe(options: options, platform: platform).run()
    }

    private func last(_ report: ProbeReport, _ type: String) -> Double? {
        report.samples.value("postgres_backup_last_success_timestamp_seconds", ["type": type])
    }

    private func message(_ report: ProbeReport, _ reason: String) -> String? {
        report.samples.first { $0.labels.name == "postgres_backup_error" && $0.labels["reason"] == reason }?.labels[
            "message"]
    }

    // MARK: pgBackRest

    /// In the form of pgBackRest's command reference.
    static func pgBackRest(
        stanza: String = "vault", code: Int = 0, message: String = "ok", repositories: String = "", error: Bool = false
    ) -> String {
        """
        [{"archive":[
            {"database":{"id":1,"repo-key":1},"id":"14-1","max":"0000000900000009000000FF","min":null},
            {"database":{"id":2,"repo-key":1},"id":"15-2","max":"00000001000000020000000A","min":"000000010000000000000001"}],
          "backup":[
            {"archive":{"start":"000000010000000000000002","stop":"000000010000000000000003"},
             "backrest":{"format":5,"version":"2.50"},"database":{"id":2,"repo-key":1},"error":false,
             "info":{"delta":1000,"repository":{"delta":100,"size":100},"size":1000},"label":"20251123-010000F",
             "lsn":{"start":"0/2000028","stop":"0/3000050"},"prior":null,"reference":null,
             "timestamp":{"start":1763859600,"stop":1763860000},"type":"full"},
            {"database":{"id":2,"repo-key":1},"error":\(error),"info":{"delta":10,"size":1200},
             "label":"20251123-010000F_20251126-000000I","prior":"20251123-010000F","reference":["20251123-010000F"],
             "timestamp":{"start":1764115200,"stop":1764115300},"type":"incr"}],
          "cipher":"none","db":[{"id":2,"repo-key":1,"system-id":7001,"version":"15"}],"name":"\(stanza)",
          "repo":[\(repositories)],
          "status":{"code":\(code),"lock":{"backup":{"held":false}},"message":"\(message)"}}]
        """
    }

    @Test func pgBackRestInfo() async {
        let report = await run(.pgBackRest, Self.pgBackRest()) { $0.fullMaxAge = .seconds(8 * 86_400) }
        #expect(report.failure == nil && report.status.health == .ok && report.status.state == "fresh")
        #expect(last(report, "full") == 1_763_860_000 && last(report, "incr") == 1_764_115_300)
        #expect(report.samples.value("postgres_backup_last_success_size_bytes", ["type": "full"]) == 1000)
        #expect(report.samples.value("postgres_backup_last_success_size_bytes", ["type": "incr"]) == 1200)
        #expect(report.samples.value("postgres_backup_readable", ["backup": "main", "tool": "pgbackrest"]) == 1)
        #expect(report.samples.value("postgres_backup_info", ["file": "/info.json", "stanza": "vault"]) == 1)
        #expect(report.samples.value("postgres_backup_max_age_seconds") == 93_600)
        #expect(report.samples.value("postgres_backup_full_max_age_seconds") == 691_200)
        #expect(report.samples.value("postgres_backup_file_modified_timestamp_seconds") == Self.now.seconds)
        // Segment 2/0A of the database that the stanza has now ends at 2/0B000000.
        #expect(report.samples.value("postgres_backup_archive_position_bytes") == 0x2_0B00_0000)
        #expect(!report.samples.has("postgres_backup_error"))
    }

    @Test func segmentsOfAnotherSize() async {
        let report = await run(.pgBackRest, Self.pgBackRest()) { $0.walSegmentBytes = 64 << 20 }
        #expect(report.samples.value("postgres_backup_archive_position_bytes") == 0x2_2C00_0000)
        // A segment with that number does not exist with segments of 1 GiB.
        let none = await run(.pgBackRest, Self.pgBackRest()) { $0.walSegmentBytes = 1 << 30 }
        #expect(!none.samples.has("postgres_backup_archive_position_bytes"))
    }

    @Test func aStanzaThatIsNotWell() async {
        let report = await run(
            .pgBackRest,
            Self.pgBackRest(
                code: 4, message: "different across repos",
                repositories: #"""
                    {"cipher":"none","key":1,"status":{"code":0,"message":"ok"}},
                    {"cipher":"none","key":2,"status":{"code":3,"message":"missing stanza data"}}
                    """#))
        #expect(message(report, "status") == "different across repos; repo2: missing stanza data")
        #expect(report.failure == nil && report.status.health == .warning && report.status.state == "with errors")
        // The backups that are there still count.
        #expect(last(report, "incr") == 1_764_115_300)
    }

    @Test func theNewestBackupHasErrors() async {
        let report = await run(.pgBackRest, Self.pgBackRest(error: true))
        #expect(message(report, "damaged") == "the newest backup contains errors")
    }

    @Test func aStanzaWithoutABackup() async {
        let report = await run(
            .pgBackRest,
            #"[{"archive":[],"backup":[],"name":"vault","status":{"code":2,"message":"no valid backups"}}]"#)
        #expect(report.failure == nil && report.status.state == "no backup" && report.status.health == .critical)
        #expect(report.samples.value("postgres_backup_readable") == 1)
        #expect(!report.samples.has("postgres_backup_last_success_timestamp_seconds"))
        #expect(!report.samples.has("postgres_backup_error"))
    }

    /// Which of several stanzas is Vault's, only the configuration knows.
    @Test func severalStanzas() async {
        let one = Self.pgBackRest().dropLast(), other = Self.pgBackRest(stanza: "other").dropFirst()
        let text = one + "," + other
        let report = await run(.pgBackRest, String(text))
        #expect(report.failure?.reason == "configuration" && report.samples.value("postgres_backup_readable") == 0)
        #expect(
            report.failure?.message
                == #"the file tells of 2 stanzas ("vault", "other"): name one under "stanza""#)
        let chosen = await run(.pgBackRest, String(text)) { $0.stanza = "other" }
        #expect(chosen.failure == nil && chosen.samples.value("postgres_backup_info", ["stanza": "other"]) == 1)
        let absent = await run(.pgBackRest, String(text)) { $0.stanza = "none" }
        #expect(absent.failure?.reason == "not_found")
    }

    // MARK: WAL-G

    /// In the forms of several releases: `time`, `modification_time`, with and without details.
    static let walG = """
        [{"backup_name":"base_000000010000000000000004","time":"2025-11-24T01:10:00Z",
          "wal_file_name":"000000010000000000000004","storage_name":"default","start_time":"2025-11-24T01:00:00.5Z",
          "finish_time":"2025-11-24T01:09:00Z","date_fmt":"%Y-%m-%dT%H:%M:%S.%fZ","hostname":"pg-1","data_dir":"/pg",
          "pg_version":150004,"start_lsn":67108904,"finish_lsn":67109144,"is_permanent":false,
          "system_identifier":7001,"uncompressed_size":2000,"compressed_size":500,"user_data":{"a":[1]}},
         {"backup_name":"base_000000010000000000000008_D_000000010000000000000004","time":"2025-11-25T23:10:00+01:00",
          "finish_time":"0001-01-01T00:00:00Z","uncompressed_size":"many"},
         {"backup_name":"base_000000010000000000000002","modification_time":"2025-11-20T01:10:00Z"}]
        """

    @Test func walGBackups() async {
        let report = await run(.walG, Self.walG)
        #expect(report.failure == nil && report.status.health == .ok)
        #expect(last(report, "full") == Timestamp(rfc3339: "2025-11-24T01:09:00Z")?.seconds)
        #expect(last(report, "delta") == Timestamp(rfc3339: "2025-11-25T22:10:00Z")?.seconds)
        #expect(report.samples.value("postgres_backup_last_success_size_bytes", ["type": "full"]) == 2000)
        #expect(report.samples.value("postgres_backup_last_success_size_bytes", ["type": "delta"]) == nil)
    }

    @Test(arguments: ["[]", "null"])
    func walGWithoutABackup(_ text: String) async {
        let report = await run(.walG, text)
        #expect(report.failure == nil && report.status.state == "no backup")
    }

    // MARK: Barman

    static func barman(_ more: String = "", messages: String = "") -> String {
        """
        {\(messages)"pg-1":[
          {"backup_id":"20251125T220000","end_time":"Tue Nov 25 22:10:00 2025","end_time_timestamp":"1764108600",
           "retention_status":"-","size":"1.0 GiB","size_bytes":1073741824,"status":"DONE","tablespaces":[],
           "wal_size":"0 B","wal_size_bytes":0}\(more)]}
        """
    }
    static let barmanCheck = """
        {"pg-1":{"postgresql":{"hint":"","status":"OK"},"archive_mode":{"hint":"please set it to 'on'","status":"FAILED"},
                 "wal_level":{"hint":"","status":"FAILED"},"ssh":{"hint":"","status":"OK"}}}
        """

    @Test func barmanBackups() async {
        let incremental =
            #",{"backup_id":"20251126T000000","backup_type":"incremental","end_time_timestamp":1764115300,"status":"DONE"}"#
        let report = await run(.barman, Self.barman(incremental))
        #expect(report.failure == nil && report.status.health == .ok)
        #expect(last(report, "full") == 1_764_108_600 && last(report, "incremental") == 1_764_115_300)
        #expect(report.samples.value("postgres_backup_last_success_size_bytes", ["type": "full"]) == 1_073_741_824)
        #expect(report.samples.value("postgres_backup_info", ["stanza": "pg-1"]) == 1)
    }

    /// A failed backup has no end, and one under way is none yet.
    @Test func barmansNewestBackupFailed() async {
        let failed = await run(.barman, Self.barman(#",{"backup_id":"20251126T000000","status":"FAILED"}"#))
        #expect(message(failed, "failed") == "backup 20251126T000000 failed")
        #expect(last(failed, "full") == 1_764_108_600)
        let older = await run(.barman, Self.barman(#",{"backup_id":"20251124T000000","status":"FAILED"}"#))
        #expect(message(older, "failed") == nil && older.status.health == .ok)
        let waiting = await run(
            .barman,
            Self.barman(
                #",{"backup_id":"20251126T000000","end_time_timestamp":"1764115300","status":"WAITING_FOR_WALS"}"#))
        #expect(last(waiting, "full") == 1_764_108_600 && waiting.status.health == .ok)
    }

    @Test func barmansChecks() async {
        let report = await run(.barman, Self.barman(), check: Self.barmanCheck)
        #expect(message(report, "check") == "archive_mode (please set it to 'on'), wal_level")
        let well = await run(.barman, Self.barman(), check: #"{"pg-1":{"ssh":{"hint":"","status":"OK"}}}"#)
        #expect(well.failure == nil && !well.samples.has("postgres_backup_error"))
        let other = await run(.barman, Self.barman(), check: #"{"pg-2":{"ssh":{"hint":"","status":"OK"}}}"#)
        #expect(other.failure?.reason == "not_found")
        let garbled = await run(.barman, Self.barman(), check: String(Self.barmanCheck.prefix(40)))
        #expect(garbled.failure?.reason == "body")
    }

    @Test func barmansErrors() async {
        let report = await run(
            .barman, Self.barman(messages: #""_ERROR":["disk\nfull"],"_WARNING":["old"],"#))
        #expect(report.failure == nil && message(report, "message") == "disk full")
    }

    // MARK: Files

    /// What a dead timer left behind is no news.
    @Test func aStaleFile() async {
        let written = Self.now - .seconds(4 * 3600)
        let report = await run(.pgBackRest, Self.pgBackRest(), written: written)
        #expect(report.samples.value("postgres_backup_file_modified_timestamp_seconds") == written.seconds)
        #expect(report.status.health == .warning && report.status.state == "not known")
        // Of two files the older one counts.
        let two = await run(.barman, Self.barman(), check: Self.barmanCheck, written: written)
        #expect(two.samples.value("postgres_backup_file_modified_timestamp_seconds") == written.seconds)
    }

    @Test func aFileFromTheFuture() async {
        let report = await run(.pgBackRest, Self.pgBackRest(), written: Self.now + .seconds(3600))
        #expect(report.failure?.message.contains("written in the future") == true)
    }

    /// A success of the future would keep everybody from being alarmed until then.
    @Test func backupsOfTheFutureDoNotCount() async {
        let text = Self.pgBackRest().replacing("1764115300", with: "1795651300")
        let report = await run(.pgBackRest, text)
        #expect(last(report, "incr") == nil && last(report, "full") != nil)
        #expect(message(report, "future") == "1 backup is dated in the future and does not count")
    }

    @Test func aMissingFile() async {
        let report = await run(.walG, nil)
        #expect(report.failure?.reason == "not_found" && report.status.state == "not read")
        #expect(report.samples.value("postgres_backup_readable") == 0)
        #expect(!report.samples.has("postgres_backup_file_modified_timestamp_seconds"))
        // What the rules compare with does not go away with the file.
        #expect(report.samples.value("postgres_backup_max_age_seconds") == 93_600)
    }

    @Test func aFileThatIsTooLarge() async {
        let report = await run(.walG, Self.walG + String(repeating: " ", count: 3 << 20))
        #expect(report.failure?.message == "/info.json: larger than 2097152 bytes")
    }

    /// The real file system: a regular file with its time, and nothing else.
    @Test func filesOnDisk() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let file = try folder.write("info.json", Self.pgBackRest())
        let time = Date(timeIntervalSince1970: 1_764_000_000.25)
        try FileManager.default.setAttributes([.modificationDate: time], ofItemAtPath: file)
        func report(_ path: String) async -> ProbeReport {
            let options = PostgresBackupOptions(name: "main", tool: .pgBackRest, file: path)
            return await PostgresBackupProbe(options: options, platform: testPlatform()).run()
        }
        let samples = await report(file).samples
        #expect(samples.value("postgres_backup_file_modified_timestamp_seconds") == 1_764_000_000.25)
        #expect(samples.value("postgres_backup_readable") == 1)
        #expect(mkfifo(folder.file("pipe"), 0o600) == 0)
        #expect(await report(folder.file("pipe")).failure?.message.contains("FIFO") == true)
        #expect(await report(folder.path).failure?.message.contains("directory") == true)
    }

    /// A file that changes is read anew; one that does not is not parsed again, and ages.
    @Test func theFileIsReadAnew() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        func write(_ text: String) throws -> String {
            let file = try folder.write("info.json", text)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: Self.now.seconds)], ofItemAtPath: file)
            return file
        }
        let file = try write("[]")
        let probe = PostgresBackupProbe(
            options: PostgresBackupOptions(name: "main", tool: .walG, file: file), platform: testPlatform())
        #expect(!(await probe.run()).samples.has("postgres_backup_last_success_timestamp_seconds"))
        _ = try write(Self.walG)
        for _ in 0..<2 { #expect(last(await probe.run(), "full") != nil) }
    }

    // MARK: Hostile input

    private static let valid: [(PostgresBackupOptions.Tool, String)] = [
        (.pgBackRest, pgBackRest()), (.walG, walG), (.barman, barman()),
    ]

    /// A writer that was interrupted: never a report with fewer backups.
    @Test func whatIsCutOffIsNotRead() async {
        for (tool, text) in Self.valid {
            for length in stride(from: 0, to: text.utf8.count - 1, by: 7) {
                let report = await run(tool, String(decoding: text.utf8.prefix(length), as: UTF8.self))
                #expect(report.failure != nil, "\(tool) \(length)")
            }
        }
    }

    @Test(arguments: [
        "stanza: vault\n    status: ok\n", "{}", "[[]]", "[1]", "[{}]", "7", "\"a\"", "\u{feff}", "{\"a\":7}",
        "[{\"name\":\"a\"}]", "[{\"name\":\"a\",\"status\":{\"code\":0},\"backup\":{}}]",
        "[{\"name\":\"a\",\"status\":[],\"backup\":[]}]", "[{\"backup_name\":7,\"time\":\"2025-11-24T01:10:00Z\"}]",
        "[{\"backup_name\":\"base_1\",\"time\":\"yesterday\"}]", "{\"pg-1\":[\"20251125T220000\"]}",
    ])
    func whatIsOfAnotherFormIsNotRead(_ text: String) async {
        for tool in PostgresBackupOptions.Tool.allCases {
            let report = await run(tool, text)
            #expect(report.failure != nil, "\(tool) \(text)")
            #expect(report.samples.value("postgres_backup_readable") == 0)
        }
    }

    /// Numbers that no clock and no disk has.
    @Test(arguments: ["-1", "1e300", "9223372036854775808", "99999999999999", "null", "\"x\"", "{}", "0"])
    func extremeNumbers(_ number: String) async {
        for (tool, text) in Self.valid {
            var changed = text
            for known in [
                "1763860000", "1764115300", "\"1764108600\"", "\"2025-11-24T01:09:00Z\"", "1073741824", ":2000",
            ] {
                changed = changed.replacing(known, with: known.hasPrefix(":") ? ":" + number : number)
            }
            let report = await run(tool, changed)
            for sample in report.samples where sample.labels.name == "postgres_backup_last_success_timestamp_seconds" {
                #expect(sample.value > 0 && sample.value <= Self.now.seconds + 300, "\(tool) \(number)")
            }
            for sample in report.samples { #expect(sample.value.isFinite) }
        }
    }

    @Test func deepNestingIsRefused() async {
        let deep = String(repeating: "[", count: 500_000)
        for tool in PostgresBackupOptions.Tool.allCases { #expect(await run(tool, deep).failure != nil) }
        let hidden = "[{\"backup_name\":\"base_1\",\"time\":\"2025-11-24T01:10:00Z\",\"user_data\":\(deep)}]"
        #expect(await run(.walG, hidden).failure?.reason == "body")
    }

    @Test func manyBackupsGiveFewSeries() async {
        let backups = (0..<5000).map {
            "{\"type\":\"t\($0)\",\"error\":true,\"timestamp\":{\"stop\":\(1_763_000_000 + $0)},\"info\":{\"size\":\($0)}}"
        }.joined(separator: ",")
        let text =
            "[{\"name\":\"\(String(repeating: "n", count: 5000))\",\"status\":{\"code\":99,\"message\":\"\(String(repeating: "m\\n", count: 9000))\"},\"backup\":[\(backups)]}]"
        let report = await run(.pgBackRest, text)
        #expect(report.failure == nil && report.samples.count < 20)
        #expect(last(report, "other") == 1_763_004_999)
        #expect(message(report, "status")?.utf8.count == 160)
        #expect(message(report, "status")?.contains("\n") == false)
        #expect(report.samples.allSatisfy { $0.labels.pairs.allSatisfy { $0.value.utf8.count <= 256 } })
    }
}
