import HTTPServer
import Platform
import Samples
import Text

extension WebService {
    private static let pointLimit: Int64 = 11_000

    func query(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        let at = try WebService.time("time", request, default: platform.time.wall())
        let timeout = try WebService.duration("timeout", request)
        return WebService.encode(try await sources.query(try expression(request), at, timeout))
    }

    func queryRange(_ request: ServerRequest) async throws(QueryError) -> [UInt8] {
        let start = try WebService.time("start", request, default: nil)
        let end = try WebService.time("end", request, default: nil)
        guard end >= start else {
            throw QueryError(.badData, "invalid parameter \"end\": end timestamp must not be before start time")
        }
        guard let step = try WebService.duration("step", request) else {
            throw QueryError(.badData, "invalid parameter \"step\": cannot parse \"\" to a valid duration")
        }
        guard step.milliseconds > 0 else {
            throw QueryError(
                .badData,
                "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"
            )
        }
        let (span, overflow) = end.milliseconds.subtractingReportingOverflow(start.milliseconds)
        guard !overflow, span / step.milliseconds <= WebService.pointLimit else {
            throw QueryError(
                .badData,
                "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
            )
        }
        let timeout = try WebService.duration("timeout", request)
        return WebService.encode(try await sources.queryRange(try expression(request), start, end, step, timeout))
    }

    private func expression(_ request: ServerRequest) throws(QueryError) -> String {
        guard let expression = WebService.value("query", request), !expression.isEmpty else {
            throw QueryError(
                .badData, "invalid parameter \"query\": unknown position: parse error: no expression found in input")
        }
        return expression
    }

    private static func encode(_ answer: QueryAnswer) -> [UInt8] {
        success { json in
            json.object { data in
                switch answer {
                case .scalar(let point):
                    data.field("resultType", "scalar")
                    data.key("result")
                    data.point(point.t, point.v)
                case .string(let text, let at):
                    data.field("resultType", "string")
                    data.key("result")
                    data.array { pair in
                        pair.number(at.seconds)
                        pair.string(text)
                    }
                case .vector(let series):
                    data.field("resultType", "vector")
                    data.key("result")
                    data.array { list in
                        for (labels, point) in series {
                            list.object { one in
                                one.field("metric", labels)
                                one.key("value")
                                one.point(point.t, point.v)
                            }
                        }
                    }
                case .matrix(let series):
                    data.field("resultType", "matrix")
                    data.key("result")
                    data.array { list in
                        for series in series {
                            list.object { one in
                                one.field("metric", series.labels)
                                one.key("values")
                                one.array { points in for point in series.points { points.point(point.t, point.v) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
