import Dispatching
import FoundationEssentials
import HTTPServer
import Platform
import Samples
import Text

/// Drills: an extension of vaultwatch. `POST /api/v1/vaultwatch/drills` with `{"scenario": "node-failure", "cluster":
/// "prod", "until": "2026-11-24T08:00:00Z"}` announces one, so that the alerts that begin in the cluster say so;
/// `DELETE` with `{"cluster": "prod"}` ends it, and `GET` lists those under way. `"alerts": ["service=\"mail\""]` adds
/// alerts that have another label than the cluster's.
extension WebService {
    func drillRoute(_ path: String) -> Route {
        Route(name: path, methods: ["POST", "DELETE"]) { request, caller in
            if let refusal = WebService.needsJSON(request) { return refusal }
            return request.method == "POST" ? await startDrill(request, caller) : await endDrill(request, caller)
        }
    }

    /// The drills under way.
    func drills() async -> Document {
        let drills = await sources.drills()
        return WebService.success { json in json.array { list in for drill in drills { drill.write(&list) } } }
    }

    private struct Posted: Decodable, Sendable {
        var scenario: String
        var cluster: String
        var until: String
        var alerts: [String]?
    }

    private struct Ended: Decodable, Sendable {
        var cluster: String
    }

    private func startDrill(_ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let now = platform.time.wall()
        let drill: Drill
        switch await reading({ WebService.drill(request, caller, now) }) {
        case .refused(let response): return response
        case .read(let value): drill = value
        }
        do throws(QueryError) {
            try await sources.startDrill(drill, caller)
            return await page(WebService.success { drill.write(&$0) })
        } catch {
            return WebService.failure(error)
        }
    }

    private static func drill(_ request: ServerRequest, _ caller: Caller, _ now: Timestamp) -> Reading<Drill> {
        func refused(_ text: String) -> Reading<Drill> { .refused(failure(QueryError(.badData, text))) }
        guard let posted = try? JSONDecoder().decode(Posted.self, from: Data(request.body)) else {
            return refused("expected {\"scenario\": \"…\", \"cluster\": \"…\", \"until\": \"…\"} in JSON")
        }
        guard let until = Timestamp(rfc3339: posted.until) else { return refused("until: expected RFC 3339") }
        guard (posted.alerts ?? []).count <= Drill.matcherLimit else {
            return refused("alerts: more than \(Drill.matcherLimit) entries")
        }
        do throws(MatcherSyntaxError) {
            var others: [[Matcher]] = []
            for text in posted.alerts ?? [] { others.append(try MatcherSyntax.parse(text)) }
            return .read(
                Drill(
                    scenario: posted.scenario.withoutControls(), cluster: posted.cluster, others: others,
                    startsAt: now, endsAt: until, createdBy: caller.description))
        } catch {
            return refused("alerts: \(error)")
        }
    }

    private func endDrill(_ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let read = await reading { () -> Reading<Ended> in
            guard let ended = try? JSONDecoder().decode(Ended.self, from: Data(request.body)) else {
                return .refused(WebService.failure(QueryError(.badData, "expected {\"cluster\": \"…\"} in JSON")))
            }
            return .read(ended)
        }
        switch read {
        case .refused(let response): return response
        case .read(let ended):
            guard let drill = await sources.endDrill(ended.cluster, caller) else {
                return WebService.failure(
                    QueryError(.notFound, "no drill is under way in cluster \(ended.cluster.quotedAsInGo)"))
            }
            return await page(WebService.success { drill.write(&$0) })
        }
    }
}

extension Drill {
    func write(_ json: inout JSONWriter) {
        json.object { one in
            one.field("scenario", scenario)
            one.field("cluster", cluster)
            one.field("startsAt", startsAt.rfc3339)
            one.field("until", endsAt.rfc3339)
            one.field("by", createdBy)
            if !others.isEmpty { one.field("alerts", othersText) }
        }
    }
}
