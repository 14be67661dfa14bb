import Alerts
import Samples
import Text

/// What a message tells of one incident, or of one alert that belongs to none. Every channel shows these parts in the
/// order of the incident's page: what is lost, why, since when, what to do, the consequences, who was told, links,
/// labels.
///
/// Every part is bounded, except for the texts of labels.
struct Telling: Sendable {
    /// A link below the text.
    struct Link: Sendable, Hashable {
        /// What it is for, which decides how channels show it.
        enum Purpose: Sendable, Hashable { case acknowledge, silence, runbook, graph, incident }

        var purpose: Purpose
        var text: String
        var href: String
    }

    /// The alert that explains the others, or the only one.
    let cause: Alert
    let severity: Severity
    /// The incident's number; nil if it has none.
    let number: Int?
    /// When the first alert began.
    let startsAt: Timestamp
    /// When the last one was resolved; nil while it is under way.
    let endsAt: Timestamp?
    /// The cause in one line.
    let what: String
    /// What users lose; empty if no rule says so, and at the end.
    let impact: String
    /// Why; empty if the rule does not say, and at the end.
    let because: String
    /// `over after 9 min, nothing was served for 8 min`; empty while it is under way.
    let ending: String
    /// Since when, in the zone of this host and in UTC, and how long after that receivers were notified.
    let since: String
    /// Why the message comes again, and who has not acknowledged; empty for a first message and for news.
    let changed: [String]
    /// What to do, three steps at most; none at the end.
    let steps: [ActionStep]
    /// The consequences, the most severe first; those beyond the tenth are counted.
    let consequences: [String]
    /// What was seen, in order; empty for an alert that belongs to no incident.
    let timeline: [String]
    /// The zone of those times: `CET`.
    let zone: String
    /// Who else was notified, who has acknowledged, and what comes next.
    let told: [String]
    /// Who has acknowledged it; empty if nobody has.
    let owner: String
    let links: [Link]

    /// Whether everything of it was resolved when the message was decided.
    var isOver: Bool { endsAt != nil }

    /// Maximum number of tellings of one message.
    private static let limit = 100

    /// What a message to people tells, in order: of its incidents that have consequences, then of its other alerts, the
    /// firing ones first and of those the most severe; of more than a hundred alerts the first. Empty for a program,
    /// which reads the data.
    static func all(
        of notification: Notification, _ incidentTexts: [IncidentText], clock: MessageClock, externalURL: String
    ) -> [Telling] {
        if notification.integration.kind.isMachine { return [] }
        let firing = notification.firing.enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
        let others = IncidentText.alerts(firing + notification.resolved, outside: incidentTexts)
        var known: [UInt64: Notification.Incident] = [:]
        for incident in notification.incidents {
            for alert in [incident.cause] + incident.consequences + incident.ended { known[alert.id] = incident }
        }
        let singles = others.prefix(max(0, limit - incidentTexts.count)).map { alert in
            var incident = Notification.Incident(
                id: nil, startsAt: alert.startsAt, cause: alert, consequences: [])
            if let whole = known[alert.id] {
                incident.number = whole.number
                // What is said of a whole incident is not repeated for each of its alerts.
                if whole.consequences.isEmpty, whole.cause.id == alert.id {
                    (incident.acknowledgement, incident.toldAt) = (whole.acknowledgement, whole.toldAt)
                    (incident.told, incident.next) = (whole.told, whole.next)
                }
            }
            return IncidentText(incident, at: notification.decidedAt, clock: clock)
        }
        return (incidentTexts + singles).map { Telling($0, in: notification, externalURL: externalURL) }
    }

    /// How many alerts of a message its tellings leave out.
    static func untold(_ notification: Notification, _ incidentTexts: [IncidentText], _ tellings: [Telling]) -> Int {
        let others = IncidentText.alerts(notification.alerts, outside: incidentTexts).count
        return max(0, others + incidentTexts.count - tellings.count) + notification.truncatedAlerts
    }

    /// - Parameter notification: nil for sample data, which have no course of events.
    init(_ text: IncidentText, in notification: Notification?, externalURL: String) {
        let incident = text.incident
        cause = text.cause
        severity = incident.severity
        number = incident.number
        startsAt = incident.startsAt
        endsAt = text.endsAt
        what = text.summary
        impact = text.impact
        because = text.description
        ending = text.ending
        steps = text.steps
        consequences = text.effects
        timeline = text.consequences.isEmpty ? [] : text.timeline
        zone = text.clock.abbreviation(at: incident.startsAt)
        since = Telling.since(text, notification)
        let course = Course(incident, notification, text.clock, isOver: text.isOver)
        (changed, told) = (course.changed, course.told)
        owner = incident.acknowledgement?.by ?? ""
        links = Telling.links(text, externalURL)
    }

    private static func since(_ text: IncidentText, _ notification: Notification?) -> String {
        let begin = text.incident.startsAt
        var words = "Since \(text.clock.full(begin))"
        if let endsAt = text.endsAt { return words + ", until \(text.clock.time(endsAt, on: begin))" }
        let seen = ([text.cause] + text.consequences).compactMap(\.activeAt).min()
        if let seen, begin - seen >= .seconds(1) { words += "; first seen \(Words.duration(begin - seen)) before" }
        guard let notification else { return words }
        if let told = text.incident.toldAt {
            return words + "; first told after \(IncidentText.duration(told - begin))"
        }
        let now = notification.attemptedAt ?? notification.decidedAt
        return words + "; told after \(IncidentText.duration(now - begin))"
    }

    // MARK: Links

    private static let labelLimit = 20

    static func links(_ text: IncidentText, _ externalURL: String) -> [Link] {
        var links: [Link] = []
        let page = address(of: text.incident, externalURL)
        if !text.isOver, !page.isEmpty {
            if text.incident.acknowledgement == nil {
                links.append(Link(purpose: .acknowledge, text: "Acknowledge", href: page + "#band"))
            }
            links.append(Link(purpose: .silence, text: "Silence 1 h", href: silence(text.cause, externalURL)))
        }
        if !text.isOver, let runbook = runbook(text.cause, externalURL) {
            links.append(Link(purpose: .runbook, text: "Runbook", href: runbook))
        }
        links.append(Link(purpose: .graph, text: "Graph", href: text.cause.generatorURL))
        if !page.isEmpty { links.append(Link(purpose: .incident, text: "Incident", href: page)) }
        return links.filter { SlackText.isLink($0.href) }
    }

    /// The page of an incident; that of all of them if it has no number, and empty without an address of our own.
    static func address(of incident: Notification.Incident, _ externalURL: String) -> String {
        if externalURL.isEmpty { return "" }
        return incident.number.map { "\(externalURL)/i/\($0)" } ?? externalURL + "/incidents"
    }

    /// The form of a silence of the alert, filled in.
    private static func silence(_ alert: Alert, _ externalURL: String) -> String {
        let matchers = alert.labels.pairs.prefix(labelLimit).map { Matcher.alertmanagerText($0.name, .equal, $0.value) }
        let text = "{" + matchers.joined(separator: ",") + "}"
        return "\(externalURL)/silences/new?length=1h&matchers=\(PercentCoding.encode(text))"
    }

    /// The runbook as its rule names it; our own ones filled in with the alert's labels.
    private static func runbook(_ alert: Alert, _ externalURL: String) -> String? {
        guard let address = alert.annotations["runbook_url"] else { return nil }
        let index = externalURL + "/runbooks#"
        guard !externalURL.isEmpty, address.hasPrefix(index) else { return address }
        let labels = alert.labels.pairs.filter { $0.name != "alertname" && $0.name != "severity" }
        let query = labels.prefix(labelLimit).map {
            PercentCoding.encode($0.name) + "=" + PercentCoding.encode($0.value)
        }
        let page = "\(externalURL)/runbooks/\(PercentCoding.encode(String(address.dropFirst(index.count))))"
        return query.isEmpty ? page : page + "?" + query.joined(separator: "&")
    }

    // MARK: The target

    /// The labels other than `alertname` and `severity`.
    var labels: [(name: String, value: String)] {
        cause.labels.pairs.filter { $0.name != "alertname" && $0.name != "severity" }.map { ($0.name, $0.value) }
    }

    private static let targetLabels = [
        "node", "server", "backup_set", "service", "set", "bucket", "receiver", "integration", "via", "target",
        "instance",
    ]

    /// `pg-1`: what the cause is about; empty if no label names it.
    var target: String {
        Telling.targetLabels.lazy.compactMap { cause.labels[$0] }.first { !$0.isEmpty } ?? ""
    }

    /// `node`, `storage` or `backup`; empty for anything else.
    var component: String {
        func has(_ names: String...) -> Bool { names.contains { !(cause.labels[$0] ?? "").isEmpty } }
        if has("backup_set", "set", "bucket") || cause.name.hasPrefix("Backup") { return "backup" }
        if has("server") || cause.name.hasPrefix("Postgres") { return "storage" }
        return has("node") || cause.name.hasPrefix("Vault") && !cause.name.hasPrefix("Vaultwatch") ? "node" : ""
    }
}
