import Alerts
import HTTPServer
import Samples
import Text

/// Open incidents, each with its cause and consequences: an extension of vaultwatch, `GET
/// /api/v1/vaultwatch/incidents`. With `?state=all` also those resolved within the last 90 days, as `ended`.
extension WebService {
    func incidents(_ request: ServerRequest) async throws(QueryError) -> Document {
        let wantsAll: Bool
        switch request.item("state") ?? "" {
        case "", "open": wantsAll = false
        case "all": wantsAll = true
        case let other:
            throw QueryError(.badData, "invalid parameter \"state\": \(other.quotedAsInGo) is neither open nor all")
        }
        let snapshot = try await sources.snapshot()
        return WebService.success { json in
            let views = Dictionary(
                snapshot.incidents.map { ($0.record.number, $0) }, uniquingKeysWith: { first, _ in first })
            json.object { data in
                data.key("incidents")
                data.array { list in
                    for incident in snapshot.underWay {
                        WebService.write(incident, incident.number.flatMap { views[$0] }, &list)
                    }
                }
                guard wantsAll else { return }
                data.key("ended")
                data.array { list in for record in snapshot.ended { list.object { record.write(&$0) } } }
            }
        }
    }

    static func document(_ incidents: [Notification.Incident]) -> Document {
        success { json in
            json.object { data in
                data.key("incidents")
                data.array { list in for incident in incidents { WebService.write(incident, nil, &list) } }
            }
        }
    }

    private static func write(_ incident: Notification.Incident, _ view: IncidentView?, _ json: inout JSONWriter) {
        json.object { one in
            // An unacknowledged incident of a single alert has no id, only the alert's fingerprint.
            if let id = incident.id { one.field("id", String(id)) }
            if let number = incident.number { one.field("number", number) }
            one.field("startsAt", incident.startsAt.rfc3339)
            one.field("severity", incident.severity.rawValue)
            if let acknowledgement = incident.acknowledgement {
                one.key("acknowledgement")
                acknowledgement.write(&one)
            }
            one.key("cause")
            write(incident.cause, &one)
            one.key("consequences")
            one.array { list in for alert in incident.consequences { write(alert, &list) } }
            one.key("ended")
            one.array { list in for alert in incident.ended { write(alert, &list) } }
            view?.writeState(&one)
        }
    }

    static func write(_ alert: Alert, _ json: inout JSONWriter) {
        json.object { one in
            one.field("fingerprint", alert.fingerprintText)
            one.field("labels", alert.labels)
            one.field("annotations", alert.annotations)
            one.field("startsAt", alert.startsAt.rfc3339)
            if let end = alert.endsAt { one.field("endsAt", end.rfc3339) }
        }
    }
}

extension Acknowledgement {
    func write(_ json: inout JSONWriter) {
        json.object { one in
            one.field("by", by)
            one.field("at", at.rfc3339)
            one.field("comment", comment)
        }
    }
}
