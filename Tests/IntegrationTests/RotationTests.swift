import Foundation
import Lab
import Synchronization
import Testing

/// A new secret in a file is used from then on by the process that runs, without a reload.
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
}
