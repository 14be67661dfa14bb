import Alerts
import Samples
import Text

/// Several alerts in one line.
enum Headline {
    private static let limit = 5

    /// The summary of the most severe one, followed by the others.
    static func text(_ alerts: [Alert]) -> String {
        // Of several equally severe ones the first.
        guard let gravest = alerts.max(by: { $0.severity < $1.severity }) else { return "" }
        return summary(gravest) + also(gravest, alerts.filter { $0.id != gravest.id })
    }

    /// ` (also vault-2, vault-3 and 4 more)`: others with the same name by the labels in which they differ, the rest by
    /// their number; empty without others.
    static func also(_ first: Alert, _ others: [Alert]) -> String {
        let same = others.filter { $0.name == first.name }
        let names = Set(same.flatMap { alert in differing(alert.labels, first.labels) }).sorted()
        let words = same.map { alert in names.compactMap { alert.labels[$0] }.joined(separator: " ") }
        let told = words.filter { !$0.isEmpty }.prefix(limit)
        let left = others.count - told.count
        if others.isEmpty { return "" }
        if told.isEmpty { return " (and \(left) more)" }
        return " (also \(told.joined(separator: ", "))\(left > 0 ? " and \(left) more" : ""))"
    }

    private static func differing(_ a: Labels, _ b: Labels) -> [String] {
        (a.pairs + b.pairs).map(\.name).filter { $0 != "severity" && a[$0] != b[$0] }
    }

    /// `prod: `, the alert's cluster; empty if it has none, or if its summary mentions it.
    static func place(_ alert: Alert) -> String {
        guard let cluster = alert.labels["cluster"], !cluster.isEmpty, !names(summary(alert), cluster) else {
            return ""
        }
        return EmailHeaders.oneLine(cluster).truncated(toRunes: placeRunes) + ": "
    }

    private static let placeRunes = 60

    private static func names(_ text: String, _ word: String) -> Bool {
        let isPart = { (character: Character?) in character.map { $0.isLetter || $0.isNumber } ?? false }
        return text.ranges(of: word).contains { range in
            let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : nil
            let after = range.upperBound < text.endIndex ? text[range.upperBound] : nil
            return !isPart(before) && !isPart(after)
        }
    }

    /// An alert's summary in one line.
    static func summary(_ alert: Alert) -> String {
        guard let text = alert.annotations["summary"] ?? alert.annotations["title"] else { return alert.name }
        return Words.sentence(EmailHeaders.oneLine(text))
    }
}
