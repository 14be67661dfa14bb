import GoTemplate
import Samples

/// A rule's labels and annotations as templates, parsed once.
struct RuleTemplates: Sendable {
    private let set: TemplateSet
    private let labels: [(name: String, text: Text)]
    private let annotations: [(name: String, text: Text)]

    private enum Text: Sendable {
        case literal(String)
        case template(String)
    }

    /// What Prometheus declares before each text.
    private static let variables = ["$labels", "$externalLabels", "$externalURL", "$value"]

    /// - Parameters:
    ///   - rule: the rule's name, for what errors say when the alert goes out.
    ///   - complain: called for each text that does not parse.
    init(
        rule: String, labels: [String: String], annotations: [String: String],
        complain: (_ name: String, _ message: String) -> Void
    ) {
        // A message of more than 64 KiB fits no receiver.
        var set = TemplateSet(
            functions: PrometheusFunctions.forChecking, options: TemplateOptions(outputLimit: 65536, stepLimit: 100_000)
        )
        func parsed(_ texts: [String: String], _ kind: String) -> [(String, Text)] {
            texts.sorted { $0.key < $1.key }.map { name, text in
                guard text.contains("{{") else { return (name, .literal(text)) }
                let key = "\(rule), \(kind) \(name)"
                do throws(TemplateError) {
                    try set.parse(text, name: key, variables: Self.variables)
                } catch {
                    complain(name, "template of \(kind) \"\(name)\", \(error.line):\(error.column): \(error.message)")
                }
                return (name, .template(key))
            }
        }
        self.labels = parsed(labels, "label")
        self.annotations = parsed(annotations, "annotation")
        self.set = set
    }

    /// What the texts speak of: one element of the expression's result.
    struct Data {
        let labels: Labels
        let value: Double
        let externalLabels: Labels
        let externalURL: String
    }

    /// A text that fails when an alert goes out.
    struct Problem {
        /// `label` or `annotation`, and its name.
        let kind: String
        let name: String
        /// In bytes of the text.
        let offset: Int
        let message: String
    }

    /// What each text says of sample alerts: one whose labels all have the same text, for each of a few texts that
    /// functions expect, and one without labels. Queries answer with nothing.
    /// - Returns: the texts that fail for all samples, and those that fail without labels.
    func problems(originals: (labels: [String: String], annotations: [String: String])) -> [Problem] {
        let all = [("label", labels, originals.labels), ("annotation", annotations, originals.annotations)]
        return all.flatMap { kind, texts, originals in
            texts.compactMap { name, text -> Problem? in
                guard case .template(let key) = text, let original = originals[name] else { return nil }
                let names = RuleTemplates.labelNames(in: original)
                var first: TemplateError?
                for sample in RuleTemplates.samples {
                    let labels = Labels(Dictionary(names.map { ($0, sample) }, uniquingKeysWith: { old, _ in old }))
                    guard let error = failure(key, labels) else {
                        first = nil
                        break
                    }
                    first = first ?? error
                }
                let bare = first == nil ? failure(key, .empty) : nil
                guard let error = first ?? bare else { return nil }
                return Problem(
                    kind: kind, name: name, offset: error.offset(in: original),
                    message: error.message + (first == nil ? "; so it is where the label is missing" : ""))
            }
        }
    }

    /// Texts, numbers, durations, addresses: what functions of templates read.
    private static let samples = ["sample", "1", "5m", "1.2.3.4:8200", "2026-01-01T00:00:00Z"]

    private func failure(_ key: String, _ labels: Labels) -> TemplateError? {
        let data = Data(labels: labels, value: 1, externalLabels: labels, externalURL: "http://localhost")
        do throws(TemplateError) {
            _ = try execute(key, RuleTemplates.fields(data), set)
            return nil
        } catch {
            return error
        }
    }

    /// The names after `$labels.`, `.Labels.` and `.ExternalLabels.`.
    static func labelNames(in text: String) -> Set<String> {
        var names: Set<String> = []
        for part in text.split(separator: "abels.").dropFirst() {
            let name = part.prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
            if !name.isEmpty { names.insert(String(name)) }
        }
        return names
    }

    private static func fields(_ data: Data) -> [(name: String, value: TemplateValue)] {
        [
            ("Labels", .labels(data.labels)), ("ExternalLabels", .labels(data.externalLabels)),
            ("ExternalURL", .string(data.externalURL)), ("Value", .float(data.value)),
        ]
    }

    private func execute(_ key: String, _ fields: [(name: String, value: TemplateValue)], _ set: TemplateSet)
        throws(TemplateError) -> String
    {
        let dot = TemplateValue.object(TemplateObject(typeName: "struct", ordered: fields))
        return try set.execute(key, dot, variables: zip(Self.variables, fields).map { (name: $0, value: $1.value) })
    }

    /// A text that fails says so itself, as in Prometheus: an alert with a broken annotation still goes out.
    func expand(_ data: Data, functions: TemplateFunctions) -> (labels: [String: String], annotations: [String: String])
    {
        var set = self.set
        set.functions = functions
        let fields = RuleTemplates.fields(data)
        func expanded(_ texts: [(name: String, text: Text)]) -> [String: String] {
            var result: [String: String] = [:]
            for (name, text) in texts {
                switch text {
                case .literal(let text): result[name] = text
                case .template(let key):
                    do throws(TemplateError) {
                        result[name] = try execute(key, fields, set)
                    } catch {
                        result[name] = "<error expanding template: \(error)>"
                    }
                }
            }
            return result
        }
        return (expanded(labels), expanded(annotations))
    }
}
