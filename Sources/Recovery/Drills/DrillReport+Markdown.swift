import Samples
import Text

extension DrillReport {
    /// The report as Markdown, for a ticket or a wiki.
    package var markdown: String {
        var lines = ["# Drill \(MarkdownText.escape(id)): \(outcome.rawValue)", ""]
        lines += [MarkdownText.escape(description), ""]
        lines += [
            "| | |", "|---|---|", "| scenario | \(MarkdownText.cell(scenario)) |",
            "| cluster | \(MarkdownText.cell(cluster)) |",
            "| begun | \(startedAt) |", "| over | \(endedAt) |",
        ]
        for (name, time) in [
            ("fault", faultAt), ("known", knownAt), ("paged", pagedAt), ("service seen away", interruptedAt),
            ("service back", servedAt),
        ] {
            if let time { lines.append("| \(name) | \(time)\(sinceFault(time)) |") }
        }
        lines += ["", "## Objectives", "", "| | promised | measured | met | last time |", "|---|---|---|---|---|"]
        for objective in objectives {
            let last = previous?.objectives.first { $0.name == objective.name }
            let row = [
                DrillReport.title(objective.name), objective.promised.map(Words.duration) ?? "–", measured(objective),
                objective.isMet.map { $0 ? "yes" : "**no**" } ?? "–", compared(objective, last),
            ]
            lines.append(MarkdownText.row(row))
        }
        if let previous {
            lines += [
                "",
                "The last one was \(MarkdownText.escape(previous.id)) at \(previous.startedAt): \(previous.outcome.rawValue), with \(Words.count(previous.issues, "issue")).",
            ]
        }
        lines += ["", "## Issues", ""]
        lines += issues.isEmpty ? ["None."] : issues.map { "- \(MarkdownText.escape($0))" }
        lines += ["", "## Steps", "", "| step | | ended | took |", "|---|---|---|---|"]
        for step in steps {
            let name = (step.isFinal ? "finally: " : "") + step.name
            let ended = step.outcome.rawValue + (step.reason.isEmpty ? "" : ": \(step.reason)")
            lines.append(
                "| \(MarkdownText.cell(name)) | \(step.action) | \(MarkdownText.cell(ended)) | \(step.seconds.map(Words.measured) ?? "–") |"
            )
        }
        lines += ["", "## Timeline", ""]
        lines += timeline.isEmpty ? ["Nothing happened."] : ["| at | from the fault | |", "|---|---|---|"]
        for event in timeline {
            lines.append(
                "| \(event.at) | \(event.offset.map(DrillReport.offset) ?? "") | \(MarkdownText.cell(event.what)) |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func measured(_ objective: Objective) -> String {
        guard let seconds = objective.measured else { return faultAt == nil ? "–" : "unknown" }
        if objective.name == "rto", interruptedAt == nil, servedAt == faultAt { return "never seen away" }
        return Words.measured(seconds)
    }

    private func compared(_ objective: Objective, _ last: Objective?) -> String {
        guard let before = last?.measured else { return "–" }
        guard let now = objective.measured else { return Words.measured(before) }
        let difference = now - before
        let sign = difference > 0 ? "+" : ""
        return "\(Words.measured(before)) (\(difference == 0 ? "the same" : sign + Words.measured(difference)))"
    }

    /// ` (12.0 s after the fault)`
    private func sinceFault(_ text: String) -> String {
        guard let faultAt, text != faultAt, let time = Timestamp(rfc3339: text), let fault = Timestamp(rfc3339: faultAt)
        else { return "" }
        return " (\(Words.measured((time - fault).seconds)) after the fault)"
    }

    private static func title(_ name: String) -> String {
        switch name {
        case "rto": "recovery time"
        case "rpo": "data loss"
        case "paged": "fault to page"
        default: name
        }
    }

    private static func offset(_ seconds: Double) -> String { (seconds < 0 ? "" : "+") + Words.measured(seconds) }
}
