import Alerts
import Dispatching
import HTTPServer
import Samples
import Text
import Web

/// The overview and the estate.
extension Console {
    var overview: [PageRoute] {
        [PageRoute("/") { [self] request in await start(request) }]
    }

    func start(_ request: PageRequest) async -> ServerResponse {
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            let head = OverviewPage.head(of: snapshot)
            // The page is rendered without the history if that can't be read.
            var detail: IncidentDetail?
            if let head { detail = try? await sources.incident(head.record.number) }
            let runbook = await causeRunbook(head?.record)
            let degradations = sources.degradations()
            let context = context(request, snapshot)
            return try await sources.compute(.page) { [detail] isOver in
                let page = OverviewPage(
                    snapshot: snapshot, detail: detail, degradations: degradations,
                    runbook: Console.filled(runbook, head?.record, isOver))
                return Console.answer(page.render(context), request)
            }
        } catch {
            return Console.failure(error)
        }
    }

    var estate: [PageRoute] {
        [
            PageRoute("/estate") { [self] request in
                let cluster = request.field("cluster").flatMap { $0.isEmpty ? nil : String($0.prefix(1000)) }
                do throws(QueryError) {
                    let snapshot = try await sources.snapshot()
                    let context = context(request, snapshot)
                    return try await sources.compute(.page) { _ in
                        let page = EstatePage(snapshot: snapshot, cluster: cluster)
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
            PageRoute("/estate/:kind/*name") { [self] request in await target(request) },
        ]
    }

    private func target(_ request: PageRequest) async -> ServerResponse {
        let (kind, name) = (request.parameters["kind"] ?? "", request.parameters["name"] ?? "")
        let word = request.field("range")
        let range = TargetPage.ranges.first { $0.word == word }?.length ?? TargetPage.ranges[0].length
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            let states = try? await sources.states("\(kind) \(name)", snapshot.now - range, snapshot.now)
            let context = context(request, snapshot)
            return try await sources.compute(.page) { _ in
                guard
                    let page = TargetPage(snapshot: snapshot, kind: kind, name: name, states: states, range: range)
                else {
                    return Console.answer(NotFoundPage(path: request.path).render(context), request, status: 404)
                }
                return Console.answer(page.render(context), request)
            }
        } catch {
            return Console.failure(error)
        }
    }
}
