import FoundationEssentials
import Platform
import Probes
import Synchronization
import Text
import Transport

/// Takes a snapshot of integrated storage from the active node, which alone makes them: a standby answers 307. Source:
/// Vault API documentation, "Take a snapshot of the raft cluster".
struct RaftSnapshotReader: Sendable {
    private let source: RaftSource
    private let http: any HTTPClient
    private let platform: Platform
    private let session: VaultSession

    /// The bytes of an answer that is no snapshot, for its message.
    private static let messageLimitBytes = 4096
    /// Vault ends a request after `max_request_duration`, 90 s by default.
    private static let requestLimit: ClosedRange<Double> = 85...95

    init(_ source: RaftSource, http: any HTTPClient, platform: Platform) {
        self.source = source
        self.http = http
        self.platform = platform
        session = VaultSession(options: source.cluster, http: http, platform: platform)
    }

    func read(
        _ begin: SourceReader.Begin
    ) async throws(SourceError) -> (BackupSealer, SourceReader.Facts) {
        var node = try await active()
        let health = await health(of: node)
        var hasMoved = false
        while true {
            let (response, sealer, head) = try await snapshot(of: node, begin)
            switch response.status {
            case 200:
                return (
                    sealer,
                    SourceReader.Facts(
                        vaultVersion: health?.version, clusterID: health?.clusterID, origin: node.name)
                )
            case 307 where !hasMoved:
                // The leader has changed since. The token goes to no node that is not configured.
                guard let next = target(of: response) else {
                    throw SourceError(
                        "\(node.name) is a standby and points to \(shown(response)), which is no node under source.raft; add it"
                    )
                }
                hasMoved = true
                node = next
            default: throw error(response, node, head)
            }
        }
    }

    /// The node that says of itself that it is active.
    private func active() async throws(SourceError) -> VaultClusterOptions.Node {
        var words: [String] = []
        for node in source.cluster.nodes {
            do throws(TransportError) {
                let response = try await http.send(source.cluster.request(node.url, "/v1/sys/leader"))
                let leader = response.status == 200 ? decodeJSON(LeaderAnswer.self, response.body) : nil
                if leader?.isSelf == true { return node }
                words.append(
                    "\(node.name): "
                        + (leader.map { "standby of \($0.leaderAddress ?? "no leader")" }
                            ?? "status \(response.status), \(response.vaultWords)"))
            } catch { words.append("\(node.name): \(error.message)") }
        }
        throw SourceError("no configured node is active: \(Words.list(words))", mayPass: true)
    }

    private func health(of node: VaultClusterOptions.Node) async -> HealthAnswer? {
        let response = try? await http.send(source.cluster.request(node.url, "/v1/sys/health"))
        return response.flatMap { decodeJSON(HealthAnswer.self, $0.body) }
    }

    private func snapshot(
        of node: VaultClusterOptions.Node, _ begin: SourceReader.Begin
    ) async throws(SourceError) -> (HTTPResponse, BackupSealer, head: [UInt8]) {
        let token: String
        switch await session.token(base: node.url) {
        case .success(let text): token = text
        case .failure(let failure):
            throw SourceError("the token of source.raft: \(failure.message)", mayPass: failure.reason == "timeout")
        }
        let sealer: BackupSealer
        do throws(BackupFailure) { sealer = try begin() } catch { throw SourceError(error) }
        var request = source.cluster.request(node.url, "/v1/sys/storage/raft/snapshot", token: token)
        request.timeout = source.timeout
        request.bodyLimitBytes = source.limitBytes
        let head = Mutex<[UInt8]>([])
        let refusal = Mutex<BackupFailure?>(nil)
        let began = platform.time.monotonic()
        do throws(TransportError) {
            let response = try await http.stream(request) { piece in
                head.withLock {
                    if $0.count < RaftSnapshotReader.messageLimitBytes {
                        $0 += piece.prefix(RaftSnapshotReader.messageLimitBytes - $0.count)
                    }
                }
                do throws(BackupFailure) { try sealer.take(piece) } catch {
                    refusal.withLock { $0 = error }
                    throw error
                }
            }
            return (response, sealer, head.withLock { $0 })
        } catch {
            if let refusal = refusal.withLock({ $0 }) { throw SourceError(refusal) }
            if error.reason == .cancelled { throw SourceError(.interrupted) }
            let seconds = (platform.time.monotonic() - began).seconds
            let hint =
                RaftSnapshotReader.requestLimit.contains(seconds)
                ? "; it ended after \(Words.duration(seconds)): raise max_request_duration of Vault's listener, 90s by default"
                : ""
            throw SourceError(
                "the snapshot from \(node.name) broke off after \(Words.size(Double(sealer.plainBytes))): \(error.message)\(hint)",
                mayPass: true)
        }
    }

    /// The configured node that a redirect points to.
    private func target(of response: HTTPResponse) -> VaultClusterOptions.Node? {
        guard let origin = response[header: "location"].flatMap({ URLParts($0)?.origin }) else { return nil }
        return source.cluster.nodes.first { URLParts($0.url)?.origin == origin }
    }

    private func shown(_ response: HTTPResponse) -> String {
        response[header: "location"].flatMap { URLParts($0)?.origin } ?? "nowhere"
    }

    private func error(_ response: HTTPResponse, _ node: VaultClusterOptions.Node, _ head: [UInt8]) -> SourceError {
        let words = HTTPResponse(status: response.status, body: head).vaultWords
        let said = "\(node.name) gave no snapshot: status \(response.status), \(words)"
        switch response.status {
        case 307: return SourceError("\(said): the leader changes faster than it can be asked", mayPass: true)
        case 400: return SourceError("\(said); the request came without a token that Vault reads")
        case 403:
            return SourceError("\(said); the token needs read on sys/storage/raft/snapshot (vault-backup-policy.hcl)")
        case 404:
            return SourceError("\(said); is the storage PostgreSQL? then write source.postgres in place of source.raft")
        default: return SourceError(said, mayPass: true)
        }
    }
}
