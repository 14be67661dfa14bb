import Foundation
import Lab
import Platform
import Testing

/// Attacks of who reaches the agent over the network, and what its friends can do, with the real program over real
/// sockets.
@Suite(.serialized) struct TrustTests {
    private static let alerting = """
        route: {receiver: ops, group_wait: 0s, group_interval: 1s, group_by: [alertname]}
        receivers:
          - name: ops
            webhook_configs: [{url: "SINK/ops", send_resolved: true}]
        """
    private static let rules = """
        groups:
          - name: test
            rules: [{alert: VaultSealed, expr: vector(1), labels: {severity: critical}}]
        """

    private func start(_ sink: Sink) async throws -> RunningAgent {
        try await RunningAgent.start(
            alerting: TrustTests.alerting.replacingOccurrences(of: "SINK", with: sink.url), rules: TrustTests.rules)
    }

    /// What curl gets.
    private func curl(_ words: String...) async throws -> (status: Int, text: String) {
        let child = try await ChildProcess.start(
            "curl", ["-s", "--max-time", "30", "-w", "\n%{http_code}"] + words)
        _ = await child.wait()
        let lines = String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    private static let json = ["-H", "Content-Type: application/json"]
    private static let silence =
        #"{"matchers":[{"name":"alertname","value":".+","isRegex":true}],"startsAt":"2026-01-01T00:00:00Z","endsAt":"9999-01-01T00:00:00Z","createdBy":"ann","comment":"quiet"}"#

    /// A page that was open over a restart, or over a crash, still works.
    @Test func aFormOutlivesARestart() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let page = try await curl("-u", "ann:secret", agent.url + "/silences/new")
        let token = try #require(page.text.components(separatedBy: "name=token value=\"").dropFirst().first)
            .prefix { $0 != "\"" }
        #expect(token.count == 64)
        // What was written at the start is on the disk by then.
        let isWritten = await waitUntil {
            let backlog = try? await agent.metric("vaultwatch_journal_backlog_rows")
            let isHealthy = try? await agent.metric("vaultwatch_journal_healthy")
            return backlog == 0 && isHealthy == 1
        }
        #expect(isWritten)
        await agent.kill()
        try await agent.start()
        let answer = try await curl(
            "-u", "ann:secret", "-d", "token=\(token)&matchers=severity%3Dcritical&comment=x&length=1h&do=create",
            agent.url + "/silences/new")
        #expect(answer.status == 303, "\(answer)")
        #expect(!agent.log.contains("form_key"))
        let wrong = try await curl(
            "-u", "ann:secret", "-d", "token=\(String(repeating: "0", count: 64))&matchers=a%3Db&comment=x",
            agent.url + "/silences/new")
        #expect(wrong.status == 403)
        await agent.stop()
        await sink.stop()
    }

    /// Silence on everything, an alert made up, a page's end made up, a reload: each was taken from anybody.
    @Test func strangersChangeNothing() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        #expect(await waitUntil { sink.heard("/ops").contains { $0.contains("VaultSealed") } }, "\(agent.log)")
        let end = #"[{"labels":{"alertname":"VaultSealed","severity":"critical"},"endsAt":"2026-01-01T00:00:00Z"}]"#
        let attacks = [
            ["-d", TrustTests.silence, agent.url + "/api/v2/silences"],
            ["-d", #"[{"labels":{"alertname":"MadeUp"}}]"#, agent.url + "/api/v2/alerts"],
            ["-d", end, agent.url + "/api/v2/alerts"], ["-X", "DELETE", agent.url + "/api/v2/silence/0000-0000"],
            ["-X", "POST", agent.url + "/-/reload"], ["-X", "PUT", agent.url + "/-/reload"],
        ]
        for attack in attacks {
            for login in [[], ["-u", "ann:guess"], ["-H", "Authorization: Bearer \(RunningAgent.token)x"]] {
                let child = try await ChildProcess.start(
                    "curl", ["-s", "-i", "--max-time", "30"] + TrustTests.json + login + attack)
                _ = await child.wait()
                let answer = String(decoding: child.standardOutput(limit: 1 << 16), as: UTF8.self)
                #expect(answer.hasPrefix("HTTP/1.1 401 "), "\(attack): \(answer)")
                #expect(answer.contains("WWW-Authenticate: Basic realm=") && answer.contains("web.tokens"))
            }
        }
        #expect(try await curl(agent.url + "/api/v2/silences").text == "[]")
        #expect(try await !curl(agent.url + "/api/v2/alerts").text.contains("MadeUp"))
        let history = try await agent.command("history").output
        #expect(!history.contains("reloaded") && !history.contains("ended"), "\(history)")
        #expect(!sink.heard("/ops").contains { $0.contains("resolved") || $0.contains("MadeUp") })
        // Who reads needs no login.
        for path in ["/", "/metrics", "/api/v1/query?query=1", "/api/v2/alerts", "/api/v2/status", "/-/ready"] {
            #expect(try await curl(agent.url + path).status == 200, "\(path)")
        }
        await agent.stop()
        await sink.stop()
    }

    /// Over the socket, with a password, with a token: each change is told in the history with who made it.
    @Test func theHistoryTellsWhoItWas() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let me = try #require(getpwuid(getuid()).map { String(cString: $0.pointee.pw_name) })
        let made = try await agent.command("silence", "add", "-c", "mine", "-a", "ann", "-d", "1h", "A")
        #expect(made.exit == .exited(0), "\(made.error)")
        #expect(try await agent.command("reload").exit == .exited(0))

        let token = try agent.folder.write("token.yml", "authorization: {credentials_file: token}\n")
        _ = try agent.folder.write("token", RunningAgent.token + "\n")
        let remote = ["--url", agent.url, "--http.config.file", token]
        let second = try await Binary.run(["silence", "add", "-c", "remote", "-a", "x", "-d", "1h", "B"] + remote)
        #expect(second.exit == .exited(0), "\(second.error)")
        let environment = ProcessInfo.processInfo.environment.merging(["VAULTWATCH_TOKEN": RunningAgent.token]) { $1 }
        let ended = try await Binary.run(
            ["silence", "expire", made.output.filter { !$0.isNewline }, "--url", agent.url], environment: environment)
        #expect(ended.exit == .exited(0), "\(ended.error)")
        let refused = try await Binary.run(["silence", "add", "-c", "x", "-d", "1h", "C", "--url", agent.url])
        #expect(refused.exit == .exited(1) && refused.error.contains("HTTP 401: a change needs a login"), "\(refused)")
        #expect(
            try await curl(
                "-u", "ann:secret", "-H", "Content-Type: application/json", "-d",
                #"[{"labels":{"alertname":"Posted"}}]"#, agent.url + "/api/v2/alerts"
            ).status == 200)

        var history = ""
        #expect(
            await waitUntil {
                history = (try? await agent.command("history").output) ?? ""
                return [
                    "by ann: mine; set by \(me) (socket)", "asked for by \(me) (socket)",
                    "by x: remote; set by robot (token)", "by ann: mine; ended by robot (token)", "posted by ann",
                ].allSatisfy { history.contains($0) }
            }, "\(history)")
        #expect(!(history + agent.log).contains(RunningAgent.token) && !(history + agent.log).contains("$2b$"))
        await agent.stop()
        await sink.stop()
    }

    /// As the README has it: Debian's amtool with a file that says who it is.
    @Test func amtoolLogsIn() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        func amtool(_ words: String...) async throws -> (exit: ChildProcess.Exit, output: String) {
            let child = try await ChildProcess.start("amtool", ["--alertmanager.url=\(agent.url)"] + words)
            let exit = await child.wait()
            return (exit, String(decoding: child.standardOutput(limit: 1 << 16), as: UTF8.self))
        }
        let file = try agent.folder.write("bearer.yml", "authorization: {credentials: \(RunningAgent.token)}\n")
        for login in [agent.login, file] {
            let option = "--http.config.file=\(login)"
            let added = try await amtool(option, "silence", "add", "A", "--comment=c", "--author=bob", "--duration=1h")
            #expect(added.exit == .exited(0), "\(added.output)")
            let id = added.output.split(separator: "\n").last.map(String.init) ?? ""
            #expect(try await amtool(option, "silence", "query", "-q").output.contains(id))
            // Reading needs no login.
            #expect(try await amtool("silence", "query", "-q").output.contains(id))
            #expect(try await amtool("alert", "query").exit == .exited(0))
            let strange = try await amtool("silence", "expire", id)
            #expect(strange.exit != .exited(0))
            #expect(try await amtool(option, "silence", "expire", id).exit == .exited(0))
        }
        let strange = try await amtool("silence", "add", "A", "--comment=c", "--author=bob", "--duration=1h")
        #expect(strange.exit != .exited(0), "\(strange.output)")
        await agent.stop()
        await sink.stop()
    }

    /// Debian's Prometheus pushes its alerts with `basic_auth`.
    @Test func prometheusPushesItsAlerts() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let port = try freePort()
        _ = try agent.folder.write(
            "prometheus-rules.yml",
            "groups: [{name: p, rules: [{alert: FromPrometheus, expr: vector(1), labels: {severity: high}}]}]\n")
        _ = try agent.folder.write("password", "secret\n")
        let file = try agent.folder.write(
            "prometheus.yml",
            """
            global: {evaluation_interval: 1s}
            rule_files: [prometheus-rules.yml]
            alerting:
              alertmanagers:
                - basic_auth: {username: ann, password_file: password}
                  static_configs: [{targets: ["\(agent.url.dropFirst("http://".count))"]}]
            """)
        let prometheus = try await ChildProcess.start(
            "prometheus",
            [
                "--config.file=\(file)", "--storage.tsdb.path=\(agent.folder.path)/tsdb",
                "--web.listen-address=127.0.0.1:\(port)", "--rules.alert.resend-delay=1s",
            ])
        #expect(
            await waitUntil(atMost: .seconds(60)) { sink.heard("/ops").contains { $0.contains("FromPrometheus") } },
            "\(String(decoding: prometheus.standardError(limit: 4096), as: UTF8.self))")
        _ = await prometheus.terminate()
        #expect(try await agent.command("history", "--contains", "FromPrometheus").output.contains("posted by ann"))
        await agent.stop()
        await sink.stop()
    }

    /// An attacker's page: its name leads to the agent's address, or it has an image from there.
    @Test func pagesOfOtherSites() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let port = agent.url.split(separator: ":").last ?? ""
        let range = agent.url + "/api/v1/query_range?query=up&start=0&end=60&step=1"
        let bearer = "Authorization: Bearer \(RunningAgent.token)"
        let (host, origin) = ("Host: evil.example:\(port)", "Origin: http://evil.example:\(port)")
        let rebound = try await curl(
            "-H", host, "-H", origin, "-H", bearer, "-H", "Content-Type: application/json", "-d", TrustTests.silence,
            agent.url + "/api/v2/silences")
        #expect(rebound.status == 403 && rebound.text.contains("allowed_hosts"), "\(rebound)")
        #expect(try await curl("-H", host, range).status == 403)
        #expect(try await curl("-H", host, agent.url + "/").status == 403)
        #expect(try await curl("-H", host, agent.url + "/metrics").status == 200)
        #expect(try await curl("-H", host, agent.url + "/-/healthy").status == 200)
        #expect(try await curl("-H", origin, "-H", bearer, "-X", "POST", agent.url + "/-/reload").status == 403)
        let site = "Sec-Fetch-Site: cross-site"
        let image = try await curl("-H", site, "-H", "Sec-Fetch-Mode: no-cors", "-H", "Sec-Fetch-Dest: image", range)
        #expect(image.status == 403, "\(image)")
        let link = try await curl("-H", site, "-H", "Sec-Fetch-Mode: navigate", "-H", "Sec-Fetch-Dest: document", range)
        #expect(link.status == 200, "\(link)")
        #expect(try await curl(range).status == 200)
        await agent.stop()
        await sink.stop()
    }

    /// One address holds 600 connections open and asks for nothing: it, and everybody else, is served all the same.
    @Test func idleClientsLockNobodyOut() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let port = String(agent.url.split(separator: ":").last ?? "")
        let attacker = try await ChildProcess.start(
            "python3",
            [
                "-c",
                """
                import signal, socket, sys
                held = []
                for number in range(600):
                    s = socket.create_connection(("127.0.0.1", int(sys.argv[1])), source_address=("127.0.0.3", 0))
                    s.sendall(b"GET /-/healthy HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
                    s.settimeout(20)
                    try: s.recv(4096)
                    except OSError: pass
                    held.append(s)
                print("held", flush=True)
                signal.pause()
                """, port,
            ])
        #expect(
            await waitUntil(atMost: .seconds(60)) {
                String(decoding: attacker.standardOutput(limit: 64), as: UTF8.self) == "held\n"
            }, "\(String(decoding: attacker.standardError(limit: 4096), as: UTF8.self))")
        for source in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
            #expect(try await curl("--interface", source, agent.url + "/-/healthy").status == 200, "\(source)")
        }
        #expect(try await agent.command("status").exit != .exited(3))
        _ = await attacker.terminate()
        await agent.stop()
        await sink.stop()
    }

    /// Ten thousand requests to reload at once are a few reloads, and probes come to their end meanwhile.
    @Test func aFloodOfReloads() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let began = try await agent.metric(#"vaultwatch_probe_runs_total{target="test/none",target_type="vault_node"}"#)
        let flood = try await ChildProcess.start(
            "python3",
            [
                "-c",
                """
                import socket, sys
                for number in range(10000):
                    s = socket.socket(socket.AF_UNIX)
                    while True:
                        try: s.connect(sys.argv[1]); break
                        except (BlockingIOError, ConnectionRefusedError): pass
                    s.sendall(b"POST /-/reload HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 0\\r\\n\\r\\n")
                    s.close()
                """, agent.socket,
            ])
        #expect(await waitUntil(atMost: .seconds(120)) { flood.exit != nil })
        #expect(flood.exit == .exited(0), "\(String(decoding: flood.standardError(limit: 4096), as: UTF8.self))")
        let after = try await agent.metric(#"vaultwatch_probe_runs_total{target="test/none",target_type="vault_node"}"#)
        #expect(
            await waitUntil {
                ((try? await agent.metric(
                    #"vaultwatch_probe_runs_total{target="test/none",target_type="vault_node"}"#)) ?? 0)
                    > max(began ?? 0, after ?? 0)
            })
        #expect(try await agent.command("reload").exit == .exited(0))
        let reloads =
            try await agent.command("history", "--contains", "configuration reloaded", "--limit", "10000")
            .output.split(separator: "\n").count - 1
        // At most one a second, for as long as it took.
        #expect((1...60).contains(reloads), "\(reloads)")
        print("aFloodOfReloads: 10,000 requests, \(reloads) reloads")
        await agent.stop()
        await sink.stop()
    }

    /// The socket of another process is left alone; the agent goes on without one and says so.
    @Test func aSocketThatIsTaken() async throws {
        let sink = try await Sink.start()
        let agent = try await start(sink)
        let folder = try TemporaryDirectory()
        let address = "127.0.0.1:\(try freePort())"
        let token = try folder.write("token", "1123456789abcdef0123456789abcdef\n")
        let file = try folder.write(
            "vaultwatch.yml",
            """
            vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            web: {listen_addresses: ["\(address)"], socket: "\(agent.socket)", tokens: {robot_file: token}}
            storage: {path: \(folder.path)/state}
            alerting: {route: {receiver: none}, receivers: [{name: none}]}
            """)
        let second = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
        #expect(await waitUntil { (try? await curl("http://\(address)/-/ready").status) == 200 })
        let log = String(decoding: second.standardError(limit: 1 << 16), as: UTF8.self)
        #expect(log.contains("no Unix socket") && log.contains("another process listens there"), "\(log)")
        #expect(try await agent.command("reload").exit == .exited(0))
        func reload(_ token: String) async throws -> Int {
            try await curl("-X", "POST", "-H", "Authorization: Bearer \(token)", "http://\(address)/-/reload").status
        }
        #expect(try await reload("1123456789abcdef0123456789abcdef") == 200)
        // A new token is taken by the next reload, and the old one is worth nothing from then on.
        try "2123456789abcdef0123456789abcdef\n".write(toFile: token, atomically: true, encoding: .utf8)
        #expect(try await reload("2123456789abcdef0123456789abcdef") == 401)
        #expect(try await reload("1123456789abcdef0123456789abcdef") == 200)
        #expect(try await reload("1123456789abcdef0123456789abcdef") == 401)
        #expect(try await reload("2123456789abcdef0123456789abcdef") == 200)
        // Once the other one is gone, the next reload finds the place free.
        await agent.kill()
        #expect(try await reload("2123456789abcdef0123456789abcdef") == 200)
        #expect(
            await waitUntil {
                (try? await Binary.run(["reload", "--url", "unix:" + agent.socket]).exit) == .exited(0)
            })
        #expect(await second.terminate() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: agent.socket))
        await agent.stop()
        await sink.stop()
        folder.remove()
    }

    /// Without --url the command finds the agent's socket where systemd has made its folder, as `systemctl reload` does.
    @Test func theCommandLineFindsTheSocket() async throws {
        let folder = try TemporaryDirectory()
        let address = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            """
            vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            web: {listen_addresses: ["\(address)"], external_url: "https://ops.example.org/watch"}
            storage: {path: \(folder.path)/state}
            alerting: {route: {receiver: none}, receivers: [{name: none}]}
            """)
        let environment = ProcessInfo.processInfo.environment.merging(["RUNTIME_DIRECTORY": folder.path + ":/other"]) {
            $1
        }
        let agent = try await ChildProcess.start(
            Binary.path, ["run", "--config.file=\(file)"], options: .init(environment: environment))
        #expect(await waitUntil { (try? await curl("http://\(address)/watch/-/ready").status) == 200 })
        for words in [
            ["reload"], ["silence", "add", "-c", "c", "-d", "1h", "A"], ["silence"], ["alerts"], ["history"],
        ] {
            let (exit, _, error) = try await Binary.run(words, environment: environment)
            #expect(exit == .exited(0), "\(words): \(error)")
        }
        #expect(try await curl("-X", "POST", "http://\(address)/watch/-/reload").status == 401)
        // A configuration that is wrong is told.
        try "nonsense: 1\n".write(toFile: file, atomically: true, encoding: .utf8)
        let refused = try await Binary.run(["reload"], environment: environment)
        #expect(refused.exit == .exited(1) && refused.error.contains("unknown key \"nonsense\""), "\(refused)")
        #expect(await agent.terminate() == .exited(0))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/vaultwatch.sock"))
        folder.remove()
    }

    /// A token for another machine leaves over TLS alone, unless the file says otherwise.
    @Test func aTokenDoesNotLeaveInClear() async throws {
        let folder = try TemporaryDirectory()
        let elsewhere = ["alerts", "--url", "http://198.51.100.1:9321"]
        let environment = ProcessInfo.processInfo.environment.merging(["VAULTWATCH_TOKEN": RunningAgent.token]) { $1 }
        var refused = try await Binary.run(elsewhere, environment: environment)
        #expect(refused.exit == .exited(1))
        #expect(
            refused.error.contains(
                "http://198.51.100.1:9321: the token of http_config would go over the network unencrypted; give an https://"
            ), "\(refused.error)")
        #expect(!refused.error.contains(RunningAgent.token))
        let login = try folder.write("login.yml", "basic_auth: {username: ann, password: secret}\n")
        refused = try await Binary.run(elsewhere + ["--http.config.file", login])
        #expect(refused.error.contains("the password of basic_auth would go"), "\(refused.error)")
        folder.remove()
    }

    @Test func checkConfigWarnsOfAnonymousChanges() async throws {
        let folder = try TemporaryDirectory()
        let rest = """
            vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            alerting: {route: {receiver: none}, receivers: [{name: none}]}
            """
        let open = try await Binary.run([
            "check", "config", try folder.write("open.yml", rest + "\nweb: {allow_anonymous_changes: true}\n"),
        ])
        #expect(open.exit == .exited(0) && open.error.contains("warning: web.allow_anonymous_changes"), "\(open)")
        // What the start would refuse is found by the check.
        _ = try folder.write("web.yml", "basic_auth: {}\n")
        let wrong = try await Binary.run([
            "check", "config", try folder.write("wrong.yml", rest + "\nweb: {config_file: web.yml}\n"),
        ])
        #expect(wrong.exit == .exited(1) && wrong.error.contains("web.yml:1:1: unknown key"), "\(wrong)")
        let closed = try await Binary.run(["check", "config", try folder.write("closed.yml", rest + "\n")])
        #expect(closed.exit == .exited(0) && !closed.error.contains("allow_anonymous_changes"), "\(closed)")
        folder.remove()
    }
}
