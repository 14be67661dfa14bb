import Alerts
import FoundationEssentials
import HTTPServer
import Samples
import Text

/// One incident with its course, and adding notes to it: an extension of vaultwatch, `GET
/// /api/v1/vaultwatch/incidents/318` and `POST /api/v1/vaultwatch/incidents/318/note` with `{"text": "…"}`.
extension WebService {
    private static let incidentsPath = "/api/v1/vaultwatch/incidents/"

    func incidentRoute(_ path: String) -> Route? {
        guard path.hasPrefix(WebService.incidentsPath) else { return nil }
        let parts = path.dropFirst(WebService.incidentsPath.utf8.count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard let number = parts.first.flatMap({ Int($0) }), number > 0 else { return nil }
        if parts.count == 1 {
            return Route(name: WebService.incidentsPath + ":number") { _ in
                do throws(QueryError) {
                    guard let detail = try await sources.incident(number) else {
                        throw QueryError(.notFound, "there is no incident \(number)")
                    }
                    return await page(WebService.success { json in json.object { detail.write(&$0) } })
                } catch {
                    return WebService.failure(error)
                }
            }
        }
        guard parts.count == 2, parts[1] == "note" else { return nil }
        return Route(name: WebService.incidentsPath + ":number/note", methods: ["POST"]) { request, caller in
            if let refusal = WebService.needsJSON(request) { return refusal }
            return await addNote(number, request, caller)
        }
    }

    private struct PostedNote: Decodable, Sendable {
        var text: String
    }

    private func addNote(_ number: Int, _ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let read = await reading { () -> Reading<PostedNote> in
            guard let note = try? JSONDecoder().decode(PostedNote.self, from: Data(request.body)) else {
                return .refused(WebService.failure(QueryError(.badData, "expected {\"text\": \"…\"} in JSON")))
            }
            return .read(note)
        }
        let note: PostedNote
        switch read {
        case .refused(let response): return response
        case .read(let value): note = value
        }
        guard note.text.utf8.count <= IncidentNote.textLimitBytes else {
            return WebService.failure(
                QueryError(.badData, "the note is longer than \(IncidentNote.textLimitBytes) bytes"))
        }
        do throws(QueryError) {
            let record = try await sources.addNote(number, note.text, caller)
            return await page(WebService.success { json in json.object { record.write(&$0) } })
        } catch {
            return WebService.failure(error)
        }
    }
}

extension IncidentDetail {
    /// Writes its fields as members.
    func write(_ one: inout JSONWriter) {
        incident.record.write(&one)
        incident.writeState(&one)
        one.key("events")
        one.array { list in
            for event in events {
                list.object { one in
                    event.entry.write(&one)
                    one.field("event", event.kind.rawValue)
                    one.field("offsetSeconds", Double(event.offset.milliseconds) / 1000)
                    if event.count > 1 {
                        one.field("count", event.count)
                        one.field("until", event.until.rfc3339)
                    }
                }
            }
        }
        one.field("eventsCut", isCut)
        one.key("similar")
        one.array { list in for record in similar { list.object { record.write(&$0) } } }
    }
}

extension IncidentView {
    /// Writes the data beyond the record as members.
    func writeState(_ one: inout JSONWriter) {
        if !silencedBy.isEmpty { one.field("silencedBy", silencedBy) }
        one.key("told")
        one.array { list in
            for told in told {
                list.object { one in
                    one.field("receiver", told.receiver)
                    one.field("integration", told.integration.description)
                    one.field("state", told.state.rawValue)
                    if let at = told.acceptedAt { one.field("acceptedAt", at.rfc3339) }
                    if let since = told.waitingSince { one.field("waitingSince", since.rfc3339) }
                    if !told.error.isEmpty { one.field("error", told.error) }
                }
            }
        }
        one.key("next")
        one.array { list in
            for step in next {
                list.object { one in
                    one.field("at", step.at.rfc3339)
                    one.field("what", step.kind.rawValue)
                    if !step.receiver.isEmpty { one.field("receiver", step.receiver) }
                    if !step.calledOffBy.isEmpty { one.field("unless", step.calledOffBy) }
                }
            }
        }
    }
}

extension IncidentRecord {
    /// Writes its fields as members.
    func write(_ one: inout JSONWriter) {
        one.field("number", number)
        one.field("startsAt", startsAt.rfc3339)
        if let endedAt { one.field("endedAt", endedAt.rfc3339) }
        one.field("severity", severity.rawValue)
        if let toldAt { one.field("toldAt", toldAt.rfc3339) }
        if let acknowledgement {
            one.key("acknowledgement")
            acknowledgement.write(&one)
        }
        if let firstAcknowledgedAt { one.field("firstAcknowledgedAt", firstAcknowledgedAt.rfc3339) }
        one.key("alerts")
        one.array { list in
            for member in members {
                list.object { one in
                    one.key("alert")
                    WebService.write(member.alert, &one)
                    if let id = member.explainedBy, let cause = members.first(where: { $0.id == id }) {
                        one.field("explainedBy", cause.alert.fingerprintText)
                    }
                }
            }
        }
        if omittedMembers > 0 { one.field("omittedAlerts", omittedMembers) }
        one.key("notes")
        one.array { list in
            for note in notes {
                list.object { one in
                    one.field("at", note.at.rfc3339)
                    one.field("by", note.by)
                    one.field("text", note.text)
                }
            }
        }
    }
}
