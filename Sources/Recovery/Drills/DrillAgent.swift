package import Alerts
package import Samples

/// The running agent as a drill needs it: it measures, and it is told of the drill.
package struct DrillAgent: Sendable {
    /// Why the agent has not answered as asked.
    package struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// The reason, for the operator.
        package let description: String

        /// A failure with its reason.
        package init(_ description: String) { self.description = description }
    }

    /// The result of an expression at one time.
    package struct Value: Sendable, Hashable {
        /// The labels and values of a vector; a scalar has one element without labels.
        package var elements: [Element]
        /// Whether it is a scalar.
        package var isScalar: Bool

        /// One series.
        package struct Element: Sendable, Hashable {
            /// The labels, the metric's name included.
            package var labels: [String: String]
            /// The value.
            package var value: Double

            /// An element with its value.
            package init(labels: [String: String] = [:], value: Double) {
                self.labels = labels
                self.value = value
            }
        }

        /// A vector by default.
        package init(_ elements: [Element], isScalar: Bool = false) {
            self.elements = elements
            self.isScalar = isScalar
        }

        /// Whether a condition with this result holds: a vector has an element, a scalar is not 0. The values of a
        /// vector do not matter: those of `x == 0` are 0.
        var holds: Bool { isScalar ? elements.first.map { $0.value != 0 } ?? false : !elements.isEmpty }
    }

    /// The drill as it is announced.
    package struct Announcement: Sendable, Hashable {
        /// The scenario's name.
        package var scenario: String
        /// The cluster's name.
        package var cluster: String
        /// Matchers of further alerts.
        package var alerts: [String]
        /// When it ends by itself.
        package var until: Timestamp
    }

    /// Evaluates an expression now.
    package var query: @Sendable (_ expression: String) async throws(Failure) -> Value
    /// The times, of those in steps from the start through the end, at which an expression has a result.
    package var times:
        @Sendable (_ expression: String, _ start: Timestamp, _ end: Timestamp, _ step: Duration) async throws(Failure)
            -> Set<Timestamp>
    /// The history from a time on, in any order; at most 10,000 entries.
    package var history: @Sendable (_ from: Timestamp, _ to: Timestamp) async throws(Failure) -> [HistoryEntry]
    /// Announces the drill.
    package var announce: @Sendable (Announcement) async throws(Failure) -> Void
    /// Ends the announced drill of a cluster.
    package var end: @Sendable (_ cluster: String) async throws(Failure) -> Void
    /// Makes a silence. - Returns: its id.
    package var silence:
        @Sendable (_ matchers: String, _ until: Timestamp, _ comment: String) async throws(Failure)
            -> String
    /// Expires a silence.
    package var expire: @Sendable (_ id: String) async throws(Failure) -> Void

    /// An agent from its parts.
    package init(
        query: @escaping @Sendable (_ expression: String) async throws(Failure) -> Value,
        times:
            @escaping @Sendable (
                _ expression: String, _ start: Timestamp, _ end: Timestamp, _ step: Duration
            ) async throws(Failure) -> Set<Timestamp>,
        history: @escaping @Sendable (_ from: Timestamp, _ to: Timestamp) async throws(Failure) -> [HistoryEntry],
        announce: @escaping @Sendable (Announcement) async throws(Failure) -> Void,
        end: @escaping @Sendable (_ cluster: String) async throws(Failure) -> Void,
        silence:
            @escaping @Sendable (
                _ matchers: String, _ until: Timestamp, _ comment: String
            ) async throws(Failure) -> String,
        expire: @escaping @Sendable (_ id: String) async throws(Failure) -> Void
    ) {
        self.query = query
        self.times = times
        self.history = history
        self.announce = announce
        self.end = end
        self.silence = silence
        self.expire = expire
    }
}
