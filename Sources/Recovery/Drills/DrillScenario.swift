package import YAML

/// One drill, as its file describes it: what must hold before, what is done, what must be true afterwards, and what is
/// put back in the end.
///
/// Texts contain placeholders, `${cluster}`; see `DrillPlaceholder`.
package struct DrillScenario: Sendable, Hashable {
    /// A condition in PromQL, asked of the running agent. It holds if the result is a vector with at least one element,
    /// or a scalar other than 0.
    package struct Condition: Sendable, Hashable {
        /// The expression, with placeholders.
        package var expression: String
        /// Where it is in the file.
        package var position: SourcePosition
    }

    /// What must hold before the drill begins.
    package struct Precondition: Sendable, Hashable {
        /// The condition.
        package var condition: Condition
        /// What to do where it does not hold.
        package var otherwise: String
    }

    /// What a step does.
    package enum Action: Sendable, Hashable {
        /// Runs a program, not through a shell.
        case run([String])
        /// Waits until a condition holds.
        case wait(Condition)
        /// Checks a condition once.
        case check(Condition)
        /// Asks a human to do something, or to look at it, and to confirm.
        case confirm(String)
    }

    /// One step.
    package struct Step: Sendable, Hashable {
        /// What it is for, in a few words.
        package var name: String
        /// What it does.
        package var action: Action
        /// `timeout`. Default: 10 min for `run`, 5 min for `wait`, 1 min for `check`, 1 h for `confirm`.
        package var timeout: Duration
        /// `harms`: it is asked about before it is done. Default: false.
        package var harms: Bool
        /// `fault`: recovery is measured from its beginning. Default: the first step that harms.
        package var isFault: Bool
        /// Where it is in the file.
        package var position: SourcePosition
    }

    /// What was promised; nil where nothing was.
    package struct Objective: Sendable, Hashable {
        /// `rto`: from the fault until the service is there again.
        package var recoveryTime: Duration?
        /// `rpo`: how much may be lost.
        package var dataLoss: Duration?
        /// `paged`: from the fault until a receiver has accepted a message about it.
        package var paged: Duration?
    }

    /// `name`: unique among the scenarios; lowercase letters, digits, hyphens and underscores.
    package var name: String
    /// `description`: what it proves, in a sentence or two.
    package var description: String
    /// `objective`.
    package var objective: Objective
    /// `served`: holds while the service is there. Nil leaves the recovery time to the end of the steps.
    package var served: Condition?
    /// `data_loss`: how many seconds of changes are lost by the fault; evaluated just before it.
    package var dataLoss: Condition?
    /// `alerts`: matchers of alerts that it causes beside those of its cluster.
    package var alerts: [String]
    /// `silence`: matchers of alerts that are silenced while it lasts, each a silence of its own.
    package var silences: [String]
    /// `preconditions`.
    package var preconditions: [Precondition]
    /// `steps`: at least one.
    package var steps: [Step]
    /// `finally`: done in the end whatever happened.
    package var finally: [Step]
    /// The path of its file.
    package var file: String

    /// The index of the step from whose beginning recovery is measured.
    package var faultIndex: Int? { steps.firstIndex(where: \.isFault) ?? steps.firstIndex(where: \.harms) }

    /// How long the question before a step that harms may wait for its answer.
    package static let answerLimit = Duration.seconds(3600)

    /// The longest that it can take: its timeouts, and the questions before steps that harm.
    package var longest: Duration {
        (steps + finally).reduce(objective.paged ?? .zero) { sum, step in
            sum + step.timeout + (step.harms ? DrillScenario.answerLimit : .zero)
        }
    }

    /// All conditions with what they are for.
    package var conditions: [Condition] {
        let actions = (steps + finally).compactMap { step -> Condition? in
            switch step.action {
            case .wait(let condition), .check(let condition): condition
            case .run, .confirm: nil
            }
        }
        return [served, dataLoss].compactMap(\.self) + preconditions.map(\.condition) + actions
    }
}
