package import Rules
package import Samples

extension RuleManager {
    /// One group's status, for the API and the pages.
    package struct GroupStatus: Sendable {
        /// The group and the state of its rules.
        package let evaluator: GroupEvaluator
        /// The time between evaluations.
        package let interval: Duration
        /// Seconds that the last evaluation took.
        package let lastDuration: Double
        /// Seconds that each rule took in the last evaluation; empty before the first.
        package let ruleSeconds: [Double]
        /// How long after it was due the last evaluation began.
        package let lateness: Duration
        /// When the last evaluation began; nil before the first.
        package let lastEvaluation: Timestamp?
    }
}
