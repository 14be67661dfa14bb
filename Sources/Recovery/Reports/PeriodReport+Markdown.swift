import Text

extension PeriodReport {
    /// The report as Markdown, for the post-incident review.
    package var markdown: String {
        var lines = ["# Incidents from \(from) to \(to)", ""]
        if incidents.isEmpty { lines += ["There were none.", ""] }
        for incident in incidents {
            let drill = incident.drill.map { " (drill \($0))" } ?? ""
            lines += ["## Incident \(incident.number): \(MarkdownText.escape(incident.sentence + drill))", ""]
            lines += ["| | at | after the detection |", "|---|---|---|"]
            let owner = incident.owner.map { " by \($0)" } ?? ""
            let rows: [(String, String?, Double?)] = [
                ("detected", incident.detectedAt, nil), ("paged", incident.pagedAt, incident.toPage),
                ("acknowledged" + owner, incident.acknowledgedAt, incident.toAcknowledgement),
                ("resolved", incident.resolvedAt, incident.recovery),
            ]
            for (name, at, seconds) in rows {
                lines.append(
                    MarkdownText.row([
                        MarkdownText.cell(name), at ?? (name == "resolved" ? "goes on" : "never"),
                        seconds.map(Words.measured) ?? "",
                    ]))
            }
            lines += [
                "", "- Severity: \(MarkdownText.escape(incident.severity))",
                "- Recovery time (RTO): \(incident.recovery.map(Words.measured) ?? "goes on")",
                "- Data that a restore would have lost (RPO): \(incident.dataLoss.map { Words.duration($0) } ?? "unknown: no verified backup is from before it")",
                "",
            ]
        }
        lines += ["## Timeline", ""]
        lines += timeline.isEmpty ? ["Nothing is in the history."] : ["| at | incident | |", "|---|---|---|"]
        for event in timeline {
            let numbers = event.incidents.map(String.init).joined(separator: ", ")
            lines.append(MarkdownText.row([event.at, numbers, MarkdownText.cell(event.what)]))
        }
        if isCut { lines += ["", "More happened than is listed."] }
        return lines.joined(separator: "\n") + "\n"
    }
}
