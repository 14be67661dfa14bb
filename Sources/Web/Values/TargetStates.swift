package import Samples

/// A time span during which a target was in one state.
package struct StateRun: Sendable, Hashable {
    /// Its true start.
    package var from: Timestamp
    /// Its true end; nil for the current state.
    package var to: Timestamp?
    /// One or two words: `active`, `sealed`; `not watched` for a span during which the agent did not run.
    package var state: String
    /// The target's health.
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
    /// Kind and name: `vault_node prod/vault-2`; the value of `?target=`.
    package var target: String
    /// In chronological order, the last one being the current state; at most `runLimit`.
    package var runs: [StateRun]

    /// Maximum number of runs per target.
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
    /// The current state.
    package var now: StateRun? { runs.last }
}

/// A key measurement of a target, with its course.
package struct VitalSign: Sendable, Hashable {
    /// The unit of its value.
    package enum Unit: String, Sendable, Hashable {
        case bytes
        case seconds
        /// 0 to 1, shown as a percentage.
        case ratio
        /// A count.
        case count
        /// Seconds since 1970.
        case time
    }

    /// The target: `postgres prod/pg-1`, as in `TargetStates`.
    package var target: String
    /// As lower-case text: `storage used`, `replay lag`.
    package var name: String
    /// The metric with its labels, a PromQL selector.
    package var selector: String
    /// The unit of the value.
    package var unit: Unit
    /// Its course over the range; `last` is the current value.
    package var sketch: SeriesSketch
    /// How far the value is outside its usual range, in multiples of that range's width; 0 within it.
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

    /// Maximum number of signs per snapshot.
    package static let limit = 1000
}
