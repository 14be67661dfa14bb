import Alerts
import HTTPServer
import Text
import Web

/// Tests of receivers: the form that asks for confirmation, and the page with the answers.
extension Console {
    var receivers: [PageRoute] {
        [
            PageRoute("/routes/test") { [self] request in await receiverTest(request, problem: nil) },
            PageRoute("/routes/test", form: { [self] request, caller in await testReceiver(request, caller) }),
        ]
    }

    private static func receiver(_ request: PageRequest) -> String {
        String((request.field("receiver") ?? "").prefix(1000))
    }

    private func receiverTest(_ request: PageRequest, problem: QueryError?) async -> ServerResponse {
        let name = Console.receiver(request)
        let severity = Severity(rawValue: request.field("severity") ?? "") ?? .critical
        let isSent = request.field("sent") == "1" && problem == nil
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            guard snapshot.status.receivers.contains(where: { $0.name == name }) else {
                return await page(request, status: 404) { _, context in
                    NotFoundPage(path: request.path).render(context)
                }
            }
            let context = context(request, snapshot)
            return try await sources.compute(.page) { [sources] _ in
                let page = ReceiverTestPage(
                    receiver: name, integrations: snapshot.status.receivers.filter { $0.name == name },
                    tests: sources.receiverTests().filter { $0.receiver == name }, severity: severity,
                    isSent: isSent, problem: problem?.message ?? "")
                let status = problem.map { $0.kind == .notFound ? 404 : 503 } ?? 200
                return Console.answer(page.render(context), request, status: status)
            }
        } catch {
            return Console.failure(error)
        }
    }

    private func testReceiver(_ request: PageRequest, _ caller: Caller) async -> ServerResponse {
        let name = Console.receiver(request)
        let severity = Severity(rawValue: request.field("severity") ?? "") ?? .critical
        let isResolved = request.field("resolved") == "1"
        do throws(QueryError) {
            try await sources.testReceiver(name, severity, isResolved, caller)
        } catch {
            return await receiverTest(request, problem: error)
        }
        // The answers are on a page of their own, so that loading it again sends nothing.
        return Console.seeOther(request, ReceiverTestPage.address(name, severity, isSent: true))
    }
}
