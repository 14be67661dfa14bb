import Foundation
import Lab
import Platform
import Simulation
import TestServers
import Testing
@testable import vaultwatch

/// The real process with targets and receivers that misbehave in every way at once: each is reported with its reason in
/// a metric and one line of the log, a healthy cluster is still watched, and memory stays bounded.
@Suite(.serialized) struct BadInputTests {
    /// The process under test and its output.
    private struct Run {
        let agent: ChildProcess
        let port: UInt16

        /// The metrics page; empty until the process listens.
        func page() async -> String {
            String(
                decoding: (try? await ChildProcess.run(
                    "curl", ["-s", "--max-time", "10", "http://127.0.0.1:\(port)/metrics"])) ?? [], as: UTF8.self)
        }

        /// Lines of a series: its name and all labels given.
        static func value(_ page: String, _ name: String, _ labels: String...) -> Double? {
            page.split(separator: "\n").first { line in
                line.hasPrefix(name + "{") && labels.allSatisfy { $0.isEmpty || line.contains($0) }
            }
            .flatMap { $0.split(separator: " ").last }.flatMap { Double($0) }
        }

        /// The lines of the log about failed probes of the target.
        func complaints(_ target: String) -> [Substring] {
            String(decoding: agent.standardError(limit: 4 << 20), as: UTF8.self).split(separator: "\n")
                .filter { $0.contains("msg=\"probe failed\"") && $0.contains("target=\"\(target)\"") }
        }

        /// Resident memory in bytes; proc(5).
        func resident() throws -> Int { try ProcessStatus(of: agent.pid).residentBytes }
    }

    private func start(_ folder: TemporaryDirectory, _ text: (_ listen: String) -> String) async throws -> Run {
        let port = try freePort()
        let file = try folder.write("vaultwatch.yml", text("127.0.0.1:\(port)"))
        return Run(
            agent: try await ChildProcess.start(
                Binary.path, ["run", "--config.file=\(file)", "--storage.path=\(folder.path)/state"]), port: port)
    }

    private static let nobody = "alerting: {route: {receiver: nobody}, receivers: [{name: nobody}]}\n"

    // MARK: Vault nodes

    @Test func nodesThatAnswerInEveryWrongWay() async throws {
        let estate = try await Estate.quiet()
        let folder = try TemporaryDirectory()
        let authority = try await CertificateAuthority()
        let expired = try LabServer(certificate: try await authority.issue("expired", validity: .expired)) { _ in .hang
        }
        let misnamed = try LabServer(
            certificate: try await authority.issue("misnamed", hosts: ["DNS:elsewhere.example"])
        ) { _ in .hang }
        try await expired.start()
        try await misnamed.start()

        let elsewhere = try RawServer.http { _ in RawServer.ok("{}") }
        let target = elsewhere.url
        let redirecting = try RawServer.http { _ in
            "HTTP/1.1 302 Found\r\nLocation: \(target)/v1/sys/health\r\nContent-Length: 0\r\n\r\n"
        }
        let garbage = try RawServer.http { _ in RawServer.ok("{\"initialized\": tru") }
        let half = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"initialized\":true,")
        }
        // Announces 10 GB and sends as long as the client reads.
        let endless = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
            for _ in 0..<163_840 where !connection.write(piece) { return }
        }
        let noHTTP = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("SSH-2.0-OpenSSH_9.2\r\n")
        }
        let silent = try RawServer { connection in while !connection.read().isEmpty {} }
        // A valid HTTP response that is not Vault's means degraded, not unreachable.
        let strange: [(name: String, url: String, reason: String)] = [
            (name: "garbage", url: garbage.url, reason: "body"), ("redirecting", redirecting.url, "redirect"),
        ]
        let nodes: [(name: String, url: String, reason: String)] =
            strange + [
                ("half", half.url, "body"), ("endless", endless.url, "body"),
                ("expired", "https://127.0.0.1:\(expired.port)", "tls"),
                ("misnamed", "https://127.0.0.1:\(misnamed.port)", "tls"),
                ("silent", silent.url, "hung"), ("closed", "http://127.0.0.1:\(try freePort())", "connect"),
                ("nohttp", noHTTP.url, "http"),
                ("nameless", "http://vault.invalid:8200", "dns"),
            ]
        let good = try estate.endpoints().nodes.map { "{name: \($0.name), url: '\($0.url)'}" }.joined(separator: ", ")
        let run = try await start(folder) { listen in
            """
            global: {poll_interval: 2s, timeout: 2s}
            vault:
              clusters:
                - {name: good, nodes: [\(good)]}
                - {name: bad, ca_file: \(authority.certificateFile), nodes: [\(nodes.map { "{name: \($0.name), url: '\($0.url)'}" }.joined(separator: ", "))]}
            web: {listen_addresses: ["\(listen)"]}
            \(Self.nobody)
            """
        }
        var page = ""
        for node in nodes {
            let isStrange = strange.contains { $0.name == node.name }
            let told = await waitUntil {
                page = await run.page()
                return isStrange
                    ? Run.value(page, "vault_node_state", "node=\"\(node.name)\"", "state=\"degraded\"") == 1
                    : Run.value(page, "vault_node_unreachable", "node=\"\(node.name)\"", "reason=\"\(node.reason)\"")
                        == 1
            }
            let found = page.split(separator: "\n").filter {
                $0.hasPrefix("vault_node") && $0.contains("node=\"\(node.name)\"") && $0.hasSuffix(" 1")
            }
            #expect(told, "\(node.name): expected the reason \(node.reason), found \(found)")
            #expect(
                (Run.value(
                    page, "vaultwatch_probe_failures_total", "target=\"bad/\(node.name)\"", "reason=\"\(node.reason)\"")
                    ?? 0) > 0, "\(node.name)")
            #expect(Run.value(page, "vault_node_up", "node=\"\(node.name)\"") == (isStrange ? 1 : 0), "\(node.name)")
        }
        // After more runs of each there is still one line in the log.
        let turns = { (page: String) in Run.value(page, "vaultwatch_probe_runs_total", "target=\"bad/endless\"") ?? 0 }
        let before = turns(page)
        #expect(await waitUntil { turns(await run.page()) >= before + 3 })
        for node in nodes {
            let reasons = run.complaints("vault_node bad/\(node.name)").compactMap {
                $0.split(separator: " ").first { $0.hasPrefix("reason=") }
            }
            #expect(
                reasons.contains("reason=\(node.reason)") && zip(reasons, reasons.dropFirst()).allSatisfy { $0 != $1 },
                "\(node.name): \(reasons)")
        }
        page = await run.page()
        #expect(Run.value(page, "vault_cluster_active_nodes", "cluster=\"good\"") == 1)
        #expect(Run.value(page, "vault_cluster_usable_nodes", "cluster=\"good\"") == 3)
        #expect(elsewhere.connections == 0, "a redirect was followed")
        let resident = try run.resident()
        #expect(resident < 200 << 20, "\(resident) bytes")
        #expect(await run.agent.terminate() == .exited(0))
        for server in [expired, misnamed] { await server.close() }
        await estate.stop()
        folder.remove()
    }

    // MARK: PostgreSQL

    @Test func databasesThatFailInEveryWay() async throws {
        let real = try await LocalPostgres.start(LocalPostgres.Options())
        let realPassword = try real.password.reveal(SystemFiles())
        let folder = try TemporaryDirectory()
        let hanging = try RawServer { connection in while !connection.read().isEmpty {} }
        // Lets everybody in and goes at the first query. PostgreSQL manual, "Frontend/Backend Protocol", "Message
        // Formats".
        let dropping = try RawServer { connection in
            guard !connection.read().isEmpty else { return }
            connection.write([
                UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 0, UInt8(ascii: "Z"), 0, 0, 0, 5, UInt8(ascii: "I"),
            ])
            _ = connection.read()
            connection.reset()
        }
        let noise = try RawServer { connection in
            guard !connection.read().isEmpty else { return }
            connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        let password = try folder.write("password", "wrong-password\n", mode: 0o600)
        func server(_ name: String, _ port: Int) -> String {
            "    - {name: \(name), host: 127.0.0.1, port: \(port), database: vault, user: nobody, sslmode: disable, password_file: \(password)}\n"
        }
        let run = try await start(folder) { listen in
            """
            global: {poll_interval: 2s, timeout: 2s}
            postgres:
              servers:
            \(server("refusing", Int((try? freePort()) ?? 1)) + server("hanging", hanging.port) + server("dropping", dropping.port)
                + server("wrong", Int(real.primary.port)) + server("noise", noise.port))    - name: fine
                  host: 127.0.0.1
                  port: \(real.primary.port)
                  database: \(real.database)
                  user: \(real.user)
                  sslmode: disable
                  password: \(realPassword)
            web: {listen_addresses: ["\(listen)"]}
            \(Self.nobody)
            """
        }
        let expected = [
            ("refusing", ["connect"]), ("hanging", ["hung"]), ("dropping", ["reset"]), ("wrong", ["auth"]),
            ("noise", ["connect", "other", "reset"]),
        ]
        for (name, reasons) in expected {
            var page = ""
            let told = await waitUntil {
                page = await run.page()
                return reasons.contains {
                    Run.value(page, "postgres_unreachable", "server=\"\(name)\"", "reason=\"\($0)\"") == 1
                }
            }
            #expect(told, "\(name): \(page.split(separator: "\n").filter { $0.hasPrefix("postgres_unreachable") })")
        }
        #expect(await waitUntil { Run.value(await run.page(), "postgres_up", "server=\"fine\"") == 1 })
        let log = String(decoding: run.agent.standardError(limit: 4 << 20), as: UTF8.self)
        #expect(!log.contains("wrong-password"))
        #expect(await run.agent.terminate() == .exited(0))
        await real.stop()
        folder.remove()
    }

    // MARK: S3

    @Test func bucketsThatFailInEveryWay() async throws {
        let estate = try await Estate.quiet()
        let folder = try TemporaryDirectory()
        let bucket = try estate.endpoints().bucket
        let run = try await start(folder) { listen in
            """
            backups:
              - bucket: \(bucket.name)
                endpoint: \(bucket.endpoint)
                region: \(bucket.region)
                path_style: true
                access_key_id_file: \(bucket.accessKeyFile)
                secret_access_key_file: \(bucket.secretKeyFile)
                verification: {encryption_key_file: \(bucket.encryptionKeyFile)}
                poll_interval: 1s
                timeout: 1s
                sets: [{name: daily, prefix: daily/, period: daily}, {name: monthly, prefix: monthly/, period: monthly}]
            web: {listen_addresses: ["\(listen)"]}
            \(Self.nobody)
            """
        }
        // On the first of a month the newest backup is a monthly one.
        var newest = ""
        estate.changeBucket { newest = $0.newestKey ?? "" }
        let set = newest.hasPrefix("monthly/") ? "monthly" : "daily"
        func becomes(_ name: String, _ labels: String, _ value: Double) async throws {
            var page = ""
            let told = await waitUntil {
                page = await run.page()
                return Run.value(page, name, "backup_set=\"\(set)\"", labels) == value
            }
            #expect(
                told,
                "\(name){\(labels)}: \(page.split(separator: "\n").filter { $0.contains(set) && $0.hasPrefix("backup_") }.joined(separator: "\n"))"
            )
        }
        try await becomes("backup_checksum_valid", "", 1)
        try await becomes("backup_encryption_valid", "", 1)
        let failures: [(Bucket.Failure, String)] = [
            (.accessDenied, "denied"), (.slowDown, "http"), (.requestTimeTooSkewed, "clock_skew"),
            (.redirect(region: "eu-west-1"), "region"),
            (.internalError, "http"), (.hang, "timeout"), (.reset, "reset"), (.truncated, "body"),
        ]
        for (failure, reason) in failures {
            estate.failBucket(failure)
            try await becomes("backup_listing_failure", "reason=\"\(reason)\"", 1)
            estate.failBucket(nil)
            try await becomes("backup_listing_success", "", 1)
        }
        // One line per period of failure.
        #expect(run.complaints("backup_set \(set)").count == failures.count, "\(run.complaints("backup_set \(set)"))")
        try await estate.perform(.corruptBackup)
        try await becomes("backup_checksum_valid", "", 0)
        try await becomes("backup_encryption_valid", "", 0)
        #expect(await run.agent.terminate() == .exited(0))
        await estate.stop()
        folder.remove()
    }

    // MARK: Numbers

    /// Every number that a target answers and a client sends is one that a machine's integers or a date can't hold:
    /// the process says so and goes on.
    @Test func numbersThatNoIntegerHolds() async throws {
        let folder = try TemporaryDirectory()
        let numbers = ["-9223372036854775808", "9223372036854775807", "1e308", "-1e308", "1.5"]
        let nodes = try numbers.map { number in
            let body = """
                {"initialized":true,"sealed":false,"standby":false,"server_time_utc":\(number),"last_wal":\(number),\
                "t":\(number),"n":\(number),"progress":\(number),"ha_enabled":true,"raft_applied_index":\(number),\
                "clock_skew_ms":\(number)}
                """
            return try RawServer.http { _ in RawServer.ok(body) }
        }
        let telemetry = numbers.map { "vault_core_handle_request_count \($0)\nvault_core_handle_request_sum \($0)\n" }
            .joined()
        let metrics = try RawServer.http { request in
            RawServer.ok(request.contains("/metrics") ? telemetry : #"{"initialized":true,"sealed":false}"#)
        }
        let databases = try ["1e30", "-9223372036854775808", "NaN"].map { try Self.database(answering: $0) }
        let list = (nodes + [metrics]).enumerated().map { "{name: n\($0), url: '\($1.url)'}" }.joined(separator: ", ")
        let servers = databases.enumerated().map {
            "{name: db\($0), host: 127.0.0.1, port: \($1.port), database: vault, user: nobody, sslmode: disable}"
        }.joined(separator: ", ")
        let run = try await start(folder) { listen in
            """
            global: {poll_interval: 1s, timeout: 1s}
            vault: {clusters: [{name: odd, nodes: [\(list)]}]}
            postgres: {servers: [\(servers)]}
            web: {listen_addresses: ["\(listen)"], allow_anonymous_changes: true}
            \(Self.nobody)
            """
        }
        var page = ""
        #expect(
            await waitUntil {
                page = await run.page()
                return Run.value(page, "vault_node_up", "node=\"n5\"") == 1
                    && (0...2).allSatisfy { Run.value(page, "postgres_up", "server=\"db\($0)\"") != nil }
            }, "\(page.suffix(2000))")
        for index in 0...5 { #expect(Run.value(page, "vault_node_up", "node=\"n\(index)\"") == 1, "n\(index)") }
        for index in [0, 2] { #expect(Run.value(page, "postgres_up", "server=\"db\(index)\"") == 0, "db\(index)") }

        let base = "http://127.0.0.1:\(run.port)"
        func status(_ path: String, _ body: String? = nil) async -> String {
            var words = ["-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "30", "-g", base + path]
            if let body {
                let file = (try? folder.write("body", body)) ?? ""
                words += ["-H", "Content-Type: application/json", "--data-binary", "@" + file]
            }
            return String(decoding: (try? await ChildProcess.run("curl", words)) ?? [], as: UTF8.self)
        }
        let long = String(repeating: "9", count: 65_536)
        for number in numbers + ["NaN", "", "-1:-9223372036854775808", "\u{fffd}", long] {
            for field in ["days_of_month", "months", "years", "weekdays"] {
                #expect(
                    await status("/api/v2/silences", Self.silence(#""\#(field)":["\#(number)"]"#)) == "400",
                    "\(field): \(number.prefix(40))")
            }
            for field in ["startsAt", "endsAt"] {
                let alert = #"[{"labels":{"alertname":"A"},"\#(field)":"\#(number)"}]"#
                #expect(
                    ["200", "400"].contains(await status("/api/v2/alerts", alert)), "\(field): \(number.prefix(40))")
            }
        }
        for date in ["0000-01-01T00:00:00Z", "9999-12-31T23:59:60.999999999999999999Z", "0001-01-01T00:00:00+99:99"] {
            let alert = #"[{"labels":{"alertname":"A"},"startsAt":"\#(date)","endsAt":"9999-12-31T23:59:59-99:99"}]"#
            #expect(["200", "400"].contains(await status("/api/v2/alerts", alert)), "\(date)")
        }
        for number in numbers + ["NaN", "-Inf", "1e-308", "9223372036854775807s", "0x7fffffffffffffff"] {
            for path in [
                "query?query=up&time=\(number)", "query?query=up&timeout=\(number)",
                "query_range?query=up&start=\(number)&end=9223372036&step=1e9",
                "query_range?query=up&start=-9223372036&end=\(number)&step=\(number)", "labels?start=\(number)",
                "series?match[]=up&end=\(number)", "status/tsdb?limit=\(number)", "metadata?limit=\(number)",
            ] {
                #expect(["200", "400", "422", "503"].contains(await status("/api/v1/" + path)), "\(path)")
            }
            #expect(
                ["200", "400"].contains(await status("/api/v1/vaultwatch/history?limit=\(number)&start=\(number)")),
                "\(number)")
        }
        for path in [
            "/", "/api/v2/alerts", "/api/v2/alerts/groups", "/api/v2/silences", "/api/v1/targets", "/-/healthy",
        ] {
            #expect(await status(path) == "200", "\(path)")
        }
        #expect(await run.agent.terminate() == .exited(0))
        folder.remove()
    }

    private static func silence(_ window: String) -> String {
        """
        {"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2026-01-01T00:00:00Z",\
        "endsAt":"9999-01-01T00:00:00Z","createdBy":"me","comment":"c","schedule":[{\(window)}]}
        """
    }

    /// A server that lets everybody in and answers each query with one row, the same text in every column that probes
    /// read. Source: PostgreSQL manual, "Frontend/Backend Protocol", "Message Formats".
    private static func database(answering text: String) throws -> RawServer {
        func message(_ kind: Character, _ body: [UInt8]) -> [UInt8] {
            [kind.asciiValue ?? 0] + withUnsafeBytes(of: UInt32(body.count + 4).bigEndian, Array.init) + body
        }
        func int16(_ number: Int) -> [UInt8] { withUnsafeBytes(of: UInt16(number).bigEndian, Array.init) }
        let columns = [
            "number", "version", "recovery", "started", "clock", "position", "active", "total", "available", "longest",
            "waiting", "hidden", "own", "every", "size", "xid", "remaining", "owner", "message_age", "replay_age",
        ]
        var description = int16(columns.count)
        var row = int16(columns.count)
        for column in columns {
            description +=
                Array(column.utf8) + [0] + [0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]
            let value = Array((column == "recovery" ? "f" : text).utf8)
            row += withUnsafeBytes(of: UInt32(value.count).bigEndian, Array.init) + value
        }
        let ready = message("Z", [UInt8(ascii: "I")])
        let answer =
            message("1", []) + message("2", []) + message("T", description) + message("D", row)
            + message("C", Array("SELECT 1".utf8) + [0]) + ready
        let welcome = message("R", [0, 0, 0, 0]) + ready
        return try RawServer { connection in
            guard !connection.read().isEmpty else { return }
            connection.write(welcome)
            while !connection.read().isEmpty { if !connection.write(answer) { return } }
        }
    }

    // MARK: Receivers

    @Test func receiversThatFailInEveryWay() async throws {
        let folder = try TemporaryDirectory()
        let failing = try RawServer.http { _ in "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n" }
        let limiting = try RawServer.http { _ in
            "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
        }
        let hanging = try RawServer { connection in while !connection.read().isEmpty {} }
        let resetting = try RawServer { connection in
            _ = connection.readRequest()
            connection.reset()
        }
        let refusing = try RawServer.http { _ in "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n" }
        let good = try RawServer.http { _ in RawServer.ok("") }
        let receivers: [(name: String, server: RawServer, reason: String)] = [
            ("failing", failing, "serverError"), ("limiting", limiting, "rateLimited"),
            ("hanging", hanging, "contextDeadlineExceeded"),
            ("resetting", resetting, "other"), ("refusing", refusing, "authError"),
        ]
        let rules = try folder.write(
            "rules.yml", "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(1)}]}]\n")
        let run = try await start(folder) { listen in
            """
            vault: {clusters: [{name: c, nodes: [{name: n, url: 'http://127.0.0.1:1'}]}]}
            rules: [\(rules)]
            web: {listen_addresses: ["\(listen)"]}
            alerting:
              route:
                receiver: good
                group_wait: 0s
                routes: [\(receivers.map { "{receiver: \($0.name), matchers: ['alertname=Always'], continue: true}" }.joined(separator: ", ")), {receiver: good}]
              receivers:
                - {name: good, webhook_configs: [{url: '\(good.url)/'}]}
            \(receivers.map { "    - {name: \($0.name), webhook_configs: [{url: '\($0.server.url)/', timeout: 1s}]}" }.joined(separator: "\n"))
            """
        }
        #expect(await waitUntil { good.connections > 0 }, "the receiver that works was not told")
        for receiver in receivers {
            var page = ""
            let told = await waitUntil {
                page = await run.page()
                return
                    (Run.value(
                        page, "vaultwatch_notifications_failed_total", "receiver=\"\(receiver.name)\"",
                        "reason=\"\(receiver.reason)\"") ?? 0) > 0
            }
            #expect(
                told,
                "\(receiver.name): \(page.split(separator: "\n").filter { $0.hasPrefix("vaultwatch_notifications_failed_total") && !$0.hasSuffix(" 0") })"
            )
        }
        #expect(
            Run.value(
                await run.page(), "vaultwatch_notifications_failed_total", "receiver=\"good\"", "reason=\"serverError\""
            ) ?? 0 == 0)

        // A mistake in a rule file is reported with its position, and the running rules stay.
        _ = try folder.write(
            "rules.yml", "groups: [{name: g, interval: 1s, rules: [{alert: Always, expr: vector(}]}]\n")
        run.agent.signal(SIGHUP)
        let log = { String(decoding: run.agent.standardError(limit: 4 << 20), as: UTF8.self) }
        #expect(await waitUntil { log().contains("reload refused") && log().contains("rules.yml:1:") }, "\(log())")
        let page = await run.page()
        #expect(page.contains("\nvaultwatch_config_last_reload_successful 0\n"))
        #expect(Run.value(page, "ALERTS", "alertname=\"Always\"", "alertstate=\"firing\"") == 1)
        #expect(await run.agent.terminate() == .exited(0))
        folder.remove()
    }
}
