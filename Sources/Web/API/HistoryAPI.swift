import Alerts
import HTTPServer
import Samples
import Text

extension WebService {
    private static let itemLimit = 10_000

    /// Extension of vaultwatch: the history, newest first. Parameters: `start`, `end`, `limit` (default 100), `kind`,
    /// `receiver`, `incident` (a number), `contains`, which searches subject and detail, and `format` (`json`, the
    /// default, or `csv`).
    func history(_ request: ServerRequest) async throws(QueryError) -> ServerResponse {
        let format = request.item("format") ?? ""
        guard ["", "json", "csv"].contains(format) else {
            throw QueryError(.badData, "invalid parameter \"format\": \(format.quotedAsInGo) is neither json nor csv")
        }
        let items = try await sources.history(try WebService.historyQuery(request))
        if format == "csv" { return try await csv(items) }
        return try await answer(.page) { (_) throws(QueryError) in
            WebService.success { json in
                json.array { list in
                    for item in items() { list.object { item.write(&$0) } }
                }
            }
        }
    }

    private func csv(_ items: @escaping WebSources.Deferred<[HistoryEntry]>) async throws(QueryError) -> ServerResponse
    {
        let limitBytes = sources.answerLimitBytes
        return try await sources.compute(.page) { isOver in
            var table = CSVWriter(["at", "kind", "subject", "receiver", "integration", "detail", "incidents"])
            for item in items() {
                table.row([
                    item.at.rfc3339, item.kind.rawValue, item.subject, item.receiver, item.integration, item.detail,
                    item.incidents.map(String.init).joined(separator: " "),
                ])
                guard table.bytes.count <= limitBytes, !isOver() else {
                    return WebService.failure(
                        QueryError(
                            .execution,
                            "the answer would be larger than \(limitBytes >> 20) MiB, or take too long; ask for fewer entries"
                        ))
                }
            }
            return ServerResponse(
                headers: [
                    ("Content-Type", "text/csv; charset=utf-8; header=present"),
                    ("Content-Disposition", "attachment; filename=\"vaultwatch-history.csv\""),
                ], body: .bytes(table.bytes))
        }
    }

    private static func historyQuery(_ request: ServerRequest) throws(QueryError) -> HistoryQuery {
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
        return HistoryQuery(
            from: from, to: to, kinds: wanted("kind"), receivers: wanted("receiver"),
            contains: request.item("contains") ?? "", limit: limit, incident: incident)
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
