import Alerts
import HTTPServer
import Samples
import Text

extension WebService {
    private static let itemLimit = 10_000

    /// Extension of vaultwatch: the history, newest first. Parameters: `start`, `end`, `limit` (default 100), `kind`,
    /// `receiver`, and `contains`, which searches subject and detail.
    func history(_ request: ServerRequest) async throws(QueryError) -> Document {
        let from = try WebService.time("start", request, default: WebService.earliest)
        let to = try WebService.time("end", request, default: WebService.latest)
        var limit = 100
        if let text = request.item("limit"), !text.isEmpty {
            guard let number = Int(text), (0...WebService.itemLimit).contains(number) else {
                throw QueryError(
                    .badData, "invalid parameter \"limit\": expected a number from 0 to \(WebService.itemLimit)")
            }
            limit = number
        }
        func wanted(_ name: String) -> Set<String> {
            Set(request.query.filter { $0.name == name && !$0.value.isEmpty }.map(\.value))
        }
        let items = try await sources.history(
            HistoryQuery(
                from: from, to: to, kinds: wanted("kind"), receivers: wanted("receiver"),
                contains: request.item("contains") ?? "", limit: limit))
        return WebService.success { json in
            json.array { list in
                for item in items() {
                    list.object { one in
                        one.field("at", item.at.rfc3339)
                        one.field("kind", item.kind.rawValue)
                        one.field("subject", item.subject)
                        one.field("receiver", item.receiver)
                        one.field("integration", item.integration)
                        one.field("detail", item.detail)
                    }
                }
            }
        }
    }
}
