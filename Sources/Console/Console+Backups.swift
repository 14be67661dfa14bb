import HTTPServer
import Web

/// The backups page; shows one backup in detail if the URL names it.
extension Console {
    var backups: [PageRoute] {
        [
            PageRoute("/backups") { [self] request in
                await page(request) { snapshot, context in BackupsPage(snapshot: snapshot).render(context) }
            },
            PageRoute("/backups/:set/:date") { [self] request in
                let chosen = (set: request.parameters["set"] ?? "", date: request.parameters["date"] ?? "")
                do throws(QueryError) {
                    let snapshot = try await sources.snapshot()
                    let context = context(request, snapshot)
                    return try await sources.compute(.page) { _ in
                        let page = BackupsPage(snapshot: snapshot, chosen: chosen)
                        guard page.isFound else {
                            return Console.answer(
                                NotFoundPage(path: request.path).render(context), request, status: 404)
                        }
                        return Console.answer(page.render(context), request)
                    }
                } catch {
                    return Console.failure(error)
                }
            },
        ]
    }
}
