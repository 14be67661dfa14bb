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
    /// Why the incidents are missing although the agent has them; nil if it was not asked, or answered.
    var incidentsError: String?

    private enum Key: String, CodingKey { case incidents, incidentsError, health }

    /// The status with its incidents.
    func encode(to encoder: any Encoder) throws {
        try status.encode(to: encoder)
        var own = encoder.container(keyedBy: Key.self)
        try own.encode(status.health, forKey: .health)
        try own.encodeIfPresent(incidents, forKey: .incidents)
        try own.encodeIfPresent(incidentsError, forKey: .incidentsError)
    }

    /// The words of the overview, with times of the zone.
    func words(_ zone: TimeZoneData) -> OverviewWords {
        var snapshot = EstateSnapshot(now: now, status: status)
        snapshot.incidents = (incidents ?? []).map(\.view)
        return OverviewWords(snapshot, zone: zone)
    }

    /// The agent's time.
    var now: Timestamp { Timestamp(rfc3339: status.now) ?? Timestamp(milliseconds: 0) }

    /// Asks an agent. The status stands by itself where the incidents cannot be had.
    /// - Parameter timeout: for each of two requests.
    static func fetch(_ client: AgentClient, timeout: Duration = .seconds(60)) async throws(AgentError) -> EstateReport
    {
        let status: EstateStatus = try decoded(try await client.fetch("/api/v1/vaultwatch/status", timeout: timeout))
        do throws(AgentError) {
            let answer: IncidentBody.Answer = try decoded(
                try await client.fetch(IncidentBody.path, timeout: timeout))
            return EstateReport(status: status, incidents: answer.data.incidents)
        } catch {
            // An older agent has no such page.
            return EstateReport(status: status, incidentsError: error.status == 404 ? nil : error.message)
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
