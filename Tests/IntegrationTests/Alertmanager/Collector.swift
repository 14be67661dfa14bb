import Foundation
import Lab
import Synchronization

/// A webhook receiver on loopback for both peers. They are distinguished by User-Agent and share one configuration.
final class Collector: Sendable {
    /// One notification as received.
    struct Heard: Sendable {
        let receiver: String
        /// The group's labels, `{alertname="A"}`.
        let group: String
        /// `firing[A,B] resolved[C]`
        let line: String
        /// The payload with sorted keys, its alerts in the order of their fingerprints.
        let payload: String
        let at: ContinuousClock.Instant
        /// The answer is lost, so the sender can't know that the notification was received.
        var isDoubtful = false
    }

    private struct Key: Hashable {
        let peer: Peer.Kind
        let scenario: String
    }

    private struct SourcePosition: Hashable {
        let key: Key
        let receiver: String
    }

    private struct State {
        var heard: [Key: [Heard]] = [:]
        /// The outcomes of a receiver's next requests instead of 200, in order.
        var failures: [SourcePosition: [LabReply]] = [:]
        var failing: [SourcePosition: LabReply] = [:]
        var refused: [SourcePosition: Int] = [:]
        /// The process of each peer whose requests count.
        var lives: [Key: Int] = [:]
        /// Seeds of receivers that fail at random.
        var misbehaving: [Key: UInt64] = [:]
    }

    private let state = Mutex(State())
    private let server: LabServer

    private init(_ box: Box) throws {
        server = try LabServer { request in
            guard let collector = box.collector.withLock({ $0 }) else { return .reset }
            return await collector.answer(request)
        }
        box.collector.withLock { $0 = self }
    }

    private final class Box: Sendable { let collector = Mutex<Collector?>(nil) }

    static func start() async throws -> Collector {
        let collector = try Collector(Box())
        try await collector.server.start()
        return collector
    }

    func stop() async { await server.close() }

    func url(_ scenario: String) -> String { "\(server.url)/\(scenario)" }

    func heard(_ peer: Peer.Kind, _ scenario: String) -> [Heard] {
        state.withLock { $0.heard[Key(peer: peer, scenario: scenario)] ?? [] }
    }

    /// From now on only the requests of this process count.
    func begin(_ peer: Peer.Kind, _ scenario: String, life: Int) {
        state.withLock { $0.lives[Key(peer: peer, scenario: scenario)] = life }
    }

    /// The requests that were not answered with 200.
    func refused(_ peer: Peer.Kind, _ scenario: String, _ receiver: String) -> Int {
        state.withLock { $0.refused[SourcePosition(key: Key(peer: peer, scenario: scenario), receiver: receiver)] ?? 0 }
    }

    /// Sets the outcomes of the next requests.
    func fail(_ peer: Peer.Kind, _ scenario: String, _ receiver: String, _ replies: [LabReply]) {
        state.withLock {
            $0.failures[SourcePosition(key: Key(peer: peer, scenario: scenario), receiver: receiver)] = replies
        }
    }

    /// Sets the outcome of all requests from now on.
    func keepFailing(_ peer: Peer.Kind, _ scenario: String, _ receiver: String, _ reply: LabReply?) {
        state.withLock {
            $0.failing[SourcePosition(key: Key(peer: peer, scenario: scenario), receiver: receiver)] = reply
        }
    }

    /// Makes a scenario's receivers slow, and fail now and then: with 500, and with an answer that gets lost.
    func misbehave(_ peer: Peer.Kind, _ scenario: String, seed: UInt64) {
        state.withLock { $0.misbehaving[Key(peer: peer, scenario: scenario)] = seed }
    }
    func behave(_ peer: Peer.Kind, _ scenario: String) {
        state.withLock { $0.misbehaving[Key(peer: peer, scenario: scenario)] = nil }
    }

    private func answer(_ request: LabRequest) async -> LabReply {
        let parts = request.path.split(separator: "/").map(String.init)
        guard parts.count == 3, let life = Int(parts[1]) else { return .response(LabResponse(404)) }
        let peer: Peer.Kind =
            request.headers["user-agent"]?.hasPrefix("Alertmanager/") == true ? .alertmanager : .vaultwatch
        let key = Key(peer: peer, scenario: parts[0])
        let place = SourcePosition(key: key, receiver: parts[2])
        let failure = state.withLock { state -> LabReply? in
            if state.lives[key] != life { return .reset }
            var reply = state.failing[place]
            if reply == nil, let next = state.failures[place]?.first {
                state.failures[place]?.removeFirst()
                reply = next
            }
            if reply != nil { state.refused[place, default: 0] += 1 }
            return reply
        }
        if let failure { return failure }
        guard var heard = Collector.read(request.body, receiver: parts[2]) else { return .response(LabResponse(400)) }
        let mood = state.withLock { state -> UInt64? in
            guard let seed = state.misbehaving[key] else { return nil }
            let next = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            state.misbehaving[key] = next
            return next >> 33
        }
        if let mood {
            if mood % 8 == 0 { return .status(500) }
            heard.isDoubtful = mood % 8 == 1
        }
        let isHeard = state.withLock { state in
            guard state.lives[key] == life else { return false }
            state.heard[key, default: []].append(heard)
            return true
        }
        if heard.isDoubtful || !isHeard { return .reset }
        if let mood { try? await Task.sleep(for: .milliseconds(Int(mood / 8 % 40))) }
        return .response(LabResponse(200))
    }

    private static func read(_ body: [UInt8], receiver: String) -> Heard? {
        guard var payload = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let alerts = payload["alerts"] as? [[String: Any]], let labels = payload["groupLabels"] as? [String: String]
        else { return nil }
        payload["alerts"] = alerts.sorted { $0["fingerprint"] as? String ?? "" < $1["fingerprint"] as? String ?? "" }
        guard
            let sorted = try? JSONSerialization.data(
                withJSONObject: payload, options: [.sortedKeys, .withoutEscapingSlashes])
        else { return nil }
        func names(_ status: String) -> String {
            let names = alerts.filter { $0["status"] as? String == status }.map { alert in
                let labels = alert["labels"] as? [String: String] ?? [:]
                return (labels["alertname"] ?? "?") + (labels["n"] ?? "")
            }
            return names.isEmpty ? "" : "\(status)[\(names.joined(separator: ","))]"
        }
        let group =
            "{" + labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ", ") + "}"
        return Heard(
            receiver: receiver, group: group,
            line: [names("firing"), names("resolved")].filter { !$0.isEmpty }.joined(separator: " "),
            payload: String(decoding: sorted, as: UTF8.self), at: .now)
    }
}
