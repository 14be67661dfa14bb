import Foundation
import Lab
import Logging
import Platform
import Testing
@testable import vaultwatch

/// The real process: systemd's protocol, signals, and kill -9.
@Suite(.serialized) struct DaemonTests {
    private func estate() async throws -> (estate: Estate, folder: TemporaryDirectory, file: String, listen: String) {
        let estate = try await Estate.quiet()
        let folder = try TemporaryDirectory()
        let listen = "127.0.0.1:\(try freePort())"
        let text = DemoConfiguration.text(
            try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: listen, storage: folder.path + "/state"
        )
        let file = try folder.write(
            "vaultwatch.yml",
            text.replacingOccurrences(of: "poll_interval: 5s\n  timeout: 4s", with: "poll_interval: 1s\n  timeout: 1s"))
        return (estate, folder, file, listen)
    }

    /// READY comes after the first round, WATCHDOG while all loops advance, RELOADING with the monotonic time, STOPPING
    /// at the end.
    @Test func systemdIsToldTheTruth() async throws {
        let (estate, folder, file, _) = try await estate()
        let socket = folder.path + "/notify.sock"
        let listener = try await ChildProcess.start(
            "python3",
            [
                "-c",
                """
                import socket,sys
                s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound",flush=True)
                while True:
                    m=s.recv(4096).decode(); print("|".join(m.splitlines()),flush=True)
                    if "STOPPING=1" in m: break
                """, socket,
            ])
        func said() -> String { String(decoding: listener.standardOutput(limit: 1 << 16), as: UTF8.self) }
        #expect(await waitUntil { said().contains("bound") })
        var environment = ProcessInfo.processInfo.environment
        environment["NOTIFY_SOCKET"] = socket
        environment["WATCHDOG_USEC"] = "2000000"
        let agent = try await ChildProcess.start(
            Binary.path, ["run", "--config.file=\(file)"], options: .init(environment: environment))
        #expect(await waitUntil { said().contains("READY=1|STATUS=") }, "\(said())")
        #expect(await waitUntil { said().components(separatedBy: "WATCHDOG=1").count > 3 })
        // Type=notify-reload takes a message for its own reload only if it was sent after the signal; sd_notify(3).
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let before = Int(now.tv_sec) * 1_000_000 + Int(now.tv_nsec) / 1000
        agent.signal(SIGHUP)
        #expect(await waitUntil { said().components(separatedBy: "READY=1").count == 3 }, "\(said())")
        let reloading = said().components(separatedBy: "RELOADING=1|MONOTONIC_USEC=")
        let sent = reloading.dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
        #expect(reloading.count == 2 && reloading[0].components(separatedBy: "READY=1").count == 2, "\(said())")
        #expect(try #require(sent) >= before)
        // A reload that is refused ends too, and says so.
        try (String(contentsOfFile: file, encoding: .utf8) + "nonsense: 1\n").write(
            toFile: file, atomically: true, encoding: .utf8)
        agent.signal(SIGHUP)
        #expect(await waitUntil { said().components(separatedBy: "READY=1").count == 4 }, "\(said())")
        #expect(said().components(separatedBy: "READY=1").last?.contains("The last reload was refused") == true)
        agent.signal(SIGTERM)
        #expect(await agent.wait() == .exited(0))
        #expect(await waitUntil { said().contains("STOPPING=1") })
        _ = await listener.terminate()
        await estate.stop()
        folder.remove()
    }

    /// The whole way from a node to its pagers, killed at arbitrary moments while nodes are sealed and unsealed: every
    /// trigger and every end arrives in the end, and no end comes without its trigger. `KillTests` kill more often,
    /// nearer to the journal.
    @Test func killMinus9LosesNothing() async throws {
        let (estate, folder, file, listen) = try await estate()
        let seed = ProcessInfo.processInfo.environment["VAULTWATCH_SEED"].flatMap { UInt64($0) } ?? 20261123
        var random = seed
        func next(_ below: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % below
        }
        var isSealed = false
        func start() async throws -> ChildProcess {
            try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)", "--log.level=error"])
        }
        for _ in 0..<9 {
            let agent = try await start()
            // Anywhere between exec and some turns of the pipeline; the wait is the test's subject, not its assertion.
            try await Task.sleep(for: .milliseconds(Int(next(1500)) + 20))
            isSealed.toggle()
            try await estate.perform(.node("vault-2", isSealed ? .seal : .unseal))
            try await Task.sleep(for: .milliseconds(Int(next(1200))))
            agent.signal(SIGKILL)
            _ = await agent.wait()
        }
        if !isSealed { try await estate.perform(.node("vault-2", .seal)) }
        let agent = try await start()
        // It must have found the node sealed itself: what it knows from the journal alone stays after the start until
        // its data are back.
        let isFound = await waitUntil {
            let out = try? await ChildProcess.run(
                "curl", ["-s", "--max-time", "5", "http://\(listen)/api/v1/query?query=vault_node_sealed==1"])
            return out.map { String(decoding: $0, as: UTF8.self).contains("vault-2") } ?? false
        }
        #expect(isFound)
        func state(_ message: Lab.Message) -> String {
            if case .object(let members)? = message.payload, case .string(let action)? = members["event_action"] {
                return action
            }
            return "?"
        }
        func isEnd(_ line: String) -> Bool { line.contains("over after") || line.contains("alerts are over") }
        #expect(
            await waitUntil(atMost: .seconds(60)) {
                estate.inbox.messages(kind: .pagerduty).last.map(state) == "trigger"
            }, "seed \(seed)")
        try await estate.perform(.node("vault-2", .unseal))
        let ended = await waitUntil(atMost: .seconds(60)) {
            [.pagerduty, .slack, .mail].allSatisfy { (kind: Lab.Message.Kind) in
                guard let last = estate.inbox.messages(kind: kind).last else { return false }
                return kind == .mail
                    ? isEnd(last.mail?.subject ?? "")
                    : kind == .slack ? isEnd("\(last)") : state(last) == "resolve"
            }
        }
        let log = String(decoding: agent.standardError(limit: 1 << 16), as: UTF8.self)
        #expect(
            ended,
            "seed \(seed), \(agent.exit.map { "\($0)" } ?? "running"): \(estate.inbox.messages().map { "\($0.kind) \($0.mail?.subject ?? "")" })\n\(log)"
        )
        let events = estate.inbox.messages(kind: .pagerduty).map(state)
        #expect(events.first == "trigger", "seed \(seed): \(events)")
        #expect(events.contains("resolve"))
        _ = await agent.terminate()
        await estate.stop()
        folder.remove()
    }

    /// The clock is set an hour ahead and two hours back under a node that stays sealed: nobody hears of an end until
    /// it is unsealed.
    @Test func stepsOfTheClockEndNothing() async throws {
        let estate = try await Estate.quiet()
        let folder = try TemporaryDirectory()
        let listen = "127.0.0.1:\(try freePort())"
        // Evaluated more often than anything is polled: the rules see the step first.
        let rules = try folder.write(
            "rules.yml",
            """
            groups: [{name: vault, interval: 500ms, rules: [{alert: VaultSealed, expr: vault_node_sealed == 1, labels: {severity: critical}}]}]
            """)
        let text = DemoConfiguration.text(
            try estate.endpoints(), rules: rules, listen: listen, storage: folder.path + "/state")
        let file = try folder.write("vaultwatch.yml", text)
        let offset = try folder.write("offset", String(repeating: "\0", count: 8))
        func step(_ seconds: Int64) throws {
            let handle = try FileHandle(forWritingTo: URL(filePath: offset))
            try handle.write(contentsOf: withUnsafeBytes(of: seconds) { Data($0) })
            try handle.close()
        }
        var environment = ProcessInfo.processInfo.environment
        environment["LD_PRELOAD"] =
            URL(filePath: Binary.path).deletingLastPathComponent().appending(path: "libSteppedClock.so").path
        environment["STEPPED_CLOCK_FILE"] = offset
        let agent = try await ChildProcess.start(
            Binary.path, ["run", "--config.file=\(file)"], options: .init(environment: environment))
        func value(_ series: String) async -> Double? {
            let page = try? await ChildProcess.run("curl", ["-s", "--max-time", "5", "http://\(listen)/metrics"])
            return page.flatMap { RunningAgent.value(series, in: String(decoding: $0, as: UTF8.self)) }
        }
        func events() -> [String] {
            estate.inbox.messages(kind: .pagerduty).map { "\($0.payload.map { "\($0)" } ?? "")" }.filter {
                $0.contains("VaultSealed")
            }
        }
        let evaluations = #"vaultwatch_rule_evaluations_total{rule_group="vault"}"#
        #expect(await waitUntil { await value("vaultwatch_clock_steps_total") == 0 })
        try await estate.perform(.node("vault-2", .seal))
        #expect(await waitUntil { events().count == 1 })
        for (count, seconds) in [(1.0, 3600), (2.0, -3600)] as [(Double, Int64)] {
            try step(seconds)
            #expect(await waitUntil { await value("vaultwatch_clock_steps_total") == count })
            // Some turns of the rules, with what was polled before and after.
            for _ in 0..<3 {
                let before = await value(evaluations) ?? .nan
                #expect(await waitUntil { (await value(evaluations) ?? .nan) > before }, "\(before)")
            }
            // Neither at the pager nor within, where the group's interval could hide an end that is taken back.
            #expect(events().count == 1, "\(events())")
            #expect(!String(decoding: agent.standardError(limit: 1 << 16), as: UTF8.self).contains("alert ended"))
        }
        try await estate.perform(.node("vault-2", .unseal))
        #expect(await waitUntil { events().count == 2 }, "\(events())")
        #expect(events().last?.contains("resolve") == true)
        _ = await agent.terminate()
        await estate.stop()
        folder.remove()
    }
}
