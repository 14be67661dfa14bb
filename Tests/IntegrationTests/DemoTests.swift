import Foundation
import Lab
import Platform
import Testing

/// The program behind `make run`.
struct DemoTests {
    @Test(.timeLimit(.minutes(2))) func theDemoStartsTheAgentAndStopsItAgain() async throws {
        let port = try freePort()
        let demo = try await ChildProcess.start(
            Binary.path + "-demo",
            ["--without-postgres", "--web.listen-address=127.0.0.1:\(port)", "--rules=\(Binary.root)/rules/*.yml"])
        let isReady = await waitUntil(atMost: .seconds(60)) {
            String(decoding: demo.standardError(limit: 1 << 20), as: UTF8.self).contains("status page")
                || demo.exit != nil
        }
        let output = String(decoding: demo.standardError(limit: 1 << 20), as: UTF8.self)
        #expect(isReady && demo.exit == nil, "\(output)")
        #expect(output.contains("http://127.0.0.1:\(port)/metrics"))
        // The agent's log goes to the same stream.
        #expect(output.contains("msg=started"))
        let page = try await ChildProcess.run("curl", ["-sf", "http://127.0.0.1:\(port)/-/ready"])
        #expect(String(decoding: page, as: UTF8.self) == "vaultwatch is ready.\n")
        // Who tries it out needs no login to silence something, since it is on loopback alone.
        let silence = try await Binary.run([
            "silence", "add", "-c", "trying it out", "-d", "1m", "VaultSealed", "--url=http://127.0.0.1:\(port)",
        ])
        #expect(silence.exit == .exited(0), "\(silence.error)")
        #expect(demo.signal(SIGTERM))
        #expect(await demo.wait() == .exited(0))
        #expect(await waitUntil(atMost: .seconds(10)) { !accepts(port: port) })
    }

    /// What the demo says how to do, works: a backup is made, and comes back, in the time that a real Vault takes.
    @Test(.timeLimit(.minutes(3))) func theDemosBackupsCanBeRestored() async throws {
        let port = try freePort()
        let demo = try await ChildProcess.start(
            Binary.path + "-demo",
            ["--without-postgres", "--web.listen-address=127.0.0.1:\(port)", "--rules=\(Binary.root)/rules/*.yml"])
        func output() -> String { String(decoding: demo.standardError(limit: 1 << 20), as: UTF8.self) }
        #expect(await waitUntil(atMost: .seconds(60)) { output().contains("status page") || demo.exit != nil })
        /// The arguments of the command that the demo prints.
        func printed(_ command: String) throws -> [String] {
            let line = try #require(output().split(separator: "\n").first { $0.contains("vaultwatch \(command) ") })
            let argument = try #require(line.split(separator: " ").last { $0.hasPrefix("--recovery.file=") })
            return command.split(separator: " ").map(String.init) + [String(argument)]
        }
        let made = try await Binary.run(try printed("backup run") + ["--output=json"])
        #expect(made.exit == .exited(0), "\(made.error)")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
        let key = try #require((body["keys"] as? [String])?.first)
        #expect(key.hasPrefix("daily/"))
        let restored = try await Binary.run(try printed("restore-test"))
        #expect(restored.exit == .exited(0), "\(restored.output)\(restored.error)")
        #expect(restored.output.contains("passed: the copy itself gave the secret"))
        #expect(restored.output.contains(key), "another backup than the one just made: \(restored.output)")
        // The daemon knows both from the records, and the new backup from the bucket.
        var metrics: [Substring] = []
        let isKnown = try await waitUntil(atMost: .seconds(40)) {
            let page = try await ChildProcess.run("curl", ["-sf", "http://127.0.0.1:\(port)/metrics"])
            metrics = String(decoding: page, as: UTF8.self).split(separator: "\n")
            return metrics.contains("backup_newest_info{backup_set=\"daily\",key=\"\(key)\"} 1")
                && metrics.contains { $0.hasPrefix("restore_test_last_phase_seconds{phase=\"canary\"}") }
        }
        #expect(isKnown)
        // As large as those of the estate's own job.
        let ratio = metrics.first { $0.hasPrefix("backup_newest_size_ratio{backup_set=\"daily\"} ") }
        #expect(ratio?.split(separator: " ").last.flatMap { Double($0) }.map { 0.8...1.2 ~= $0 } == true)
        #expect(demo.signal(SIGTERM))
        #expect(await demo.wait() == .exited(0))
    }

    /// Started anywhere, as a program of a checkout is: it finds the rules, or says that it has none. It never watches
    /// without, where nothing would ever alert.
    @Test(.timeLimit(.minutes(2))) func outsideACheckoutItHasRulesNevertheless() async throws {
        let port = try freePort()
        let folder = try TemporaryDirectory()
        let demo = try await ChildProcess.start(
            Binary.path + "-demo", ["--without-postgres", "--http", "--web.listen-address=127.0.0.1:\(port)"],
            options: .init(workingDirectory: folder.path))
        func output() -> String { String(decoding: demo.standardError(limit: 1 << 20), as: UTF8.self) }
        #expect(await waitUntil(atMost: .seconds(60)) { output().contains("status page") || demo.exit != nil })
        if demo.exit == nil {
            let rules = try await ChildProcess.run("curl", ["-sf", "http://127.0.0.1:\(port)/api/v1/rules"])
            #expect(String(decoding: rules, as: UTF8.self).contains("VaultSealed"))
            #expect(!output().contains("no rules are loaded"), "\(output())")
            #expect(demo.signal(SIGTERM))
            #expect(await demo.wait() == .exited(0))
        } else {
            #expect(demo.exit == .exited(1) && output().contains("nothing would ever alert"), "\(output())")
        }
        folder.remove()
    }

    @Test(.timeLimit(.minutes(1))) func withoutRulesItDoesNotStart() async throws {
        let folder = try TemporaryDirectory()
        let demo = try await ChildProcess.start(
            Binary.path + "-demo", ["--without-postgres", "--http", "--rules=\(folder.path)/*.yml"])
        #expect(await demo.wait() == .exited(1))
        let output = String(decoding: demo.standardError(limit: 1 << 20), as: UTF8.self)
        #expect(output.contains("no rule files match \(folder.path)/*.yml, so nothing would ever alert"), "\(output)")
        folder.remove()
    }
}
