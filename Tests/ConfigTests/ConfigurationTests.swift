import Alerts
import Delivery
import Dispatching
import Foundation
import Platform
import Probes
import S3
import Samples
import Simulation
import Store
import Testing
import Transport
import YAML

@testable import Config

struct ConfigurationTests {
    private static let path = "/etc/vaultwatch/vaultwatch.yml"

    /// The smallest valid configuration, without `alerting`.
    private static let least = "vault: {clusters: [{name: c, nodes: [{name: n, url: 'http://n:8200'}]}]}\n"
    private static let alerting = "alerting: {route: {receiver: r}, receivers: [{name: r}]}\n"

    private func load(_ text: String, files: [String: String] = [:], environment: [String: String] = [:]) throws
        -> Configuration
    {
        try Configuration.load(
            Self.path, files: MemoryFiles(files.merging([Self.path: text]) { _, own in own }), environment: environment)
    }

    /// The errors as the user sees them.
    private func complaints(_ text: String, files: [String: String] = [:], environment: [String: String] = [:])
        -> [String]
    {
        do {
            _ = try load(text, files: files, environment: environment)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { String($0.replacing(Self.path, with: "c.yml")) }
        }
    }

    // MARK: The sample

    private static func sample() throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "packaging/vaultwatch.yml"), encoding: .utf8)
    }

    private static let secretNames = [
        "vault-token", "postgres-password", "s3-access-key-id", "s3-secret-access-key", "smtp-password", "slack-url",
        "pagerduty-routing-key",
    ]
    private static let encryptionKey = String(repeating: "0f", count: 32)
    private static var sampleFiles: [String: String] {
        var files = ["/etc/vaultwatch/vault-ca.pem": "PEM", "/etc/vaultwatch/postgres-ca.pem": "PEM"]
        files["/etc/vaultwatch/secrets/backup-encryption-key"] = encryptionKey + "\n"
        for name in secretNames {
            files["/etc/vaultwatch/secrets/\(name)"] =
                name == "slack-url" ? "https://hooks.example.org/hunter2" : "hunter2-\(name)\n"
        }
        return files
    }

    @Test func theSampleIsRead() throws {
        let files = MemoryFiles(Self.sampleFiles)
        let configuration = try load(
            try Self.sample(), files: files.contents, environment: ["CREDENTIALS_DIRECTORY": "/etc/vaultwatch/secrets"])
        #expect(configuration.path == Self.path)
        #expect(configuration.global == GlobalOptions())

        let cluster = try #require(configuration.vault.first)
        #expect(
            configuration.vault.count == 1 && cluster.name == "production"
                && cluster.nodes.map(\.name) == ["vault-1", "vault-2", "vault-3"])
        #expect(
            cluster.nodes[0].url == "https://vault-1.example.org:8200"
                && cluster.loadBalancerURL == "https://vault.example.org")
        #expect(
            cluster.tls.caFile == "/etc/vaultwatch/vault-ca.pem" && cluster.canaryPath == "secret/vaultwatch-canary")
        guard case .token(let token) = cluster.authentication else {
            Issue.record("expected a token, found \(cluster.authentication)")
            return
        }
        #expect(try token.reveal(files) == "hunter2-vault-token")

        // The connection string of one server has the same settings as the keys of the other.
        #expect(
            configuration.postgres.map(\.name) == ["pg-1", "pg-2"]
                && configuration.postgres.allSatisfy { $0.cluster == "production" })
        for (server, host) in zip(configuration.postgres, ["pg-1.example.org", "pg-2.example.org"]) {
            #expect(
                server.connection.parameters == [
                    "host": host, "dbname": "vault", "user": "vaultwatch", "sslmode": "verify-full",
                    "sslrootcert": "/etc/vaultwatch/postgres-ca.pem",
                ])
            #expect(server.capacityBytes == 107_374_182_400)
        }

        let bucket = try #require(configuration.backups.first)
        #expect(
            bucket.store.bucket == "example-vault-backups" && bucket.store.region == "eu-central-1"
                && !bucket.store.pathStyle)
        #expect(
            bucket.sets.map(\.name) == ["daily", "monthly"] && bucket.sets.map(\.retention) == [30, 12]
                && bucket.sets.map(\.grace) == [.seconds(3600), .seconds(3600)])
        #expect(bucket.sets.map(\.alsoCovering) == [["monthly/"], []])

        #expect(bucket.sets.allSatisfy { $0.verification.isEnabled && $0.verification.limitBytes == 8 << 30 })
        #expect(try bucket.sets[0].verification.encryptionKeys.first?.reveal(files) == Self.encryptionKey)
        #expect(configuration.records?.paths == ["/var/log/vault-recovery.jsonl"])

        #expect(configuration.ruleFiles == ["/usr/share/vaultwatch/rules/*.yml", "/etc/vaultwatch/rules/*.yml"])
        #expect(configuration.delivery.receivers.map(\.name) == ["heartbeat", "critical", "high", "medium", "low"])
        #expect(
            configuration.delivery.receivers.map { $0.integrations.map(\.id.description) } == [
                [], ["email/0", "slack/0", "pagerduty/0"], ["email/0", "slack/0"], ["email/0"], ["email/0"],
            ])
        #expect(
            configuration.delivery.externalURL == "https://vaultwatch.example.org"
                && configuration.web.externalURL == configuration.delivery.externalURL)
        #expect(configuration.web.listenAddresses == [":9321"])
        #expect(configuration.storage.path == "/var/lib/vaultwatch")
        #expect(
            configuration.storage.memory.retention == .seconds(6 * 3600)
                && configuration.storage.memory.byteLimit == 64 << 20)
    }

    /// An unset $CREDENTIALS_DIRECTORY and a missing credential are reported at the start, with their positions.
    @Test func theSampleNeedsItsFiles() throws {
        let shipped = "/etc/vaultwatch/secrets/"
        let text = try Self.sample().replacingOccurrences(of: shipped, with: "${CREDENTIALS_DIRECTORY}/")
        let uses = text.components(separatedBy: "\n").filter {
            $0.contains("_file: ") && $0.contains("${CREDENTIALS_DIRECTORY}")
        }.count
        let unset = complaints(text, files: Self.sampleFiles)
        #expect(unset.count == uses && uses == 9)
        #expect(
            unset.allSatisfy {
                $0.hasSuffix(
                    "the environment has no variable \"CREDENTIALS_DIRECTORY\"; systemd sets it for the service; check config --as-service finds what it will find"
                )
            })

        var files = Self.sampleFiles
        files["/etc/vaultwatch/secrets/vault-token"] = nil
        files["/etc/vaultwatch/postgres-ca.pem"] = nil
        let line = { (part: String) in (text.components(separatedBy: "\n").firstIndex { $0.contains(part) } ?? -1) + 1 }
        #expect(
            complaints(text, files: files, environment: ["CREDENTIALS_DIRECTORY": "/etc/vaultwatch/secrets"]) == [
                "c.yml:\(line("token_file")):19: token_file: cannot read /etc/vaultwatch/secrets/vault-token: No such file or directory; put there: a Vault token with the policy of vault-policy.hcl",
                "c.yml:\(line("      sslrootcert: ")):7: sslrootcert: cannot read /etc/vaultwatch/postgres-ca.pem: No such file or directory",
                "c.yml:\(line("dsn: ")):7: sslrootcert: cannot read /etc/vaultwatch/postgres-ca.pem: No such file or directory",
            ])
    }

    // MARK: Mistakes

    @Test func allMistakesAreToldAtOnceWithTheirPlaces() {
        let text = """
            global:
              poll_intervall: 5s
              timeout: soon
            vault:
              clusters:
                - name: prod
                  nodes:
                    - {name: a, url: 'https://a:8200'}
                    - {name: a, url: vault-2}
                  ca_file: ca.pem
                - name: prod
                  nodes: {name: b}
            postgres:
              servers:
                - name: pg
                  host: pg-1
                  port: 99999
                  cluster: prd
                  capacity_bytes: 10 apples
                - name: pg
                  dsn: postgres://pg-1:x/vault
            backups:
              - bucket: b
                endpoint: https://s3.example.org
                sets:
                  - {name: daily, prefix: d/, period: fortnightly}
                  - {name: daily, prefix: e/, period: daily, retention: 0, time: '25:00'}
            rules: [missing.yml, 'none/*.yml']
            web: {listen_addresses: ['9321']}
            storage: {retention: 0s, max_bytes: 1KiB}
            alertign: {}
            """
        #expect(
            complaints(text) == [
                "c.yml:1:1: \"alerting\" is missing; expected Alertmanager's configuration, or \"file: alertmanager.yml\"",
                "c.yml:2:3: unknown key \"poll_intervall\" in global; did you mean \"poll_interval\"?",
                "c.yml:3:12: timeout: expected a duration such as 5s or 1h30m, above zero, found \"soon\"",
                "c.yml:9:11: duplicate name \"a\": another node of the cluster has the same name",
                "c.yml:9:26: url: expected a URL such as https://vault-1.example.org:8200, found \"vault-2\"",
                "c.yml:10:16: ca_file: cannot read /etc/vaultwatch/ca.pem: No such file or directory; put there: the certificate of the authority, in PEM",
                "c.yml:11:7: cluster \"prod\" has no nodes; expected a list of name and url",
                "c.yml:11:7: duplicate name \"prod\": another cluster has the same name",
                "c.yml:12:14: nodes: expected a list, found a mapping",
                "c.yml:17:13: port: expected a whole number from 1 to 65535, found \"99999\"",
                "c.yml:18:7: cluster: there is no Vault cluster \"prd\"; did you mean \"prod\"?",
                "c.yml:19:23: capacity_bytes: expected a number of bytes such as 64MiB, found \"10 apples\"",
                "c.yml:20:7: duplicate name \"pg\": another PostgreSQL server has the same name",
                "c.yml:20:7: PostgreSQL server \"pg\" needs \"host\" or a \"dsn\" with a host",
                "c.yml:20:7: PostgreSQL server \"pg\" needs \"cluster\": one of \"prod\", \"prod\"",
                "c.yml:21:12: dsn: a port is a number from 1 to 65535; write %40 for an @ in a password",
                "c.yml:23:5: no credentials: expected access_key_id_file and secret_access_key_file, credentials_directory, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environment, or credentials with a source: instance, web_identity, container, profile",
                "c.yml:26:43: period: expected hourly, daily, weekly, monthly or a duration from 5m to 1y such as 6h, found \"fortnightly\"",
                "c.yml:27:9: duplicate name \"daily\": another backup set has the same name",
                "c.yml:27:61: retention: expected a whole number from 1 to 10000, found \"0\"",
                "c.yml:27:70: time: expected a time of day in UTC such as 02:00, found \"25:00\"",
                "c.yml:28:9: rules: no such file: /etc/vaultwatch/missing.yml",
                "c.yml:29:7: listen_addresses: expected host:port or :port, found \"9321\"",
                "c.yml:30:22: retention: expected a duration such as 5s or 1h30m, above zero, found \"0s\"",
                "c.yml:30:26: max_bytes: expected 1MiB or more",
                "c.yml:31:1: unknown key \"alertign\" in the configuration; did you mean \"alerting\"?",
            ])
    }

    @Test(arguments: [
        (
            "global: {timeout: 6s}\n",
            "c.yml:1:10: timeout (6s) is longer than poll_interval (5s); expected at most that"
        ),
        ("global: {poll_interval: 500ms, timeout: 100ms}\n", "c.yml:1:10: poll_interval: expected 1s or more"),
        ("global: [5s]\n", "c.yml:1:9: expected global as a mapping, found a list"),
        ("global: {external_labels: {a: [b]}}\n", "c.yml:1:31: a: expected text, found a list"),
        ("rules: rules.yml\n", "c.yml:1:8: rules: expected a list, found \"rules.yml\""),
        ("rules: [[a]]\n", "c.yml:1:9: rules: expected a path or a pattern, found a list"),
        (
            "storage: {max_series: many}\n",
            "c.yml:1:23: max_series: expected a whole number from 100 to 10000000, found \"many\""
        ),
        (
            "web: {external_url: vaultwatch}\n",
            "c.yml:1:21: external_url: expected a URL such as https://vault-1.example.org:8200, found \"vaultwatch\""
        ),
        (
            "web: {config_file: 'w.yml'}\n",
            "c.yml:1:20: config_file: cannot read /etc/vaultwatch/w.yml: No such file or directory"
        ),
        ("web: {config_file: '${HOM/w.yml'}\n", "c.yml:1:20: \"${\" without a closing \"}\""),
        (
            "postgres: {servers: [{name: p}]}\n",
            "c.yml:1:22: PostgreSQL server \"p\" needs \"host\" or a \"dsn\" with a host"
        ),
        (
            "postgres: {servers: [{name: p, host: h, poll_interval: 2s, timeout: 3s}]}\n",
            "c.yml:1:60: timeout is longer than the poll interval; expected at most 2s"
        ),
        (
            "postgres: {servers: [{name: p, host: h, capacity_bytes: 1GB, storage_path: /d}]}\n",
            "c.yml:1:41: both capacity_bytes and storage_path are given; keep one"
        ),
        (
            "backups: [{bucket: b, anonymous: true}]\n",
            "c.yml:1:11: bucket \"b\" has no sets; expected a list of name, prefix, period"
        ),
        (
            "backups: [{bucket: b, access_key_id: i, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:11: access_key_id and secret_access_key belong together; expected both (or the keys with _file), or neither"
        ),
        (
            "backups: [{bucket: b, credentials: {source: vault}, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:45: source: expected one of \"static\", \"environment\", \"instance\", \"container\", \"profile\", \"web_identity\", found \"vault\""
        ),
        (
            "backups: [{bucket: b, credentials: {}, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:36: credentials needs \"source\""
        ),
        (
            "backups: [{bucket: b, credentials: {source: instance}, anonymous: true, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:56: both \"credentials\" and \"anonymous\" are given; keep one"
        ),
        (
            "backups: [{bucket: b, credentials: {source: instance, profile: x}, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:55: unknown key \"profile\" in credentials; expected endpoint, role, source"
        ),
        (
            "backups: [{bucket: b, credentials: {source: web_identity, sts_endpoint: 'http://sts.example'}, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:59: sts_endpoint: the token would go over the network unencrypted; expected https://"
        ),
        (
            "backups: [{bucket: b, anonymous: true, request_payer: owner, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:55: request_payer: expected one of \"requester\", found \"owner\""
        ),
        (
            "backups: [{bucket: b, anonymous: maybe, sets: [{name: s, prefix: p, period: day}]}]\n",
            "c.yml:1:34: anonymous: expected true or false, found \"maybe\""
        ),
        (
            "backups: [{bucket: b, anonymous: true, sets: [{name: s, prefix: p}]}]\n",
            "c.yml:1:47: a backup set needs \"period\": hourly, daily, weekly, monthly or a duration such as 6h; or \"schedule\": a cron expression such as 30 2 * * 1-5"
        ),
    ])
    func aMistakeIsToldAtItsPlace(section: String, complaint: String) {
        let found = complaints(section + Self.least + Self.alerting)
        #expect(found.contains(complaint), "\(found)")
        // One error per mistake, apart from those that follow from missing credentials.
        #expect(found.filter { !$0.contains("no credentials") }.count == 1, "\(found)")
    }

    @Test(arguments: [
        (
            "canary_path: a/b",
            "c.yml:5:7: canary_path needs a token: expected token_file, or role_id_file and secret_id_file, beside it"
        ),
        ("role_id: r", "c.yml:3:7: an AppRole needs role_id and secret_id (or the keys with _file)"),
        ("{token: t, role_id: r}", "c.yml:3:7: both a token and an AppRole are given; keep one"),
        ("{token: t, token_file: 'k'}", "c.yml:5:7: both \"token\" and \"token_file\" are given; keep one"),
        ("cert_file: k", "c.yml:5:7: cert_file and key_file belong together; expected both or neither"),
        ("telemetry: 1", "c.yml:5:18: telemetry: expected true or false, found \"1\""),
        ("nodess: []", "c.yml:5:7: unknown key \"nodess\" in a cluster; did you mean \"nodes\"?"),
    ])
    func aClustersMistakes(keys: String, complaint: String) {
        let lines = keys.trimmingCharacters(in: ["{", "}"]).components(separatedBy: ", ").map { "      " + $0 }.joined(
            separator: "\n")
        let text =
            "vault:\n  clusters:\n    - name: c\n      nodes: [{name: n, url: 'https://n:8200'}]\n\(lines)\n"
            + Self.alerting
        #expect(complaints(text, files: ["/etc/vaultwatch/k": "k"]) == [complaint])
    }

    /// No certificate for *.s3.amazonaws.com covers a bucket's name with dots: pgbackrest/pgbackrest#1818.
    @Test(arguments: [
        ("my.backups", "", true), ("my-backups", "", false),
        ("my.backups", ", endpoint: 'https://s3.eu-central-1.amazonaws.com'", true),
        ("my-backups", ", endpoint: 'https://minio.example:9000'", true), ("my.backups", ", path_style: false", false),
    ]) func bucketsWithDotsStandInThePath(bucket: String, more: String, isInPath: Bool) throws {
        let configuration = try load(
            "backups: [{bucket: \(bucket), region: eu-central-1, anonymous: true\(more), sets: [{name: s, prefix: p/, period: daily}]}]\n"
                + Self.alerting
        )
        #expect(configuration.backups.first?.store.pathStyle == isInPath)
    }

    @Test(arguments: [
        ("period: hourly, retention: 48", "every 1 h", 48, 900), ("period: 6h, retention: 28", "every 6 h", 28, 3600),
        ("period: daily, time: '23:15'", "daily at 23:15 UTC", 30, 3600),
        ("period: weekly, retention: 8", "weekly on sunday at 02:00 UTC", 8, 3600),
        ("period: weekly, weekday: Saturday, retention: 8, grace: 6h", "weekly on saturday at 02:00 UTC", 8, 21_600),
        ("period: monthly", "monthly on the 1st at 02:00 UTC", 12, 3600),
        ("schedule: '30 2 * * 1-5', retention: 30", "30 2 * * 1-5 (UTC)", 30, 3600),
        ("schedule: '@daily', time_zone: UTC, retention: 30", "@daily (UTC)", 30, 3600),
    ]) func aSetsSchedule(keys: String, text: String, retention: Int, graceSeconds: Int) throws {
        let set = try load(
            "backups: [{bucket: b, anonymous: true, sets: [{name: s, prefix: p/, \(keys)}]}]\n" + Self.alerting
        ).backups.first?.sets.first
        #expect(set?.scheduleText == text && set?.retention == retention && set?.bucket == "b")
        #expect(set?.grace == .seconds(graceSeconds))
    }

    /// An expression is refused at its place with what to write.
    @Test(arguments: [
        ("period: weekly", "c.yml:1:47: backup set \"s\" needs \"retention\": how many backups are kept, such as 48"),
        (
            "period: 4m, retention: 2",
            "c.yml:1:77: period: expected hourly, daily, weekly, monthly or a duration from 5m to 1y such as 6h, found \"4m\""
        ),
        ("retention: 2, period: daily, schedule: '@daily'", "c.yml:1:47: both period and schedule are given; keep one"),
        ("period: daily, weekday: monday", "c.yml:1:84: weekday belongs to period: weekly; leave it out"),
        (
            "period: 6h, retention: 2, time: '02:00'",
            "c.yml:1:95: time belongs to a daily, weekly or monthly period; leave it out, or write schedule: with a cron expression"
        ),
        (
            "period: daily, time_zone: UTC",
            "c.yml:1:84: time_zone belongs to schedule, since a period is one of UTC; write schedule: '0 2 * * *' in place of period: daily"
        ),
        (
            "retention: 2, schedule: '0 0 31 2 *'",
            "c.yml:1:93: schedule: \"0 0 31 2 *\" never comes: no such day of the month exists; write a day that does"
        ),
        (
            "retention: 2, schedule: '* * * * *'",
            "c.yml:1:93: schedule: 1m between two backups; expected 5m or more, since the bucket is listed once a minute"
        ),
        (
            "retention: 2, schedule: '@daily', time_zone: Mars/Base",
            "c.yml:1:114: time_zone: unknown time zone \"Mars/Base\": /usr/share/zoneinfo/Mars/Base: No such file or directory"
        ),
    ])
    func aSchedulesMistakes(keys: String, complaint: String) {
        let text = "backups: [{bucket: b, anonymous: true, sets: [{name: s, prefix: p/, \(keys)}]}]\n"
        #expect(complaints(text + Self.alerting) == [complaint])
    }

    @Test(arguments: [
        (
            "encryption_key: sesame",
            "c.yml:1:55: not an AES-256 key; expected 64 hexadecimal digits, or 32 bytes in Base64"
        ),
        ("limit_bytes: much", "c.yml:1:68: limit_bytes: expected a number of bytes such as 64MiB, found \"much\""),
        (
            "key: k",
            "c.yml:1:55: unknown key \"key\" in verification; expected enabled, encryption_key, encryption_key_file, encryption_key_files, limit_bytes, repeat_interval, timeout"
        ),
        (
            "encryption_key_files: [none]",
            "c.yml:1:78: encryption_key_files: cannot read /etc/vaultwatch/none: No such file or directory; put there: a key of the backups, as 64 hexadecimal digits or in Base64"
        ),
        (
            "encryption_key_files: [good, bad]",
            "c.yml:1:84: not an AES-256 key; expected 64 hexadecimal digits, or 32 bytes in Base64"
        ),
        (
            "encryption_key_file: good, encryption_key_files: [good]",
            "c.yml:1:82: a single encryption key is given too; expected all keys in encryption_key_files, the newest first"
        ),
        (
            "encryption_key_files: [good, good, good, good, good, good, good, good, good]",
            "c.yml:1:55: 9 keys; expected 8 at most, those of backups that still exist"
        ),
    ])
    func aVerificationsMistakes(keys: String, complaint: String) {
        let text =
            "backups: [{bucket: b, anonymous: true, verification: {\(keys)}, sets: [{name: s, prefix: p/, period: daily}]}]\n"
        let files = ["/etc/vaultwatch/good": Self.encryptionKey, "/etc/vaultwatch/bad": "sesame"]
        #expect(complaints(text + Self.alerting, files: files) == [complaint])
        #expect(!complaints(text + Self.alerting, files: files).joined().contains("sesame"))
    }

    @Test func severalEncryptionKeysKeepTheirOrder() throws {
        let text =
            "backups: [{bucket: b, anonymous: true, verification: {encryption_key_files: [new, old]}, sets: [{name: s, prefix: p/, period: daily}]}]\n"
        let configuration = try load(
            text + Self.alerting,
            files: [
                "/etc/vaultwatch/new": Self.encryptionKey, "/etc/vaultwatch/old": String(repeating: "e1", count: 32),
            ])
        #expect(
            configuration.backups.first?.sets.first?.verification.encryptionKeys.map(\.path) == [
                "/etc/vaultwatch/new", "/etc/vaultwatch/old",
            ])
    }

    @Test func backupsOfPostgres() throws {
        let configuration = try load(
            Self.least + Self.alerting + """
                postgres_backups:
                  - name: main
                    tool: pgbackrest
                    file: /var/lib/pgbackrest/info.json
                    stanza: vault
                    max_age: 13h
                    full_max_age: 8d
                    file_max_age: 90m
                    wal_segment_size: 64MiB
                  - {name: other, tool: barman, file: list.json, check_file: check.json, server: pg-1, cluster: c}
                  - {name: third, tool: wal-g, file: '/a'}

                """)
        let all = configuration.postgresBackups
        #expect(all.map(\.name) == ["main", "other", "third"] && all.map(\.tool) == [.pgBackRest, .barman, .walG])
        #expect(
            all.map(\.file) == ["/var/lib/pgbackrest/info.json", "/etc/vaultwatch/list.json", "/a"]
                && all.map(\.checkFile) == [nil, "/etc/vaultwatch/check.json", nil])
        #expect(all.map(\.stanza) == ["vault", "pg-1", nil] && all.map(\.cluster) == ["c", "c", "c"])
        #expect(all.map(\.maxAge) == [.seconds(13 * 3600), .seconds(26 * 3600), .seconds(26 * 3600)])
        #expect(all.map(\.fullMaxAge) == [.seconds(8 * 86_400), nil, nil])
        #expect(all.map(\.fileMaxAge) == [.seconds(5400), .seconds(3 * 3600), .seconds(3 * 3600)])
        #expect(all.map(\.walSegmentBytes) == [64 << 20, 16 << 20, 16 << 20])
    }

    @Test func backupsOfPostgresWithMistakes() {
        let text =
            Self.least + Self.alerting + """
                postgres_backups:
                  - {name: a, tool: pg_dump, file: /a}
                  - {name: b, tool: wal-g, stanza: x, file: /a, max_age: 0s}
                  - {name: b, tool: barman, file: /a, cluster: d, wal_segment_size: 3MiB}
                  - {file: [], tool: pgbackrest, check_file: /c, retention: 3}

                """
        let found = complaints(text)
        let expected = [
            #"c.yml:4:21: tool: expected one of "pgbackrest", "wal-g", "barman", found "pg_dump""#,
            "c.yml:5:28: stanza belongs to tool: pgbackrest; leave it out with wal-g",
            #"c.yml:5:58: max_age: expected a duration such as 5s or 1h30m, above zero, found "0s""#,
            #"c.yml:6:5: duplicate name "b": another entry of postgres_backups has the same name"#,
            #"c.yml:6:39: cluster: there is no Vault cluster "d"; did you mean "c"?"#,
            "c.yml:6:51: wal_segment_size belongs to tool: pgbackrest; leave it out with barman",
            #"c.yml:6:69: wal_segment_size: expected a power of two from 1MiB to 1GiB such as 16MiB, found "3MiB""#,
            #"c.yml:7:5: an entry of postgres_backups needs "name""#,
            "c.yml:7:12: file: expected a path, found a list",
            "c.yml:7:34: check_file belongs to tool: barman; leave it out with pgbackrest",
            #"c.yml:7:50: unknown key "retention" in an entry of postgres_backups; expected check_file, cluster, file, file_max_age, full_max_age, max_age, name, server, stanza, tool, wal_segment_size"#,
        ]
        #expect(found == expected, "\(found.joined(separator: "\n"))")
    }

    @Test func auditLogs() throws {
        let configuration = try load(
            Self.least + Self.alerting + """
                audit_logs:
                  - node: n
                    path: /var/log/vault/audit.log
                    tenant_pattern: ['dkim/{tenant}', '*/{tenant}/**']
                    listed_paths: [smtp/test-tenant-id/admin]
                    mass_reads: 250
                    poll_interval: 2s
                    exclude:
                      - {display_name: approle, path: smtp/test-tenant-id/admin}
                      - {entity_id: 0c71, path: 'jobs/*'}
                  - {cluster: c, paths: ['logs/*.log', /a]}

                """)
        let all = configuration.auditLogs
        #expect(all.map(\.name) == ["c/n", "c"] && all.map(\.cluster) == ["c", "c"])
        #expect(all.map(\.paths) == [["/var/log/vault/audit.log"], ["/etc/vaultwatch/logs/*.log", "/a"]])
        #expect(
            all[0].tenantPatterns.map(\.text) == ["dkim/{tenant}", "*/{tenant}/**"] && all[1].tenantPatterns.isEmpty)
        #expect(all[0].listedPaths == ["smtp/test-tenant-id/admin"] && all.map(\.massReads) == [250, 100])
        #expect(all[0].exclusions.map(\.who) == ["approle", "0c71"] && all[1].exclusions.isEmpty)
        #expect(all.map(\.interval) == [.seconds(2), .seconds(5)] && all.map(\.timeout) == [.seconds(2), .seconds(4)])
    }

    /// What the sample has in comments is valid, and has every key.
    @Test func auditLogsOfTheSample() throws {
        let commented = try #require(try Self.sample().components(separatedBy: "# audit_logs:\n").last)
        let lines = commented.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("#   ") }
        let text = "audit_logs:\n" + lines.map { $0.dropFirst(2) }.joined(separator: "\n") + "\n"
        let own = text.replacing("production", with: "c").replacing("node: vault-1", with: "node: n")
        let found = try #require(try load(Self.least + Self.alerting + own).auditLogs.first)
        #expect(found.name == "c/n" && found.paths == ["/var/log/vault/audit*.log"] && found.massReads == 100)
        #expect(found.tenantPatterns.map(\.text) == [TenantPattern.usual] && found.listedPaths.count == 1)
        #expect(found.exclusions == [AuditExclusion(who: "approle", path: "smtp/test-tenant-id/admin")])
        for key in ["poll_interval", "timeout"] { #expect(text.contains("\(key): "), "\(key)") }
    }

    @Test func auditLogsWithMistakes() {
        let text =
            Self.least + Self.alerting + """
                audit_logs:
                  - {node: m, path: /a}
                  - {node: n}
                  - {node: n, path: /a, tenant_pattern: '*/*'}
                  - {path: [], mass_reads: 0}
                  - {cluster: d, path: /a, exclude: [{path: /a}, {display_name: x, entity_id: y, path: '*'}], size: 1}

                """
        let found = complaints(text)
        let expected = [
            #"c.yml:4:6: node: cluster "c" has no node "m"; expected one of n"#,
            #"c.yml:5:5: an entry of audit_logs needs "path", or "paths""#,
            #"c.yml:6:5: duplicate name "c/n": another entry of audit_logs has the same name"#,
            #"c.yml:6:41: tenant_pattern: expected a path with one segment {tenant}, such as */{tenant}/**, found "*/*""#,
            "c.yml:7:12: paths: expected a path or a pattern, found a list",
            #"c.yml:7:28: mass_reads: expected a whole number from 1 to 4096, found "0""#,
            #"c.yml:8:6: cluster: there is no Vault cluster "d"; did you mean "c"?"#,
            "c.yml:8:38: an entry of exclude needs display_name or entity_id, and not both",
            "c.yml:8:50: an entry of exclude needs display_name or entity_id, and not both",
            "c.yml:8:50: exclude: expected who and a path; by one of them alone others would be left out too",
            #"c.yml:8:95: unknown key "size" in an entry of audit_logs; expected cluster, exclude, listed_paths, mass_reads, node, path, paths, poll_interval, tenant_pattern, timeout"#,
        ]
        #expect(found == expected, "\(found.joined(separator: "\n"))")
    }

    @Test func nothingToWatchIsAMistake() {
        #expect(
            complaints(Self.alerting) == [
                "c.yml:1:1: nothing to monitor: expected at least one of vault, postgres, backups, records, postgres_backups, audit_logs, services, rules"
            ])
        #expect(
            complaints(Self.least) == [
                "c.yml:1:1: \"alerting\" is missing; expected Alertmanager's configuration, or \"file: alertmanager.yml\""
            ])
        #expect(complaints(Self.least + Self.alerting) == [])
    }

    @Test func whatIsNoYAMLIsToldWithItsPlace() {
        #expect(complaints("global:\n  timeout: 1s\n  timeout: 2s\n").map { $0.prefix(9) } == ["c.yml:3:3"])
        #expect(complaints("vault: [\n").count == 1)
        let missing = #expect(throws: ConfigurationErrors.self) {
            try Configuration.load("/no/such.yml", files: MemoryFiles([:]), environment: [:])
        }
        #expect(missing?.description == "/no/such.yml:1:1: cannot read the file: No such file or directory")
    }

    /// What tells the agents of a pair apart for remote write must not tell their alerts apart.
    @Test func alertsOfAPairHaveTheSameLabels() throws {
        let text = "global: {external_labels: {region: eu, __replica__: eu-1}}\n" + Self.least + Self.alerting
        let global = try load(text).global
        #expect(global.externalLabels == ["region": "eu", "__replica__": "eu-1"])
        #expect(global.alertLabels == ["region": "eu"])
    }

    // MARK: Alerting in a file of its own

    @Test func alertingMayStandInItsOwnFile() throws {
        let text =
            Self.least + "alerting: {file: am/alertmanager.yml}\nweb: {external_url: 'https://vw.example.org/'}\n"
        let inner = """
            route: {receiver: ops}
            templates: ['*.tmpl']
            receivers:
              - name: ops
                webhook_configs: [{url_file: hook}]
            """
        // As in Alertmanager, its paths are relative to its own folder.
        let files = [
            "/etc/vaultwatch/am/alertmanager.yml": inner, "/etc/vaultwatch/am/hook": "https://hook.example.org/x",
        ]
        let configuration = try load(text, files: files)
        #expect(configuration.dispatch.route.receiver == "ops")
        #expect(configuration.delivery.receivers.map { $0.integrations.map(\.id.description) } == [["webhook/0"]])
        #expect(configuration.delivery.templates == ["/etc/vaultwatch/am/*.tmpl"])
        #expect(configuration.delivery.externalURL == "https://vw.example.org")
    }

    @Test func mistakesInTheAlertingFileBearItsName() {
        let text = Self.least + "alerting: {file: am.yml}\nglobal: {timout: 1s}\n"
        #expect(
            complaints(
                text,
                files: [
                    "/etc/vaultwatch/am.yml": "route: {receiver: ops}\nreceivers:\n  - {name: op, emial_configs: []}\n"
                ]
            ).map { $0.replacing("/etc/vaultwatch/", with: "") }
                .sorted().map { $0.prefix(11) } == ["am.yml:1:19", "am.yml:3:16", "c.yml:3:10:"])
        #expect(
            complaints(text).contains("/etc/vaultwatch/am.yml:1:1: cannot read the file: No such file or directory"))
        #expect(
            complaints(Self.least + "alerting: {file: [am.yml]}\n") == [
                "c.yml:2:18: file: expected a path, found a list"
            ])
    }

    // MARK: Secrets

    private static let secret = "hunter2"

    @Test func secretsDoNotShow() throws {
        let text = """
            vault: {clusters: [{name: c, nodes: [{name: n, url: 'https://n:8200'}], token: hunter2}, {name: d, nodes: [{name: n, url: 'https://n:8200'}], role_id: hunter2, secret_id: hunter2}]}
            postgres: {servers: [{name: p, cluster: c, dsn: "host=h password='hunter2'"}, {name: q, cluster: c, host: h, password: hunter2}]}
            backups: [{bucket: b, access_key_id: hunter2, secret_access_key: hunter2, session_token: hunter2, sets: [{name: s, prefix: p, period: day}]}]
            alerting:
              global:
                smtp_smarthost: mail:25
                smtp_from: a@b
                smtp_auth_username: u
                smtp_auth_password: hunter2
                slack_api_url: https://hooks.example.org/hunter2
                http_config: {proxy_url: 'http://u:hunter2@proxy:1', proxy_connect_header: {X: [hunter2]}}
              route: {receiver: r}
              receivers:
                - name: r
                  email_configs: [{to: a@b}, {to: a@b, auth_password: hunter2}]
                  slack_configs: [{channel: c}, {channel: c, api_url: 'https://hooks.example.org/hunter2'}]
                  pagerduty_configs: [{routing_key: hunter2}]
                  webhook_configs:
                    - url: https://hook.example.org/a/hunter2
                      http_config: {basic_auth: {username: u, password: hunter2}}
                    - url: https://hook.example.org/hunter2
                      http_config: {authorization: {credentials: hunter2}, http_headers: {X-Key: {secrets: [hunter2]}}, tls_config: {cert: "-----BEGIN CERTIFICATE-----\\n", key: "-----BEGIN PRIVATE KEY-----\\nhunter2"}}
            """
        let configuration = try load(text)
        var dumped = ""
        dump(configuration, to: &dumped)
        for shown in ["\(configuration)", String(reflecting: configuration), dumped] {
            #expect(!shown.contains(Self.secret), "\(shown)")
        }
        // They are present nonetheless.
        #expect(
            try configuration.postgres.map { try $0.connection.password?.reveal(MemoryFiles([:])) } == [
                "hunter2", "hunter2",
            ])
    }

    @Test(arguments: [
        "vault: {clusters: [{name: c, nodes: [{name: n, url: 'https://u:hunter2@n:8200'}]}]}",
        "vault: {clusters: [{name: c, nodes: [], token: hunter2, role_id: hunter2, secret_id: [hunter2]}]}",
        "vault: {clusters: [{name: c, nodes: [], token: {hunter: hunter2}}]}",
        "postgres: {servers: [{name: p, dsn: 'host=h password=my hunter2'}]}",
        "postgres: {servers: [{name: p, dsn: \"host=h password='hunter2\"}]}",
        "postgres: {servers: [{name: p, dsn: 'host=h sslpassword=hunter2'}]}",
        "postgres: {servers: [{name: p, dsn: 'postgres://u:hunter2@h:x/vault'}]}",
        "postgres: {servers: [{name: p, dsn: ' postgres://u:hunter2@h/vault'}]}",
        "backups: [{bucket: b, endpoint: 'https://u:hunter2@s3', access_key_id: hunter2}]",
        "web: {external_url: 'https://u:hunter2@vw'}",
        "alerting: {global: {slack_api_url: [hunter2], smtp_auth_password: {a: hunter2}}, route: {receiver: r}, receivers: [{name: r}]}",
        "alerting: {route: {receiver: r}, receivers: [{name: r, webhook_configs: [{url: 'hunter2'}], slack_configs: [{api_url: 'hunter2', app_token: hunter2}], pagerduty_configs: [{routing_key: hunter2, service_key: hunter2}]}]}",
        "alerting: {route: {receiver: r}, receivers: [{name: r, alertmanager_configs: [{urls: ['https://u:hunter2@am']}]}]}",
        "alerting: {global: {http_config: {proxy_url: 'hunter2', basic_auth: {password: hunter2}, http_headers: {X: hunter2}, proxy_connect_header: {X: hunter2}, tls_config: {cert: hunter2, key: hunter2}}}, route: {receiver: r}, receivers: [{name: r}]}",
    ])
    func secretsAreInNoComplaint(text: String) {
        let found = complaints(text)
        #expect(!found.isEmpty)
        #expect(!found.joined().contains(Self.secret), "\(found)")
    }

    // MARK: Connection strings

    @Test(arguments: [
        ("postgres://u:p%40ss@h/db", ["user": "u", "password": "p@ss", "host": "h", "dbname": "db"]),
        ("postgresql://h", ["host": "h"]),
        (
            "postgres://u@a:5433,b/db?target_session_attrs=read-write&sslmode=verify-full",
            [
                "user": "u", "host": "a,b", "port": "5433,5432", "dbname": "db", "target_session_attrs": "read-write",
                "sslmode": "verify-full",
            ]
        ),
        ("postgres://u@[2001:db8::1]:6432/db", ["user": "u", "host": "2001:db8::1", "port": "6432", "dbname": "db"]),
        ("postgres:///db?host=%2Frun%2Fpostgresql", ["host": "/run/postgresql", "dbname": "db"]),
        ("postgres://h/db?ssl=true", ["host": "h", "dbname": "db", "sslmode": "require"]),
    ])
    func aURIIsAConnectionString(text: String, expected: [String: String]) throws {
        #expect(try ConnectionString.parse(text).get() == expected)
    }

    @Test(arguments: [
        "postgres://u:hunter2%zz@h/db", "postgres://u:hunter2@h:0/db", "postgres://u:hunter2@[::1/db",
        "postgres://u:hunter2@h/db?sslmode", "postgres://u:hunter2/@h/db",
    ])
    func aBrokenURIIsRefusedWithoutItsPassword(text: String) {
        guard case .failure(let problem) = ConnectionString.parse(text) else {
            Issue.record("taken")
            return
        }
        #expect(!problem.message.contains("hunter2"))
    }

    // MARK: Numbers

    @Test(
        arguments: [
            ("0", 0), ("12", 12), ("64MiB", 64 << 20), ("64 MiB", 64 << 20), ("1KB", 1000), ("2TiB", 2 << 40),
            ("3GB", 3_000_000_000), ("5B", 5), ("1TB", 1_000_000_000_000),
        ] as [(String, Int?)]
            + ["", "MiB", "1mib", "-1", "1.5GiB", "9223372036854775807KiB", "99999999999999999999", "１"].map {
                ($0, nil)
            })
    func bytes(text: String, expected: Int?) { #expect(ParsingContext.bytes(text) == expected) }

    @Test func anAddressTakenApart() {
        let read = { (text: String) in WebOptions.hostAndPort(text).map { "\($0.host)|\($0.port)" } }
        #expect([":9321", "a:1", "[::1]:9321", "0.0.0.0:0"].map(read) == ["|9321", "a|1", "::1|9321", "0.0.0.0|0"])
        #expect(["", "9321", "a:", "a:65536", "::1:9321", "a:-1", "a:x"].map(read) == Array(repeating: nil, count: 7))
    }
}
