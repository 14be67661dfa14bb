import Alerts
import Console
import Dispatching
import Exposition
import HTTPServer
import Platform
import PromQL
import Samples
import Simulation
import Store
import Synchronization
import Telemetry
import Text
import Web

/// Requests of clients, to the whole web service over a small store and a dispatcher.
enum APIFuzzing {
    private final class Board: Sendable {
        let time = VirtualTime(wall: Surroundings.wall)
        let dispatcher = Mutex(
            Dispatcher(
                DispatchOptions(
                    route: Route(
                        receiver: "ops", groupBy: .labels(["alertname"]), groupWait: .zero, groupInterval: .seconds(60),
                        repeatInterval: .seconds(3600)),
                    receivers: [.init(name: "ops", integrations: [.init(.init(.email, 0), sendResolved: true)])])))

        var now: Moment { Surroundings.moment(time) }
    }

    /// Parts are requests: a start line, headers and a body.
    static func requests(_ bytes: [UInt8]) async throws {
        let board = Board()
        let platform = Surroundings.platform(board.time)
        let registry = Registry()
        var sources = WebSources()
        addQueries(&sources)
        addAlerts(&sources, board, platform.random)
        sources.families = { { registry.families().map(FamilySource.init) } }
        var options = WebService.Options()
        // Else a login would be in the way of everything that changes something.
        options.access.allowsAnonymousChanges = true
        let service = WebService(
            options, sources: sources,
            pages: Console(sources: sources, time: platform.time).pages, platform: platform,
            registry: registry)
        for part in Parts.of(bytes).prefix(8) {
            let message = PlayedMessage(part)
            let words = message.startLine.split(separator: " ", maxSplits: 2).map(String.init)
            let request = ServerRequest(
                method: words.first ?? "GET", target: words.count > 1 ? words[1] : "/", headers: message.headers,
                body: message.body, remote: "127.0.0.1")
            let response = await service.respond(to: request)
            guard (200...599).contains(response.status), response.status != 500 || request.path == "/-/reload" else {
                throw FuzzFinding("\(message.startLine) is answered with \(response.status)")
            }
            for (name, value) in response.headers {
                let isOneLine = (name + value).utf8.allSatisfy { $0 != 10 && $0 != 13 && $0 != 0 }
                guard isOneLine else { throw FuzzFinding("the header \(name) has a line break") }
            }
        }
        board.time.move(to: Instant(nanoseconds: 3_600_000_000_000))
        let now = board.now
        board.dispatcher.withLock { dispatcher in
            _ = dispatcher.advance(now)
            _ = dispatcher.alertStatuses(now)
        }
    }

    private static func evaluator(_ isOver: @escaping @Sendable () -> Bool) -> Evaluator {
        Evaluator(source: SmallStore.Source(), limits: SmallStore.limits(turns: 1000))
    }

    private static func parse(_ text: String) throws(QueryError) -> Expression {
        do { return try Expression.parse(text) } catch { throw QueryError(.badData, error.description) }
    }

    static func addQueries(_ sources: inout WebSources) {
        sources.query = { (text, at, isOver) throws(QueryError) -> QueryAnswer in
            let expression = try parse(text)
            do throws(EvaluationError) {
                switch try evaluator(isOver).instant(expression, at: at) {
                case .scalar(let number): return .scalar(Point(t: at.milliseconds, v: number))
                case .string(let text): return .string(text, at: at)
                case .vector(let elements):
                    return .vector(elements.map { ($0.labels, Point(t: at.milliseconds, v: $0.value)) })
                case .matrix(let series): return .matrix(series)
                }
            } catch {
                throw QueryError(.execution, error.message)
            }
        }
        sources.queryRange = { (text, start, end, step, isOver) throws(QueryError) -> QueryAnswer in
            let expression = try parse(text)
            do throws(EvaluationError) {
                return .matrix(try evaluator(isOver).range(expression, start: start, end: end, step: step))
            } catch {
                throw QueryError(.execution, error.message)
            }
        }
        sources.parseSelector = { (text) throws(QueryError) -> [Matcher] in
            guard case .selector(let selector) = try parse(text).kind else { throw QueryError(.badData, "no selector") }
            return selector.matchers
        }
        sources.series = { (sets, start, end, _) throws(QueryError) -> [Labels] in
            sets.flatMap { SmallStore.store.labels($0, start: start.milliseconds, end: end.milliseconds) }
        }
    }

    private static func addAlerts(_ sources: inout WebSources, _ board: Board, _ random: any RandomSource) {
        sources.postAlerts = { alerts, _, _ in
            let now = board.now
            return board.dispatcher.withLock { $0.receive(alerts, external: true, now: now).refused }
        }
        sources.alertStatuses = { board.dispatcher.withLock { $0.alertStatuses(board.now) } }
        sources.groupStatuses = { board.dispatcher.withLock { $0.groupStatuses(board.now) } }
        sources.silences = { board.dispatcher.withLock { $0.allSilences } }
        sources.receivers = { [("ops", [:])] }
        sources.setSilence = { (silence, _) throws(SilenceError) -> String in
            let now = board.now
            let result = board.dispatcher.withLock { dispatcher in
                Result { () throws(SilenceError) in
                    try dispatcher.setSilence(silence, random: random, now: now).stored.first?.id ?? ""
                }
            }
            return try result.get()
        }
        sources.expireSilence = { (id, _) throws(SilenceError) in
            let now = board.now
            let result = board.dispatcher.withLock { dispatcher in
                Result { () throws(SilenceError) in _ = try dispatcher.expireSilence(id, now: now) }
            }
            try result.get()
        }
    }
}
