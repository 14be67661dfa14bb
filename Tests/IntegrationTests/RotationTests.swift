import Foundation
import Lab
import Platform
import Synchronization
import TestServers
import Testing

/// A new secret or certificate in a file is used from then on by the process that runs, without a reload.
@Suite(.serialized) struct RotationTests {
    /// Answers every request with 200 and keeps what it saw of secrets: paths, headers, bodies.
    private final class Witness: Sendable {
        private let seen = Mutex<Set<String>>([])

        func answer(_ request: LabRequest) -> LabReply {
            let header = { (name: String) in request.headers[name].map { "\(name): \($0)" } ?? "" }
            let body = String(decoding: request.body, as: UTF8.self)
            seen.withLock { seen in
                seen.insert(request.path)
                seen.insert(header("x-vault-token"))
                seen.insert(header("authorization"))
                if let key = body.firstRange(of: "\"routing_key\":\"") {
                    seen.insert("routing_key: " + body[key.upperBound...].prefix { $0 != "\"" })
                }
            }
            if request.path == "/v2/enqueue" {
                return .response(LabResponse(202, type: "application/json", #"{"status":"success"}"#))
            }
            return .response(LabResponse(200, type: "text/plain", request.path.hasPrefix("/slack") ? "ok" : ""))
        }

        func hasSeen(_ texts: [String]) -> Bool { seen.withLock { seen in texts.allSatisfy(seen.contains) } }
        var all: [String] { seen.withLock { $0.sorted() } }
    }

    /// One alert at once, and another one as soon as the target has failed.
    private func rules(_ folder: TemporaryDirectory, failing metric: String) throws -> String {
        try folder.write(
            "rules.yml",
            """
            groups:
              - name: test
                interval: 1s
                rules:
                  - {alert: First, expr: vector(1)}
                  - {alert: Second, expr: "min_over_time(\(metric)[10m]) == 0"}
            """)
    }

    /// Vault's token, a webhook's URL, bearer token and password, Slack's URL, PagerDuty's key.
    @Test func eachSecretIsReadAtItsUse() async throws {
        let witness = Witness()
        let server = try LabServer { witness.answer($0) }
        try await server.start()
        let folder = try TemporaryDirectory()
        /// Replaces each file as a whole, as a careful operator and Kubernetes do; rename(2).
        func write(_ number: Int) throws {
            for (name, text) in [
                ("vault-token", "token-\(number)"), ("hook", server.url + "/hook-\(number)"),
                ("bearer", "bearer-\(number)"),
                ("password", "password-\(number)"), ("slack", server.url + "/slack-\(number)"),
                ("routing-key", "\(number)0000000000000000000000000000000"),
            ] {
                _ = try folder.write(name + ".new", text + "\n", mode: 0o600)
                #expect(rename(folder.file(name + ".new"), folder.file(name)) == 0)
            }
        }
        func expected(_ number: Int) -> [String] {
            let basic = Data("watch:password-\(number)".utf8).base64EncodedString()
            return [
                "x-vault-token: token-\(number)", "/hook-\(number)", "authorization: Bearer bearer-\(number)",
                "authorization: Basic \(basic)", "/slack-\(number)",
                "routing_key: \(number)0000000000000000000000000000000",
            ]
        }
        try write(1)
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: 1s, timeout: 900ms, evaluation_interval: 1s}
            vault:
              clusters:
                - {name: test, nodes: [{name: a, url: "\(server.url)"}], token_file: vault-token}
            web: {listen_addresses: ["\(listen)"]}
            storage: {path: \(folder.path)/state}
            alerting:
              route: {receiver: all, group_by: [alertname], group_wait: 0s}
              receivers:
                - name: all
                  webhook_configs:
                    - {url_file: hook, http_config: {authorization: {credentials_file: bearer}}}
                    - {url: "\(server.url)/basic", http_config: {basic_auth: {username: watch, password_file: password}}}
                  slack_configs: [{api_url_file: slack, channel: "#a"}]
                  pagerduty_configs: [{routing_key_file: routing-key, url: "\(server.url)/v2/enqueue"}]
            """)
        let agent = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
        func post(_ name: String) async throws {
            try await ChildProcess.run(
                "curl",
                [
                    "-sf", "--unix-socket", "\(folder.path)/state/vaultwatch.sock", "-H",
                    "Content-Type: application/json", "-d", #"[{"labels":{"alertname":"\#(name)"}}]"#,
                    "http://localhost/api/v2/alerts",
                ])
        }
        let isReady = await waitUntil {
            (try? await ChildProcess.run("curl", ["-sf", "http://\(listen)/-/ready"])) != nil
        }
        #expect(isReady)
        for number in 1...2 {
            if number == 2 { try write(2) }
            try await post("Alert\(number)")
            #expect(
                await waitUntil { witness.hasSeen(expected(number)) },
                "\(Set(expected(number)).subtracting(witness.all)) of \(witness.all)\n\(String(decoding: agent.standardError(limit: 4096), as: UTF8.self))"
            )
        }
        #expect(await agent.terminate() == .exited(0))
        await server.close()
        folder.remove()
    }

    /// The program on a configuration of a test's own.
    private struct Daemon {
        let process: ChildProcess
        let url: String

        /// - Parameter configuration: all but `web` and `storage`.
        init(_ folder: TemporaryDirectory, _ configuration: String) async throws {
            let listen = "127.0.0.1:\(try freePort())"
            let file = try folder.write(
                "vaultwatch.yml",
                configuration + "\nweb: {listen_addresses: [\"\(listen)\"]}\nstorage: {path: \(folder.path)/state}\n")
            process = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
            url = "http://" + listen
        }

        var log: String { String(decoding: process.standardError(limit: 1 << 20), as: UTF8.self) }

        /// Waits until a series has a value.
        func has(
            _ series: String, _ value: Double, line: Int = #line
        ) async {
            let came = await waitUntil(atMost: .seconds(60)) {
                guard let page = try? await ChildProcess.run("curl", ["-s", "--max-time", "5", url + "/metrics"]) else {
                    return false
                }
                return RunningAgent.value(series, in: String(decoding: page, as: UTF8.self)) == value
            }
            #expect(
                came, "\(series) is not \(value)\n\(log.suffix(4000))",
                sourceLocation: .init(fileID: #fileID, filePath: #filePath, line: line, column: 1))
        }
    }

    /// Replaces a file as a whole; rename(2).
    private func replace(_ path: String, _ text: String) throws {
        try Data((text + "\n").utf8).write(to: URL(filePath: path), options: .atomic)
    }

    private func copy(_ source: String, to path: String) throws {
        try Data(contentsOf: URL(filePath: source)).write(to: URL(filePath: path), options: .atomic)
    }

    /// An AppRole, a real PostgreSQL with TLS, a server of S3 that verifies signatures, and a mail server with a login.
    /// Each refuses the agent when its secret has changed, and takes it when the agent's file has.
    @Test func aServerWithANewSecretIsReachedWithIt() async throws {
        let estate = try await Estate.quiet()
        let endpoints = try estate.endpoints()
        let postgres = try await LocalPostgres.start(.init(replica: false))
        let store = try await SignedStore.start()
        let folder = try TemporaryDirectory()
        let authorities = try await [CertificateAuthority(), CertificateAuthority()]
        let loginFile = try folder.write("mail-server-password", "mail-1\n")
        let mail = try await SMTPSink.start(.init(login: (user: "me", password: Secret(file: loginFile))))

        /// Gives the database another certificate and password, and ends its sessions.
        func rotateDatabase(_ authority: CertificateAuthority, _ name: String, _ password: String) async throws {
            let certificate = try await authority.issue(name)
            let data = try await postgres.primary.sql("SHOW data_directory")
            let owner = try FileManager.default.attributesOfItem(atPath: data)
            for (source, target) in [
                (certificate.certificateFile, data + "/server.crt"), (certificate.keyFile, data + "/server.key"),
            ] {
                try copy(source, to: target)
                try FileManager.default.setAttributes(
                    [
                        .posixPermissions: 0o600, .ownerAccountID: owner[.ownerAccountID] ?? 0,
                        .groupOwnerAccountID: owner[.groupOwnerAccountID] ?? 0,
                    ], ofItemAtPath: target)
            }
            try await postgres.primary.sql("ALTER SYSTEM SET ssl = on")
            try await postgres.primary.sql("ALTER ROLE \(postgres.user) PASSWORD '\(password)'")
            try await postgres.primary.sql("SELECT pg_reload_conf()")
            try await postgres.primary.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '\(postgres.user)'")
        }

        try await rotateDatabase(authorities[0], "first", "database-1")
        let files = try [
            "database-password": "database-1", "mail-password": "mail-1", "s3-id": store.keys[0].id,
            "s3-secret": store.keys[0].secret,
        ].reduce(into: [String: String]()) { $0[$1.key] = try folder.write($1.key, $1.value + "\n", mode: 0o600) }
        let authorityFile = folder.file("database-ca.pem")
        try copy(authorities[0].certificateFile, to: authorityFile)
        let rules = try self.rules(folder, failing: "postgres_up")
        let agent = try await Daemon(
            folder,
            """
            global: {poll_interval: 1s, timeout: 900ms}
            vault:
              clusters:
                - name: lab
                  nodes: [\(endpoints.nodes.map { "{name: \($0.name), url: \"\($0.url)\"}" }.joined(separator: ", "))]
                  role_id_file: \(endpoints.roleIDFile)
                  secret_id_file: \(endpoints.secretIDFile)
                  canary_path: \(endpoints.canaryPath)
            postgres:
              servers:
                - name: database
                  host: 127.0.0.1
                  port: \(postgres.primary.port)
                  database: \(postgres.database)
                  user: \(postgres.user)
                  password_file: \(files["database-password"] ?? "")
                  sslmode: verify-full
                  sslrootcert: \(authorityFile)
            backups:
              - bucket: backups
                endpoint: \(store.moto.endpoint)
                region: us-east-1
                path_style: true
                access_key_id_file: \(files["s3-id"] ?? "")
                secret_access_key_file: \(files["s3-secret"] ?? "")
                poll_interval: 3s
                timeout: 3s
                sets: [{name: daily, prefix: daily/, period: daily, grace: 1h, retention: 30}]
            rules: ["\(rules)"]
            alerting:
              global:
                smtp_smarthost: 127.0.0.1:\(mail.port)
                smtp_from: vaultwatch@example.org
                smtp_require_tls: false
                smtp_auth_username: me
                smtp_auth_password_file: \(files["mail-password"] ?? "")
              route: {receiver: mail, group_by: [alertname], group_wait: 0s}
              receivers: [{name: mail, email_configs: [{to: oncall@example.org}]}]
            """)
        let vault = #"vault_token_valid{cluster="lab"}"#
        let canary = #"vault_canary_success{cluster="lab",via="active_node"}"#
        let database = #"postgres_up{cluster="lab",server="database"}"#
        let bucket = #"backup_listing_success{backup_set="daily"}"#
        for series in [vault, canary, database, bucket] { await agent.has(series, 1) }
        #expect(await waitUntil { mail.mails().contains { $0.text.contains("First") } }, "\(agent.log)")

        estate.changeVault { $0.rotate(secretID: "another") }
        try await store.revoke(store.keys[0])
        try replace(loginFile, "mail-2")
        try await rotateDatabase(authorities[1], "second", "database-2")
        for series in [vault, canary, database, bucket] { await agent.has(series, 0) }
        #expect(await waitUntil { agent.log.contains("Login denied") }, "\(agent.log)")

        try replace(endpoints.secretIDFile, "another")
        try replace(files["s3-id"] ?? "", store.keys[1].id)
        try replace(files["s3-secret"] ?? "", store.keys[1].secret)
        try replace(files["mail-password"] ?? "", "mail-2")
        try replace(files["database-password"] ?? "", "database-2")
        try copy(authorities[1].certificateFile, to: authorityFile)
        for series in [vault, canary, database, bucket] { await agent.has(series, 1) }
        #expect(
            await waitUntil(atMost: .seconds(60)) { mail.mails().contains { $0.text.contains("Second") } },
            "\(agent.log)")

        _ = await agent.process.terminate()
        await mail.stop()
        await store.moto.stop()
        await postgres.stop()
        await estate.stop()
        folder.remove()
    }

    /// The authority's file and the client's certificate and key, of a node and of a receiver: read at each new
    /// connection. (Those of the web address are read at a reload: `ReloadTests`.)
    @Test func newCertificatesAreUsedAtOnce() async throws {
        let folder = try TemporaryDirectory()
        let heard = Mutex<[String]>([])
        /// The server's own, and those of the agent.
        func install(_ authority: CertificateAuthority, server: Bool) async throws {
            let certificate = try await authority.issue(server ? "server" : "client")
            let name = folder.file(server ? "server" : "client")
            try copy(certificate.certificateFile, to: name + ".pem")
            try copy(certificate.keyFile, to: name + ".key")
            try copy(authority.certificateFile, to: name + "-trusts.pem")
        }
        let authorities = try await [CertificateAuthority(), CertificateAuthority()]
        try await install(authorities[0], server: true)
        try await install(authorities[0], server: false)
        let server = try LabServer(
            certificate: .init(certificateFile: folder.file("server.pem"), keyFile: folder.file("server.key")),
            clientAuthority: folder.file("server-trusts.pem")
        ) { request in
            if request.path == "/hook" {
                heard.withLock { $0.append(String(decoding: request.body, as: UTF8.self)) }
                return .response(LabResponse(200))
            }
            return .response(
                LabResponse(
                    request.path == "/v1/sys/health" ? 200 : 404, type: "application/json",
                    #"{"initialized":true,"sealed":false,"standby":false,"server_time_utc":1,"version":"1.15.0"}"#))
        }
        try await server.start()
        let rules = try self.rules(folder, failing: "vault_node_up")
        let own =
            "ca_file: \(folder.file("client-trusts.pem")), cert_file: \(folder.file("client.pem")), key_file: \(folder.file("client.key"))"
        let agent = try await Daemon(
            folder,
            """
            global: {poll_interval: 1s, timeout: 900ms}
            vault: {clusters: [{name: lab, nodes: [{name: a, url: "\(server.url)"}], \(own)}]}
            rules: ["\(rules)"]
            alerting:
              route: {receiver: hook, group_by: [alertname], group_wait: 0s}
              receivers:
                - name: hook
                  webhook_configs: [{url: "\(server.url)/hook", http_config: {tls_config: {\(own)}}}]
            """)
        let node = #"vault_node_up{cluster="lab",node="a"}"#
        func hasHeard(_ name: String) -> Bool { heard.withLock { $0.contains { $0.contains("\"\(name)\"") } } }
        await agent.has(node, 1)
        #expect(await waitUntil { hasHeard("First") }, "\(agent.log)")

        await server.close()
        try await install(authorities[1], server: true)
        try await server.start()
        await agent.has(node, 0)
        try await install(authorities[1], server: false)
        await agent.has(node, 1)
        #expect(await waitUntil(atMost: .seconds(60)) { hasHeard("Second") }, "\(agent.log)")

        _ = await agent.process.terminate()
        await server.close()
        folder.remove()
    }
}

/// moto with a user who has two access keys, of which one can be taken away.
private struct SignedStore {
    let moto: Moto
    let keys: [(id: String, secret: String)]

    static func start() async throws -> SignedStore {
        let moto = try await Moto.start(openRequests: 1_000_000)
        _ = try await iam(moto, "Action=CreateUser&UserName=reader")
        let policy =
            "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%22%7D%5D%7D"
        _ = try await iam(moto, "Action=PutUserPolicy&UserName=reader&PolicyName=p&PolicyDocument=\(policy)")
        var keys: [(id: String, secret: String)] = []
        for _ in 1...2 {
            let made = try await iam(moto, "Action=CreateAccessKey&UserName=reader")
            func between(_ tag: String) throws -> String {
                let start = try #require(made.range(of: "<\(tag)>")).upperBound
                return String(made[start...].prefix { $0 != "<" })
            }
            keys.append((try between("AccessKeyId"), try between("SecretAccessKey")))
        }
        try await ChildProcess.run("curl", signed("s3") + ["-X", "PUT", moto.endpoint + "/backups"])
        let store = SignedStore(moto: moto, keys: keys)
        try await store.verify(true)
        return store
    }

    /// As anybody, while nothing is verified.
    private static func signed(_ service: String) -> [String] {
        ["-sf", "--aws-sigv4", "aws:amz:us-east-1:\(service)", "--user", "a:b"]
    }

    private static func iam(_ moto: Moto, _ form: String) async throws -> String {
        String(
            decoding: try await ChildProcess.run(
                "curl", signed("iam") + ["-d", "Version=2010-05-08&" + form, moto.endpoint + "/"]), as: UTF8.self)
    }

    /// Signatures are verified from now on, or not.
    private func verify(_ isOn: Bool) async throws {
        try await ChildProcess.run(
            "curl",
            [
                "-sf", "-H", "Content-Type: text/plain", "-d", isOn ? "0" : "1000000",
                moto.endpoint + "/moto-api/reset-auth",
            ])
    }

    func revoke(_ key: (id: String, secret: String)) async throws {
        try await verify(false)
        _ = try await SignedStore.iam(moto, "Action=DeleteAccessKey&UserName=reader&AccessKeyId=\(key.id)")
        try await verify(true)
    }
}
