import HTTPServer
import Samples
import Text

extension WebService {
    private static let maxItems = 10_000

    /// Our own: what happened, newest first. `start`, `end`, `limit` (100), `kind`, `receiver`, and `contains`, which
    /// looks into subject and detail.
    func history(_ request: ServerRequest) async throws(QueryError) -> Document {
        let from = try WebService.time("start", request, default: WebService.earliest)
        let to = try WebService.time("end", request, default: WebService.latest)
        var limit = 100
        if let text = request.item("limit"), !text.isEmpty {
            guard let number = Int(text), (0...WebService.maxItems).contains(number) else {
                throw QueryError(
                    .badData, "invalid parameter \"limit\": expected a number from 0 to \(WebService.maxItems)")
            }
            limit = number
        }
        func wanted(_ name: String) -> Set<String> {
            Set(request.query.filter { $0.name == name && !$0.value.isEmpty }.map(\.value))
        }
        let kinds = wanted("kind"), receivers = wanted("receiver")
        let text = request.item("contains")?.lowercased() ?? ""
        let all = try await sources.history(from, to)
        @Sendable func isWanted(_ item: HistoryItem) -> Bool {
            (kinds.isEmpty || kinds.contains(item.kind)) && (receivers.isEmpty || receivers.contains(item.receiver))
                && (text.isEmpty || item.subject.lowercased().contains(text) || item.detail.lowercased().contains(text))
        }
        let count = limit
        return WebService.success { json in
            json.array { list in
                for item in all().lazy.filter(isWanted).prefix(count) {
                    list.object { one in
                        one.field("at", item.at)
                        one.field("kind", item.kind)
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
