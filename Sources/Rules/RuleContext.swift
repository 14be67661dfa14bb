import GoTemplate
package import PromQL
package import Samples
import Text

/// What an evaluation of rules needs besides the rules: samples, limits, and texts for the alerts.
package struct RuleContext: Sendable {
    /// The samples for the expressions.
    package var source: any SampleSource
    /// Added to each alert that is sent, and to templates as `$externalLabels`.
    package var externalLabels = Labels.empty
    /// Prefix of each alert's `generatorURL`, and `$externalURL` in templates.
    package var externalURL = ""
    /// How long a sample counts as current. Default 5 min, as in Prometheus.
    package var lookback: Duration = .seconds(300)
    /// The limits of one expression. `isOverdue` is replaced by what `startRule` returns.
    package var limits = EvaluationLimits()
    /// Called as each rule begins. Returns a check for whether the rule's time is up, which is called now and then
    /// while its expression and its templates are evaluated. Default: no limit.
    package var startRule: @Sendable () -> @Sendable () -> Bool = { { false } }
    /// A firing alert is re-sent after this time. Default 1 min, as in Prometheus.
    package var resendDelay: Duration = .seconds(60)
    /// A resolved alert is re-sent for this long. Default 15 min, as in Prometheus.
    package var resolvedRetention: Duration = .seconds(15 * 60)

    /// A context with Prometheus' defaults.
    package init(source: any SampleSource) { self.source = source }

    /// The functions of templates, including `query` at the time of the evaluation.
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

    /// The link to an expression's graph, in Prometheus' form.
    func generatorURL(_ expression: String) -> String {
        // As in Go's url.QueryEscape, a space becomes a plus.
        let encoded = PercentCoding.encode(expression).split(separator: "%20", omittingEmptySubsequences: false)
            .joined(separator: "+")
        return "\(externalURL)/graph?g0.expr=\(encoded)&g0.tab=1"
    }
}
