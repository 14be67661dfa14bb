import Alerts
import HTTPServer
import Samples
import Text

extension WebService {
    private static let itemLimit = 10_000

    /// Extension of vaultwatch: the history, newest first. Parameters: `start`, `end`, `limit` (default 100), `kind`,
    /// `receiver`, `incident` (a number), and `contains`, which searches subject and detail.
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
        var incident: Int?
        if let text = request.item("incident"), !text.isEmpty {
            guard let number = Int(text), number > 0 else {
                throw QueryError(.badData, "invalid parameter \"incident\": expected a number such as 318")
            }
            incident = number
        }
        func wanted(_ name: String) -> Set<String> {
            Set(request.query.filter { $0.name == name && !$0.value.isEmpty }.map(\.value))
        }
        let items = try await sources.history(
            HistoryQuery(
                from: from, to: to, kinds: wanted("kind"), receivers: wanted("receiver"),
                contains: request.item("contains") ?? "", limit: limit, incident: incident))
        return WebService.success { json in
            json.array { list in
                for item in items() { list.object { item.write(&$0) } }
            }
        }
    }
}

extension HistoryEntry {
    /// Writes its fields as members.
    func write(_ one: inout JSONWriter) {
        one.field("at", at.rfc3339)
        one.field("kind", kind.rawValue)
        one.field("subject", subject)
        one.field("receiver", receiver)
        one.field("integration", integration)
        one.field("detail", detail)
        guard let incident else { return }
        one.field("incident", incident)
        if incidents.count > 1 {
            one.key("incidents")
            one.array { list in for number in incidents { list.number(Int64(number)) } }
        }
    }
}
