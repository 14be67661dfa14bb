import Alerts
import Dispatching
import Exposition
import HTTPServer
import Samples

/// What the pages and APIs tell and do: one closure for each neighbour, put together in `Agent`.
/// All are called from handlers, several at once.
package struct WebSources: Sendable {
    // MARK: The agent itself

    /// Nil when ready; else what it waits for.
    package var notReady: @Sendable () -> String? = { nil }
    /// Reads the configuration anew. - Returns: nil, or why it was refused.
    package var reload: @Sendable () async -> String? = { nil }
    package var build = BuildInfo(version: "0.0.0")
    package var startedAt = Timestamp(milliseconds: 0)
    /// The configuration in use, secrets not among it; nil where it is not to be shown.
    package var configuration: @Sendable () -> String? = { nil }
    package var lastReload: @Sendable () -> (succeeded: Bool, at: Timestamp) = { (true, Timestamp(milliseconds: 0)) }
    package var flags: @Sendable () -> [String: String] = { [:] }
    /// How long and how much the store keeps, in words: `6h or 64MiB`.
    package var storageRetention: @Sendable () -> String = { "" }

    // MARK: Metrics and queries

    /// Runs what takes longer than a moment, the writing of the answer included, on threads for that purpose. Default:
    /// on the caller.
    /// - Throws: `.unavailable` when too much waits or too many answers have not been read yet, `.canceled` when the
    ///   client has gone.
    package var compute:
        @Sendable (_ computation: Computation, _ work: @escaping Computation.Work) async throws(QueryError) ->
            ServerResponse = { (_, work) throws(QueryError) in work { false } }
    /// Bytes that one answer may have. Default: 16 MiB.
    package var answerLimitBytes = 16 << 20
    /// The page of `/metrics`.
    package var families: @Sendable () async -> Deferred<[MetricFamily]> = { { [] } }
    /// Evaluates an expression at one time. Computes: called from `compute` alone, as are `queryRange` and `series`.
    package var query:
        @Sendable (_ expression: String, _ at: Timestamp, _ isOver: @escaping @Sendable () -> Bool) throws(QueryError)
            -> QueryAnswer = { (_, _, _) throws(QueryError) in throw QueryError(.unavailable, "no query engine") }
    /// Evaluates an expression at each step from the start through the end.
    package var queryRange:
        @Sendable (
            _ expression: String, _ start: Timestamp, _ end: Timestamp, _ step: Duration,
            _ isOver: @escaping @Sendable () -> Bool
        ) throws(QueryError) -> QueryAnswer = { (_, _, _, _, _) throws(QueryError) in
            throw QueryError(.unavailable, "no query engine")
        }
    /// The matchers of a selector as `match[]` gives it. - Throws: `.badData`.
    package var parseSelector: @Sendable (String) throws(QueryError) -> [Matcher] = { (_) throws(QueryError) in
        throw QueryError(.unavailable, "no query engine")
    }
    /// Labels of the series that match any of the sets and have a sample in the time, both ends included.
    /// An empty set matches every series.
    package var series:
        @Sendable (_ sets: [[Matcher]], _ start: Timestamp, _ end: Timestamp, _ isOver: @escaping @Sendable () -> Bool)
            throws(QueryError) -> [Labels] = { (_, _, _, _) throws(QueryError) in [] }
    package var ruleGroups: @Sendable () async -> Deferred<[RuleGroupView]> = { { [] } }
    package var targets: @Sendable () async -> Deferred<[TargetView]> = { { [] } }

    // MARK: Alerts out

    package var alertStatuses: @Sendable () async -> [AlertStatus] = { [] }
    package var groupStatuses: @Sendable () async -> [GroupStatus] = { [] }
    package var receivers: @Sendable () -> [String] = { [] }
    /// Alerts that others send us. - Returns: how many were refused because as many as may be are held.
    package var postAlerts: @Sendable ([Alert]) async -> Int = { $0.count }
    package var silences: @Sendable () async -> [Silence] = { [] }
    /// - Returns: the silence's id; another than the given one where it had to be replaced.
    package var setSilence: @Sendable (Silence) async throws(SilenceError) -> String = { (_) throws(SilenceError) in
        throw .tooMany(0)
    }
    package var expireSilence: @Sendable (_ id: String) async throws(SilenceError) -> Void = {
        (id) throws(SilenceError) in throw .notFound(id)
    }
    /// The routing in force as an Alertmanager's configuration (YAML), secrets not among it.
    package var alertingConfiguration: @Sendable () -> String = { "" }

    // MARK: The estate

    /// What happened, newest first. - Throws: `.unavailable` where the journal can't be read.
    package var history:
        @Sendable (_ from: Timestamp, _ to: Timestamp) async throws(QueryError) -> Deferred<[HistoryItem]> = {
            (_, _) throws(QueryError) in { [] }
        }
    package var status: @Sendable () async -> Deferred<EstateStatus> = {
        { EstateStatus(version: "", startedAt: "", now: "") }
    }

    package init() {}

    /// A value whose data are there and whose making takes longer than a moment: called from `compute` alone.
    package typealias Deferred<Value> = @Sendable () -> Value
}

package struct BuildInfo: Sendable, Hashable {
    package var version: String
    package var revision = ""
    package var branch = ""
    package var date = ""

    package init(version: String) { self.version = version }
}

/// A target as Prometheus' API tells it.
package struct TargetView: Sendable, Hashable {
    package enum Health: String, Sendable { case up, down, unknown }

    /// `vault`, `postgres`, `backups`.
    package var pool: String
    package var url: String
    package var labels: Labels
    package var health: Health
    package var lastError: String
    package var lastProbe: Timestamp?
    /// Seconds.
    package var duration: Double
    package var interval: Duration
    package var timeout: Duration

    package init(
        pool: String, url: String, labels: Labels, health: Health, lastError: String = "", lastProbe: Timestamp? = nil,
        duration: Double = 0,
        interval: Duration, timeout: Duration
    ) {
        self.pool = pool
        self.url = url
        self.labels = labels
        self.health = health
        self.lastError = lastError
        self.lastProbe = lastProbe
        self.duration = duration
        self.interval = interval
        self.timeout = timeout
    }
}
