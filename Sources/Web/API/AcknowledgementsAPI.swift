import Alerts
import Dispatching
import FoundationEssentials
import HTTPServer
import Samples
import Text

/// Acknowledgements: an extension of vaultwatch. `POST /api/v1/vaultwatch/acknowledgements` acknowledges incidents,
/// `DELETE` withdraws acknowledgements; both return the incidents in the form of `GET /api/v1/vaultwatch/incidents`.
/// `POST /acknowledge` does the same for HTML forms.
extension WebService {
    func acknowledgementRoute(_ path: String) -> Route {
        Route(name: path, methods: ["POST", "DELETE"]) { request, caller in
            if let refusal = WebService.needsJSON(request) { return refusal }
            return await acknowledge(request, caller)
        }
    }

    /// A body that selects incidents in one of three ways.
    private struct Posted: Decodable {
        /// An incident's id.
        var incident: String?
        /// A firing alert's fingerprint.
        var alert: String?
        var matchers: [SilenceBody.Matcher]?
        var comment: String?
    }

    private struct Selected: Sendable {
        var selection: IncidentSelection
        var comment: String
    }

    private func acknowledge(_ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let selected: Selected
        switch await reading({ WebService.selected(request) }) {
        case .refused(let response): return response
        case .read(let value): selected = value
        }
        let isPost = request.method == "POST"
        let incidents = await sources.acknowledge(selected.selection, isPost ? selected.comment : nil, caller)
        guard !incidents.isEmpty else {
            return WebService.failure(
                QueryError(
                    .notFound,
                    isPost
                        ? "no incident that goes on matches; GET /api/v1/vaultwatch/incidents lists them"
                        : "no acknowledged incident matches; GET /api/v1/vaultwatch/incidents lists them"))
        }
        return await page(WebService.document(incidents))
    }

    private static func selected(_ request: ServerRequest) -> Reading<Selected> {
        func refused(_ text: String) -> Reading<Selected> { .refused(failure(QueryError(.badData, text))) }
        guard let posted = try? JSONDecoder().decode(Posted.self, from: Data(request.body)) else {
            return refused(
                "expected {\"incident\": \"318\"}, {\"alert\": \"<fingerprint>\"} or {\"matchers\": […]} in JSON")
        }
        let comment = posted.comment ?? ""
        switch (posted.incident, posted.alert, posted.matchers) {
        case (let id?, nil, nil):
            guard let id = UInt64(id) else { return refused("incident: expected an id such as \"318\"") }
            return .read(Selected(selection: .id(id), comment: comment))
        case (nil, let fingerprint?, nil):
            guard let number = UInt64(fingerprint, radix: 16) else {
                return refused("alert: expected a fingerprint of 16 hexadecimal digits")
            }
            return .read(Selected(selection: .alert(fingerprint: number), comment: comment))
        case (nil, nil, let given?):
            var body = SilenceBody(matchers: given, startsAt: "", endsAt: "", createdBy: "", comment: "")
            body.matcherSets = nil
            do throws(BadFilter) {
                let matchers = try matcherSets(body).first ?? []
                guard matchers.contains(where: { !$0.matches("") }) else {
                    return refused("at least one matcher must not match the empty string")
                }
                return .read(Selected(selection: .matchers(matchers), comment: comment))
            } catch {
                return refused(error.message)
            }
        default: return refused("expected one of incident, alert and matchers")
        }
    }

    /// For HTML forms: `incident` or `alert`, and `comment`; redirects back to the page.
    func acknowledgeByForm(_ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let fields = request.parameters
        let value = { (name: String) in fields.first { $0.name == name }?.value ?? "" }
        var selection: IncidentSelection?
        let (incident, alert) = (value("incident"), value("alert"))
        if let id = UInt64(incident) {
            selection = .id(id)
        } else if let fingerprint = UInt64(alert, radix: 16) {
            selection = .alert(fingerprint: fingerprint)
        }
        guard let selection else { return .text("400 expected an incident or an alert\n", status: 400) }
        let isTakenBack = value("undo") == "1"
        // An incident that has ended meanwhile is no error: the page does not show it any more.
        _ = await sources.acknowledge(selection, isTakenBack ? nil : value("comment"), caller)
        return ServerResponse(status: 303, headers: [("Location", externalPath + "/incidents")])
    }
}
