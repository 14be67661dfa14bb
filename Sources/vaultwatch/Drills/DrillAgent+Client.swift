import Alerts
import FoundationEssentials
import Recovery
import Samples
import Text
import Web

extension DrillAgent {
    /// How long one answer may take: a drill must not stand still because the agent does.
    private static let timeout = Duration.seconds(10)

    /// The agent that a client reaches.
    static func running(_ client: AgentClient) -> DrillAgent {
        DrillAgent(
            query: { (expression) async throws(Failure) -> Value in
                try await value(client, "/api/v1/query?query=\(PercentCoding.encode(expression))")
            },
            times: { (expression, start, end, step) async throws(Failure) -> Set<Timestamp> in
                try await times(client, expression, start, end, step)
            },
            history: { (from, to) async throws(Failure) -> [HistoryEntry] in
                struct Answer: Decodable { var data: [HistoryEntry] }
                let path =
                    "/api/v1/vaultwatch/history?limit=10000&start=\(PercentCoding.encode(from.rfc3339))&end=\(PercentCoding.encode(to.rfc3339))"
                return try await decoded(Answer.self, client, path).data
            },
            announce: { (drill) async throws(Failure) in
                _ = try await submit(
                    client, "POST",
                    Announced(
                        scenario: drill.scenario, cluster: drill.cluster, until: drill.until.rfc3339,
                        alerts: drill.alerts))
            },
            end: { (cluster) async throws(Failure) in _ = try await submit(client, "DELETE", Ended(cluster: cluster)) },
            silence: { (matchers, until, comment) async throws(Failure) -> String in
                try await silence(client, matchers, until, comment)
            },
            expire: { (id) async throws(Failure) in
                do throws(AgentError) {
                    _ = try await client.submit("DELETE", "/api/v2/silence/\(PercentCoding.encode(id))", json: [])
                } catch {
                    throw Failure(error.advice)
                }
            })
    }

    private struct Announced: Encodable, Sendable {
        var scenario: String
        var cluster: String
        var until: String
        var alerts: [String]
    }

    private struct Ended: Encodable, Sendable {
        var cluster: String
    }

    private static func submit(
        _ client: AgentClient, _ method: String, _ body: some Encodable & Sendable
    ) async throws(Failure) -> [UInt8] {
        do {
            return try await client.submit(
                method, "/api/v1/vaultwatch/drills", json: Array(try JSONEncoder().encode(body)))
        } catch let error as AgentError {
            throw Failure(error.advice)
        } catch {
            throw Failure("\(error)")
        }
    }

    private static func decoded<T: Decodable>(
        _ type: T.Type, _ client: AgentClient, _ path: String
    ) async throws(Failure) -> T {
        do {
            return try JSONDecoder().decode(type, from: Data(try await client.fetch(path, timeout: timeout)))
        } catch let error as AgentError {
            throw Failure(error.advice)
        } catch {
            throw Failure("not a response of vaultwatch: \(error)")
        }
    }

    private static func value(_ client: AgentClient, _ path: String) async throws(Failure) -> Value {
        let answer = try await decoded(QueryCommand.Answer.self, client, path)
        switch answer.data.result {
        case .scalar(let point): return Value([.init(value: Double(point.value) ?? .nan)], isScalar: true)
        case .series(let series):
            return Value(
                series.map { one in
                    Value.Element(labels: one.metric, value: one.value.flatMap { Double($0.value) } ?? .nan)
                })
        }
    }

    /// The times of a range at which an expression has a result.
    private static func times(
        _ client: AgentClient, _ expression: String, _ start: Timestamp, _ end: Timestamp, _ step: Duration
    ) async throws(Failure) -> Set<Timestamp> {
        // In milliseconds: a double of seconds would miss the steps that are compared with.
        func seconds(_ milliseconds: Int64) -> String {
            "\(milliseconds / 1000).\(String(milliseconds % 1000 + 1000).dropFirst())"
        }
        let path =
            "/api/v1/query_range?query=\(PercentCoding.encode(expression))&start=\(seconds(start.milliseconds))&end=\(seconds(end.milliseconds))&step=\(seconds(step.milliseconds))"
        guard case .series(let series) = try await decoded(QueryCommand.Answer.self, client, path).data.result else {
            return []
        }
        return Set(series.flatMap { $0.values ?? [] }.map { Timestamp(seconds: $0.time) })
    }

    private static func silence(
        _ client: AgentClient, _ matchers: String, _ until: Timestamp, _ comment: String
    ) async throws(Failure) -> String {
        struct Made: Decodable { var silenceID: String }
        do {
            let now = try await value(client, "/api/v1/query?query=time()")
            let start = Timestamp(seconds: now.elements.first?.value ?? 0)
            let body = SilenceBody(
                matchers: try MatcherWords.parse([matchers]).map { .init($0) }, startsAt: start.rfc3339,
                endsAt: until.rfc3339, createdBy: "vaultwatch drill", comment: comment)
            let bytes = try await client.submit(
                "POST", "/api/v2/silences", json: Array(try JSONEncoder().encode(body)))
            return try JSONDecoder().decode(Made.self, from: Data(bytes)).silenceID
        } catch let error as AgentError {
            throw Failure(error.advice)
        } catch let error as Failure {
            throw error
        } catch {
            throw Failure("\(error)")
        }
    }
}
