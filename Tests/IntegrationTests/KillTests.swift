import Foundation
import Lab
import Logging
import Platform
import Synchronization
import Testing
import Transport

/// The real process, killed again and again while alerts come in through its API: at its start, between a transition
/// and its group's turn, between the journal and the receiver, between the receiver and the journal. What the API has
/// acknowledged is heard, each transition of each alert, in order, and twice only where the process died or the
/// receiver's answer got lost in between.
///
/// `VAULTWATCH_KILLS=n` kills so many times, `VAULTWATCH_SEED=n` starts from another seed.
@Suite(.serialized) struct KillTests {
    private static func number(_ name: String) -> UInt64? {
        ProcessInfo.processInfo.environment[name].flatMap(UInt64.init)
    }

    /// Processes at once: most of their lives is waiting.
    private static let worlds = 4

    @Test func everyTransitionOutlivesTheProcess() async throws {
        let kills = Int(KillTests.number("VAULTWATCH_KILLS") ?? 300)
        let seed = KillTests.number("VAULTWATCH_SEED") ?? 1
        let collector = try await Collector.start()
        let http = CurlTransport(platform: .real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        var transitions = 0
        await withTaskGroup(of: (UInt64, Result<KillWorld.Outcome, any Error>).self) { group in
            for world in 0..<KillTests.worlds {
                let own = seed &* 1000 &+ UInt64(world)
                group.addTask {
                    do {
                        let world = try KillWorld(seed: own, collector: collector, http: http)
                        return (own, .success(try await world.run(kills: max(kills / KillTests.worlds, 1))))
                    } catch {
                        return (own, .failure(error))
                    }
                }
            }
            for await (seed, result) in group {
                switch result {
                case .success(let outcome):
                    transitions += outcome.transitions
                    #expect(outcome.problems.isEmpty, "seed \(seed)")
                case .failure(let error): Issue.record("seed \(seed): \(error)")
                }
            }
        }
        // Else nothing was put to the test.
        #expect(transitions > kills)
        print("\(kills) kills, \(transitions) transitions")
        http.close()
        await collector.stop()
    }
}

/// One process after the other on one journal, and the alerts that come and go meanwhile.
private final class KillWorld {
    struct Outcome: Sendable {
        var problems: [String]
        var transitions: Int
    }

    private static let names = ["A", "B", "C", "D", "E", "F"]

    private let peer: Peer
    private var random: UInt64
    /// What the source of alerts says, and whether the API has acknowledged it.
    private var wanted: [String: (fires: Bool, acknowledged: Bool)] = [:]
    private var transitions: [String: Int] = [:]
    private var killedAt: [ContinuousClock.Instant] = []

    init(seed: UInt64, collector: Collector, http: CurlTransport) throws {
        random = seed
        peer = try Peer(
            .vaultwatch, scenario: "kill-\(seed)",
            configuration: Scenario.configuration(wait: "0s", interval: "100ms", more: "global: {resolve_timeout: 1d}"),
            collector: collector, http: http)
        collector.misbehave(peer.kind, peer.scenario, seed: seed)
    }

    private func below(_ bound: UInt64) -> UInt64 {
        random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (random >> 33) % bound
    }

    func run(kills: Int) async throws -> Outcome {
        for _ in 0..<kills {
            // Some die before they listen.
            if below(8) == 0 {
                try await peer.start(isWaiting: false)
                try await Task.sleep(for: .milliseconds(Int(below(150))))
            } else {
                try await peer.start()
                let death = ContinuousClock.now + .milliseconds(Int(below(250)))
                while ContinuousClock.now < death {
                    await change()
                    try await Task.sleep(for: .milliseconds(Int(below(60))))
                }
            }
            await peer.stop(SIGKILL)
            killedAt.append(.now)
        }
        // In peace everything is heard, and then the end of everything.
        peer.collector.behave(peer.kind, peer.scenario)
        try await peer.start()
        try await settle()
        for name in KillWorld.names where wanted[name]?.fires == true { try await say(name, fires: false) }
        try await settle()
        await peer.stop()
        peer.remove()
        return Outcome(problems: problems(), transitions: transitions.values.reduce(0, +))
    }

    /// What the source has said before is said again where nobody acknowledged it; else an alert whose last transition
    /// was heard begins or ends.
    private func change() async {
        let open = KillWorld.names.filter { wanted[$0]?.acknowledged == false }
        if let name = open.first, let state = wanted[name] {
            try? await say(name, fires: state.fires)
            return
        }
        let name = KillWorld.names[Int(below(UInt64(KillWorld.names.count)))]
        let fires = wanted[name]?.fires ?? false
        guard heard(name).last?.line == (fires ? "firing[\(name)]" : wanted[name] == nil ? nil : "resolved[\(name)]")
        else { return }
        transitions[name, default: 0] += 1
        try? await say(name, fires: !fires)
    }

    private func say(_ name: String, fires: Bool) async throws {
        wanted[name] = (fires, false)
        // The process may be dead by then; the source does not know.
        if fires { try await peer.fire(name) } else { try await peer.resolve(name) }
        wanted[name] = (fires, true)
    }

    private func heard(_ name: String) -> [Collector.Heard] {
        peer.heard.filter { $0.group == "{alertname=\"\(name)\"}" }
    }

    private func settle() async throws {
        for name in KillWorld.names {
            guard let state = wanted[name] else { continue }
            if !state.acknowledged { try await say(name, fires: state.fires) }
            let line = (state.fires ? "firing" : "resolved") + "[\(name)]"
            let came = await waitUntil(atMost: .seconds(60)) { heard(name).last?.line == line }
            if !came {
                throw Peer.Failure(
                    description: "\(line) was never heard; \(heard(name).suffix(8).map(\.line)); \(await peer.state())")
            }
        }
    }

    private func problems() -> [String] {
        var problems: [String] = []
        for name in KillWorld.names {
            let lines = heard(name)
            var told = 0
            for (index, one) in lines.enumerated() {
                let expected = told % 2 == 0 ? "firing[\(name)]" : "resolved[\(name)]"
                if one.line == expected {
                    told += 1
                } else if index == 0 || one.line != lines[index - 1].line {
                    problems.append("\(one.line) out of order: \(lines.map(\.line))")
                } else {
                    let before = lines[index - 1]
                    let isExcused = before.isDoubtful || killedAt.contains { $0 > before.at && $0 < one.at }
                    if !isExcused { problems.append("\(one.line) twice for no reason") }
                }
            }
            let wantedCount = (transitions[name] ?? 0) + (transitions[name] ?? 0) % 2
            if told != wantedCount {
                problems.append("\(name): \(told) of \(wantedCount) transitions were heard: \(lines.map(\.line))")
            }
        }
        return problems
    }
}
