import Exposition
import HTTPServer
import Samples
import Text

/// Prometheus' HTTP API, for Grafana's data source, promtool and other clients.
/// Source: https://prometheus.io/docs/prometheus/latest/querying/api/, web/api/v1/api.go.
extension WebService {
    func prometheusRoute(_ path: String, _ method: String) -> Route? {
        func route(
            _ name: String? = nil, post: Bool = false,
            _ document: @escaping @Sendable (ServerRequest) async throws(QueryError) -> Document
        ) -> Route {
            queryRoute(name, post: post) { request throws(QueryError) in
                let document = try await document(request)
                return try await answer(.page) { (_) throws(QueryError) in document }
            }
        }
        func queryRoute(
            _ name: String? = nil, post: Bool = true,
            _ answer: @escaping @Sendable (ServerRequest) async throws(QueryError) -> ServerResponse
        ) -> Route {
            Route(name: name ?? path, methods: post ? ["GET", "HEAD", "POST"] : ["GET", "HEAD"]) { request in
                do throws(QueryError) {
                    return try await answer(request)
                } catch {
                    return WebService.failure(error)
                }
            }
        }
        switch path {
        case "/api/v1/query": return queryRoute { request throws(QueryError) in try await query(request) }
        case "/api/v1/query_range":
            return queryRoute { request throws(QueryError) in try await queryRange(request) }
        case "/api/v1/series": return queryRoute { request throws(QueryError) in try await series(request) }
        case "/api/v1/labels": return queryRoute { request throws(QueryError) in try await labelNames(request) }
        case "/api/v1/rules": return route { request throws(QueryError) in try await rules(request) }
        case "/api/v1/alerts": return route { _ throws(QueryError) in await ruleAlerts() }
        case "/api/v1/targets": return route { request throws(QueryError) in await targets(request) }
        case "/api/v1/metadata": return route { request throws(QueryError) in try await metadata(request) }
        // There are no exemplars; Grafana requests them if its data source is configured to.
        case "/api/v1/query_exemplars":
            return route(post: true) { _ throws(QueryError) in WebService.success { $0.array { _ in } } }
        case "/api/v1/status/buildinfo": return route { _ throws(QueryError) in buildInfo() }
        case "/api/v1/status/runtimeinfo": return route { _ throws(QueryError) in runtimeInfo() }
        case "/api/v1/status/config": return route { _ throws(QueryError) in try configuration() }
        case "/api/v1/status/flags":
            return route { _ throws(QueryError) in
                WebService.success { json in
                    json.object { map in
                        for (k, v) in sources.flags().sorted(by: { $0.key < $1.key }) { map.field(k, v) }
                    }
                }
            }
        case "/api/v1/status/tsdb":
            return queryRoute(post: false) { request throws(QueryError) in try await storeStatistics(request) }
        case "/api/v1/vaultwatch/history":
            return queryRoute(post: false) { request throws(QueryError) in try await history(request) }
        case "/api/v1/vaultwatch/incidents":
            return route { request throws(QueryError) in try await incidents(request) }
        case "/api/v1/vaultwatch/states": return route { request throws(QueryError) in try await states(request) }
        case "/api/v1/vaultwatch/backups": return route { _ throws(QueryError) in await backups() }
        case "/api/v1/vaultwatch/acknowledgements": return acknowledgementRoute(path)
        case "/api/v1/vaultwatch/drills":
            guard method == "GET" || method == "HEAD" else { return drillRoute(path) }
            return route { _ throws(QueryError) in await drills() }
        case "/api/v1/vaultwatch/pagerduty": return pagerDutyRoute(path)
        case "/api/v1/vaultwatch/silences/preview":
            return Route(name: path, methods: ["POST"]) { request in
                do throws(QueryError) {
                    return await page(try await previewSilence(request))
                } catch {
                    return WebService.failure(error)
                }
            }
        // As answered by a Prometheus without Alertmanagers, and scrape pools only for those that have targets.
        case "/api/v1/alertmanagers":
            return route { _ throws(QueryError) in
                WebService.success { json in
                    json.object { one in
                        one.field("activeAlertmanagers", [String]())
                        one.field("droppedAlertmanagers", [String]())
                    }
                }
            }
        case "/api/v1/notifications":
            return route { _ throws(QueryError) in WebService.success { $0.array { _ in } } }
        case "/api/v1/scrape_pools":
            return route { _ throws(QueryError) in
                let targets = await sources.targets()
                return WebService.success { json in
                    json.object { $0.field("scrapePools", Set(targets().map(\.pool)).sorted()) }
                }
            }
        case "/api/v1/features": return route { _ throws(QueryError) in WebService.success { features(&$0) } }
        case "/api/v1/format_query":
            return route(post: true) { request throws(QueryError) in
                let formatted = try sources.formatQuery(try WebService.expression(request))
                return WebService.success { $0.string(formatted) }
            }
        case "/api/v1/parse_query":
            return route(post: true) { request throws(QueryError) in
                WebService.success(try sources.parseQuery(try WebService.expression(request)))
            }
        case "/api/v1/vaultwatch/status": return Route(name: path) { _ in await estate() }
        case _ where path.hasPrefix("/api/v1/vaultwatch/incidents/"): return incidentRoute(path)
        default:
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count == 6, parts[3] == "label", parts[5] == "values" else { return nil }
            let label = String(parts[4])
            return queryRoute("/api/v1/label/:name/values", post: false) { request throws(QueryError) in
                try await labelValues(label, request)
            }
        }
    }

    private static func expression(_ request: ServerRequest) throws(QueryError) -> String {
        if let text = request.item("query"), !text.isEmpty { return text }
        throw QueryError(
            .badData, "invalid parameter \"query\": unknown position: parse error: no expression found in input")
    }

    /// Which of Prometheus' optional features are supported, by area. Source: Prometheus 3.9, "Features" of its HTTP
    /// API.
    private func features(_ json: inout JSONWriter) {
        let areas: [(String, [(String, Bool)])] = [
            (
                "api",
                [
                    ("admin", false), ("exemplars", false), ("format_query", true), ("label_values_match", true),
                    ("parse_query", true),
                    ("query_stats", false), ("remote_write_receiver", false),
                ]
            ),
            (
                "promql",
                [("at_modifier", true), ("duration_expr", true), ("native_histograms", false), ("offset", true)]
            ),
            ("rules", [("alerts", true), ("keep_firing_for", true), ("query_offset", true), ("group_labels", true)]),
            ("ui", [("ui", false)]),
        ]
        json.object { all in
            for (area, features) in areas {
                all.key(area)
                all.object { one in
                    for (name, value) in features {
                        one.key(name)
                        one.bool(value)
                    }
                }
            }
        }
    }

    // MARK: Envelopes

    /// A JSON document yet to be written.
    typealias Document = @Sendable (inout JSONWriter) -> Void

    /// Computes and writes a JSON answer on the threads for computations.
    /// - Parameter document: computes the answer; is passed a check for whether the client has disconnected or the time
    ///   is up.
    func answer(
        _ computation: Computation,
        _ document: @escaping @Sendable (_ isOver: @escaping @Sendable () -> Bool) throws(QueryError) -> Document
    ) async throws(QueryError) -> ServerResponse {
        let limitBytes = sources.answerLimitBytes
        return try await sources.compute(computation) { isOver in
            do throws(QueryError) {
                let document = try document(isOver)
                var writer = JSONWriter(hidesMarkup: true, limitBytes: limitBytes, isOver: isOver)
                document(&writer)
                if writer.bytes.count > limitBytes {
                    throw QueryError(
                        .execution,
                        "the answer would be larger than \(limitBytes >> 20) MiB; ask for fewer series or a larger step"
                    )
                }
                if writer.isStopped { throw QueryError(.timeout, "query timed out in writing the answer") }
                return WebService.json(writer.bytes)
            } catch {
                return WebService.failure(error)
            }
        }
    }

    /// The same for data that is already at hand.
    func page(_ document: @escaping Document) async -> ServerResponse {
        do throws(QueryError) {
            return try await answer(.page) { (_) throws(QueryError) in document }
        } catch {
            return WebService.failure(error)
        }
    }

    static func json(_ bytes: [UInt8], status: Int = 200) -> ServerResponse {
        ServerResponse(status: status, headers: [("Content-Type", "application/json")], body: .bytes(bytes))
    }

    static func success(_ data: @escaping Document) -> Document {
        { json in
            json.object { envelope in
                envelope.field("status", "success")
                envelope.key("data")
                data(&envelope)
            }
        }
    }

    static func failure(_ error: QueryError) -> ServerResponse {
        json(
            JSONWriter.document(hidesMarkup: true) { json in
                json.object { envelope in
                    envelope.field("status", "error")
                    envelope.field("errorType", error.kind.rawValue)
                    envelope.field("error", error.message)
                }
            }, status: error.kind.status)
    }

    // MARK: Parameters

    /// Earlier than any sample, yet far enough from `Int64.min` that a lookback or an offset cannot overflow.
    static let earliest = Timestamp(milliseconds: -9_000_000_000_000_000)
    /// Later than any sample.
    static let latest = Timestamp(milliseconds: 9_000_000_000_000_000)

    /// Seconds since the epoch with any fraction, or RFC 3339.
    static func time(_ name: String, _ request: ServerRequest, default fallback: Timestamp?) throws(QueryError)
        -> Timestamp
    {
        guard let text = value(name, request), !text.isEmpty else {
            if let fallback { return fallback }
            throw QueryError(.badData, "invalid parameter \(name.quotedAsInGo): cannot parse \"\" to a valid timestamp")
        }
        if let seconds = Double(text), seconds.isFinite {
            return min(max(Timestamp(seconds: seconds), earliest), latest)
        }
        if let time = Timestamp(rfc3339: text) { return time }
        // Prometheus' minimum and maximum time, which Go prints in this form.
        if text.hasPrefix("-292273086-05-16T16:47:06") { return earliest }
        if text.hasPrefix("+292277025-08-18T07:12:54") { return latest }
        throw QueryError(
            .badData, "invalid parameter \(name.quotedAsInGo): cannot parse \(text.quotedAsInGo) to a valid timestamp")
    }

    /// Seconds with any fraction, or `1m30s`.
    static func duration(_ name: String, _ request: ServerRequest) throws(QueryError) -> Duration? {
        guard let text = value(name, request), !text.isEmpty else { return nil }
        if let seconds = Double(text) {
            if seconds.isFinite, seconds.magnitude < 9.2e9 {
                return .milliseconds(Int64(saturating: (seconds * 1000).rounded()))
            }
        } else if let duration = Duration(prometheus: text) {
            return duration
        }
        throw QueryError(
            .badData, "invalid parameter \(name.quotedAsInGo): cannot parse \(text.quotedAsInGo) to a valid duration")
    }

    static func value(_ name: String, _ request: ServerRequest) -> String? {
        request.parameters.first { $0.name == name }?.value
    }
    static func values(_ name: String, _ request: ServerRequest) -> [String] {
        request.parameters.filter { $0.name == name }.map(\.value)
    }

    static func limit(_ request: ServerRequest) throws(QueryError) -> Int {
        guard let text = value("limit", request), !text.isEmpty else { return .max }
        guard let limit = Int(text), limit >= 0 else {
            throw QueryError(
                .badData, "invalid parameter \"limit\": cannot parse \(text.quotedAsInGo) to a valid limit")
        }
        return limit == 0 ? .max : limit
    }
}
