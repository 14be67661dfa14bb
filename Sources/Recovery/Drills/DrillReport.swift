/// What a drill showed, as it is stored and printed. Times are RFC 3339, spans are in seconds.
package struct DrillReport: Sendable, Hashable, Codable {
    /// How a drill ended.
    package enum Outcome: String, Sendable, Hashable, Codable {
        /// Every step passed, and every objective was met.
        case passed
        /// A step failed, or an objective was missed.
        case failed
        /// Somebody interrupted it, or refused a step.
        case aborted
        /// A precondition did not hold: nothing was done.
        case refused
    }

    /// How a step ended.
    package enum StepOutcome: String, Sendable, Hashable, Codable {
        case passed
        case failed
        case timedOut = "timed_out"
        case interrupted
        case declined
        /// An earlier one had failed.
        case skipped
    }

    /// One step that was done, or would have been.
    package struct Step: Sendable, Hashable, Codable {
        /// Its name.
        package var name: String
        /// `run`, `wait`, `check`, `confirm`.
        package var action: String
        /// Whether it belongs to `finally`.
        package var isFinal: Bool
        /// How it ended.
        package var outcome: StepOutcome
        /// When it began; absent for one that was skipped, or not agreed to.
        package var startedAt: String?
        /// How long it took.
        package var seconds: Double?
        /// Why it did not pass; empty if it did.
        package var reason: String

        private enum CodingKeys: String, CodingKey {
            case name, action
            case isFinal = "finally"
            case outcome
            case startedAt = "started_at"
            case seconds, reason
        }
    }

    /// A promise beside what was measured.
    package struct Objective: Sendable, Hashable, Codable {
        /// `rto`, `rpo`, `paged`.
        package var name: String
        /// What was promised; absent where nothing was.
        package var promised: Double?
        /// What was measured; absent where it did not come, or is not known.
        package var measured: Double?
        /// Whether the promise was kept; absent where nothing was promised.
        package var isMet: Bool?

        private enum CodingKeys: String, CodingKey {
            case name
            case promised = "promised_seconds"
            case measured = "measured_seconds"
            case isMet = "met"
        }
    }

    /// One line of the timeline.
    package struct Event: Sendable, Hashable, Codable {
        /// When it happened.
        package var at: String
        /// From the fault; negative before it, absent where there was none.
        package var offset: Double?
        /// What happened.
        package var what: String

        private enum CodingKeys: String, CodingKey {
            case at
            case offset = "offset_seconds"
            case what
        }
    }

    /// What the previous drill of the same scenario and cluster measured.
    package struct Previous: Sendable, Hashable, Codable {
        /// Its id.
        package var id: String
        /// When it began.
        package var startedAt: String
        /// How it ended.
        package var outcome: Outcome
        /// What it measured.
        package var objectives: [Objective]
        /// The number of issues that it found.
        package var issues: Int

        private enum CodingKeys: String, CodingKey {
            case id
            case startedAt = "started_at"
            case outcome, objectives, issues
        }
    }

    /// `DR-2026-11-24-node-failure-prod`, with a number where there is more than one a day.
    package var id: String
    /// The scenario's name.
    package var scenario: String
    /// What the scenario proves.
    package var description: String
    /// The cluster.
    package var cluster: String
    /// How it ended.
    package var outcome: Outcome
    /// When it began.
    package var startedAt: String
    /// When it was over, `finally` included.
    package var endedAt: String
    /// When the step that is the fault began; absent where none did. So are the following ones where they did not come.
    package var faultAt: String?
    /// When the agent first knew of it: an alert became pending or fired.
    package var knownAt: String?
    /// When a receiver first accepted a message about it.
    package var pagedAt: String?
    /// When the service was first seen away.
    package var interruptedAt: String?
    /// When the service was there again for good.
    package var servedAt: String?
    /// The objectives, with measured values.
    package var objectives: [Objective]
    /// What did not go as it should.
    package var issues: [String]
    /// The steps in their order.
    package var steps: [Step]
    /// What happened, oldest first; at most `eventLimit`.
    package var timeline: [Event]
    /// The previous one; absent for the first.
    package var previous: Previous?

    /// Maximum number of events in the timeline.
    package static let eventLimit = 500
    /// Maximum number of issues.
    package static let issueLimit = 100

    private enum CodingKeys: String, CodingKey {
        case id, scenario, description, cluster, outcome
        case startedAt = "started_at"
        case endedAt = "ended_at"
        case faultAt = "fault_at"
        case knownAt = "known_at"
        case pagedAt = "paged_at"
        case interruptedAt = "interrupted_at"
        case servedAt = "served_at"
        case objectives, issues, steps, timeline, previous
    }

    /// What was measured for an objective: `rto`, `rpo`, `paged`.
    package func measured(_ name: String) -> Double? { objectives.first { $0.name == name }?.measured }

    /// What lists and a later report say of this one.
    package var summary: Previous {
        Previous(id: id, startedAt: startedAt, outcome: outcome, objectives: objectives, issues: issues.count)
    }
}
