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

    /// A text that fails says so itself, as in Prometheus: an alert with a broken annotation still goes out.
    func expand(_ data: Data, functions: TemplateFunctions) -> (labels: [String: String], annotations: [String: String])
    {
        var set = self.set
        set.functions = functions
        let fields: [(name: String, value: TemplateValue)] = [
            ("Labels", .labels(data.labels)), ("ExternalLabels", .labels(data.externalLabels)),
            ("ExternalURL", .string(data.externalURL)), ("Value", .float(data.value)),
        ]
        let dot = TemplateValue.object(TemplateObject(typeName: "struct", ordered: fields))
        let variables = zip(Self.variables, fields).map { (name: $0, value: $1.value) }
        func expanded(_ texts: [(name: String, text: Text)]) -> [String: String] {
            var result: [String: String] = [:]
            for (name, text) in texts {
                switch text {
                case .literal(let text): result[name] = text
                case .template(let key):
                    do throws(TemplateError) {
                        result[name] = try set.execute(key, dot, variables: variables)
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
