import Samples

/// An incident under way in the form of `GET /api/v1/vaultwatch/incidents`; times are RFC 3339.
struct IncidentBody: Decodable {
    struct Acknowledgement: Decodable {
        var by: String
        var at: String
        var comment: String
    }
    struct Alert: Decodable {
        var fingerprint: String
        var labels: [String: String]
        var annotations: [String: String]
    }
    /// The API's answer.
    struct Answer: Decodable {
        struct Incidents: Decodable { var incidents: [IncidentBody] }
        var data: Incidents
    }

    /// Nil for an unacknowledged incident of a single alert.
    var id: String?
    var startsAt: String
    var severity: String
    var acknowledgement: Acknowledgement?
    var cause: Alert
    var consequences: [Alert]

    static func table(_ incidents: [IncidentBody]) -> String {
        Terminal.table(
            ["Incident", "Severity", "Since", "Summary", "Acknowledged"],
            incidents.map { incident in
                let more = incident.consequences.isEmpty ? "" : " (and \(incident.consequences.count) more)"
                let who = incident.acknowledgement.map { acknowledgement in
                    "by \(acknowledgement.by), \(Timestamp.amtoolText(acknowledgement.at))"
                        + (acknowledgement.comment.isEmpty ? "" : ": \(acknowledgement.comment)")
                }
                return [
                    incident.id ?? incident.cause.fingerprint, incident.severity,
                    Timestamp.amtoolText(incident.startsAt),
                    (incident.cause.annotations["summary"] ?? incident.cause.labels["alertname"] ?? "") + more,
                    who ?? "no",
                ]
            })
    }
}
