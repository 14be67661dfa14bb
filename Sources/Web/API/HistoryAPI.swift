import HTTPServer
import Samples

extension WebService {
    private static let mostItems = 10_000

    /// Our own: what happened, newest first. `start`, `end`, `limit` (100), `kind`, `receiver`, and `contains`, which
    /// looks into subject and detail.
    func history(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        let from = try WebService.time("start", request, default: WebService.earliest)
        let to = try WebService.time("end", request, default: WebService.latest)
        var limit = 100
        if let text = request.item("limit"), !text.isEmpty {
            guard let number = Int(text), (0...WebService.mostItems).contains(number) else {
                throw QueryError(
                    .badData, "invalid parameter \"limit\": expected a number from 0 to \(WebService.mostItems)")
            }
            limit = number
        }
        func wanted(_ name: String) -> Set<String> {
            Set(request.query.filter { $0.name == name && !$0.value.isEmpty }.map(\.value))
        }
        let kinds = wanted("kind"), receivers = wanted("receiver")
        let text = request.item("contains")?.lowercased() ?? ""
        let items = try await sources.history(from, to).lazy.filter { item in
            (kinds.isEmpty || kinds.contains(item.kind)) && (receivers.isEmpty || receivers.contains(item.receiver))
                && (text.isEmpty || item.subject.lowercased().contains(text) || item.detail.lowercased().contains(text))
        }.prefix(limit)
        return WebService.success { json in
            json.array { list in
                for item in items {
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
