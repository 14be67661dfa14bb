package import Alerts
import Dispatching
import Samples

/// How pages and the command line describe an entry of the history.
extension HistoryEntry {
    /// What it is about: the name of an alert or of a group with the values of its labels, instead of a label set or
    /// the key of a group; any other subject unchanged. The severity is left out: it rarely tells two apart.
    package var subjectWords: String {
        let labels = HistoryEntry.groupLabels(subject) ?? subject
        if labels == "{}" { return "all alerts" }
        guard let set = MatcherSyntax.labels(labels) else { return subject }
        let others = set.dropping(["alertname", "severity"]).pairs
        let words = (set["alertname"].map { [$0] } ?? []) + others.map { "\($0.name) \($0.value)" }
        return words.isEmpty ? labels : words.joined(separator: ", ")
    }

    /// `PagerDuty oncall`; empty if no receiver is involved.
    package var receiverWords: String {
        IntegrationID(integration).map { IncidentTold(receiver: receiver, integration: $0, state: .accepted).name }
            ?? receiver
    }

    /// The labels in a group's key, `{}/{severity="critical"}:{alertname="VaultSealed"}`: what follows the first colon
    /// between braces that is not within a matcher's quotes. Nil for other texts.
    private static func groupLabels(_ text: String) -> String? {
        var isQuoted = false
        var previous: Character = " "
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            defer { previous = character }
            if isEscaped {
                isEscaped = false
                continue
            }
            switch character {
            case "\\" where isQuoted: isEscaped = true
            case "\"": isQuoted.toggle()
            case ":" where !isQuoted && previous == "}":
                let rest = text[text.index(after: index)...]
                return rest.hasPrefix("{") ? String(rest) : nil
            default: break
            }
        }
        return nil
    }
}
