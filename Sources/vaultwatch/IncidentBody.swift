import Alerts
import Samples
import Web

/// An incident under way in the form of `GET /api/v1/vaultwatch/incidents`; times are RFC 3339.
struct IncidentBody: Codable, Sendable {
    struct Owner: Codable, Sendable {
        var by: String
        var at: String
        var comment: String
    }
    struct Member: Codable, Sendable {
        var fingerprint: String
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt: String?
        var endsAt: String?
    }
    struct Told: Codable, Sendable {
        var receiver: String
        var integration: String
        var state: String
        var acceptedAt: String?
        var waitingSince: String?
        var error: String?
    }
    struct Step: Codable, Sendable {
        var at: String
        var what: String
        var receiver: String?
        var unless: String?
    }
    /// The API's answer.
    struct Answer: Decodable {
        struct Incidents: Decodable { var incidents: [IncidentBody] }
        var data: Incidents
    }

    /// Nil for an unacknowledged incident of a single alert.
    var id: String?
    /// The number that pages and messages show; nil from an older agent.
    var number: Int?
    var startsAt: String
    var severity: String
    var acknowledgement: Owner?
    var cause: Member
    var consequences: [Member]
    /// These three are nil from an older agent, and in the answer to an acknowledgement.
    var silencedBy: [String]?
    var told: [Told]?
    var next: [Step]?

    static let path = "/api/v1/vaultwatch/incidents"

    /// What commands take and show: `318`, or the fingerprint of the alert where there is no number.
    var name: String { number.map(String.init) ?? id ?? cause.fingerprint }

    /// The incident as pages have it.
    var view: IncidentView {
        var record = IncidentRecord(number: number ?? 0, IncidentMember(cause.alert))
        // The answer does not say which consequence explains which.
        let explaining = record.cause?.id
        record.members += consequences.map { IncidentMember($0.alert, explainedBy: explaining) }
        record.severity = Severity(label: severity)
        if let start = Timestamp(rfc3339: startsAt) { record.startsAt = start }
        record.acknowledgement = acknowledgement.flatMap { owner in
            Timestamp(rfc3339: owner.at).map { Acknowledgement(by: owner.by, comment: owner.comment, at: $0) }
        }
        return IncidentView(
            record, silencedBy: silencedBy ?? [], next: (next ?? []).compactMap(\.step),
            told: (told ?? []).compactMap(\.told))
    }
}

extension IncidentBody.Member {
    var alert: Alert {
        let start = startsAt.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(milliseconds: 0)
        return Alert(
            labels: Labels(labels), annotations: annotations, startsAt: start,
            endsAt: endsAt.flatMap { Timestamp(rfc3339: $0) }, updatedAt: start)
    }
}

extension IncidentBody.Told {
    /// Nil for what a newer agent knows.
    fileprivate var told: IncidentTold? {
        guard let integration = IntegrationID(integration), let state = IncidentTold.State(rawValue: state) else {
            return nil
        }
        return IncidentTold(
            receiver: receiver, integration: integration, state: state,
            acceptedAt: acceptedAt.flatMap { Timestamp(rfc3339: $0) },
            waitingSince: waitingSince.flatMap { Timestamp(rfc3339: $0) }, error: error ?? "")
    }
}

extension IncidentBody.Step {
    /// Nil for what a newer agent knows.
    fileprivate var step: IncidentStep? {
        guard let kind = IncidentStep.Kind(rawValue: what), let at = Timestamp(rfc3339: at) else { return nil }
        return IncidentStep(at: at, kind: kind, receiver: receiver ?? "", calledOffBy: unless ?? "")
    }
}
