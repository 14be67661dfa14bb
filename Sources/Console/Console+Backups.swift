import HTTPServer
import Web

/// The backups page; shows one backup in detail if the URL names it.
extension Console {
    var backups: [PageRoute] {
        [
            PageRoute("/backups") { [self] request in
                let only = request.field("set").flatMap { $0.isEmpty ? nil : String($0.prefix(1000)) }
                return await backups(request, chosen: nil, only: only)
            },
            PageRoute("/backups/:set/:date") { [self] request in
                let chosen = (set: request.parameters["set"] ?? "", date: request.parameters["date"] ?? "")
                return await backups(request, chosen: chosen, only: nil)
            },
        ]
    }

    private func backups(
        _ request: PageRequest, chosen: (set: String, date: String)?, only: String?
    ) async -> ServerResponse {
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            let context = context(request, snapshot)
            return try await sources.compute(.page) { _ in
                let page = BackupsPage(snapshot: snapshot, chosen: chosen, only: only)
                guard page.isFound else {
                    return Console.answer(NotFoundPage(path: request.path).render(context), request, status: 404)
                }
                return Console.answer(page.render(context), request)
            }
        } catch {
            return Console.failure(error)
        }
    }
}
