import Logging
import Platform
import Probes
import S3
import Simulation
import Testing
import Transport

@testable import Recovery

struct WatchedEstateTests {
    /// Answers for one node; nobody else is there.
    private struct OneNode: HTTPClient {
        let url: String

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            guard request.url.hasPrefix(url) else { throw TransportError(.connect, "refused") }
            return HTTPResponse(status: 200, body: Array(#"{"cluster_id": "c1"}"#.utf8))
        }

        func stream(
            _ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void
        ) async throws(TransportError) -> HTTPResponse { throw TransportError(.other, "not asked for") }
    }

    /// Staging could be the other one, which does not tell its id.
    @Test func aClusterThatIsSilentIsMissedAlthoughAnotherHasItsName() async throws {
        let files = MemoryFiles([
            "/w.yml": """
            vault: {clusters: [{name: main, nodes: [{name: a, url: "https://10.0.0.1:8200"}], token: t}]}
            """
        ])
        let platform = Platform(
            time: VirtualTime(), random: SeededRandom(seed: 1), files: files,
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let source = RaftSource(
            cluster: VaultClusterOptions(name: "main", nodes: [.init(name: "b", url: "https://10.0.0.2:8200")]))
        let configuration = RecoveryConfiguration(
            source: .raft(source), bucket: .init(bucket: "b"), objectLock: nil, sets: [],
            encryption: EncryptionOptions(key: Secret(value: "")), staging: StagingOptions(), recordFile: nil,
            drills: DrillOptions(), drillTargets: [], path: "r.yml")
        let estate = try await WatchedEstate(
            configuration, daemonConfig: "/w.yml", environment: [:], platform: platform)
        let silent = await estate.clusterIDs(OneNode(url: "https://10.0.0.1"))
        #expect(silent.ids == ["c1"] && !silent.isComplete)
        let all = await estate.clusterIDs(OneNode(url: "https://10.0.0."))
        #expect(all.ids == ["c1"] && all.isComplete)
    }
}
