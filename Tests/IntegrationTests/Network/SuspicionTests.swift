import Foundation
import Lab
import Simulation
import Testing

private let suspicionSpan =
    ProcessInfo.processInfo.environment["VAULTWATCH_SUSPICION_SECONDS"].flatMap(Int.init) ?? 0

/// Whether a network that loses packets makes anybody believe that a node is down or hangs.
/// `VAULTWATCH_SUSPICION_SECONDS=1200` looks for twenty minutes; a shorter look says little, and is not taken.
@Suite(
    .serialized,
    .enabled(
        if: suspicionSpan > 0 && (LossyLink.refusal == nil || KernelFeature.tun.isRequired),
        "VAULTWATCH_SUSPICION_SECONDS is not set, or: \(LossyLink.refusal ?? "")"))
struct SuspicionTests {
    /// The shipped rules, and a node that has always answered at once until three of ten packets are lost.
    @Test func underLossNobodyIsToldOfANodeThatIsWell() async throws {
        let link = try await LossyLink(seed: 7)
        let names = try NameServer(address: link.outside)
        let node = try SealableNode()
        let receiver = try PageReceiver()
        let agent = try await AgentBehind(
            link, node: node, receiver: receiver, poll: "5s", timeout: "4s", rules: Binary.root + "/rules/*.yml",
            pages: "alertname=~VaultNodeUnreachable|VaultNoActiveNode|VaultActiveNodeLost|VaultHandshakeFailing")
        defer {
            names.close()
            node.server.stop()
            receiver.server.stop()
        }
        #expect(await waitUntil { await agent.isReady() }, "\(agent.log)")
        // Answers enough that the agent knows how quick the node is.
        let up = #"sum_over_time(vault_node_up[1h])"#
        let isKnown = await waitUntil(atMost: .seconds(180)) { ((try? await agent.value(up)) ?? 0) >= 25 }
        #expect(isKnown, "\(agent.log)")
        link.set(.init(lossPercent: 30))
        try await Task.sleep(for: .seconds(suspicionSpan))
        link.set(.init())
        let asked = try await agent.value("count_over_time(vault_node_up[1h])") ?? 0
        let failed = asked - (try await agent.value(up) ?? 0)
        let hung = try await agent.value(#"sum_over_time(vault_node_unreachable{reason="hung"}[1h])"#) ?? 0
        let counts = link.counts
        print(
            "\(suspicionSpan) s with 30 % loss: \(Int(asked)) probes, \(Int(failed)) of them failed, \(Int(hung)) as of a node that hangs, \(receiver.count(of: "firing")) messages; \(counts.lost) of \(counts.lost + counts.passed) packets lost"
        )
        #expect(counts.lost > 10)
        #expect(receiver.count(of: "firing") == 0, "\(receiver.story); \(agent.log)")
        await agent.stop()
        await link.close()
    }
}
