import Foundation
import Lab
import Simulation
import Testing

/// A network that loses packets makes nobody believe that a node is down or hangs.
@Suite(
    .serialized,
    .enabled(
        if: LossyLink.refusal == nil || KernelFeature.tun.isRequired, "\(LossyLink.refusal ?? "")"))
struct SuspicionTests {
    /// `VAULTWATCH_SUSPICION_SECONDS=1200` for twenty minutes.
    private static let span =
        ProcessInfo.processInfo.environment["VAULTWATCH_SUSPICION_SECONDS"].flatMap(Int.init) ?? 30

    /// The shipped rules, and a node that has always answered at once until three of ten packets are lost.
    @Test func underLossNobodyIsToldOfANodeThatIsWell() async throws {
        let link = try await LossyLink(seed: 7)
        let names = try NameServer(address: link.outside)
        let node = try SealableNode()
        let receiver = try PageReceiver()
        let agent = try await AgentBehind(
            link, node: node, receiver: receiver, timeout: "1s", rules: Binary.root + "/rules/*.yml",
            pages: "alertname=~Vault(Node|NoActive|Handshake|Failover|SecretRead).*")
        defer {
            names.close()
            node.server.stop()
            receiver.server.stop()
        }
        #expect(await waitUntil { await agent.isReady() }, "\(agent.log)")
        // Answers enough that the agent knows how quick the node is.
        let up = #"sum_over_time(vault_node_up[1h])"#
        #expect(await waitUntil { ((try? await agent.value(up)) ?? 0) >= 25 }, "\(agent.log)")
        link.set(.init(lossPercent: 30))
        try await Task.sleep(for: .seconds(SuspicionTests.span))
        link.set(.init())
        let asked = try await agent.value("count_over_time(vault_node_up[1h])") ?? 0
        let failed = asked - (try await agent.value(up) ?? 0)
        let hung = try await agent.value(#"sum_over_time(vault_node_unreachable{reason="hung"}[1h])"#) ?? 0
        let counts = link.counts
        print(
            "\(SuspicionTests.span) s with 30 % loss: \(Int(asked)) probes, \(Int(failed)) of them failed, \(Int(hung)) as of a node that hangs, \(receiver.count(of: "firing")) messages; \(counts.lost) of \(counts.lost + counts.passed) packets lost"
        )
        #expect(counts.lost > 10)
        #expect(receiver.count(of: "firing") == 0, "\(receiver.story); \(agent.log)")
        await agent.stop()
        await link.close()
    }
}
