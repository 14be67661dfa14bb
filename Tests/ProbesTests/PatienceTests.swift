import Platform
import Simulation
import Synchronization
import Testing
import Transport

@testable import Probes

/// How a target that hangs is told from one that is slow, far away, or behind a network that loses packets.
struct PatienceTests {
    private static let timeout = Duration.seconds(4)

    private func at(_ seconds: Int) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

    private func answered(_ count: Int = 20, after duration: Duration = .milliseconds(2), from: Int = 0) -> Patience {
        var patience = Patience()
        for turn in 0..<count { patience.answered(after: duration, now: at(from + turn * 5)) }
        return patience
    }

    @Test func comesFromTheTargetsOwnAnswers() {
        #expect(Patience().limits(of: Self.timeout) == nil)
        #expect(answered(19).limits(of: Self.timeout) == nil)
        #expect(answered(20).limits(of: Self.timeout)?.first == .milliseconds(450))
        #expect(answered(20).limits(of: Self.timeout)?.second == .milliseconds(300))
        #expect(answered(after: .milliseconds(30)).limits(of: Self.timeout)?.first == .milliseconds(600))
        #expect(answered(after: .milliseconds(119)).limits(of: Self.timeout)?.first == .milliseconds(2380))
        #expect(answered(after: .milliseconds(120)).limits(of: Self.timeout) == nil)
        #expect(answered().limits(of: .milliseconds(750)) == nil)
    }

    /// One slow answer, as of a network that begins to lose packets, counts for an hour.
    @Test func oneSlowAnswerGivesTheWholeTimeout() {
        var patience = answered(20)
        patience.answered(after: .milliseconds(210), now: at(100))
        #expect(patience.limits(of: Self.timeout) == nil)
        for second in stride(from: 105, through: 3500, by: 5) {
            patience.answered(after: .milliseconds(2), now: at(second))
            #expect(patience.limits(of: Self.timeout) == nil)
        }
        for second in stride(from: 3505, through: 4300, by: 5) {
            patience.answered(after: .milliseconds(2), now: at(second))
        }
        #expect(patience.limits(of: Self.timeout)?.first == .milliseconds(450))
    }

    @Test func whoDidNotAnswerGetsTheWholeTimeout() {
        var patience = answered()
        patience.failed()
        #expect(patience.limits(of: Self.timeout) == nil)
        patience.answered(after: .milliseconds(2), now: at(200))
        #expect(patience.limits(of: Self.timeout)?.first == .milliseconds(450))
    }

    // MARK: Vault

    /// What a node says after 20 quick answers, in the order of the questions.
    private func vault(_ errors: [TransportError?]) async throws -> (reason: String?, timeouts: [Duration]) {
        let script = Mutex((healths: 0, timeouts: [Duration]()))
        let http = ScriptedHTTP { request in
            guard request.url.hasSuffix("/v1/sys/health") else { return .success(json(200, "{}")) }
            let error = script.withLock { script -> TransportError? in
                script.healths += 1
                guard script.healths > 20 else { return nil }
                script.timeouts.append(request.timeout)
                return errors[min(script.healths - 21, errors.count - 1)]
            }
            return error.map { .failure($0) } ?? .success(Recording.response("active.health"))
        }
        var options = VaultClusterOptions(name: "main", nodes: [.init(name: "a", url: "https://a:8200")])
        options.timeout = Self.timeout
        let cluster = VaultCluster(options: options, http: http, platform: testPlatform())
        let probe = try #require(cluster.probes().first { $0.target.kind == .vaultNode })
        for _ in 0..<20 { _ = await probe.run() }
        let report = await probe.run()
        return (report.failure?.reason, script.withLock(\.timeouts))
    }

    private static func silence(isTaken: Bool) -> TransportError {
        var error = TransportError(.timeout, "no answer")
        error.isTaken = isTaken
        return error
    }

    @Test func aNodeThatTakesConnectionsAndDoesNotAnswerHangs() async throws {
        let found = try await vault([Self.silence(isTaken: true)])
        #expect(found.reason == "hung")
        #expect(found.timeouts == [.milliseconds(450), .milliseconds(300)])
    }

    @Test func aNodeThatAnswersTheSecondTimeIsWell() async throws {
        let found = try await vault([Self.silence(isTaken: true), nil])
        #expect(found.reason == nil && found.timeouts.count == 2)
    }

    @Test func whereTheNetworkMayHaveLostItTheWholeTimeoutIsWaited() async throws {
        let found = try await vault([Self.silence(isTaken: true), Self.silence(isTaken: false)])
        #expect(found.reason == "timeout")
        #expect(found.timeouts == [.milliseconds(450), .milliseconds(300), Self.timeout])
        #expect(try await vault([Self.silence(isTaken: false), Self.silence(isTaken: false), nil]).reason == nil)
    }

    @Test func aRefusedConnectionIsNotAskedAgain() async throws {
        var refused = TransportError(.connect, "connection refused")
        refused.isUnsent = true
        let found = try await vault([refused])
        #expect(found.reason == "connect" && found.timeouts == [.milliseconds(450)])
    }
}
