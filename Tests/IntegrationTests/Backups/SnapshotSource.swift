import Foundation
import Lab
import Platform
import Synchronization

/// Vault nodes of which one is active and gives snapshots of any content, or fails while it does.
final class SnapshotSource: Sendable {
    /// How the active node answers the request for a snapshot.
    enum Behaviour {
        case whole
        case hang
        /// Breaks off after so many bytes, and the next node takes over.
        case dies(after: Int)
        /// Says that it is active, and redirects.
        case redirects(to: String)
        case status(Int, String)
    }

    private struct State {
        var snapshot: [UInt8]
        var active = 0
        var behaviour = Behaviour.whole
        /// The tokens that came with requests for snapshots, by node.
        var tokens: [[String]]
    }

    let nodes: [LabServer]
    private let state: Mutex<State>

    private final class Owner: Sendable {
        let source = Mutex<SnapshotSource?>(nil)
    }

    static let token = "hvs.secret-of-the-backup"

    static func start(_ snapshot: [UInt8], nodes count: Int = 2) async throws -> SnapshotSource {
        let owner = Owner()
        let nodes = try (0..<count).map { index in
            try LabServer { request in owner.source.withLock { $0 }?.answer(request, index) ?? .reset }
        }
        let source = SnapshotSource(nodes, snapshot)
        owner.source.withLock { $0 = source }
        for node in nodes { try await node.start() }
        return source
    }

    private init(_ nodes: [LabServer], _ snapshot: [UInt8]) {
        self.nodes = nodes
        state = Mutex(State(snapshot: snapshot, tokens: nodes.map { _ in [] }))
    }

    func stop() async { for node in nodes { await node.close() } }

    func become(_ behaviour: Behaviour) { state.withLock { $0.behaviour = behaviour } }
    func give(_ snapshot: [UInt8]) { state.withLock { $0.snapshot = snapshot } }
    var tokens: [[String]] { state.withLock { $0.tokens } }

    private func answer(_ request: LabRequest, _ index: Int) -> LabReply {
        state.withLock { state in
            func json(_ text: String, _ status: Int = 200) -> LabReply {
                .response(LabResponse(status, type: "application/json", text))
            }
            switch request.path {
            case "/v1/sys/leader":
                return json(
                    #"{"ha_enabled":true,"is_self":\#(index == state.active),"leader_address":"\#(nodes[state.active].url)"}"#
                )
            case "/v1/sys/health":
                return json(
                    #"{"initialized":true,"sealed":false,"standby":\#(index != state.active),"version":"1.15.6","cluster_id":"id"}"#,
                    index == state.active ? 200 : 429)
            case "/v1/sys/storage/raft/snapshot":
                state.tokens[index].append(request.headers["x-vault-token"] ?? "")
                var whole = LabResponse(200, headers: ["Content-Type": "application/gzip"], body: state.snapshot)
                whole.isChunked = true
                switch state.behaviour {
                case .whole: return .response(whole)
                case .hang: return .hang
                case .dies(let bytes):
                    state.active = (state.active + 1) % nodes.count
                    state.behaviour = .whole
                    whole.isChunked = false
                    return .partial(whole, bytes: bytes)
                case .redirects(let url):
                    state.behaviour = .whole
                    return .response(LabResponse(307, headers: ["Location": url + request.path]))
                case .status(let status, let message):
                    return json(#"{"errors":["\#(message)"]}"#, status)
                }
            default: return json(#"{"errors":[]}"#, 404)
            }
        }
    }

    /// The state of a Vault with so many secrets.
    static func snapshot(secrets: Int, index: Int = 51, filler: Int = 0) -> [UInt8] {
        var storage = VaultStorage()
        for key in ["core/keyring", "core/mounts", "core/master"] { storage.rows[key] = [1, 2, 3] }
        storage.rows["core/seal-config"] = Array(
            #"{"type":"shamir","secret_shares":5,"secret_threshold":3}"#.utf8)
        for number in 0..<secrets {
            storage.rows["logical/6f1f7a42-8f1b-4a56-9d0e-2f6d1c7b9a10/tenant-\(number)"] = [9, 9]
        }
        var seed: UInt64 = 1
        for number in 0..<filler {
            // A mebibyte that does not compress.
            storage.rows["logical/00000000-8f1b-4a56-9d0e-2f6d1c7b9a10/filler-\(number)"] = (0..<131_072).flatMap {
                _ -> [UInt8] in
                seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (0..<8).map { UInt8(truncatingIfNeeded: seed >> UInt64(8 * $0)) }
            }
        }
        return VaultSnapshot.archive(storage.state, index: index, rootKey: [UInt8](repeating: 7, count: 32))
    }
}
