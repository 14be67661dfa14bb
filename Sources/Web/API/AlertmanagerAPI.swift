import Alerts
import Dispatching
import FoundationEssentials
import HTTPServer
import Samples
import Text

/// Alertmanager's HTTP API v2, for amtool, Grafana's data source and other clients.
/// Source: alertmanager, api/v2/openapi.yaml and api/v2/api.go.
extension WebService {
    func alertmanagerRoute(_ path: String, _ request: ServerRequest) -> Route? {
        let isRead = request.method == "GET" || request.method == "HEAD"
        switch path {
        case "/api/v2/status": return Route(name: path) { _ in alertmanagerStatus() }
        case "/api/v2/receivers":
            return Route(name: path) { listReceivers($0) }
        case "/api/v2/alerts" where isRead: return Route(name: path) { await listAlerts($0) }
        case "/api/v2/alerts":
            return Route(name: path, methods: ["GET", "HEAD", "POST"]) { request, caller in
                if let refusal = WebService.needsJSON(request) { return refusal }
                return await postAlerts(request, caller)
            }
        case "/api/v2/alerts/groups": return Route(name: path) { await listGroups($0) }
        case "/api/v2/silences" where isRead: return Route(name: path) { await listSilences($0) }
        case "/api/v2/silences":
            return Route(name: path, methods: ["GET", "HEAD", "POST"]) { request, caller in
                if let refusal = WebService.needsJSON(request) { return refusal }
                return await postSilence(request, caller)
            }
        default:
            let start = "/api/v2/silence/"
            guard path.hasPrefix(start) else { return nil }
            let id = String(path.dropFirst(start.utf8.count))
            guard !id.isEmpty, id.utf8.count <= 64,
                id.utf8.allSatisfy({
                    $0 == UInt8(ascii: "-") || ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39)
                })
            else { return nil }
            let name = "/api/v2/silence/:id"
            if isRead { return Route(name: name) { _ in await showSilence(id) } }
            return Route(name: name, methods: ["GET", "HEAD", "DELETE"]) { _, caller in await deleteSilence(id, caller)
            }
        }
    }

    /// Refuses content types other than JSON: unlike a form, a browser does not send JSON across sites without a
    /// preflight request.
    static func needsJSON(_ request: ServerRequest) -> ServerResponse? {
        let type = request[header: "content-type"]?.split(separator: ";").first.map { String($0).lowercased() } ?? ""
        if type == "application/json" { return nil }
        return message("unsupported media type \(type.quotedAsInGo), only [application/json] are allowed", status: 415)
    }

    /// An error of this API: a JSON string.
    static func message(_ text: String, status: Int) -> ServerResponse {
        json(JSONWriter.document(hidesMarkup: true) { $0.string(text) }, status: status)
    }

    private func alertmanagerStatus() -> ServerResponse {
        WebService.json(
            JSONWriter.document(hidesMarkup: true) { json in
                json.object { all in
                    all.key("cluster")
                    all.object { cluster in
                        cluster.field("status", "disabled")
                        cluster.field("peers", [String]())
                    }
                    all.key("config")
                    all.object { $0.field("original", sources.alertingConfiguration()) }
                    all.field("uptime", sources.startedAt.rfc3339)
                    all.key("versionInfo")
                    all.object { version in
                        version.field("branch", sources.build.branch)
                        version.field("buildDate", sources.build.date)
                        version.field("buildUser", "")
                        version.field("goVersion", "")
                        version.field("revision", sources.build.revision)
                        version.field("version", sources.build.version)
                    }
                }
            })
    }

    // MARK: Filters

    struct BadFilter: Error {
        let message: String
    }

    private func listReceivers(_ request: ServerRequest) -> ServerResponse {
        do throws(BadFilter) {
            let names = try selectedReceivers(request)
            return WebService.json(
                JSONWriter.document(hidesMarkup: true) { json in
                    json.array { list in
                        for receiver in sources.receivers() where names?.contains(receiver.name) != false {
                            list.object { one in
                                one.field("name", receiver.name)
                                if !receiver.labels.isEmpty { one.field("labels", receiver.labels) }
                            }
                        }
                    }
                })
        } catch {
            return WebService.message(error.message, status: 400)
        }
    }

    /// The receivers whose labels match `receiver_matchers`; nil without that parameter. Source: Alertmanager 0.33.
    func selectedReceivers(_ request: ServerRequest) throws(BadFilter) -> Set<String>? {
        let matchers = try WebService.filter(request, "receiver_matchers")
        guard !matchers.isEmpty else { return nil }
        return Set(sources.receivers().filter { one in matchers.allSatisfy { $0.matches(one.labels) } }.map(\.name))
    }

    static func filter(_ request: ServerRequest, _ parameter: String = "filter") throws(BadFilter) -> [Matcher] {
        var all: [Matcher] = []
        for text in request.query.filter({ $0.name == parameter }).map(\.value).prefix(100) {
            do {
                all += try MatcherSyntax.parse(text)
            } catch {
                throw BadFilter(message: "bad matcher format: \(error)")
            }
        }
        return all
    }

    private static func flag(_ name: String, _ request: ServerRequest) -> Bool {
        !["false", "0", "no", "f"].contains(request.item(name)?.lowercased() ?? "")
    }

    /// A predicate for the alerts that a request selects by matchers, receiver and state.
    func selection(_ request: ServerRequest) throws(BadFilter) -> @Sendable (AlertStatus) -> Bool {
        let matchers = try WebService.filter(request)
        let selected = try selectedReceivers(request)
        var receiver: RegularExpression?
        if let pattern = request.item("receiver"), !pattern.isEmpty {
            do {
                receiver = try RegularExpression("^(?:\(pattern))$")
            } catch {
                throw BadFilter(message: "failed to parse receiver param: \(error.message)")
            }
        }
        func flag(_ name: String) -> Bool { WebService.flag(name, request) }
        let active = flag("active"), silenced = flag("silenced"), inhibited = flag("inhibited")
        let muted = flag("muted"), unprocessed = flag("unprocessed")
        return { [receiver] status in
            if let receiver, !status.receivers.contains(where: { receiver.matchesWhole($0) }) { return false }
            if let selected, selected.isDisjoint(with: status.receivers) { return false }
            if !active && status.state == .active { return false }
            if !unprocessed && status.state == .unprocessed { return false }
            if !silenced && !status.silencedBy.isEmpty { return false }
            if !inhibited && !status.inhibitedBy.isEmpty { return false }
            if !muted && !status.mutedBy.isEmpty { return false }
            return matchers.allSatisfy { $0.matches(status.alert.labels) }
        }
    }
}
