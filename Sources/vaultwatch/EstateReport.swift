import Console
import FoundationEssentials
import Samples
import TimeZones
import Web

/// What an agent says of the estate and of the incidents under way.
struct EstateReport: Encodable, Sendable {
    var status: EstateStatus
    /// Nil where nobody knows: the targets were asked without an agent, or by an older one.
    var incidents: [IncidentBody]?

    private enum Key: String, CodingKey { case incidents, health }

    /// The status with its incidents.
    func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        var own = encoder.container(keyedBy: Key.self)
        try own.encode(status.health, forKey: .health)
        try own.encodeIfPresent(incidents, forKey: .incidents)
    }

    /// The words of the overview, with times of the zone.
    func words(_ zone: TimeZoneData) -> OverviewWords {
        var snapshot = EstateSnapshot(now: now, status: status)
        snapshot.incidents = (incidents ?? []).map(\.view)
        return OverviewWords(snapshot, zone: zone)
    }

    /// The agent's time.
    var now: Timestamp { Timestamp(rfc3339: status.now) ?? Timestamp(milliseconds: 0) }

    /// Asks an agent.
    /// - Parameter timeout: for each of two requests.
    static func fetch(_ client: AgentClient, timeout: Duration = .seconds(60)) async throws(AgentError) -> EstateReport
    {
        let status: EstateStatus = try decoded(try await client.fetch("/api/v1/vaultwatch/status", timeout: timeout))
        do throws(AgentError) {
            let answer: IncidentBody.Answer = try decoded(
                try await client.fetch(IncidentBody.path, timeout: timeout))
            return EstateReport(status: status, incidents: answer.data.incidents)
        } catch {
            guard error.status == 404 else { throw error }
            return EstateReport(status: status, incidents: nil)
        }
    }

    private static func decoded<T: Decodable>(_ body: [UInt8]) throws(AgentError) -> T {
        do {
            return try JSONDecoder().decode(T.self, from: Data(body))
        } catch {
            throw AgentError(message: "not a response of vaultwatch: \(error)")
        }
    }
}
