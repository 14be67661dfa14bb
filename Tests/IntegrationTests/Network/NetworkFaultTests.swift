import Foundation
import Lab
import Platform
import Simulation
import Testing

/// The real process behind a network that loses, delays and reorders packets, swallows a POST in its middle, loses its
/// name server or its cable: every page arrives, and none says that a fault is over while it is not.
///
/// One seed of each fault; `VAULTWATCH_NETWORK_SEEDS=n` runs so many, as `make soak` does, and `VAULTWATCH_NETWORK=loss`
/// that fault alone.
@Suite(
    .serialized,
    .enabled(
        if: LossyLink.refusal == nil || KernelFeature.tun.isRequired, "\(LossyLink.refusal ?? "")"))
struct NetworkFaultTests {

    enum Trouble: String, CaseIterable, Sendable {
        case loss, latency, reordering, blackHole, nameServerGone, flapping
    }

    private static let seeds = ProcessInfo.processInfo.environment["VAULTWATCH_NETWORK_SEEDS"].flatMap(UInt64.init) ?? 1

    private static var troubles: [Trouble] {
        ProcessInfo.processInfo.environment["VAULTWATCH_NETWORK"].map { name in
            Trouble.allCases.filter { $0.rawValue == name }
        } ?? Trouble.allCases
    }

    @Test func noPageIsLostAndNoResolveIsFalse() async throws {
        for seed in 1...NetworkFaultTests.seeds {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for trouble in NetworkFaultTests.troubles {
                    group.addTask { try await NetworkFaultTests.run(trouble, seed: seed) }
                }
                try await group.waitForAll()
            }
        }
    }

    /// Seals and unseals a node twice while the trouble lasts.
    private static func run(_ trouble: Trouble, seed: UInt64) async throws {
        let name: Testing.Comment = "\(trouble.rawValue), seed \(seed)"
        let link = try await LossyLink(seed: seed)
        let names = try NameServer(address: link.outside)
        let node = try SealableNode()
        let receiver = try PageReceiver()
        let agent = try await AgentBehind(link, node: node, receiver: receiver)
        defer {
            names.close()
            node.server.stop()
            receiver.server.stop()
        }
        let isReady = await waitUntil { await agent.isReady() }
        try #require(isReady, "\(name): \(agent.log)")
        let disturbance = Task {
            try await disturb(trouble, seed: seed, link: link, names: names, receiver: receiver)
        }
        for round in 1...2 {
            node.setSealed(true)
            let isPaged = await waitUntil(atMost: .seconds(120)) { receiver.count(of: "firing") >= round }
            #expect(isPaged, "\(name), round \(round): no page; \(receiver.story); \(agent.log)")
            let resolves = receiver.count(of: "resolved")
            // Long enough for several probes to fail.
            try await Task.sleep(for: .seconds(8))
            #expect(
                receiver.count(of: "resolved") == resolves,
                "\(name), round \(round): resolved while sealed; \(agent.log)")
            node.setSealed(false)
            let isResolved = await waitUntil(atMost: .seconds(120)) { receiver.isResolved }
            #expect(isResolved, "\(name), round \(round): no resolve; \(receiver.story); \(agent.log)")
        }
        disturbance.cancel()
        _ = try? await disturbance.value
        let counts = link.counts
        print("\(name): \(counts.lost) of \(counts.lost + counts.passed) packets lost; \(receiver.story)")
        await agent.stop()
        await link.close()
    }

    /// Brings the trouble, until the task is cancelled.
    private static func disturb(
        _ trouble: Trouble, seed: UInt64, link: LossyLink, names: NameServer, receiver: PageReceiver
    ) async throws {
        let random = SeededRandom(seed: seed &+ 1000)
        switch trouble {
        case .loss: link.set(.init(lossPercent: 30))
        case .latency: link.set(.init(delay: .milliseconds(250)))
        case .reordering: link.set(.init(delay: .milliseconds(5), jitter: .milliseconds(60)))
        case .blackHole:
            // From the first bytes of a POST on, for longer than the attempt may take.
            receiver.onRequest { index in
                guard index % 2 == 0 else { return }
                link.set(.init(isBlackHole: true))
                Task {
                    try? await Task.sleep(for: .seconds(7 + random.below(3)))
                    link.set(.init())
                }
            }
        case .nameServerGone:
            while !Task.isCancelled {
                names.setSilent(true)
                try await Task.sleep(for: .seconds(6 + random.below(4)))
                names.setSilent(false)
                try await Task.sleep(for: .seconds(2 + random.below(2)))
            }
        case .flapping:
            while !Task.isCancelled {
                try await link.setInterface(up: false)
                try? await Task.sleep(for: .milliseconds(500 + random.below(2500)))
                try await link.setInterface(up: true)
                try await Task.sleep(for: .milliseconds(2500 + random.below(2500)))
            }
        }
    }
}
