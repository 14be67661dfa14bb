import Samples

/// States of the backups that pgBackRest, WAL-G and Barman make, as files tell of them.
enum PostgresBackupStates {
    private static let pgBackRestManual = "pgBackRest command reference, info"
    private static let barmanManual = "Barman manual, list-backups and check"

    static let rows: [StateRow] = [
        row("pgBackRest makes a full backup a week and one a day", isHealthy: true) { _ in },
        row("the newest pgBackRest backup is thirty hours old", fires: ["PostgresBackupOverdue"]) {
            $0.increment = hours(30)
        },
        row("the newest full pgBackRest backup is nine days old", fires: ["PostgresBackupFullOverdue"]) {
            $0.full = hours(9 * 24)
        },
        row(
            "pgBackRest has no backup yet", lasts: .seconds(2 * 3600), fires: ["PostgresBackupNone"]
        ) { state in
            state.full = nil
            state.increment = nil
            state.status = #"{"code":2,"message":"no valid backups"}"#
        },
        row("pgBackRest misses the stanza's data", fires: ["PostgresBackupFailing"]) {
            $0.status = #"{"code":3,"message":"missing stanza data"}"#
        },
        row("the newest pgBackRest backup has pages with wrong checksums", fires: ["PostgresBackupFailing"]) {
            $0.hasErrors = true
        },
        row("a pgBackRest backup runs", isHealthy: true) {
            $0.status = #"{"code":0,"lock":{"backup":{"held":true}},"message":"ok"}"#
        },
        row(
            "the timer that writes what pgBackRest says has died", source: "systemd.timer(5)",
            fires: ["PostgresBackupFileStale"]
        ) { $0.written = StateRig.begin - .seconds(4 * 3600) },
        row(
            "the file of the timer is cut off", source: "A redirection of sh(1) empties the file first",
            fires: ["PostgresBackupUnreadable"]
        ) { $0.text = String($0.pgBackRest.prefix(100)) },
        row(
            "the file of the timer does not exist", source: "The shipped rules", fires: ["PostgresBackupUnreadable"]
        ) { $0.isMissing = true },
        row(
            "WAL-G makes a full backup a week and a delta a day", source: "WAL-G documentation, backup-list",
            isHealthy: true
        ) { state in
            state.tool = "wal-g"
            state.text = """
                [{"backup_name":"base_000000010000000000000004","time":"\(hours(72).rfc3339)"},
                 {"backup_name":"base_000000010000000000000008_D_000000010000000000000004","time":"\(hours(3).rfc3339)"}]
                """
        },
        row(
            "WAL-G lists no backup", source: "WAL-G documentation, backup-list", lasts: .seconds(2 * 3600),
            fires: ["PostgresBackupNone"]
        ) { state in
            state.tool = "wal-g"
            state.text = "[]"
        },
        row("Barman makes a backup a day", source: barmanManual, isHealthy: true) { $0.takeBarman() },
        row("Barman's newest backup failed", source: barmanManual, fires: ["PostgresBackupFailing"]) {
            $0.takeBarman(more: #",{"backup_id":"20261126T040000","status":"FAILED"}"#)
        },
        row("Barman waits for the WAL of its newest backup", source: barmanManual, isHealthy: true) {
            $0.takeBarman(
                more:
                    #",{"backup_id":"20261126T040000","end_time_timestamp":"1795666000","status":"WAITING_FOR_WALS"}"#)
        },
        row("a check of Barman's fails", source: barmanManual, fires: ["PostgresBackupFailing"]) {
            $0.takeBarman()
            $0.check = #"{"pg-1":{"wal_archive":{"hint":"please make sure WAL shipping is setup","status":"FAILED"}}}"#
        },
    ]

    private static func hours(_ ago: Int) -> Timestamp { StateRig.begin - .seconds(ago * 3600) }

    private static func row(
        _ name: String, source: String = pgBackRestManual, lasts: Duration = .seconds(3600), isHealthy: Bool = false,
        fires: Set<String> = [], _ change: @escaping @Sendable (inout Files) -> Void
    ) -> StateRow {
        StateRow(name: name, source: source, isHealthy: isHealthy, fires: fires, lasts: lasts) { estate in
            var files = Files()
            change(&files)
            files.put(on: estate)
        }
    }

    /// What the timer wrote.
    private struct Files {
        var tool = "pgbackrest"
        var full: Timestamp? = hours(72)
        var increment: Timestamp? = hours(3)
        var hasErrors = false
        var status = #"{"code":0,"message":"ok"}"#
        var written = StateRig.begin
        /// In place of what pgBackRest says.
        var text: String?
        var check: String?
        var isMissing = false

        var pgBackRest: String {
            let backups = [("full", full), ("incr", increment)].compactMap { type, time in
                time.map {
                    #"{"error":\#(hasErrors),"info":{"size":4000000},"timestamp":{"start":1,"stop":\#($0.milliseconds / 1000)},"type":"\#(type)"}"#
                }
            }.joined(separator: ",")
            return #"[{"archive":[],"backup":[\#(backups)],"name":"vault","status":\#(status)}]"#
        }

        mutating func takeBarman(more: String = "") {
            tool = "barman"
            check = #"{"pg-1":{"wal_archive":{"hint":"","status":"OK"}}}"#
            text =
                #"{"pg-1":[{"backup_id":"20261126T010000","end_time_timestamp":"1795655400","size_bytes":4000000,"status":"DONE"}\#(more)]}"#
        }

        func put(on estate: StateEstate) {
            let checked = check == nil ? "" : ", check_file: /check.json"
            estate.configuration += """
                postgres_backups:
                  - {name: main, tool: \(tool), file: /info.json, full_max_age: 8d, file_max_age: 3h\(checked)}

                """
            if !isMissing { estate.files["/info.json"] = text ?? pgBackRest }
            estate.files["/check.json"] = check
            estate.fileTimes = ["/info.json": written, "/check.json": written]
        }
    }
}
