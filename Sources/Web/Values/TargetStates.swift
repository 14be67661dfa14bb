package import Samples

/// A time during which a target was in one state.
package struct StateRun: Sendable, Hashable {
    /// Its true start.
    package var from: Timestamp
    /// Its true end; nil for the state of now.
    package var to: Timestamp?
    /// One or two words: `active`, `sealed`; `not watched` for a time in which the agent did not run.
    package var state: String
    /// How well the target was.
    package var health: EstateStatus.Health

    /// A run with all its parts.
    package init(from: Timestamp, to: Timestamp?, state: String, health: EstateStatus.Health) {
        self.from = from
        self.to = to
        self.state = state
        self.health = health
    }
}

/// The states of one target over time.
package struct TargetStates: Sendable, Hashable {
    /// Kind and name: `vault_node prod/vault-2`; what `?target=` takes.
    package var target: String
    /// In order of time, the last one being that of now; at most `runLimit`.
    package var runs: [StateRun]

    /// The most runs of one target.
    package static let runLimit = 200

    /// States of a target.
    package init(target: String, runs: [StateRun]) {
        self.target = target
        self.runs = runs
    }

    /// `vault_node`
    package var kind: String { String(target.prefix { $0 != " " }) }
    /// `prod/vault-2`
    package var name: String { String(target.drop { $0 != " " }.dropFirst()) }
    /// The state of now.
    package var now: StateRun? { runs.last }
}

/// A measurement that tells how a target is, with its course.
package struct VitalSign: Sendable, Hashable {
    /// What its value counts.
    package enum Unit: String, Sendable, Hashable {
        case bytes
        case seconds
        /// 0 to 1, shown as a percentage.
        case ratio
        /// A number of things.
        case count
        /// Seconds since 1970.
        case time
    }

    /// The target: `postgres prod/pg-1`, as in `TargetStates`.
    package var target: String
    /// In words, lower case: `storage used`, `replay lag`.
    package var name: String
    /// The metric with its labels, a PromQL selector.
    package var selector: String
    /// Of the value.
    package var unit: Unit
    /// Its course over the range; `last` is the value now.
    package var sketch: SeriesSketch
    /// How far the value has left its usual range, in widths of that range; 0 within it.
    package var deviation: Double

    /// A sign with all its parts.
    package init(
        target: String, name: String, selector: String, unit: Unit, sketch: SeriesSketch, deviation: Double = 0
    ) {
        self.target = target
        self.name = name
        self.selector = selector
        self.unit = unit
        self.sketch = sketch
        self.deviation = deviation
    }

    /// The most signs of one snapshot.
    package static let limit = 1000
}
