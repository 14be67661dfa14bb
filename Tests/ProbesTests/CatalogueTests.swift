import Foundation
import Lab
import Platform
import S3
import Samples
import Simulation
import Synchronization
import Exposition
import Testing
import Transport

@testable import Probes

/// The table in README.md, the catalogue and what the probes emit agree.
struct CatalogueTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    @Test func theTableIsTheCatalogue() throws {
        let text = try String(
            contentsOf: CatalogueTests.root.appending(path: "Sources/Probes/README.md"), encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.count == Catalogue.entries.count)
        for (row, entry) in zip(rows, Catalogue.entries) {
            #expect(row.count == 4)
            #expect(row[0] == "`\(entry.name)`")
            #expect(row[1] == entry.kind.rawValue, "\(entry.name)")
            #expect(
                row[2] == (entry.labels.isEmpty ? "–" : entry.labels.map { "`\($0)`" }.joined(separator: ", ")),
                "\(entry.name)")
            #expect(row[3] == entry.help, "\(entry.name)")
        }
        #expect(Set(Catalogue.entries.map(\.name)).count == Catalogue.entries.count)
    }

    @Test func namesFollowTheCustoms() {
        for entry in Catalogue.entries {
            #expect((entry.kind == .counter) == entry.name.hasSuffix("_total"), "\(entry.name)")
            #expect(
                !["_count", "_sum", "_bucket", "_ms", "_days", "_hours", "_minutes"].contains {
                    entry.name.hasSuffix($0)
                }, "\(entry.name)")
            #expect(!entry.help.isEmpty && Set(entry.labels).count == entry.labels.count, "\(entry.name)")
        }
    }

    /// Results of all probes for answers that have every field of Vault, PostgreSQL and a bucket.
    private func everything() async throws -> [Sample] {
        let now = try #require(Timestamp(rfc3339: "2025-12-10T12:00:00Z"))
        let time = VirtualTime(wall: now)
        let platform = testPlatform(time)
        var samples: [Sample] = []
        for round in 0..<3 {
            let failing = round == 2
            let http = ScriptedHTTP { request in CatalogueTests.vault(request, takenOver: round > 0, failing: failing) }
            var cluster = VaultClusterOptions(
                name: "main", nodes: [.init(name: "a", url: "https://a"), .init(name: "b", url: "https://b")])
            cluster.loadBalancerURL = "https://lb"
            cluster.canaryPath = "secret/canary"
            cluster.authentication = .appRole(
                roleID: Secret(value: "r"), secretID: Secret(value: "s"), mount: "approle")
            samples += await run(
                VaultCluster(options: cluster, http: http, platform: platform).probes(), platform, repeated: true)
        }
        samples += await takeover(platform)
        let facts = ScriptedHTTP { request in
            var answer = VaultFactsTests.answer(request)
            if case .success(var response) = answer {
                response.certificateLifetime = .seconds(86_400)
                answer = .success(response)
            }
            return answer
        }
        let enterprise = VaultFactsTests.cluster(facts, platform)
        samples += await run(enterprise.probes(), platform)
        let balancer = VaultLoadBalancerProbe(cluster: enterprise, url: "https://lb")
        samples += await balancer.run().samples
        samples += balancer.timedOut().samples
        for isReplica in [false, true] {
            for down in [false, true] {
                var server = PostgresServerOptions(name: "db", connection: PostgresOptions(parameters: [:]))
                server.capacityBytes = 1000
                let settings = Mutex(0)
                let connector = ScriptedPostgres { sql in
                    if down { return .failure(PostgresError(.auth, sqlState: "28P01", "28P01: refused")) }
                    return CatalogueTests.database(sql, isReplica: isReplica, settings: settings).map { rows in
                        var rows = rows
                        rows.certificateExpiry = Timestamp(milliseconds: 1_800_000_000_000)
                        rows.certificateLifetime = .seconds(86_400)
                        return rows
                    }
                }
                server.rareInterval = .zero
                let set = PostgresCluster(name: "vault", servers: [server], platform: platform)
                let probe = PostgresProbe(options: server, cluster: set, connector: connector, platform: platform)
                samples += await run([probe], platform, repeated: true)
            }
        }
        var objects = seedBucket(now: now)
        objects.removeAll { $0.key.hasPrefix("daily/2025-12-05") }
        let metadata = [
            "checksum": String(repeating: "a", count: 64), "timestamp": "2025-12-10T02:00:00Z",
            "vault_version": "1.8.0",
        ]
        for failure in [nil, ProbeFailure("denied", "no")] {
            let store = ScriptedStore(.init(objects: objects, metadata: metadata, failure: failure))
            let newest = NewestBackup()
            samples += await run(
                [
                    BackupProbe(
                        options: BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day), store: store,
                        newest: newest, platform: platform,
                        storageTypes: { [] })
                ],
                platform)
        }
        var posture = S3Posture()
        posture.isVersioned = true
        posture.needsMFADelete = false
        posture.hasObjectLock = true
        posture.lockRetention = .init(mode: "COMPLIANCE", days: 30)
        posture.isEncrypted = true
        posture.blocksPublicAccess = true
        posture.isPublic = false
        posture.lifecycle = [.init(prefix: "", expirationDays: 400)]
        let newest = "daily/2025-12-10/vault-snapshot-2025-12-10.enc"
        let bucket = ScriptedStore(.init(deleted: [S3Deleted(key: newest, deleted: now)], posture: posture))
        let set = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        samples += await run(
            [
                BackupProbe(
                    options: set, store: bucket, newest: NewestBackup(), platform: platform, storageTypes: { [] })
            ], platform)
        samples += await BucketProbe(store: bucket, sets: [set], platform: platform).run().samples
        samples += await verification(platform)
        samples += try await recorded(platform)
        samples += await databaseBackups(platform)
        samples += try await auditLog(platform)
        samples += try await services(platform)
        return samples
    }

    /// Of each kind, a service that answers and one that does not, and a test mail that comes back.
    private func services(_ platform: Platform) async throws -> [Sample] {
        var scripted = ScriptedServices()
        scripted.mail = { mail in
            if mail.host == "down" { return .failure(TransportError(.connect, "refused")) }
            var reply = MailReply(code: 250)
            reply.certificateExpiry = Timestamp(milliseconds: 1_800_000_000_000)
            reply.certificateLifetime = .seconds(86_400)
            return .success(reply)
        }
        scripted.names = { _, _ in
            var answer = DNSAnswer(code: 0)
            answer.values = ["192.0.2.2"]
            answer.secondsToLive = 300
            return .success(answer)
        }
        let network = scripted.network { _ in .success(json(200, "")) }
        let time = VirtualTime(wall: platform.time.wall())
        var late = platform
        late.time = time
        var mail = SMTPServiceOptions(server: SMTPServerOptions(host: "up"))
        mail.testMail = TestMailOptions(from: "a@example.org", to: "b@example.org", hook: .command(["/bin/true"]))
        var zone = DNSServiceOptions(
            records: [
                ExpectedRecords(
                    try #require(DNSQuestion("example.org", .a)), values: ["192.0.2.1"], allowsOthers: false)
            ])
        zone.servers = [DNSServer(address: "192.0.2.53")]
        let all: [ServiceOptions] = [
            ServiceOptions(name: "mail", check: .smtp(mail)),
            ServiceOptions(name: "down", check: .smtp(SMTPServiceOptions(server: SMTPServerOptions(host: "down")))),
            ServiceOptions(
                name: "web", check: .http(HTTPServiceOptions(endpoint: HTTPEndpointOptions(url: "https://web")))),
            ServiceOptions(name: "zone", check: .dns(zone)),
        ]
        let set = ProbeSet(
            services: all, network: network, hooks: ScriptedHook { _ in 0 },
            http: network.http, database: network.database, platform: late)
        var samples: [Sample] = []
        for second in [0, 30, 60] {
            time.move(to: Instant(nanoseconds: Int64(second) * 1_000_000_000))
            for probe in set.probes { samples += await probe.run().samples }
        }
        return samples
    }

    private func verification(_ platform: Platform) async -> [Sample] {
        var options = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        options.verification.encryptionKeys = [Secret(value: BackupRecording.key)]
        var samples: [Sample] = []
        for body in [BackupRecording.bytes("raft.snapshot.enc"), [1, 2, 3]] {
            let newest = NewestBackup()
            let object = BackupObject(key: "k", size: Int64(body.count), lastModified: Timestamp(milliseconds: 0))
            _ = newest.replace(.init(object: object, checksum: "00"))
            samples += await BackupContentProbe(
                options: options, store: ScriptedStore(.init(bodies: ["k": body])), newest: newest,
                verdicts: BackupVerdicts(), platform: platform
            ).run().samples
        }
        return samples
    }

    private func recorded(_ platform: Platform) async throws -> [Sample] {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let file = try folder.write(
            "records.jsonl",
            """
            {"event":"vault_backup_completed","timestamp":"2025-12-10T02:00:00Z"}
            {"event":"vault_backup_failed","timestamp":"2025-12-09T02:00:00Z"}
            {"event":"vault_backup_test_success","timestamp":"2025-12-08T02:00:00Z","details":{"duration_ms":2460000,"phases_ms":{"fetch":1200},"backup_age_ms":3600000}}
            {"event":"vault_backup_test_failure","timestamp":"2025-12-07T02:00:00Z"}
            {"event":"dr_drill_failed","timestamp":"2025-10-07T02:00:00Z","details":{"scenario":"cluster_loss"}}
            {"event":"dr_drill_completed","timestamp":"2025-10-08T02:00:00Z","details":{"scenario":"cluster_loss","duration_ms":1,"success":true,"rto_met":true,"paged_ms":30,"rpo_ms":0,"issues":[]}}

            """)
        return await run([RecordProbe(options: RecordOptions(paths: [file]), platform: platform)], platform)
    }

    private func auditLog(_ platform: Platform) async throws -> [Sample] {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = try folder.write("audit.log", "")
        var options = AuditLogOptions(cluster: "main", node: "a", paths: [path])
        options.listedPaths = ["smtp/tenant-01/admin"]
        options.tenantPatterns = [TenantPattern(TenantPattern.usual)].compactMap(\.self)
        let probe = AuditLogProbe(options: options, positions: AuditPositions(), platform: platform)
        _ = await probe.run()
        try folder.write("audit.log", String(decoding: AuditRecording.incident, as: UTF8.self))
        return await run([probe], platform)
    }

    private func databaseBackups(_ platform: Platform) async -> [Sample] {
        var platform = platform
        platform.files = MemoryFiles(["/info.json": PostgresBackupTests.pgBackRest(code: 3, message: "missing data")])
        var options = PostgresBackupOptions(name: "main", tool: .pgBackRest, file: "/info.json")
        options.fullMaxAge = .seconds(8 * 86_400)
        return await run([PostgresBackupProbe(options: options, platform: platform)], platform)
    }

    /// All samples that the schedule emits, with those derived for the cluster and those about the probes themselves.
    private func run(_ probes: [any RunnableProbe], _ platform: Platform, repeated: Bool = false) async -> [Sample] {
        let results = SampleLog()
        let schedule = ProbeSchedule(
            ProbeSet(probes: probes), platform: platform,
            events: .init(results: { $0.forEach { results.add($0.samples) } }))
        for _ in 0..<(repeated ? 2 : 1) { await schedule.runOnce() }
        return results.all
    }

    /// A cluster whose active node changes.
    private func takeover(_ platform: Platform) async -> [Sample] {
        var state = VaultClusterState(cluster: "main", nodes: ["a", "b"], started: moment(0))
        _ = state.observe(
            observation(Recording.response("active.health"), leader: Recording.response("active.leader"), at: 1),
            of: "a")
        _ = state.observe(
            observation(Recording.response("standby.health"), leader: Recording.response("standby.leader"), at: 1),
            of: "b")
        _ = state.observe(
            observation(Recording.response("active.health"), leader: Recording.response("active.leader"), at: 5),
            of: "b")
        return state.samples(at: moment(6)).samples
    }

    private static func vault(_ request: HTTPRequest, takenOver: Bool, failing: Bool) -> Result<
        HTTPResponse, TransportError
    > {
        var answer: HTTPResponse
        if request.url.hasSuffix("/health") {
            if failing, request.url.hasPrefix("https://b") { return .failure(TransportError(.timeout, "silent")) }
            answer = json(
                200,
                """
                {"initialized":true,"sealed":false,"standby":\(request.url.hasPrefix("https://b")),"server_time_utc":1765368000,"version":"1.19.0",
                "cluster_name":"c","cluster_id":"i","last_wal":7,"license":{"expiry_time":"2027-01-01T00:00:00Z"},"echo_duration_ms":1,"clock_skew_ms":2,
                "replication_primary_canary_age_ms":3,"ha_connection_healthy":true,"last_request_forwarding_heartbeat_ms":4}
                """)
        } else if request.url.hasSuffix("/seal-status") {
            answer = Recording.response("raft.active.seal-status")
        } else if request.url.hasSuffix("/leader") {
            answer = Recording.response("raft.active.leader")
        } else if request.url.hasSuffix("/login") {
            answer =
                failing
                ? json(400, "")
                : json(
                    200,
                    #"{"auth":{"client_token":"t\#(takenOver)","lease_duration":60,"metadata":{"role_name":"w"}}}"#)
        } else if request.url.hasSuffix("/lookup-self") {
            answer =
                failing
                ? json(403, #"{"errors":["permission denied"]}"#)
                : json(
                    200,
                    #"{"data":{"type":"service","renewable":\#(takenOver),"ttl":20,"creation_ttl":60,"num_uses":\#(takenOver ? 9 : 0),"creation_time":1765360000}}"#
                )
        } else if request.url.hasSuffix("/secret-id/lookup") {
            answer = json(
                200,
                #"{"data":{"expiration_time":"2026-11-29T06:48:44Z","secret_id_num_uses":3,"secret_id_ttl":86400}}"#)
        } else if request.url.hasSuffix("/renew-self") {
            answer = json(403, #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#)
        } else if request.url.hasSuffix("/sys/audit") {
            answer = json(200, #"{"data":{"file/":{"type":"file"}}}"#)
        } else if request.url.contains("/sys/metrics") {
            var page =
                Recording.response("active.metrics-prometheus").text
                + Recording.response("raft.active.metrics-prometheus").text
            page = page.split(separator: "\n").filter { !$0.hasPrefix("#") }.joined(separator: "\n") + "\n"
            page += """
                vault_core_response_status_code{type="5xx"} 1
                vault_expire_num_irrevocable_leases 0
                vault_token_count{namespace="root"} 3
                vault_token_count_by_ttl{creation_ttl="+Inf"} 1
                vault_secret_kv_count{mount_point="secret/",namespace="root"} 3
                vault_core_leadership_lost_count 1
                vault_core_step_down_count 1

                """
            answer = json(200, page)
        } else {
            answer = failing ? json(500, "") : json(200, "{}")
        }
        answer.certificateExpiry = Timestamp(milliseconds: 1_800_000_000_000)
        return .success(answer)
    }

    private static func database(_ sql: String, isReplica: Bool, settings: borrowing Mutex<Int>)
        -> ScriptedPostgres.Answer
    {
        if sql.contains("FROM pg_settings WHERE name IN"), sql.contains("AS pending") {
            // Another value each time.
            let value = settings.withLock { value in
                value += 1
                return value
            }
            return rows(["name", "value", "pending"], ["max_connections", "\(value)", "t"])
        }
        if !isReplica, sql.contains("AS number") {
            return rows(
                ["number", "version", "recovery", "started", "clock", "position", "timeline", "synchronous"],
                ["150018", "15.18", "f", "1", "2", "1000", "1", "FIRST 1 (replica)"])
        }
        if sql.contains("pg_stat_wal_receiver") {
            return rows(
                [
                    "exists", "status", "sender", "message_age", "primary_end", "unreplayed", "replayed_at",
                    "replay_age", "paused", "patience",
                ],
                ["t", "streaming", "10.0.0.1", "1", "1000", "0", "1764122400", "3", "f", "60"])
        }
        if isReplica, sql.contains("AS number") {
            return rows(
                ["number", "version", "recovery", "started", "clock", "position"],
                ["150018", "15.18", "t", "1", "2", "1000"])
        }
        if sql.contains("FROM pg_replication_slots WHERE NOT") {
            return rows(
                ["slot", "type", "active", "retained", "wal_status", "safe_wal_size", "invalid", "synced"],
                ["s", "physical", "t", "1", "reserved", "5", "wal_removed", "f"])
        }
        if isReplica, sql.contains("pg_ls_waldir") {
            return .failure(PostgresError(.auth, sqlState: "42501", "denied"))
        }
        return primaryAnswers(sql)
    }

    @Test func whatIsEmittedIsInTheCatalogueWithItsLabels() async throws {
        for sample in try await everything() {
            let name = try #require(sample.labels.name)
            guard let entry = Catalogue.entry(forSeries: name) else {
                Issue.record("\(name) is not in the catalogue")
                continue
            }
            for label in sample.labels.pairs
            where label.name != Labels.metricName && !(label.name == "le" && entry.kind == .histogram) {
                #expect(entry.labels.contains(label.name), "\(sample.labels)")
            }
        }
    }

    @Test func whatIsInTheCatalogueIsEmitted() async throws {
        let emitted = Set(try await everything().compactMap(\.labels.name))
        for entry in Catalogue.entries {
            for name in entry.seriesNames { #expect(emitted.contains(name), "nothing emits \(name)") }
        }
    }

    /// Two samples of one series in one result would be rejected by the store and make the metrics page invalid.
    @Test func noSeriesIsEmittedTwiceInOneResult() async throws {
        let http = ScriptedHTTP { CatalogueTests.vault($0, takenOver: false, failing: false) }
        var cluster = VaultClusterOptions(
            name: "main", nodes: [.init(name: "a", url: "https://a"), .init(name: "b", url: "https://b")])
        cluster.loadBalancerURL = "https://lb"
        let platform = testPlatform()
        for probe in VaultCluster(options: cluster, http: http, platform: platform).probes() {
            let labels = await probe.run().samples.map(\.labels)
            #expect(Set(labels).count == labels.count, "\(probe.target)")
        }
    }

    private static func families(_ results: [[Sample]]) -> [MetricFamily] {
        Catalogue.sources(results.map { ($0, Catalogue.Layout($0)) }).map(\.family)
    }

    /// A page finds each sample where it is, in the order of the results.
    @Test func samplesOfOneFamilyMayBeAnywhere() {
        func sample(_ name: String, _ node: String, _ value: Double) -> Sample {
            Sample(Labels(name: name, ["node": node]), value, at: Timestamp(milliseconds: 1))
        }
        let results = [
            [sample("vault_node_up", "a", 1), sample("unknown", "a", 9), sample("vault_node_up", "a2", 2)],
            [],
            [
                sample("vault_node_request_duration_seconds_bucket", "b", 3),
                sample("vault_node_request_duration_seconds_count", "b", 4), sample("vault_node_up", "b", 5),
            ],
        ]
        let families = CatalogueTests.families(results)
        #expect(families.map(\.name) == ["vault_node_request_duration_seconds", "vault_node_up"])
        #expect(families.map { $0.samples.map(\.value) } == [[3, 4], [1, 2, 5]])
        #expect(families.map(\.kind) == [.histogram, .gauge])
        #expect(CatalogueTests.families([results.flatMap { $0 }]) == families)
    }

    @Test func familiesGroupSeriesUnderTheirMetric() {
        var set = SampleSet(["cluster": "main", "node": "a"], at: Timestamp(milliseconds: 0))
        set.add("vault_node_up", 1.0)
        set.add("vault_node_request_duration_seconds", LatencyHistogram(), [Label("endpoint", "health")])
        let families = CatalogueTests.families([set.samples])
        #expect(families.map(\.name) == ["vault_node_request_duration_seconds", "vault_node_up"])
        #expect(families[0].kind == .histogram && families[0].samples.count == LatencyHistogram.bounds.count + 3)
    }
}

/// Collects samples from any thread.
private final class SampleLog: Sendable {
    private let samples = Mutex<[Sample]>([])
    var all: [Sample] { samples.withLock { $0 } }
    func add(_ more: [Sample]) { samples.withLock { $0 += more } }
}
