import Samples
import Text

/// A function that templates may call.
package struct TemplateFunction: Sendable {
    /// How many arguments it takes.
    let arity: ClosedRange<Int>
    let body: @Sendable (inout TemplateRun, [TemplateValue]) throws -> TemplateValue

    package init(_ arity: ClosedRange<Int>, _ body: @escaping @Sendable ([TemplateValue]) throws -> TemplateValue) {
        self.arity = arity
        self.body = { _, arguments in try body(arguments) }
    }

    package init(_ count: Int, _ body: @escaping @Sendable ([TemplateValue]) throws -> TemplateValue) {
        self.init(count...count, body)
    }

    /// A function that executes templates itself, as `tmpl` does.
    package init(
        running arity: ClosedRange<Int>,
        _ body: @escaping @Sendable (inout TemplateRun, [TemplateValue]) throws -> TemplateValue
    ) {
        self.arity = arity
        self.body = body
    }
}

package typealias TemplateFunctions = [String: TemplateFunction]

/// How templates execute.
package struct TemplateOptions: Sendable {
    package enum MissingKey: Sendable {
        /// Prints `<no value>`.
        case noValue
        /// The zero value of the map's element type; Prometheus and Alertmanager run this way.
        case zero
        case error
    }

    package var missingKey: MissingKey
    /// Escapes what actions put out as HTML, and refuses links that run scripts.
    package var escapesHTML: Bool
    /// Most bytes of output. Default 1 MiB.
    package var outputLimit: Int
    /// Most nodes, calls and loop turns. Default 1,000,000.
    package var stepLimit: Int

    package init(
        missingKey: MissingKey = .zero, escapesHTML: Bool = false, outputLimit: Int = 1 << 20,
        stepLimit: Int = 1_000_000
    ) {
        self.missingKey = missingKey
        self.escapesHTML = escapesHTML
        self.outputLimit = outputLimit
        self.stepLimit = stepLimit
    }
}

/// Templates that know each other by name, and the functions that they call. A copy takes further texts
/// without changing the original: parse the shared templates once, then one text per message.
///
/// ```swift
/// var set = TemplateSet(functions: AlertmanagerFunctions.table(…))
/// try set.parse(file, name: "default.tmpl")
/// let subject = try set.expand("{{ template \"subject\" . }}", name: "subject", data)
/// ```
package struct TemplateSet: Sendable {
    package var options: TemplateOptions
    /// Besides Go's own; may be swapped between runs as long as the names stay.
    package var functions: TemplateFunctions
    private(set) var trees: [String: Tree] = [:]

    package init(functions: TemplateFunctions = [:], options: TemplateOptions = TemplateOptions()) {
        self.functions = functions
        self.options = options
    }

    package var names: Set<String> { Set(trees.keys) }

    /// Adds a text under a name, and what it defines under theirs. A later definition replaces an earlier one, unless
    /// it is empty.
    /// - Parameter variables: names with their `$` that `execute` will set.
    /// - Throws: `TemplateError` with the place of the first mistake.
    package mutating func parse(_ text: String, name: String, variables: [String] = []) throws(TemplateError) {
        let functions = self.functions
        let (main, defined) = try TreeParser.parse(text, name: name, variables: variables) {
            functions[$0] != nil || Builtins.table[$0] != nil
        }
        for tree in defined + [main] where !(tree.isEmpty && trees[tree.name] != nil) { trees[tree.name] = tree }
    }

    /// The output of one template.
    /// - Parameters:
    ///   - data: the dot, and `$`.
    ///   - variables: values of the variables named at `parse`.
    /// - Throws: `TemplateError` with the place where it failed, or when it outgrew its bounds.
    package func execute(_ name: String, _ data: TemplateValue, variables: [(name: String, value: TemplateValue)] = [])
        throws(TemplateError) -> String
    {
        guard let tree = trees[name] else {
            throw TemplateError(template: name, line: 1, column: 1, message: "no template \(name.quotedAsInGo)")
        }
        var run = TemplateRun(self)
        try run.execute(tree, data, variables: variables)
        return run.output
    }

    /// Parses a text of its own beside the set's templates and executes it.
    package func expand(
        _ text: String, name: String, _ data: TemplateValue, variables: [(name: String, value: TemplateValue)] = []
    ) throws(TemplateError) -> String {
        // Most texts of a configuration have no action at all.
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        var copy = self
        copy.trees[name] = nil
        try copy.parse(text, name: name, variables: variables.map(\.name))
        return copy.trees[name] == nil ? "" : try copy.execute(name, data, variables: variables)
    }
}
