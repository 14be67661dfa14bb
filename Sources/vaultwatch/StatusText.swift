import Alerts
import Console
import Samples
import Text
import TimeZones
import Web

/// The status as text, in the order of the overview: what users lose, since when, who was told; then the estate.
struct StatusText {
    let display: Display
    /// The zone of times on a terminal; elsewhere they are in UTC.
    let zone: TimeZoneData

    init(_ display: Display, zone: TimeZoneData = LocalZone.current()) {
        self.display = display
        self.zone = display.isTerminal ? zone : .utc
    }

    func render(_ report: EstateReport) -> String { lines(report).joined(separator: "\n") }

    /// The lines, each at most as wide as the display.
    func lines(_ report: EstateReport) -> [String] {
        let words = report.words(zone)
        let incidents = words.incidents
        var blocks: [[String]] = []
        if words.isUrgent, let first = incidents.first {
            blocks.append(head(first))
            blocks.append(others(Array(incidents.dropFirst()), "Also open"))
        } else {
            var calm = Paragraph(words.calm, style: .bold).lines(display)
            if report.incidents?.isEmpty == true { calm += Paragraph("No incident is open").lines(display) }
            blocks.append(calm)
            blocks.append(others(incidents, "Open, and nothing urgent"))
        }
        if let error = report.incidentsError {
            blocks.append(Paragraph("The incidents could not be read: \(error)", style: .bold).lines(display))
        }
        blocks += report.status.sections.map(section)
        blocks.append(alerts(report))
        blocks.append(receivers(report.status))
        let health = report.status.health
        blocks.append(Paragraph(health.rawValue, lead: [mark(health), " "]).lines(display))
        return Array(blocks.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    // MARK: Incidents

    private func head(_ incident: OverviewWords.Incident) -> [String] {
        var lines = StatusText.title(incident, indent: "", style: .bold, display)
        var facts = [
            ("why", incident.why), ("since", incident.since), ("told", incident.told), ("on it", incident.who),
            ("next", incident.next), ("do", incident.action),
        ]
        if !incident.consequences.isEmpty { facts.append(("leads to", Words.list(incident.consequences))) }
        for (name, text) in facts where !text.isEmpty {
            lines += Paragraph(text, lead: ["  ", .init(name.padded(to: 8), .faint), "  "]).lines(display)
        }
        return lines
    }

    private func others(_ incidents: [OverviewWords.Incident], _ heading: String) -> [String] {
        guard !incidents.isEmpty else { return [] }
        return bold(heading) + incidents.flatMap { StatusText.brief($0, display) }
    }

    /// `CRITICAL #318  Vault serves nothing`
    private static func title(
        _ incident: OverviewWords.Incident, indent: String, style: Display.Style, _ display: Display
    ) -> [String] {
        let number = incident.view.record.number
        let colour: Display.Style = incident.gravity == .critical ? .boldRed : .boldYellow
        let lead: [TextTable.Cell] = [
            .init(indent), .init(incident.severity.uppercased(), colour), .init(number > 0 ? " #\(number)  " : "  "),
        ]
        return Paragraph(incident.sentence, lead: lead, style: style).lines(display)
    }

    /// An incident in a few lines: the sentence; since when, who was told, who is on it.
    static func brief(_ incident: OverviewWords.Incident, _ display: Display) -> [String] {
        let facts = "since \(incident.since); told: \(incident.told); on it: \(incident.who)"
        return title(incident, indent: "  ", style: .none, display)
            + Paragraph(facts, lead: ["      "]).lines(display)
    }

    // MARK: The estate

    private func section(_ section: EstateStatus.Section) -> [String] {
        var lines = Paragraph(section.summary, lead: [.init(section.title, .bold), "  "]).lines(display)
        let names = section.targets.map(\.name.onOneLine.columns).max() ?? 0
        let states = section.targets.map(\.state.onOneLine.columns).max() ?? 0
        for target in section.targets {
            let name = target.name.onOneLine.padded(to: names), state = target.state.onOneLine.padded(to: states)
            lines += Paragraph(
                target.lastError ?? target.detail,
                lead: ["  ", mark(target.health), .init(" \(name)  \(state)  ")]
            ).lines(display)
            for warning in target.warnings { lines += Paragraph(warning, lead: ["      ! "]).lines(display) }
        }
        return lines
    }

    private func alerts(_ report: EstateReport) -> [String] {
        guard !report.status.alerts.isEmpty else { return [] }
        let clock = Clock(zone: zone, now: report.now)
        var lines = bold("Alerts")
        for alert in report.status.alerts {
            let since = Timestamp(rfc3339: alert.since).map { OverviewWords.since($0, clock) } ?? alert.since
            let state = alert.suppressedBy.map { "\(alert.state), \($0);" } ?? alert.state
            let colour: Display.Style =
                alert.state != "firing" ? .none : alert.severity == "critical" ? .red : .yellow
            lines += Paragraph(
                "\(alert.name) (\(state) since \(since)): \(alert.summary)",
                lead: ["  ", .init(alert.severity, colour), "  "]
            ).lines(display)
            if !alert.action.isEmpty { lines += Paragraph(alert.action, lead: ["      → "]).lines(display) }
        }
        return lines
    }

    private func receivers(_ status: EstateStatus) -> [String] {
        let failing = status.receivers.filter { $0.health != .ok }
        guard !failing.isEmpty else { return [] }
        return bold("Failing receivers")
            + failing.flatMap { receiver in
                Paragraph(
                    "\(receiver.waiting) waiting; \(receiver.lastError ?? "")",
                    lead: ["  ", mark(receiver.health), .init(" \(receiver.name) \(receiver.integration): ")]
                ).lines(display)
            }
    }

    private func bold(_ text: String) -> [String] { Paragraph(text, style: .bold).lines(display) }

    private func mark(_ health: EstateStatus.Health) -> TextTable.Cell {
        switch health {
        case .ok: .init("ok  ", .green)
        case .warning: .init("WARN", .yellow)
        case .critical: .init("CRIT", .red)
        case .unknown: .init("????", .magenta)
        }
    }
}
