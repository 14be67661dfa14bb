import Foundation
import Lab
import Platform
import Testing

/// Reloads of the real process while messages are under way.
@Suite(.serialized) struct ReloadTests {
    private func alerting(_ sink: Sink, _ receiver: String) -> String {
        """
        route:
          receiver: silent
          group_wait: 0s
          routes: [{matchers: ['to="other"'], receiver: \(receiver)}]
        receivers:
          - name: silent
            webhook_configs: [{url: "\(sink.url)/silent", timeout: 1m}]
          - name: \(receiver)
            webhook_configs: [{url: "\(sink.url)/\(receiver)"}]
        """
    }

    /// A reload waits a while for what is in flight. One that is asked for meanwhile reads a newer file: it must have
    /// the last word everywhere, or alerts are routed to receivers that are not there.
    @Test func theLaterOfTwoReloadsWins() async throws {
        let sink = try await Sink.start()
        sink.fallSilent("/silent")
        let agent = try await RunningAgent.start(alerting: alerting(sink, "first"))
        try await agent.post(#""alertname":"A""#)
        #expect(
            await waitUntil {
                (try? await agent.metric(
                    #"vaultwatch_notification_requests_total{integration="webhook",receiver="silent"}"#)) == 1
            })
        try agent.configure(alerting(sink, "second"))
        let reload = Task { try await agent.reload() }
        // Its receivers are there, so the file has been read.
        #expect(
            await waitUntil {
                (try? await agent.metric(#"vaultwatch_notifications_total{integration="webhook",receiver="second"}"#))
                    == 0
            })
        try agent.configure(alerting(sink, "third"))
        try await agent.reload()
        try await reload.value
        try await agent.post(#""alertname":"B","to":"other""#)
        #expect(await waitUntil { sink.heard("/third").count == 1 }, "\(agent.log)")
        await agent.stop()
        await sink.stop()
    }

    /// What `web.config.file` says is read again: users and certificates change under a connection that stays open, and
    /// a file that is wrong leaves what was in force.
    @Test func usersAndCertificatesChangeWithoutARestart() async throws {
        let authority = try await CertificateAuthority()
        let (first, second) = (try await authority.issue("first"), try await authority.issue("second"))
        let folder = try TemporaryDirectory()
        let address = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            """
            vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            web: {listen_addresses: ["\(address)"], config_file: web.yml}
            storage: {path: \(folder.path)/state}
            alerting: {route: {receiver: none}, receivers: [{name: none}]}
            """)
        func configure(_ user: String, _ certificate: CertificateAuthority.Certificate) throws {
            _ = try folder.write(
                "web.yml",
                """
                basic_auth_users: {\(user): "\(ReloadTests.hash)"}
                tls_server_config: {cert_file: \(certificate.certificateFile), key_file: \(certificate.keyFile)}
                """)
        }
        try configure("ann", first)
        let agent = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
        let trust = ["-s", "--max-time", "20", "--cacert", authority.certificateFile]
        func curl(_ user: String, _ arguments: [String], _ path: String) async throws -> String {
            let output = try await ChildProcess.run(
                "curl", trust + ["-u", "\(user):secret"] + arguments + ["https://\(address)\(path)"])
            return String(decoding: output, as: UTF8.self)
        }
        func status(_ user: String) async throws -> String {
            try await curl(user, ["-o", "/dev/null", "-w", "%{http_code}"], "/-/healthy")
        }
        func reload(_ user: String) async throws -> String { try await curl(user, ["-X", "POST"], "/-/reload") }
        func subject() async throws -> String {
            let shown = try await ChildProcess.run(
                "sh",
                [
                    "-c",
                    "openssl s_client -connect \(address) </dev/null 2>/dev/null | openssl x509 -noout -subject",
                ])
            return String(decoding: shown, as: UTF8.self)
        }
        #expect(await waitUntil { (try? await status("ann")) == "200" })
        #expect(try await status("bob") == "401")
        #expect(try await subject().contains("first"))
        // Two requests over one connection, the reload between them.
        let client = try await ChildProcess.start(
            "python3",
            [
                "-c",
                """
                import base64, http.client, os, ssl, sys, time
                c = http.client.HTTPSConnection(sys.argv[1], context=ssl.create_default_context(cafile=sys.argv[2]))
                def ask(user):
                    word = base64.b64encode((user + ":secret").encode()).decode()
                    c.request("GET", "/-/healthy", headers={"Authorization": "Basic " + word})
                    answer = c.getresponse(); answer.read(); print(user, answer.status, flush=True)
                c.connect(); first = c.sock; ask("ann")
                while not os.path.exists(sys.argv[3]): time.sleep(0.01)
                ask("ann"); ask("bob")
                print("kept" if c.sock is first else "lost", flush=True)
                """, address, authority.certificateFile, folder.path + "/reloaded",
            ])
        func said() -> String { String(decoding: client.standardOutput(limit: 1 << 16), as: UTF8.self) }
        #expect(await waitUntil { said() == "ann 200\n" }, "\(said())")
        try configure("bob", second)
        #expect(try await reload("ann") == "")
        _ = try folder.write("reloaded", "")
        #expect(await waitUntil { said() == "ann 200\nann 401\nbob 200\nkept\n" }, "\(said())")
        #expect(try await status("ann") == "401")
        #expect(try await subject().contains("second"))
        _ = try folder.write("web.yml", "tls_server_config: {cert_file: /nowhere, key_file: /nowhere}")
        #expect(try await reload("bob").hasPrefix("failed to reload config: "))
        #expect(try await status("bob") == "200")
        #expect(try await subject().contains("second"))
        _ = await client.terminate()
        _ = await agent.terminate()
        folder.remove()
    }

    /// bcrypt of `secret`, with the least cost.
    /// Of "secret".
    static let hash = "$2b$04$/0KoDrLFYNsxcflWr3U/CeAqLDPHWXJmepp3AwLhOKCwAdxAfSO3."
}
