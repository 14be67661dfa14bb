import Samples
import Text

/// A function that templates may call.
package struct TemplateFunction: Sendable {
    /// The number of arguments that it accepts.
    let arity: ClosedRange<Int>
    let body: @Sendable (inout TemplateRun, [TemplateValue]) throws -> TemplateValue

    /// A function of a range of argument counts. What `body` throws is reported as `TemplateError` with the position.
    package init(_ arity: ClosedRange<Int>, _ body: @escaping @Sendable ([TemplateValue]) throws -> TemplateValue) {
        self.arity = arity
        self.body = { _, arguments in try body(arguments) }
    }

    /// A function of a fixed number of arguments.
    package init(_ count: Int, _ body: @escaping @Sendable ([TemplateValue]) throws -> TemplateValue) {
        self.init(count...count, body)
    }

    /// A function that needs the execution: to execute another template, as `tmpl` does, or to limit its output.
    package init(
        running arity: ClosedRange<Int>,
        _ body: @escaping @Sendable (inout TemplateRun, [TemplateValue]) throws -> TemplateValue
    ) {
        self.arity = arity
        self.body = body
    }
}

/// Template functions by name.
package typealias TemplateFunctions = [String: TemplateFunction]

/// The options of an execution.
package struct TemplateOptions: Sendable {
    /// What a key that a map does not have evaluates to. Source: pkg.go.dev/text/template, `Template.Option`.
    package enum MissingKey: Sendable {
        /// `missingkey=default`: prints `<no value>`.
        case noValue
        /// `missingkey=zero`: the zero value of the map's element type. Prometheus and Alertmanager use this.
        case zero
        /// `missingkey=error`: the execution fails.
        case error
    }

    /// What a missing key evaluates to. Default `zero`.
    package var missingKey: MissingKey
    /// Whether to escape the output of actions as HTML and to reject URLs that run scripts. Default false.
    package var escapesHTML: Bool
    /// The maximum size of the output, in bytes. Default 1 MiB.
    package var outputLimit: Int
    /// The maximum number of nodes, calls and loop iterations. Default 1,000,000.
    package var stepLimit: Int

    /// Options; see the properties for the defaults.
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

/// Templates that can call each other by name, and the functions that they can call. It is a value: parse the shared
/// templates once, then add a message's own text to a copy.
///
/// ```swift
/// var set = TemplateSet(functions: AlertmanagerFunctions.table(…))
/// try set.parse(file, name: "default.tmpl")
/// let subject = try set.expand("{{ template \"subject\" . }}", name: "subject", data)
/// ```
package struct TemplateSet: Sendable {
    /// The options of executions.
    package var options: TemplateOptions
    /// The functions in addition to Go's predefined ones. After parsing they may be replaced by others of the same
    /// names.
    package var functions: TemplateFunctions
    private(set) var trees: [String: Tree] = [:]

    /// A set without templates.
    package init(functions: TemplateFunctions = [:], options: TemplateOptions = TemplateOptions()) {
        self.functions = functions
        self.options = options
    }

    /// The names of the templates.
    package var names: Set<String> { Set(trees.keys) }

    /// Adds a template under a name, and the templates that it defines under theirs. A later definition replaces an
    /// earlier one of the same name, unless it is empty.
    /// - Parameter variables: the names, with their `$`, of variables that `execute` sets.
    /// - Throws: `TemplateError` at the first mistake.
    package mutating func parse(_ text: String, name: String, variables: [String] = []) throws(TemplateError) {
        let functions = self.functions
        let (main, defined) = try TreeParser.parse(text, name: name, variables: variables) {
            functions[$0] != nil || Builtins.table[$0] != nil
        }
        for tree in defined + [main] where !(tree.isEmpty && trees[tree.name] != nil) { trees[tree.name] = tree }
    }

    /// Executes a template and returns its output.
    /// - Parameters:
    ///   - data: the value of `.` and `$`.
    ///   - variables: the values of the variables that were declared to `parse`.
    /// - Throws: `TemplateError` where there is no such template, where the execution fails or exceeds a limit.
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

    /// Parses a text, which may call the set's templates, and executes it.
    /// - Parameter name: the text's name in errors.
    /// - Throws: `TemplateError`, as `parse` and `execute`.
    package func expand(
        _ text: String, name: String, _ data: TemplateValue, variables: [(name: String, value: TemplateValue)] = []
    ) throws(TemplateError) -> String {
        // Most texts in a configuration contain no action.
        guard text.utf8.contains(UInt8(ascii: "{")) else { return text }
        var copy = self
        copy.trees[name] = nil
        try copy.parse(text, name: name, variables: variables.map(\.name))
        return copy.trees[name] == nil ? "" : try copy.execute(name, data, variables: variables)
    }
}
