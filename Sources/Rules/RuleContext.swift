import GoTemplate
package import PromQL
package import Samples
import Text

/// What an evaluation of rules needs besides the rules: samples, limits, and what goes into the alerts.
package struct RuleContext: Sendable {
    /// Where expressions find their samples.
    package var source: any SampleSource
    /// Added to each alert that is sent, and to templates as `$externalLabels`.
    package var externalLabels = Labels.empty
    /// Before the path of each alert's `generatorURL`, and in templates `$externalURL`.
    package var externalURL = ""
    /// How long a sample counts as the present one. Default 5 min, as Prometheus'.
    package var lookback: Duration = .seconds(300)
    /// What one expression may cost. `isOverdue` is replaced by what `startRule` returns.
    package var limits = EvaluationLimits()
    /// Called as each rule begins. Returns the question whether the rule's time is over, which is asked now and then
    /// while its expression and its templates are evaluated. Default: no limit.
    package var startRule: @Sendable () -> @Sendable () -> Bool = { { false } }
    /// A firing alert is sent again after this long. Default 1 min, as Prometheus'.
    package var resendDelay: Duration = .seconds(60)
    /// A resolved alert is sent again for this long. Default 15 min, as Prometheus'.
    package var resolvedRetention: Duration = .seconds(15 * 60)

    /// A context with Prometheus' defaults.
    package init(source: any SampleSource) { self.source = source }

    /// The functions of templates, `query` at the time of the evaluation among them.
    func functions(_ source: any SampleSource, _ limits: EvaluationLimits, at time: Timestamp) -> TemplateFunctions {
        let evaluator = Evaluator(source: source, limits: limits)
        return PrometheusFunctions.table(now: time, externalURL: externalURL) { text in
            let value: Value
            do {
                value = try evaluator.instant(try Expression.parse(text), at: time, lookback: lookback)
            } catch {
                throw TemplateFailure("error executing query: \(error)")
            }
            switch value {
            case .vector(let elements): return elements.map { Sample($0.labels, $0.value, at: time) }
            case .scalar(let number): return [Sample(.empty, number, at: time)]
            default: throw TemplateFailure("query result is not a vector or scalar")
            }
        }
    }

    /// The link to an expression's graph, as Prometheus makes it.
    func generatorURL(_ expression: String) -> String {
        // As Go's url.QueryEscape, a space is a plus.
        let encoded = PercentCoding.encode(expression).split(separator: "%20", omittingEmptySubsequences: false)
            .joined(separator: "+")
        return "\(externalURL)/graph?g0.expr=\(encoded)&g0.tab=1"
    }
}
