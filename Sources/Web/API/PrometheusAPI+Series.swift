import Exposition
import HTTPServer
import Platform
import Samples
import Text

extension WebService {
    func series(_ request: ServerRequest) async throws(QueryError) -> ServerResponse {
        guard !WebService.values("match[]", request).isEmpty else {
            throw QueryError(.badData, "no match[] parameter provided")
        }
        let limit = try WebService.limit(request)
        return try await answer(request) { found in
            let shown = found.sorted().prefix(limit)
            return { json in json.array { list in for labels in shown { list.labels(labels) } } }
        }
    }

    func labelNames(_ request: ServerRequest) async throws(QueryError) -> ServerResponse {
        let limit = try WebService.limit(request)
        return try await answer(request) { found in
            var names: Set<String> = []
            for labels in found { for pair in labels.pairs { names.insert(pair.name) } }
            let shown = names.sorted().prefix(limit)
            return { json in json.array { list in for name in shown { list.string(name) } } }
        }
    }

    func labelValues(_ name: String, _ request: ServerRequest) async throws(QueryError) -> ServerResponse {
        guard !name.isEmpty else { throw QueryError(.badData, "invalid label name: \"\"") }
        let limit = try WebService.limit(request)
        return try await answer(request) { found in
            let shown = Set(found.compactMap { $0[name] }).sorted().prefix(limit)
            return { json in json.array { list in for value in shown { list.string(value) } } }
        }
    }

    /// An answer about the series that the request selects.
    private func answer(
        _ request: ServerRequest, _ data: @escaping @Sendable ([Labels]) -> Document
    ) async throws(QueryError) -> ServerResponse {
        let start = try WebService.time("start", request, default: WebService.earliest)
        let end = try WebService.time("end", request, default: WebService.latest)
        guard end >= start else {
            throw QueryError(.badData, "invalid parameter \"end\": end timestamp must not be before start time")
        }
        var sets: [[Matcher]] = []
        for selector in WebService.values("match[]", request).prefix(100) {
            do {
                sets.append(try sources.parseSelector(selector))
            } catch {
                throw QueryError(error.kind, "invalid parameter \"match[]\": \(error.message)")
            }
        }
        let selected = sets.isEmpty ? [[]] : sets
        return try await answer(.query(timeout: nil)) { [sources] (isOver) throws(QueryError) in
            WebService.success(data(try sources.series(selected, start, end, isOver)))
        }
    }

    func metadata(_ request: ServerRequest) async throws(QueryError) -> Document {
        let limit = try WebService.limit(request)
        let wanted = WebService.value("metric", request) ?? ""
        let families = await sources.families()
        return WebService.success { json in
            var unique: [String: FamilySource] = [:]
            for family in families() where unique[family.name] == nil && (wanted.isEmpty || family.name == wanted) {
                unique[family.name] = family
            }
            let shown = unique.values.sorted { $0.name < $1.name }.prefix(limit)
            json.object { map in
                for family in shown {
                    map.key(family.name)
                    map.array { list in
                        list.object { one in
                            one.field("type", family.kind == .untyped ? "unknown" : family.kind.rawValue)
                            one.field("help", family.help)
                            one.field("unit", "")
                        }
                    }
                }
            }
        }
    }

    /// Computed from the labels, without the store's internal index.
    func storeStatistics(_ request: ServerRequest) async throws(QueryError) -> ServerResponse {
        let top = min(try WebService.limit(request), 10_000)
        let now = platform.time.wall()
        return try await answer(.query(timeout: nil)) { [sources] (isOver) throws(QueryError) in
            let all = try sources.series([[]], WebService.earliest, WebService.latest, isOver)
            return WebService.statistics(all, top: top == 10_000 ? 10 : top, now)
        }
    }

    private static func statistics(_ all: [Labels], top: Int, _ now: Timestamp) -> Document {
        var metrics: [String: Int] = [:]
        var values: [String: Set<String>] = [:]
        var pairs: [String: Int] = [:]
        var bytes: [String: Int] = [:]
        for labels in all {
            for pair in labels.pairs {
                if pair.name == Labels.metricName { metrics[pair.value, default: 0] += 1 }
                if values[pair.name, default: []].insert(pair.value).inserted {
                    bytes[pair.name, default: 0] += pair.value.utf8.count
                }
                pairs["\(pair.name)=\(pair.value)", default: 0] += 1
            }
        }
        let pairCount = pairs.count
        let lists = [
            ("seriesCountByMetricName", metrics), ("labelValueCountByLabelName", values.mapValues(\.count)),
            ("memoryInBytesByLabelName", bytes), ("seriesCountByLabelValuePair", pairs),
        ].map { name, counts in
            (name, counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(top))
        }
        return success { json in
            json.object { data in
                data.key("headStats")
                data.object { head in
                    head.field("numSeries", all.count)
                    head.field("numLabelPairs", pairCount)
                    head.field("chunkCount", 0)
                    head.field("minTime", 0)
                    head.field("maxTime", Int(clamping: now.milliseconds))
                }
                for (name, counts) in lists {
                    data.key(name)
                    data.array { list in
                        for (name, value) in counts {
                            list.object { one in
                                one.field("name", name)
                                one.field("value", value)
                            }
                        }
                    }
                }
            }
        }
    }
}
