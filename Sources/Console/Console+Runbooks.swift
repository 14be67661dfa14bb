import Alerts
import HTTPServer
import Samples
import Text
import Web

/// Runbook pages.
extension Console {
    var runbooks: [PageRoute] {
        [
            PageRoute("/runbooks") { [self] request in
                let names = await sources.runbooks()
                return await page(request) { snapshot, context in
                    RunbooksPage(alerts: RuledAlert.all(snapshot.rules), runbooks: names).render(context)
                }
            },
            PageRoute("/runbooks/:name") { [self] request in await runbook(request) },
        ]
    }

    func runbook(_ request: PageRequest) async -> ServerResponse {
        let text = request.parameters["name"] ?? ""
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            let source = try await file(text)
            let context = context(request, snapshot)
            let wanted = request.request.query.filter { $0.name != "tz" && !$0.value.isEmpty }
            return try await sources.compute(.page) { isOver in
                let alert = RuledAlert.all(snapshot.rules).first { $0.name == text }
                guard alert != nil || source != nil else {
                    return Console.answer(NotFoundPage(path: request.path).render(context), request, status: 404)
                }
                let subject = alert.flatMap { RunbookPage.subject($0, wanted, snapshot) }
                let (filled, problem) = Console.filled(source, subject?.labels, isOver)
                let page = RunbookPage(
                    name: text, isProcedure: source?.name.isProcedure ?? false, text: filled, problem: problem,
                    alert: alert, subject: subject, isStale: alert != nil && subject == nil && !wanted.isEmpty)
                return Console.answer(page.render(context), request)
            }
        } catch {
            return Console.failure(error)
        }
    }

    /// The runbook of an open incident's cause; nil if there is none, or it can't be read now. That of an alert that
    /// others have posted is not filled in: a label from outside could put a command into it.
    func causeRunbook(_ record: IncidentRecord?) async -> RunbookSource? {
        guard let record, record.isOpen, let cause = record.cause?.alert, !cause.isExternal,
            let name = RunbookName(cause.name, isProcedure: false)
        else { return nil }
        return try? await sources.runbook(name)
    }

    /// The text filled in for an incident's cause; nil without a runbook, or if it has an error, which its own page
    /// shows. Computes: only called within `compute`.
    static func filled(
        _ source: RunbookSource?, _ record: IncidentRecord?, _ isOver: @escaping @Sendable () -> Bool
    ) -> String? {
        guard let source, let cause = record?.cause?.alert else { return nil }
        return try? source.text(cause.labels, isOver)
    }

    private func file(_ text: String) async throws(QueryError) -> RunbookSource? {
        for isProcedure in [false, true] {
            guard let name = RunbookName(text, isProcedure: isProcedure) else { return nil }
            if let source = try await sources.runbook(name) { return source }
        }
        return nil
    }

    /// The text filled in for these labels, or on failure the generic text and the error.
    private static func filled(
        _ source: RunbookSource?, _ labels: Labels?, _ isOver: @escaping @Sendable () -> Bool
    ) -> (text: String?, problem: String) {
        guard let source else { return (nil, "") }
        do throws(QueryError) {
            return (try source.text(labels, isOver), "")
        } catch {
            guard labels != nil, let generic = try? source.text(nil, isOver) else { return (nil, error.message) }
            return (generic, error.message)
        }
    }
}
