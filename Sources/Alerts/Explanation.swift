public import Samples

/// One possible cause of an alert, as its rule names them in the annotation `explained_by`: `PostgresDown
/// VaultCertificateExpiring(cluster, node) VaultwatchBlind()`.
///
/// While an alert with that name fires whose labels equal those of the explained one, the latter is its consequence.
public struct Explanation: Hashable, Sendable {
    /// The annotation that holds the list. For Prometheus it is an annotation like any other.
    public static let annotation = "explained_by"
    /// The labels that must be equal where none are named.
    public static let defaultLabels = ["cluster"]
    /// Maximum number of causes that one rule may name.
    public static let limit = 32

    /// The label `alertname` of the cause.
    public var alertName: String
    /// Labels that must have the same value in both, or be absent in both. Empty: any alert with that name explains it.
    public var equal: [String]

    /// A cause by its alert's name.
    public init(alertName: String, equal: [String] = Explanation.defaultLabels) {
        self.alertName = alertName
        self.equal = equal
    }

    /// What is wrong with a list of causes.
    public struct ParseError: Error, Hashable, Sendable, CustomStringConvertible {
        /// The error as a sentence without its first capital and full stop.
        public let description: String

        /// An error with this text.
        public init(_ description: String) { self.description = description }
    }

    /// Parses names separated by blanks or commas, each followed by label names in parentheses unless the defaults
    /// apply.
    /// - Throws: `ParseError`.
    public static func parse(_ text: String) throws(ParseError) -> [Explanation] {
        var explanations: [Explanation] = []
        var rest = Substring(text)
        while true {
            rest = rest.drop { $0.isWhitespace || $0 == "," }
            if rest.isEmpty { return explanations }
            let name = String(rest.prefix(while: isPartOfName))
            guard !name.isEmpty else {
                throw ParseError("\"\(rest.prefix(20))\" is not the name of an alert")
            }
            rest = rest.dropFirst(name.count)
            var explanation = Explanation(alertName: name)
            if rest.first == "(" {
                guard let end = rest.firstIndex(of: ")") else {
                    throw ParseError("the parenthesis after \(name) is not closed")
                }
                explanation.equal = rest[rest.index(after: rest.startIndex)..<end]
                    .split { $0.isWhitespace || $0 == "," }.map(String.init)
                if let label = explanation.equal.first(where: { !$0.allSatisfy(isPartOfName) }) {
                    throw ParseError("\"\(label)\" is not the name of a label")
                }
                rest = rest[rest.index(after: end)...]
            }
            guard explanations.count < limit else {
                throw ParseError("an alert may name at most \(limit) causes")
            }
            guard !explanations.contains(where: { $0.alertName == name }) else {
                throw ParseError("\(name) is named twice")
            }
            explanations.append(explanation)
        }
    }

    private static func isPartOfName(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || character == "_" || character == ":")
    }

    /// Whether one alert is this cause of another.
    public func holds(between cause: Labels, and alert: Labels) -> Bool {
        cause["alertname"] == alertName && equal.allSatisfy { (cause[$0] ?? "") == (alert[$0] ?? "") }
    }
}

extension Alert {
    /// The causes that its rule names, in their order; none if the list can't be parsed, which `check rules` reports.
    public var explanations: [Explanation] {
        guard let text = annotations[Explanation.annotation] else { return [] }
        return (try? Explanation.parse(text)) ?? []
    }
}
