import Alerts
import Samples
import Text
import Web

/// An incident as Markdown, for the post-incident report. Times are in UTC and in the page's time zone.
struct IncidentMarkdown {
    let detail: IncidentDetail
    let clock: Clock

    func render() -> [UInt8] {
        let record = detail.incident.record
        var text = "# Incident \(record.number): \(MarkdownText.escape(record.sentence))\n\n"
        let zone = clock.isUTC ? "" : ", \(clock.text(record.startsAt, .full)) \(clock.abbreviation)"
        text += "- Severity: \(record.severity.rawValue)\n"
        text += "- Began: \(Clock.utc(record.startsAt))\(zone)\n"
        if let end = record.endedAt {
            text +=
                "- Ended: \(Clock.utc(end)), after \(Words.duration((end - record.startsAt).seconds.rounded(.down)))\n"
        } else {
            text += "- Goes on\n"
        }
        func after(_ time: Timestamp?) -> String {
            time.map { "after \(Words.measured(max(($0 - record.startsAt).seconds, 0)))" } ?? "never"
        }
        text += "- First told: \(after(record.toldAt))\n- First acknowledged: \(after(record.firstAcknowledgedAt))"
        if let owner = record.acknowledgement { text += ", by \(MarkdownText.escape(owner.by))" }
        text += "\n\n"
        let reason = record.cause?.alert.reason ?? ""
        if !reason.isEmpty { text += MarkdownText.escape(reason) + "\n\n" }
        text += "## Cause and consequences\n\n"
        if let tree = CauseTree(record) { for node in tree.root.flat { text += line(node, record) } }
        if record.omittedMembers > 0 { text += "- and \(record.omittedMembers) more\n" }
        text += "\n## Timeline\n\n| time (UTC) | after | what | evidence |\n|---|---|---|---|\n"
        for event in detail.events { text += row(event) }
        if detail.isCut { text += "\nMore happened than is listed.\n" }
        if !record.notes.isEmpty {
            text += "\n## Notes\n\n"
            for note in record.notes {
                let lines = MarkdownText.escape(note.text).replacing("\n", with: "\n  ")
                text += "- \(Clock.utc(note.at)), \(MarkdownText.escape(note.by)): \(lines)\n"
            }
        }
        return Array(text.utf8)
    }

    private func line(_ node: CauseTree.Node, _ record: IncidentRecord) -> String {
        let name = MarkdownText.escape(node.which.isEmpty ? node.name : "\(node.name) \(node.which)")
        let offset = Timeline.offset(node.startsAt - record.startsAt)
        return String(repeating: "  ", count: node.depth)
            + "- \(name), \(offset): \(MarkdownText.escape(node.member.alert.sentence))\n"
    }

    private func row(_ event: IncidentEvent) -> String {
        let time = event.at.rfc3339.dropFirst(11).prefix { $0 != "Z" }
        let times = event.count > 1 ? " (\(event.count) times)" : ""
        return
            "| \(time) | \(Timeline.offset(event.offset)) | \(MarkdownText.cell(Timeline.sentence(event)))\(times) | \(MarkdownText.cell(Timeline.evidence(event))) |\n"
    }
}
