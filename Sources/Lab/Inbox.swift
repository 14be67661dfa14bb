import FoundationEssentials
import Platform
import Samples
import Synchronization

/// The receivers of notifications: a mail server, a Slack webhook, a PagerDuty endpoint and a generic webhook, with a
/// page that shows all messages.
package final class Inbox: Sendable {
    private struct State {
        /// The newest 1,000.
        var messages: [Message] = []
        var received = 0
        var incidents: [String: Int] = [:]
        var failures: [Message.Kind: ReceiverFailure] = [:]
    }

    private static let capacity = 1000
    private let state = Mutex(State())
    private let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    /// The messages after an id, in order of arrival.
    package func messages(after id: Int = 0, kind: Message.Kind? = nil) -> [Message] {
        state.withLock { $0.messages.filter { $0.id > id && (kind == nil || $0.kind == kind) } }
    }

    /// Deletes all messages; ids continue.
    package func clear() { state.withLock { $0.messages = [] } }

    /// Makes an endpoint fail; nil restores it.
    package func fail(_ kind: Message.Kind, _ failure: ReceiverFailure?) {
        state.withLock { $0.failures[kind] = failure }
    }

    /// The endpoints that currently fail.
    package var failures: [Message.Kind: ReceiverFailure] { state.withLock { $0.failures } }

    // MARK: Receiving

    func receiveMail(_ sender: String, _ recipients: [String], _ data: [UInt8]) -> String? {
        switch failures[.mail] {
        case .hang: return nil
        case .reset: return "421 4.3.0 Service closing transmission channel"
        case .rateLimited: return "451 4.7.1 Try again later"
        case .status(let code): return code >= 500 ? "451 4.3.0 Temporary failure" : "554 5.7.1 Refused"
        case nil: break
        }
        let mail = MIMEMail(data)
        keep(.mail) {
            $0.mail = Message.Mail(
                sender: sender, recipients: recipients, subject: mail.header("Subject"), text: mail.text,
                html: mail.html,
                headers: mail.headers.map { [$0.name, $0.value] })
        }
        return "250 2.0.0 OK"
    }

    /// Slack's incoming webhook: 200 and `ok`, or a short error in plain text. Source: Slack API documentation,
    /// "Sending messages using incoming webhooks".
    func receiveSlack(_ request: LabRequest) -> LabReply {
        if let reply = failing(.slack) { return reply }
        guard let payload = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body)),
            case .object(let fields) = payload
        else {
            return .response(LabResponse(400, type: "text/plain", "invalid_payload"))
        }
        guard fields["text"] != nil || fields["blocks"] != nil || fields["attachments"] != nil else {
            return .response(LabResponse(400, type: "text/plain", "no_text"))
        }
        keep(.slack) { $0.payload = payload }
        return .response(LabResponse(200, type: "text/plain", "ok"))
    }

    /// PagerDuty's Events API v2: 202 with the dedup key, or 400 with the errors. Source: PagerDuty developer
    /// documentation, "Send an alert event".
    func receivePagerDuty(_ request: LabRequest, random: any RandomSource) -> LabReply {
        if let reply = failing(.pagerduty) { return reply }
        func invalid(_ errors: [String]) -> LabReply {
            .response(
                LabResponse(
                    400, type: "application/json",
                    "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\",\"errors\":[\(errors.map(json).joined(separator: ","))]}"
                ))
        }
        guard request.body.count <= 512_000 else {
            return .response(LabResponse(413, type: "application/json", "{\"status\":\"event too large\"}"))
        }
        guard let payload = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body)), case .object = payload
        else {
            return invalid(["JSON could not be parsed"])
        }
        var errors: [String] = []
        let action = payload["event_action"]?.string ?? ""
        if payload["routing_key"]?.string?.isEmpty ?? true { errors.append("'routing_key' is missing or blank") }
        if !["trigger", "acknowledge", "resolve"].contains(action) {
            errors.append("'event_action' is not one of trigger, acknowledge, resolve")
        }
        if action == "trigger" {
            let details = payload["payload"]
            for name in ["summary", "source", "severity"] where details?[name]?.string?.isEmpty ?? true {
                errors.append("'payload.\(name)' is missing or blank")
            }
            if let severity = details?["severity"]?.string,
                !["critical", "error", "warning", "info"].contains(severity)
            {
                errors.append(
                    "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
                )
            }
        } else if payload["dedup_key"]?.string?.isEmpty ?? true {
            errors.append("'dedup_key' is missing or blank")
        }
        guard errors.isEmpty else { return invalid(errors) }
        let key = payload["dedup_key"]?.string ?? random.uuid()
        keep(.pagerduty, incidentKey: key) { $0.payload = payload }
        return .response(
            LabResponse(
                202, type: "application/json",
                "{\"status\":\"success\",\"message\":\"Event processed\",\"dedup_key\":\(json(key))}"))
    }

    func receiveWebhook(_ request: LabRequest) -> LabReply {
        if let reply = failing(.webhook) { return reply }
        guard let payload = try? JSONDecoder().decode(JSONValue.self, from: Data(request.body)) else {
            return .response(LabResponse(400))
        }
        keep(.webhook) { $0.payload = payload }
        return .response(LabResponse(200, type: "application/json", "{}"))
    }

    private func failing(_ kind: Message.Kind) -> LabReply? {
        switch failures[kind] {
        case .hang: .hang
        case .reset: .reset
        case .status(let code): .response(LabResponse(code, type: "text/plain", "lab failure"))
        case .rateLimited(let seconds):
            .response(LabResponse(429, type: "text/plain", "rate limited", headers: ["Retry-After": String(seconds)]))
        case nil: nil
        }
    }

    private func keep(_ kind: Message.Kind, incidentKey: String? = nil, _ fill: (inout Message) -> Void) {
        let now = time.wall().rfc3339
        state.withLock { state in
            state.received += 1
            var message = Message(id: state.received, received: now, kind: kind)
            fill(&message)
            if let incidentKey {
                if state.incidents.count > Inbox.capacity { state.incidents = [:] }
                message.incident = state.incidents[incidentKey, default: state.incidents.count + 1]
                state.incidents[incidentKey] = message.incident
            }
            state.messages.append(message)
            if state.messages.count > Inbox.capacity { state.messages.removeFirst() }
        }
    }
}
