import HTTPServer
import Samples
import Web

/// The query page.
extension Console {
    var query: [PageRoute] {
        [
            PageRoute("/query") { [self] request in
                do throws(QueryError) {
                    let snapshot = try await sources.snapshot()
                    let context = context(request, snapshot)
                    let clock = clock(request)
                    let question = QueryPage.Question(request.field, now: clock.now, clock)
                    guard !question.expression.isEmpty else {
                        let empty = QueryPage(question: question, now: nil, series: [], problem: "")
                        return try await sources.compute(.page) { _ in
                            Console.answer(empty.render(context), request)
                        }
                    }
                    return try await sources.compute(.query(timeout: nil)) { [sources] isOver in
                        let page = Console.ask(question, sources, isOver)
                        return Console.answer(page.render(context), request, status: page.now == nil ? 400 : 200)
                    }
                } catch {
                    return Console.failure(error)
                }
            }
        ]
    }

    /// Evaluates the expression at the end of the range and over the range.
    private static func ask(
        _ question: QueryPage.Question, _ sources: WebSources, _ isOver: @escaping @Sendable () -> Bool
    ) -> QueryPage {
        let now: QueryAnswer
        do throws(QueryError) {
            now = try sources.query(question.expression, question.end, isOver)
        } catch {
            return QueryPage(question: question, now: nil, series: [], problem: error.message)
        }
        // Range vectors and strings have no graph.
        switch now {
        case .matrix, .string: return QueryPage(question: question, now: now, series: [], problem: "")
        case .scalar, .vector: break
        }
        do throws(QueryError) {
            let answer = try sources.queryRange(
                question.expression, question.start, question.end, question.step, isOver)
            guard case .matrix(let series) = answer else {
                return QueryPage(question: question, now: now, series: [], problem: "")
            }
            return QueryPage(question: question, now: now, series: series, problem: "")
        } catch {
            return QueryPage(
                question: question, now: now, series: [], problem: "There is no graph: \(error.message)")
        }
    }
}
