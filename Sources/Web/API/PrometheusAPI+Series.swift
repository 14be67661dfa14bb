import Exposition
import HTTPServer
import Platform
import Samples
import Text

extension WebService {
    func series(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        guard !WebService.values("match[]", request).isEmpty else {
            throw QueryError(.badData, "no match[] parameter provided")
        }
        let limit = try WebService.limit(request)
        let found = try await selected(request).sorted().prefix(limit)
        return WebService.success { json in json.array { list in for labels in found { list.labels(labels) } } }
    }

    func labelNames(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        let limit = try WebService.limit(request)
        var names: Set<String> = []
        for labels in try await selected(request) { for pair in labels.pairs { names.insert(pair.name) } }
        let sorted = names.sorted().prefix(limit)
        return WebService.success { json in json.array { list in for name in sorted { list.string(name) } } }
    }

    func labelValues(_ name: String, _ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        guard !name.isEmpty else { throw QueryError(.badData, "invalid label name: \"\"") }
        let limit = try WebService.limit(request)
        let sorted = Set(try await selected(request).compactMap { $0[name] }).sorted().prefix(limit)
        return WebService.success { json in json.array { list in for value in sorted { list.string(value) } } }
    }

    private func selected(_ request: ServerRequest) async throws(QueryError) -> [Labels] {
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
        return try await sources.series(sets.isEmpty ? [[]] : sets, start, end)
    }

    func metadata(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        let limit = try WebService.limit(request)
        let wanted = WebService.value("metric", request) ?? ""
        let families = await sources.families().filter { wanted.isEmpty || $0.name == wanted }
        var unique: [String: MetricFamily] = [:]
        for family in families where unique[family.name] == nil { unique[family.name] = family }
        let shown = unique.values.sorted { $0.name < $1.name }.prefix(limit)
        return WebService.success { json in
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

    /// Counted from the labels, independently of the store's internal index.
    func storeStatistics(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        let top = min(try WebService.limit(request), 10_000)
        let all = try await sources.series([[]], WebService.earliest, WebService.latest)
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
        let count = top == 10_000 ? 10 : top
        func list(_ json: inout JSONWriter, _ name: String, _ counts: [String: Int]) {
            json.key(name)
            json.array { list in
                for (name, value) in counts.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(count) {
                    list.object { one in
                        one.field("name", name)
                        one.field("value", value)
                    }
                }
            }
        }
        return WebService.success { json in
            json.object { data in
                data.key("headStats")
                data.object { head in
                    head.field("numSeries", all.count)
                    head.field("numLabelPairs", pairs.count)
                    head.field("chunkCount", 0)
                    head.field("minTime", 0)
                    head.field("maxTime", Int(clamping: platform.time.wall().milliseconds))
                }
                list(&data, "seriesCountByMetricName", metrics)
                list(&data, "labelValueCountByLabelName", values.mapValues(\.count))
                list(&data, "memoryInBytesByLabelName", bytes)
                list(&data, "seriesCountByLabelValuePair", pairs)
            }
        }
    }
}
