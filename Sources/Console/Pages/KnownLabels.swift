import Alerts
import Dispatching
import Samples
import Text
import Web

/// The names of the labels that alerts have or may get, to find mistyped ones in the matchers of a silence.
struct KnownLabels {
    /// Labels of alerts, of rules, and of what annotations show.
    private(set) var names: Set<String>
    /// All words of the rules' expressions, some of which are labels.
    private var words: Set<Substring> = []

    /// - Parameter external: the labels that the configuration adds to every alert.
    init(_ snapshot: EstateSnapshot, external: [String]) {
        let records = snapshot.incidents.lazy.map(\.record) + snapshot.ended
        names = Set(external)
        for status in snapshot.alerts { names.formUnion(status.alert.labels.pairs.map(\.name)) }
        for record in records {
            for member in record.members { names.formUnion(member.alert.labels.pairs.map(\.name)) }
        }
        for rule in snapshot.rules.lazy.flatMap(\.rules) {
            names.formUnion(rule.labels.keys)
            words.formUnion(rule.query.split { !KnownLabels.isOfName($0) })
            guard case .alerting(let alerting) = rule.kind else { continue }
            for text in alerting.annotations.values { names.formUnion(KnownLabels.shown(text)) }
        }
        // Every alert has its name.
        if !names.isEmpty { names.insert("alertname") }
    }

    /// What is wrong with the first unknown name; nil if all are known, or if there is nothing to compare with, as
    /// without rules.
    /// - Parameters:
    ///   - given: the names in the matchers that no alert has.
    ///   - isInSeries: whether a series has the label.
    func problem(_ given: [String], isInSeries: (String) -> Bool) -> SilenceDraft.Problem? {
        guard !names.isEmpty else { return nil }
        let unknown = given.first { !names.contains($0) && !words.contains($0[...]) && !isInSeries($0) }
        guard let unknown else { return nil }
        let advice =
            nearest(unknown, in: names).map { "did you mean \($0)?" }
            ?? "they have \(Words.list(names.sorted(), limit: 12))"
        return SilenceDraft.Problem(
            field: .matchers, message: "no alert and no rule has a label \(unknown.quotedAsInGo); \(advice)")
    }

    private static func isOfName(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }

    /// `node` for each `$labels.node` or `.Labels.node` of a template.
    private static func shown(_ template: String) -> [String] {
        template.split { !isOfName($0) && $0 != "." && $0 != "$" }.compactMap { word in
            for prefix in ["$labels.", ".Labels."] where word.hasPrefix(prefix) {
                return String(word.dropFirst(prefix.count).prefix(while: isOfName))
            }
            return nil
        }
    }
}
