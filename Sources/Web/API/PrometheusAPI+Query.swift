import HTTPServer
import Platform
import Samples
import Text

extension WebService {
    private static let pointLimit: Int64 = 11_000

    func query(_ request: ServerRequest) async throws(QueryError) -> ServerResponse {
        let at = try WebService.time("time", request, default: platform.time.wall())
        let timeout = try WebService.duration("timeout", request)
        let expression = try expression(request)
        return try await answer(.query(timeout: timeout)) { [sources] (isOver) throws(QueryError) in
            WebService.document(try sources.query(expression, at, isOver))
        }
    }

    func queryRange(_ request: ServerRequest) async throws(QueryError) -> ServerResponse {
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
        let expression = try expression(request)
        return try await answer(.query(timeout: timeout)) { [sources] (isOver) throws(QueryError) in
            WebService.document(try sources.queryRange(expression, start, end, step, isOver))
        }
    }

    private func expression(_ request: ServerRequest) throws(QueryError) -> String {
        guard let expression = WebService.value("query", request), !expression.isEmpty else {
            throw QueryError(
                .badData, "invalid parameter \"query\": unknown position: parse error: no expression found in input")
        }
        return expression
    }

    private static func document(_ answer: QueryAnswer) -> Document {
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
