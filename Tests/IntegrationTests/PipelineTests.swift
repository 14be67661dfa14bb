import Agent
import Foundation
import Lab
import Logging
import Platform
import Supervision
import Testing
@testable import vaultwatch

/// The whole way, from a real poll over real sockets to real messages, on the simulated estate.
@Suite(.serialized) struct PipelineTests {
    /// An estate, and the agent on it, as `vaultwatch demo` runs them.
    private struct Watch {
        let estate: Estate
        let folder: TemporaryDirectory
        let address: String
        let requests: AsyncStream<Request>.Continuation
        let running: Task<Void, any Error>

        func stop() async throws {
            requests.yield(.stop)
            _ = try? await running.value
            await estate.stop()
            folder.remove()
        }

        func get(_ path: String) async throws -> (status: Int, text: String) {
            let out = try await ChildProcess.run(
                "curl", ["-s", "-o", "-", "-w", "\n%{http_code}", "--max-time", "10", "http://\(address)\(path)"])
            let lines = String(decoding: out, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
        }
    }

    private func watch(postgres: Bool = false) async throws -> Watch {
        let log = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let estate = try await Estate.quiet(postgres: postgres, security: .https)
        let folder = try TemporaryDirectory()
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: listen, storage: folder.path
            )
            .replacingOccurrences(of: "poll_interval: 5s\n  timeout: 4s", with: "poll_interval: 1s\n  timeout: 1s"))
        let agent = try Agent(AgentOptions(configFile: file), platform: .real(log: log))
        let (requests, asking) = AsyncStream.makeStream(of: Request.self)
        let (ready, telling) = AsyncStream.makeStream(of: String.self)
        agent.onReady = { addresses in
            telling.yield(addresses.first ?? "")
            telling.finish()
        }
        let running = Task {
            defer { telling.finish() }
            try await agent.run(requests: requests)
        }
        var address: String?
        for await one in ready { address = one }
        return Watch(estate: estate, folder: folder, address: try #require(address), requests: asking, running: running)
    }

    private func action(_ text: String) throws -> EstateAction { try #require(EstateAction(text)) }

    @Test func aSealedNodeReachesMailSlackAndPagerDutyAndSoDoesItsEnd() async throws {
        let watch = try await watch()
        try await watch.estate.perform(try action("seal vault-2"))
        let kinds: Set<Lab.Message.Kind> = [.mail, .slack, .pagerduty]
        let told = await waitUntil { Set(watch.estate.inbox.messages().map(\.kind)) == kinds }
        #expect(told, "\(watch.estate.inbox.messages())")
        let mail = try #require(watch.estate.inbox.messages(kind: .mail).first?.mail)
        #expect(mail.subject.hasPrefix("CRIT ") && mail.subject.contains("Vault node vault-2 is sealed"))
        #expect(mail.recipients == ["oncall@example.org"])
        #expect(mail.text.contains("1. See whether it restarted or somebody sealed it:"))
        #expect(mail.text.contains("     ssh vault-2 'journalctl"))

        try await watch.estate.perform(try action("unseal vault-2"))
        let ended = await waitUntil { kinds.allSatisfy { watch.estate.inbox.messages(kind: $0).count == 2 } }
        #expect(ended)
        #expect(watch.estate.inbox.messages(kind: .mail).last?.mail?.subject.contains("over after") == true)
        // PagerDuty's end belongs to the same incident.
        #expect(Set(watch.estate.inbox.messages(kind: .pagerduty).map(\.incident)).count == 1)
        try await watch.stop()
    }

    /// Nothing is lost on a receiver that fails at first, and what works is not held up by it.
    @Test func aFailingReceiverGetsItsMessageWhenItIsBack() async throws {
        let watch = try await watch()
        watch.estate.inbox.fail(.slack, .status(500))
        try await watch.estate.perform(try action("seal vault-3"))
        #expect(await waitUntil { watch.estate.inbox.messages(kind: .pagerduty).count == 1 })
        #expect(watch.estate.inbox.messages(kind: .slack).isEmpty)
        watch.estate.inbox.fail(.slack, nil)
        #expect(await waitUntil { watch.estate.inbox.messages(kind: .slack).count == 1 })
        try await watch.stop()
    }

    @Test func pagesAndAPIsAnswer() async throws {
        let watch = try await watch()
        #expect(try await watch.get("/-/healthy").status == 200)
        #expect(try await watch.get("/-/ready").status == 200)
        let metrics = try await watch.get("/metrics")
        #expect(metrics.text.contains("vault_cluster_active_nodes{cluster="))
        let file = try watch.folder.write("metrics.txt", metrics.text + "\n")
        let lint = try await ChildProcess.start("sh", ["-c", "promtool check metrics < \(file)"])
        #expect(await lint.wait() == .exited(0))
        #expect(
            lint.standardOutput(limit: 4096).isEmpty && lint.standardError(limit: 4096).isEmpty,
            "promtool has something to say")

        let query = try await ChildProcess.run(
            "promtool", ["query", "instant", "http://\(watch.address)", "sum(vault_node_up)"])
        #expect(String(decoding: query, as: UTF8.self).hasPrefix("{} => 3 "))
        let alerts = try await ChildProcess.run(
            "amtool", ["--alertmanager.url=http://\(watch.address)", "alert", "query"])
        #expect(String(decoding: alerts, as: UTF8.self).contains("Watchdog"))
        let status = try await watch.get("/api/v1/vaultwatch/status")
        #expect(status.text.contains("vault-1"))
        // Where the shipped rules' runbook_url leads.
        #expect(try await watch.get("/runbooks").text.contains("id=\"VaultSealed\""))
        try await watch.stop()
    }

    @Test func aBadReloadKeepsWhatRuns() async throws {
        let watch = try await watch()
        let path = watch.folder.path + "/vaultwatch.yml"
        let good = try String(contentsOfFile: path, encoding: .utf8)
        _ = try watch.folder.write("vaultwatch.yml", good + "\nnonsense: true\n")
        let refused = try await ChildProcess.run(
            "curl", ["-s", "-X", "POST", "-w", "\n%{http_code}", "http://\(watch.address)/-/reload"])
        let text = String(decoding: refused, as: UTF8.self)
        #expect(text.contains("unknown key \"nonsense\""), "\(text)")
        #expect(try await watch.get("/metrics").text.contains("vaultwatch_config_last_reload_successful 0"))
        #expect(try await watch.get("/-/ready").status == 200)
        _ = try watch.folder.write("vaultwatch.yml", good)
        let taken = try await ChildProcess.run(
            "curl", ["-s", "-X", "POST", "-o", "/dev/null", "-w", "%{http_code}", "http://\(watch.address)/-/reload"])
        #expect(String(decoding: taken, as: UTF8.self) == "200")
        #expect(try await watch.get("/metrics").text.contains("vaultwatch_config_last_reload_successful 1"))
        try await watch.stop()
    }

    /// Both PostgreSQL servers, the replica's cut and its recovery.
    @Test func aCutReplicaIsTold() async throws {
        let watch = try await watch(postgres: true)
        try await watch.estate.perform(.cutReplication)
        let told = await waitUntil(atMost: .seconds(90)) {
            watch.estate.inbox.messages(kind: .mail).contains { $0.mail?.subject.contains("replica") == true }
        }
        #expect(told, "\(watch.estate.inbox.messages().compactMap { $0.mail?.subject })")
        try await watch.stop()
    }
}
