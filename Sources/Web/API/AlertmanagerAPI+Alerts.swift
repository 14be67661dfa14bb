import Alerts
import Dispatching
import HTTPServer
import Platform
import Samples
import Text

extension WebService {
    func listAlerts(_ request: ServerRequest) async -> ServerResponse {
        do throws(BadFilter) {
            let isWanted = try selection(request)
            // Alertmanager sorts by fingerprint.
            let all = await sources.alertStatuses()
            let now = platform.time.wall()
            return await page { json in
                let alerts = all.filter(isWanted).sorted { $0.alert.fingerprintText < $1.alert.fingerprintText }
                json.array { list in for alert in alerts { WebService.write(alert, now, &list) } }
            }
        } catch {
            return WebService.message(error.message, status: 400)
        }
    }

    func listGroups(_ request: ServerRequest) async -> ServerResponse {
        do throws(BadFilter) {
            let isWanted = try selection(request)
            let selected = try selectedReceivers(request)
            let now = platform.time.wall()
            let groups = await sources.groupStatuses()
            return await page { json in
                json.array { list in
                    for group in groups where selected?.contains(group.receiver) != false {
                        let alerts = group.alerts.filter(isWanted)
                        if alerts.isEmpty { continue }
                        list.object { one in
                            one.key("alerts")
                            one.array { list in for alert in alerts { WebService.write(alert, now, &list) } }
                            one.field("labels", group.labels)
                            one.key("receiver")
                            one.object { $0.field("name", group.receiver) }
                        }
                    }
                }
            }
        } catch {
            return WebService.message(error.message, status: 400)
        }
    }

    private static func write(_ status: AlertStatus, _ now: Timestamp, _ json: inout JSONWriter) {
        let alert = status.alert
        json.object { one in
            one.field("annotations", alert.annotations)
            // Clients expect an end; for a firing alert it lies in the future.
            one.field("endsAt", (alert.endsAt ?? now + .seconds(300)).rfc3339)
            one.field("fingerprint", alert.fingerprintText)
            one.key("receivers")
            one.array { list in for name in status.receivers { list.object { $0.field("name", name) } } }
            one.field("startsAt", alert.startsAt.rfc3339)
            one.key("status")
            one.object { state in
                state.field("inhibitedBy", status.inhibitedBy.map(fingerprint))
                state.field("mutedBy", status.mutedBy)
                state.field("silencedBy", status.silencedBy)
                state.field("state", status.state.rawValue)
            }
            one.field("updatedAt", alert.updatedAt.rfc3339)
            one.field("generatorURL", alert.generatorURL)
            one.field("labels", alert.labels)
            // Our own extension; clients of Alertmanager ignore unknown fields.
            if let acknowledgement = status.acknowledgement {
                one.key("acknowledgement")
                acknowledgement.write(&one)
            }
        }
    }

    private static func fingerprint(_ number: UInt64) -> String {
        let hex = String(number, radix: 16)
        return String(repeating: "0", count: 16 - hex.count) + hex
    }

    // MARK: Posting

    private struct PostedAlert {
        var labels: [String: String] = [:]
        var annotations: [String: String] = [:]
        var startsAt: String?
        var endsAt: String?
        var generatorURL: String?

        init(_ json: inout JSONReader) throws(JSONReader.Mistake) {
            var hasLabels = false
            try json.object { (json, name) throws(JSONReader.Mistake) in
                if name != "labels", json.null() { return }
                switch name {
                case "labels":
                    labels = try json.strings()
                    hasLabels = true
                case "annotations": annotations = try json.strings()
                case "startsAt": startsAt = try json.string()
                case "endsAt": endsAt = try json.string()
                case "generatorURL": generatorURL = try json.string()
                default: try json.skip()
                }
            }
            guard hasLabels else { throw JSONReader.Mistake(offset: 0) }
        }
    }

    /// Maximum bytes of one alert's labels.
    private static let labelLimitBytes = 16 << 10
    /// Maximum number of alerts in one request.
    private static let alertLimit = 10_000

    /// The result of parsing a body of alerts.
    private struct Batch: Sendable {
        var alerts: [Alert] = []
        var invalid = 0
        /// The first ten errors.
        var errors: [String] = []
    }

    func postAlerts(_ request: ServerRequest, _ caller: Caller) async -> ServerResponse {
        let now = platform.time.wall()
        let batch: Batch
        switch await reading({ WebService.batch(request, now) }) {
        case .refused(let response): return response
        case .read(let value): batch = value
        }
        var errors = batch.errors
        // As in Alertmanager, the valid alerts of a request are accepted even if others are not.
        let (alerts, invalid) = (batch.alerts, batch.invalid)
        let refused = await sources.postAlerts(alerts, invalid, caller)
        for (reason, count) in refused.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where count > 0 {
            errors.append("\(count == 1 ? "1 alert" : "\(count) alerts") refused: \(WebService.text(reason))")
        }
        if errors.isEmpty { return ServerResponse() }
        let isOurs = invalid == 0 && refused[.size] == nil && refused[.invalid] == nil
        return WebService.message(errors.joined(separator: "; "), status: isOurs ? 429 : 400)
    }

    private static func batch(_ request: ServerRequest, _ now: Timestamp) -> Reading<Batch> {
        var posted: [PostedAlert] = []
        do throws(JSONReader.Mistake) {
            var json = JSONReader(request.body)
            try json.array { (json) throws(JSONReader.Mistake) in posted.append(try PostedAlert(&json)) }
            try json.end()
        } catch {
            return .refused(message("parsing alerts body failed: expected a list of alerts in JSON", status: 400))
        }
        guard posted.count <= alertLimit else {
            return .refused(message("more than \(alertLimit) alerts in one request", status: 413))
        }
        var batch = Batch()
        for (index, one) in posted.enumerated() {
            do throws(BadFilter) {
                batch.alerts.append(try alert(one, now))
            } catch {
                batch.invalid += 1
                if batch.errors.count < 10 { batch.errors.append("alert \(index): \(error.message)") }
            }
        }
        return .read(batch)
    }

    private static func text(_ reason: AlertRefusal) -> String {
        switch reason {
        case .limit: "as many posted alerts as max_alerts in external_alerts allows are held"
        case .bytes: "the limit max_bytes in external_alerts on posted alerts is reached"
        case .size: "an alert exceeds max_alert_bytes in external_alerts"
        case .invalid: "its labels have the fingerprint of another alert"
        }
    }

    private static func alert(_ posted: PostedAlert, _ now: Timestamp) throws(BadFilter) -> Alert {
        let labels = Labels(posted.labels)
        guard !labels.isEmpty else { throw BadFilter(message: "at least one label pair required") }
        guard labels.count <= 128, posted.annotations.count <= 128 else {
            throw BadFilter(message: "more than 128 labels or annotations")
        }
        // They are repeated in group keys, history rows and log lines.
        guard labels.pairs.reduce(0, { $0 + $1.name.utf8.count + $1.value.utf8.count }) <= labelLimitBytes else {
            throw BadFilter(message: "labels larger than \(labelLimitBytes >> 10) KiB")
        }
        // As in Alertmanager since 0.27, any text is a valid label name; the JSON reader rejects invalid UTF-8.
        guard posted.labels["", default: ""].isEmpty else { throw BadFilter(message: "invalid label name \"\"") }
        func time(_ text: String?) throws(BadFilter) -> Timestamp? {
            guard let text, !text.isEmpty, !text.hasPrefix("0001-01-01T") else { return nil }
            guard let time = Timestamp(rfc3339: text) else {
                throw BadFilter(message: "invalid time \(String(text.prefix(64)).quotedAsInGo)")
            }
            return time
        }
        let ends = try time(posted.endsAt)
        let starts = try time(posted.startsAt) ?? ends.map { min($0, now) } ?? now
        if let ends, ends < starts { throw BadFilter(message: "start time must be before end time") }
        return Alert(
            labels: labels, annotations: posted.annotations, startsAt: starts, endsAt: ends,
            updatedAt: now, generatorURL: posted.generatorURL ?? "")
    }
}
