import Alerts
import Delivery
import Exposition
import Platform
import Probes
import S3
import Samples
import Simulation
import Synchronization
import Telemetry
import Transport

/// Answers of what is watched and of receivers, through the probes and integrations that ask.
enum AnswerFuzzing {
    static func probe(_ set: ProbeSet, _ time: VirtualTime, files: any FileAccess = PlayedFiles()) async throws {
        let results = Mutex<[ProbeResult]>([])
        let schedule = ProbeSchedule(
            set, platform: Surroundings.platform(time, files: files),
            events: .init(results: { new in results.withLock { $0 += new } }))
        for second in 0..<2 {
            time.move(to: Instant(nanoseconds: Int64(second) * 5_000_000_000))
            await schedule.runOnce()
        }
        let samples = results.withLock { $0 }.flatMap(\.samples)
        guard !samples.isEmpty else { throw FuzzFinding("a probe says nothing") }
        // What is stored goes out on `/metrics` too.
        let page = ExpositionWriter.page(
            samples.prefix(5000).map { sample in
                MetricFamily(sample.labels.name ?? "", .gauge, help: "", samples: [.init(sample.labels, sample.value)])
            })
        do {
            _ = try MetricFamily.parse(page, limit: .max)
        } catch {
            throw FuzzFinding("the samples of a probe make no page: \(error)")
        }
        for result in results.withLock({ $0 }) {
            guard !result.status.state.isEmpty else { throw FuzzFinding("\(result.target) has no state") }
        }
    }

    /// A cluster of two nodes behind a load balancer, logged in to by AppRole, with canary and telemetry.
    static func vault(_ bytes: [UInt8]) async throws {
        var options = VaultClusterOptions(
            name: "main",
            nodes: [.init(name: "a", url: "https://a.example:8200"), .init(name: "b", url: "https://b.example:8200")])
        options.loadBalancerURL = "https://vault.example"
        options.authentication = .appRole(
            roleID: Secret(value: "role"), secretID: Secret(value: "secret"), mount: "approle")
        options.canaryPath = "secret/data/canary"
        let time = VirtualTime(wall: Surroundings.wall)
        try await probe(
            ProbeSet(
                vault: [options], http: PlayedHTTP(Parts.of(bytes)), database: NoDatabase(),
                platform: Surroundings.platform(time)),
            time)
    }

    /// Listing, metadata and content of a bucket, and the probe of backups over them.
    static func s3(_ bytes: [UInt8]) async throws {
        var options = S3Options(bucket: "backups")
        options.credentials = .keys(
            accessKeyID: Secret(value: "id"), secretAccessKey: Secret(value: "key"), sessionToken: nil)
        options.keyLimit = 2000
        // Nobody moves this clock.
        options.retries = 0
        let time = VirtualTime(wall: Surroundings.wall)
        let client = S3Client(
            options, http: PlayedHTTP(Parts.of(bytes)), files: PlayedFiles(), time: time, environment: { _ in nil })
        let store = PlayedBucket(client: client)
        _ = try? await client.head("daily/x")
        _ = try? await client.get("daily/x", limitBytes: 1 << 20) { _ in }
        var backups = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        backups.verification.isEnabled = false
        try await probe(
            ProbeSet(
                backups: [(backups, store)], http: PlayedHTTP([]), database: NoDatabase(),
                platform: Surroundings.platform(time)),
            time)
    }

    /// The content of the newest backup, as it is and decrypted with two keys.
    static func backupContent(_ bytes: [UInt8]) async throws {
        let time = VirtualTime(wall: Surroundings.wall)
        var backups = BackupSetOptions(name: "daily", prefix: "daily/", schedule: .day)
        for keys in [[], ["ab", "cd"]] {
            backups.verification.encryptionKeys = keys.map { Secret(value: String(repeating: $0, count: 32)) }
            try await probe(
                ProbeSet(
                    backups: [(backups, HeldBackup(bytes: bytes))], http: PlayedHTTP([]), database: NoDatabase(),
                    platform: Surroundings.platform(time)),
                time)
        }
    }

    /// Lines `column=value` for each row of every query's answer; parts are rows.
    static func postgresRows(_ bytes: [UInt8]) async throws {
        var columns: [String] = []
        var rows: [[String: String]] = []
        for part in Parts.of(bytes) {
            var row: [String: String] = [:]
            for line in String(decoding: part.prefix(16384), as: UTF8.self).split(separator: "\n").prefix(100) {
                let cells = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                if !columns.contains(cells[0]) { columns.append(cells[0]) }
                row[cells[0]] = cells.count > 1 ? cells[1] : nil
            }
            rows.append(row)
        }
        let answer = PostgresRows(columns: columns, rows: rows.map { row in columns.map { row[$0] } })
        let server = PostgresServerOptions(name: "db-1", connection: PostgresOptions(parameters: ["host": "db-1"]))
        let time = VirtualTime(wall: Surroundings.wall)
        try await probe(
            ProbeSet(
                postgres: [server], http: PlayedHTTP([]), database: NoDatabase(answer: answer),
                platform: Surroundings.platform(time)),
            time)
    }

    /// Record files of procedures.
    static func records(_ bytes: [UInt8]) async throws {
        let files = PlayedFiles(others: bytes)
        let time = VirtualTime(wall: Surroundings.wall)
        var options = RecordOptions(paths: ["/var/lib/a.jsonl", "/var/lib/b.jsonl"])
        options.tailBytes = 4096
        try await probe(
            ProbeSet(
                records: options, http: PlayedHTTP([]), database: NoDatabase(),
                platform: Surroundings.platform(time, files: files)),
            time, files: files)
    }

    /// What pgBackRest, WAL-G and Barman say; each reads the same file.
    static func postgresBackups(_ bytes: [UInt8]) async throws {
        let files = PlayedFiles(others: bytes)
        let time = VirtualTime(wall: Surroundings.wall)
        var all = PostgresBackupOptions.Tool.allCases.map { tool in
            PostgresBackupOptions(name: tool.rawValue, tool: tool, file: "/var/lib/info.json")
        }
        for index in all.indices { all[index].fileLimitBytes = 65_536 }
        var checked = PostgresBackupOptions(name: "checked", tool: .barman, file: "/var/lib/list.json")
        checked.checkFile = "/var/lib/check.json"
        try await probe(
            ProbeSet(
                postgresBackups: all + [checked], http: PlayedHTTP([]), database: NoDatabase(),
                platform: Surroundings.platform(time, files: files)),
            time, files: files)
    }

    /// A name server's message as the answer to a question of each type about `example.org`, held against records.
    static func dns(_ bytes: [UInt8]) async throws {
        let records = DNSType.allCases.compactMap { type in
            DNSQuestion("example.org", type).map {
                ExpectedRecords($0, values: ["10 mail.example.org", "v=spf1 -all"], allowsOthers: type == .txt)
            }
        }
        var zone = DNSServiceOptions(records: records)
        zone.servers = [DNSServer(address: "192.0.2.53")]
        let time = VirtualTime(wall: Surroundings.wall)
        let http = PlayedHTTP([])
        let network = Network(
            http: http, mail: KeptMail(), nameServers: PlayedNames(message: bytes), database: NoDatabase())
        try await probe(
            ProbeSet(
                services: [ServiceOptions(name: "zone", check: .dns(zone))], network: network, http: http,
                database: NoDatabase(), platform: Surroundings.platform(time)),
            time)
    }

    /// The first part is the text of labels and annotations of a page, the rest are the receivers' answers.
    static func receivers(_ bytes: [UInt8]) async throws {
        let parts = Parts.of(bytes)
        let text = String(decoding: parts[0].prefix(4096), as: UTF8.self)
        var delivery = DeliveryOptions()
        delivery.externalURL = "https://alerts.example"
        let url = Secret(value: "https://receiver.example/hook")
        var webhook = WebhookOptions(url: url)
        webhook.http.authorization = .oauth2(
            OAuth2Options(clientID: "id", clientSecret: url, tokenURL: "https://token.example/token"))
        let settings: [IntegrationOptions.Settings] = [
            .slack(SlackOptions(.webhook(url))),
            .slack(SlackOptions(.api(url: SlackOptions.apiURL, token: url))),
            .pagerDuty(PagerDutyOptions(.routing(Secret(value: "key")))),
            .webhook(webhook), .alertmanager(AlertmanagerOptions(url: "https://am.example")),
            .heartbeat(HeartbeatOptions(url: url)),
            .email(EmailOptions(to: "ops@example.org", from: "vault@example.org", host: "mail.example", port: 25)),
        ]
        var receiver = ReceiverOptions(name: "ops")
        var count: [IntegrationKind: Int] = [:]
        for setting in settings {
            let kind = IntegrationOptions(setting).kind
            receiver.integrations.append(IntegrationOptions(setting, index: count[kind, default: 0]))
            count[kind, default: 0] += 1
        }
        delivery.receivers = [receiver]
        let time = VirtualTime(wall: Surroundings.wall)
        let mail = KeptMail()
        let notifier = try Notifier(
            delivery, http: PlayedHTTP(Array(parts.dropFirst()) + [[]]), mail: mail,
            platform: Surroundings.platform(time), registry: Registry(), events: NotifierEvents())
        let labels: Labels = ["alertname": text, "severity": "critical", "instance": text]
        let alert = Alert(
            labels: labels, annotations: ["summary": text, "description": text, "runbook_url": text],
            startsAt: Surroundings.wall, updatedAt: Surroundings.wall, generatorURL: text)
        _ = await notifier.test(receivers: ["ops"]) { receiver, integration in
            Notification(
                receiver: receiver, integration: integration, groupKey: "{}:{\(text)}",
                groupLabels: ["alertname": text], alerts: [alert], reason: .first, decidedAt: Surroundings.wall)
        }
        for message in mail.messages { try check(mail: message) }
    }

    /// A header that an alert's text has made up would be an address or a subject that nobody configured.
    private static func check(mail message: [UInt8]) throws {
        let known: Set = [
            "subject", "to", "from", "date", "message-id", "references", "in-reply-to", "mime-version",
            "content-type", "auto-submitted", "importance", "x-priority", "x-auto-response-suppress",
            "content-transfer-encoding", "precedence",
            "list-id",
        ]
        for line in String(decoding: message, as: UTF8.self).utf8.split(
            separator: 10, omittingEmptySubsequences: false)
        {
            guard line.last == 13, line.count > 1 else { return }
            guard line.first != 0x20, line.first != 0x09 else { continue }
            let name = String(decoding: line.prefix { $0 != UInt8(ascii: ":") }, as: UTF8.self).lowercased()
            guard known.contains(name) || name.hasPrefix("x-vaultwatch-") else {
                throw FuzzFinding("an alert's text made the mail header \(name)")
            }
            guard line.count <= 1000 else { throw FuzzFinding("a header line has \(line.count) bytes") }
        }
    }
}

/// Keeps mails instead of sending them.
private final class KeptMail: MailSender {
    private let kept = Mutex<[[UInt8]]>([])

    var messages: [[UInt8]] { kept.withLock { $0 } }

    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply {
        kept.withLock { $0.append(mail.message) }
        return MailReply(code: 250)
    }
}

/// Gives the same answer to every query; without one it can't be reached.
struct NoDatabase: PostgresConnector, PostgresConnection {
    var answer: PostgresRows?

    func connection(to options: PostgresOptions) -> any PostgresConnection { self }

    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows {
        guard let answer else { throw PostgresError(.connect, "nobody there") }
        return answer
    }

    func close() async {}
}

/// A name server that answers each question with the same message.
private struct PlayedNames: DNSClient {
    let message: [UInt8]

    func ask(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration) async throws(TransportError) -> DNSAnswer
    {
        guard message.count >= 2 else { throw TransportError(.timeout, "nothing comes") }
        let id = UInt16(message[0]) << 8 | UInt16(message[1])
        guard case .answer(let answer) = DNSMessage.read(message, id: id, question) else {
            throw TransportError(.body, "no answer")
        }
        return answer
    }
}

/// A bucket as the probes of backups see it.
private struct PlayedBucket: BackupStore {
    let bucket = "backups"
    let client: S3Client

    func deleted(prefix: String, after: String?) async throws(ProbeFailure) -> [S3Deleted] {
        do throws(S3Error) { return try await client.deleted(prefix: prefix, after: after) } catch {
            throw ProbeFailure("other", error.message)
        }
    }

    func posture() async throws(ProbeFailure) -> S3Posture {
        do throws(S3Error) { return try await client.posture() } catch { throw ProbeFailure("other", error.message) }
    }

    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool) {
        do throws(S3Error) {
            let objects = try await client.list(prefix: prefix).map {
                BackupObject(key: $0.key, size: $0.sizeBytes, lastModified: $0.lastModified, etag: $0.etag)
            }
            return (Array(objects.prefix(limit)), objects.count > limit)
        } catch {
            throw ProbeFailure("other", error.message)
        }
    }

    func metadata(of key: String) async throws(ProbeFailure) -> [String: String] {
        do throws(S3Error) { return try await client.head(key).user } catch {
            throw ProbeFailure("other", error.message)
        }
    }

    func read(_ key: String, limitBytes: Int, take: @escaping @Sendable ([UInt8]) -> Void) async throws(ProbeFailure) {
        do throws(S3Error) { _ = try await client.get(key, limitBytes: limitBytes, receive: take) } catch {
            throw ProbeFailure("other", error.message)
        }
    }
}

/// One backup of a bucket in memory, in small pieces.
private struct HeldBackup: BackupStore {
    let bytes: [UInt8]
    let bucket = "held"

    func list(prefix: String, limit: Int) async throws(ProbeFailure) -> (objects: [BackupObject], truncated: Bool) {
        let object = BackupObject(
            key: "daily/vault-2026-11-26.enc", size: Int64(bytes.count), lastModified: Surroundings.wall)
        return ([object], false)
    }

    func deleted(prefix: String, after: String?) async throws(ProbeFailure) -> [S3Deleted] { [] }

    func posture() async throws(ProbeFailure) -> S3Posture { S3Posture() }

    func metadata(of key: String) async throws(ProbeFailure) -> [String: String] { [:] }

    func read(_ key: String, limitBytes: Int, take: @escaping @Sendable ([UInt8]) -> Void) async throws(ProbeFailure) {
        for start in stride(from: 0, to: bytes.count, by: 509) {
            take(Array(bytes[start..<min(start + 509, bytes.count)]))
        }
    }
}
