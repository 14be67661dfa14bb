import Alerts
import HTTPServer
import Samples
import Text
import Web

/// History, rules, targets, routes, the agent, and the login.
extension Console {
    var history: [PageRoute] {
        [
            PageRoute("/history") { [self] request in
                func time(_ name: String) -> String { String((request.field(name) ?? "").prefix(40)).trimmingSpaces }
                let filter = HistoryPage.Filter(
                    kind: HistoryEntry.Kind(rawValue: request.field("kind") ?? "")?.rawValue ?? "",
                    receiver: String((request.field("receiver") ?? "").prefix(HistoryPage.nameLimit)),
                    text: Console.text(request), from: time("from"), to: time("to"), before: time("before"))
                let span = filter.span(clock(request))
                guard span.problem.isEmpty else {
                    let receivers = sources.receivers().map(\.name)
                    return await page(request, status: 400) { _, context in
                        HistoryPage(filter: filter, entries: [], receivers: receivers).render(context)
                    }
                }
                var query = HistoryQuery(limit: HistoryPage.rowLimit + 1)
                if !filter.kind.isEmpty { query.kinds = [filter.kind] }
                if !filter.receiver.isEmpty { query.receivers = [filter.receiver] }
                query.contains = filter.text
                if let from = span.from { query.from = from }
                if let to = span.to { query.to = to }
                do throws(QueryError) {
                    let snapshot = try await sources.snapshot()
                    let entries = try await sources.history(query)
                    let receivers = sources.receivers().map(\.name)
                    let context = context(request, snapshot)
                    return try await sources.compute(.page) { _ in
                        let page = HistoryPage(filter: filter, entries: entries(), receivers: receivers)
                        return Console.answer(page.render(context), request)
                    }
                } catch {
                    return Console.failure(error)
                }
            }
        ]
    }

    var rules: [PageRoute] {
        [
            PageRoute("/rules") { [self] request in
                let state = RulesPage.State(rawValue: request.field("state") ?? "")?.rawValue ?? ""
                let text = Console.text(request)
                return await page(request) { snapshot, context in
                    RulesPage(groups: snapshot.rules, state: state, text: text).render(context)
                }
            }
        ]
    }

    var targets: [PageRoute] {
        [
            PageRoute("/targets") { [self] request in
                let state = TargetsPage.states.first { $0 == request.field("state") } ?? ""
                let text = Console.text(request)
                return await page(request) { [sources] snapshot, context in
                    TargetsPage(snapshot: snapshot, courses: sources.probeCourses(), state: state, text: text)
                        .render(context)
                }
            }
        ]
    }

    var routes: [PageRoute] {
        [
            PageRoute("/routes") { [self] request in
                let tree = sources.routes()
                let labels = String((request.field("labels") ?? "").prefix(2000)).trimmingSpaces
                let moment = String((request.field("at") ?? "").prefix(30)).trimmingSpaces
                return await page(request) { [sources] snapshot, context in
                    var page = RoutesPage(snapshot: snapshot, tree: tree, labels: labels)
                    (page.moment, page.intervals) = (moment, sources.timeIntervals())
                    page.tests = sources.receiverTests()
                    return page.render(context)
                }
            }
        ]
    }

    var agent: [PageRoute] {
        [
            PageRoute("/agent") { [self] request in
                do throws(QueryError) {
                    let snapshot = try await sources.snapshot()
                    let families = await sources.families()
                    let context = context(request, snapshot)
                    return try await sources.compute(.page) { [sources] _ in
                        let facts = AgentPage.Facts(
                            build: sources.build, notReady: sources.notReady(), degradations: sources.degradations(),
                            lastReload: sources.lastReload(), flags: sources.flags(),
                            retention: sources.storageRetention(), configuration: sources.configuration(),
                            routing: sources.alertingConfiguration(), families: AgentPage.own(families()))
                        return Console.answer(AgentPage(facts: facts).render(context), request)
                    }
                } catch {
                    return Console.failure(error)
                }
            }
        ]
    }

    /// Requests credentials from the browser, then redirects to the page that the user came from.
    var login: [PageRoute] {
        [
            PageRoute("/login") { request in
                guard request.mayChange else {
                    return ServerResponse(
                        status: 401,
                        headers: [
                            ("Content-Type", "text/plain; charset=utf-8"),
                            ("WWW-Authenticate", "Basic realm=\"vaultwatch\", charset=\"UTF-8\""),
                        ], body: .bytes(Array("401 log in to change anything; reading needs no login\n".utf8)))
                }
                return ServerResponse(
                    status: 303, headers: [("Location", request.prefix + Console.next(request.field("next") ?? ""))])
            }
        ]
    }

    /// The page to redirect to; always one of this agent, whatever the link contains.
    static func next(_ text: String) -> String {
        let isPath = text.hasPrefix("/") && !text.hasPrefix("//") && !text.hasPrefix("/\\")
        guard isPath, text.utf8.count <= 4000, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != 0x5c }) else {
            return "/"
        }
        return text
    }

    /// The text that filters a list.
    private static func text(_ request: PageRequest) -> String { String((request.field("q") ?? "").prefix(200)) }
}
