import FoundationEssentials
import Platform
import Samples
import Synchronization

/// The request handlers of the estate's servers.
extension Estate {
    func vault(_ request: LabRequest, _ index: Int) -> LabReply {
        let now = platform.time.now()
        let (reply, events) = state.withLock { state -> (LabReply, [Election.Event]) in
            guard state.cluster.nodes.indices.contains(index) else { return (.reset, []) }
            return state.cluster.answer(request, node: index, at: now, random: platform.random)
        }
        follow(events)
        writeAuditLogs()
        return reply
    }

    /// Writes to the nodes' audit logs what they have recorded.
    private func writeAuditLogs() {
        auditLogs.withLock { isWanted in
            guard isWanted else { return }
            let (records, names) = state.withLock { ($0.cluster.takeAuditRecords(), $0.cluster.nodes.map(\.name)) }
            for record in records where names.indices.contains(record.node) {
                let file = directory.file(Estate.auditLog(of: names[record.node]))
                try? appendFile(file, record.line + "\n", mode: 0o640)
            }
        }
    }

    /// Routes like HAProxy with `http-check expect status 200` on sys/health.
    func balanced(_ request: LabRequest) -> LabReply {
        advance()
        guard let active = state.withLock({ $0.cluster.election.leader }) else {
            return .response(
                LabResponse(
                    503, type: "text/html",
                    "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"
                ))
        }
        return vault(request, active)
    }

    func bucketReply(_ request: LabRequest) -> LabReply {
        let now = platform.time.wall()
        return state.withLock { state in
            state.bucket.answer(
                request, at: now, accessKey: Estate.accessKey, failure: state.bucketFailure, random: platform.random)
        }
    }

    func webReply(_ request: LabRequest) async -> LabReply {
        let isPost = request.method == "POST"
        switch request.path {
        case "/": return InboxPage.html
        case "/inbox.js": return InboxPage.script
        case "/inbox.css": return InboxPage.style
        case "/api/messages":
            if request.method == "DELETE" {
                inbox.clear()
                return .response(LabResponse(204))
            }
            return encoded(inbox.messages(after: request.parameter("after").flatMap { Int($0) } ?? 0))
        case "/api/estate": return encoded(status())
        case "/api/control":
            return isPost ? await control(request) : .response(LabResponse(405, headers: ["Allow": "POST"]))
        case "/v2/enqueue":
            return isPost ? inbox.receivePagerDuty(request, random: platform.random) : .response(LabResponse(405))
        // PagerDuty shows changes next to incidents; they notify no one and are not kept as messages.
        case "/v2/change/enqueue":
            return .response(LabResponse(isPost ? 202 : 405, type: "application/json", #"{"status":"success"}"#))
        case "/webhook": return isPost ? inbox.receiveWebhook(request) : .response(LabResponse(405))
        case _ where request.path.hasPrefix("/returned/"): return returned(request.path)
        case _ where request.path.hasPrefix("/services/"):
            return isPost ? inbox.receiveSlack(request) : .response(LabResponse(405))
        default: return .response(LabResponse(404, type: "text/plain", "not found\n"))
        }
    }

    /// Handles `{"action":"seal vault-1"}`. Requiring JSON prevents cross-site form posts.
    private func control(_ request: LabRequest) async -> LabReply {
        struct Body: Decodable {
            let action: String
        }
        func failed(_ status: Int, _ reason: String) -> LabReply {
            .response(LabResponse(status, type: "application/json", "{\"error\":\(json(reason))}"))
        }
        guard request.headers["content-type"]?.hasPrefix("application/json") == true else {
            return failed(415, "expected application/json")
        }
        guard let body = try? JSONDecoder().decode(Body.self, from: Data(request.body)),
            let action = EstateAction(body.action)
        else {
            let names = EstateAction.names
            return failed(
                400,
                "expected one of: \((names.node.map { $0 + " NODE" } + names.plain + names.receiver.map { $0 + " RECEIVER" }).joined(separator: ", "))"
            )
        }
        do {
            try await perform(action)
            return encoded(status())
        } catch {
            return failed(409, "\(error)")
        }
    }

    /// The state of the estate, for the page.
    struct Status: Encodable {
        struct Node: Encodable {
            let name: String
            let url: String
            let role: String
            let progress: Int
            let threshold: Int
        }

        let nodes: [Node]
        let database: String
        let replication: String
        let backups: Int
        let newestBackup: String
        let skippedBackups: Int
        let failingReceivers: [String]
    }

    func status() -> Status {
        advance()
        let failing = inbox.failures.keys.map(\.rawValue).sorted()
        let hasDatabase = postgres != nil
        let hasReplica = postgres?.replica != nil
        return state.withLock { state in
            Status(
                nodes: state.cluster.nodes.indices.map { index in
                    let node = state.cluster.nodes[index]
                    return Status.Node(
                        name: node.name, url: node.address, role: state.cluster.role(index).rawValue,
                        progress: node.progress,
                        threshold: state.cluster.options.threshold)
                },
                database: hasDatabase ? state.database.rawValue : "none",
                replication: !hasReplica ? "none" : state.isReplicationCut ? "cut" : "streaming",
                backups: state.bucket.objects.count, newestBackup: state.bucket.newestKey ?? "",
                skippedBackups: state.skippedBackups,
                failingReceivers: failing)
        }
    }

    private func encoded(_ value: some Encodable) -> LabReply {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return .response(LabResponse(500)) }
        return .response(
            LabResponse(
                200, headers: ["Content-Type": "application/json", "Cache-Control": "no-store"], body: Array(data)))
    }
}
