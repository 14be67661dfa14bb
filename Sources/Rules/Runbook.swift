package import GoTemplate
import PromQL
package import Samples

/// Instructions for handling an alert: CommonMark with the same Go template actions as annotations, so that a step can
/// contain the alert's labels and measured values. Shipped in `rules/runbooks`, one file per alert.
package struct Runbook: Sendable {
    private let set: TemplateSet
    private let labelNames: Set<String>

    private static let name = "runbook"
    private static let variables = ["$labels", "$externalURL"]

    /// Parses a runbook.
    /// - Throws: `TemplateError` with the line and column of the first error.
    package init(_ text: String) throws(TemplateError) {
        var set = TemplateSet(
            functions: PrometheusFunctions.forChecking,
            options: TemplateOptions(outputLimit: 131_072, stepLimit: 100_000)
        )
        try set.parse(text, name: Runbook.name, variables: Runbook.variables)
        self.set = set
        labelNames = RuleTemplates.labelNames(in: text)
    }

    /// The text with the labels of a firing alert and the query results at that time.
    /// - Parameter context: the samples, the limits and the external URL.
    /// - Throws: `TemplateError` if an action or a query fails.
    package func text(for labels: Labels, _ context: RuleContext, at time: Timestamp) throws(TemplateError) -> String {
        try execute(labels, context.externalURL, context.functions(context.source, context.limits, at: time))
    }

    /// The text when no such alert fires: each label is shown as its name in guillemets, `‹node›`, and queries return
    /// no data.
    /// - Throws: `TemplateError` if an action fails.
    package func text(externalURL: String, at time: Timestamp) throws(TemplateError) -> String {
        let labels = Labels(Dictionary(labelNames.map { ($0, "‹\($0)›") }, uniquingKeysWith: { first, _ in first }))
        return try execute(
            labels, externalURL, PrometheusFunctions.table(now: time, externalURL: externalURL) { _ in [] })
    }

    private func execute(_ labels: Labels, _ externalURL: String, _ functions: TemplateFunctions) throws(TemplateError)
        -> String
    {
        var set = self.set
        set.functions = functions
        let fields = [("Labels", TemplateValue.labels(labels)), ("ExternalURL", .string(externalURL))]
        let dot = TemplateValue.object(TemplateObject(typeName: "struct", ordered: fields))
        return try set.execute(
            Runbook.name, dot, variables: zip(Runbook.variables, fields).map { (name: $0, value: $1.1) })
    }
}
