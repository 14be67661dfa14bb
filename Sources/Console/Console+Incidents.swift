import Alerts
import Dispatching
import HTTPServer
import Samples
import Text
import Web

/// Incident pages and forms.
extension Console {
    var incidents: [PageRoute] {
        [
            PageRoute("/incidents") { [self] request in
                let filter = IncidentsPage.Filter(
                    state: IncidentsPage.Filter.states.first { $0 == request.field("state") } ?? "",
                    severity: Severity(rawValue: request.field("severity") ?? "")?.rawValue ?? "",
                    text: String((request.field("q") ?? "").prefix(200)))
                return await page(request) { snapshot, context in
                    IncidentsPage(snapshot: snapshot, filter: filter).render(context)
                }
            },
            PageRoute("/incidents/:number", page: { [self] request in await incident(request) }),
            PageRoute("/i/:number", page: { [self] request in await incident(request) }),
            PageRoute(
                "/incidents/:number/acknowledge",
                form: { [self] request, caller in
                    await change(request) { number, comment in
                        await !sources.acknowledge(.number(number), comment ?? "", caller).isEmpty
                    }
                }),
            PageRoute(
                "/incidents/:number/release",
                form: { [self] request, caller in
                    await change(request) { number, _ in
                        await !sources.acknowledge(.number(number), nil, caller).isEmpty
                    }
                }),
            PageRoute("/incidents/:number/note", form: { [self] request, caller in await note(request, caller) }),
        ]
    }

    // MARK: Pages

    /// The page of an incident; with the suffix `.md` or `.json`, the incident in that format.
    func incident(_ request: PageRequest) async -> ServerResponse {
        let text = request.parameters["number"] ?? ""
        let parts = text.split(separator: ".", maxSplits: 1)
        guard let digits = parts.first, let number = Console.number(digits) else { return await noIncident(request) }
        do throws(QueryError) {
            guard var detail = try await sources.incident(number) else { return await noIncident(request) }
            let snapshot = try await sources.snapshot()
            detail.incident = detail.incident.refreshed(by: snapshot.rules)
            let context = context(request, snapshot)
            switch parts.count > 1 ? parts[1] : "" {
            case "":
                let filter = Timeline.Filter(rawValue: request.field("show") ?? "")
                let runbook = await causeRunbook(detail.incident.record)
                return try await sources.compute(.page) { [detail] isOver in
                    let record = detail.incident.record
                    let page = IncidentPage(
                        snapshot: snapshot, detail: detail,
                        measured: IncidentPage.measured(record, snapshot.vitals), filter: filter,
                        runbook: Console.filled(runbook, record, isOver))
                    return Console.answer(page.render(context), request)
                }
            case "md":
                return try await sources.compute(.page) { [detail] _ in
                    ServerResponse(
                        headers: [("Content-Type", "text/markdown; charset=utf-8")],
                        body: .bytes(IncidentMarkdown(detail: detail, clock: context.clock).render()))
                }
            case "json":
                let address = "/api/v1/vaultwatch/incidents/\(number)"
                return ServerResponse(status: 302, headers: [("Location", request.prefix + address)])
            default: return await noIncident(request)
            }
        } catch {
            return Console.failure(error)
        }
    }

    /// A number as it appears in URLs: digits only, and of limited length.
    private static func number(_ digits: Substring) -> Int? {
        guard digits.utf8.count <= 15, digits.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Int(digits)
    }

    private func noIncident(_ request: PageRequest) async -> ServerResponse {
        await page(request, status: 404) { _, context in NotFoundPage(path: request.path).render(context) }
    }

    // MARK: Forms

    /// - Parameter act: returns whether an incident with that number exists.
    private func change(
        _ request: PageRequest, _ act: (_ number: Int, _ comment: String?) async -> Bool
    ) async -> ServerResponse {
        guard let number = Console.number((request.parameters["number"] ?? "")[...]) else {
            return await noIncident(request)
        }
        // The incident may have been resolved meanwhile; its page shows that.
        _ = await act(number, request.field("comment"))
        return Console.seeOther(request, .incident(String(number)))
    }

    private func note(_ request: PageRequest, _ caller: Caller) async -> ServerResponse {
        guard let number = Console.number((request.parameters["number"] ?? "")[...]) else {
            return await noIncident(request)
        }
        do throws(QueryError) {
            _ = try await sources.addNote(number, request.field("text") ?? "", caller)
            return Console.seeOther(request, .incident(String(number), fragment: "notes"))
        } catch {
            return Console.failure(error)
        }
    }
}
