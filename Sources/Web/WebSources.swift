package import Alerts
package import Dispatching
package import Exposition
package import HTTPServer
package import Samples
package import Text
package import TimeZones

/// The data and actions behind the pages and APIs, as closures that `Agent` supplies. Handlers call them concurrently.
package struct WebSources: Sendable {
    // MARK: The agent itself

    /// Nil when the agent is ready, else what it is waiting for.
    package var notReady: @Sendable () -> String? = { nil }
    /// Faults that do not keep alerts from being sent, for `/-/healthy`.
    package var degradations: @Sendable () -> [String] = { [] }
    /// Reloads the configuration. - Returns: nil, or why the reload failed.
    package var reload: @Sendable (_ by: Caller) async -> String? = { _ in nil }
    /// The name of a user of this machine, for requests over the Unix socket.
    package var userName: @Sendable (UInt32) async -> String = { "uid \($0)" }
    /// Version and revision.
    package var build = BuildInfo(version: "0.0.0")
    /// The name of this machine; empty if not known.
    package var hostName = ""
    /// The time zone of the pages.
    package var timeZone: @Sendable () -> TimeZoneData = { .utc }
    /// A time zone by its name in the tz database; nil if there is none.
    package var namedZone: @Sendable (_ name: String) -> TimeZoneData? = { $0 == "UTC" ? .utc : nil }
    /// The names of the labels that the configuration adds to every alert.
    package var externalLabels: @Sendable () -> [String] = { [] }
    /// When the process started.
    package var startedAt = Timestamp(milliseconds: 0)
    /// The current configuration without secrets; nil if it is not available.
    package var configuration: @Sendable () -> ConfigurationView? = { nil }
    /// The outcome and time of the last reload.
    package var lastReload: @Sendable () -> (succeeded: Bool, at: Timestamp) = { (true, Timestamp(milliseconds: 0)) }
    /// The command-line flags and their values.
    package var flags: @Sendable () -> [String: String] = { [:] }
    /// The limits of the store, as Prometheus shows them: `6h or 64MiB`.
    package var storageRetention: @Sendable () -> String = { "" }

    // MARK: Metrics and queries

    /// Runs long computations, including the formatting of the answer, on threads for that purpose. Default: on the
    /// caller.
    /// - Throws: `.unavailable` when too many requests wait or too many answers have not been read yet, `.canceled`
    ///   when the client has disconnected.
    package var compute:
        @Sendable (_ computation: Computation, _ work: @escaping Computation.Work) async throws(QueryError) ->
            ServerResponse = { (_, work) throws(QueryError) in work { false } }
    /// Maximum bytes of one answer. Default: 16 MiB.
    package var answerLimitBytes = 16 << 20
    /// The families of `/metrics`.
    package var families: @Sendable () async -> Deferred<[FamilySource]> = { { [] } }
    /// Evaluates an expression at one time. Expensive: only called within `compute`, as are `queryRange` and `series`.
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
    /// Parses the selector of a `match[]` parameter. - Throws: `QueryError` of kind `.badData`.
    package var parseSelector: @Sendable (String) throws(QueryError) -> [Matcher] = { (_) throws(QueryError) in
        throw QueryError(.unavailable, "no query engine")
    }
    /// The labels of the series that match any of the sets and have a sample in the range, both ends included. An empty
    /// set matches every series.
    package var series:
        @Sendable (_ sets: [[Matcher]], _ start: Timestamp, _ end: Timestamp, _ isOver: @escaping @Sendable () -> Bool)
            throws(QueryError) -> [Labels] = { (_, _, _, _) throws(QueryError) in [] }
    /// A PromQL expression in its canonical form. - Throws: `QueryError` of kind `.badData`.
    package var formatQuery: @Sendable (_ text: String) throws(QueryError) -> String = { (text) throws(QueryError) in
        text
    }
    /// Parses a PromQL expression; the result writes its tree. - Throws: `QueryError` of kind `.badData`.
    package var parseQuery:
        @Sendable (_ text: String) throws(QueryError) -> @Sendable (_ json: inout JSONWriter) -> Void = {
            (_) throws(QueryError) in { $0.null() }
        }
    /// The rule groups with their state.
    package var ruleGroups: @Sendable () async -> Deferred<[RuleGroupView]> = { { [] } }
    /// The runbooks beside the rules, sorted by name; at most 2,000.
    package var runbooks: @Sendable () async -> [RunbookName] = { [] }
    /// Reads a runbook; nil if there is none with that name.
    /// - Throws: `QueryError` of kind `.unavailable` if it can't be read now.
    package var runbook: @Sendable (_ name: RunbookName) async throws(QueryError) -> RunbookSource? = {
        (_) throws(QueryError) in nil
    }
    /// The targets with their last result.
    package var targets: @Sendable () async -> Deferred<[TargetView]> = { { [] } }

    // MARK: Alerts and silences

    /// All alerts with their state.
    package var alertStatuses: @Sendable () async -> [AlertStatus] = { [] }
    /// All alert groups.
    package var groupStatuses: @Sendable () async -> [GroupStatus] = { [] }
    /// The receivers' names and labels, in the order of the configuration.
    package var receivers: @Sendable () -> [(name: String, labels: Labels)] = { [] }
    /// Adds posted alerts.
    /// - Parameter invalid: how many others of the request were not alerts, to be counted.
    /// - Returns: how many were refused, by reason.
    package var postAlerts: @Sendable (_ alerts: [Alert], _ invalid: Int, _ by: Caller) async -> [AlertRefusal: Int] = {
        alerts, _, _ in alerts.isEmpty ? [:] : [.limit: alerts.count]
    }
    /// Sends a test message to each integration of a receiver, and waits for the answers.
    /// - Parameter isResolved: whether the alert in it has ended.
    /// - Throws: `QueryError` of kind `.notFound` if there is no such receiver or it has no integrations, `.unavailable`
    ///   while another test is under way.
    package var testReceiver:
        @Sendable (_ receiver: String, _ severity: Severity, _ isResolved: Bool, _ by: Caller) async throws(QueryError)
            -> Void = { (name, _, _, _) throws(QueryError) in
                throw QueryError(.notFound, "there is no receiver \(name)")
            }
    /// The last test of each integration that has been tested.
    package var receiverTests: @Sendable () -> [ReceiverTest] = { [] }
    /// The time intervals that routes refer to, by name.
    package var timeIntervals: @Sendable () -> [String: [TimeWindow]] = { [:] }
    /// The routing tree; nil where there is none.
    package var routes: @Sendable () -> RouteTree? = { nil }
    /// All silences, expired ones included.
    package var silences: @Sendable () async -> [Silence] = { [] }
    /// Creates or updates a silence.
    /// - Returns: its id, which is a new one if the silence had to be replaced.
    package var setSilence: @Sendable (Silence, _ by: Caller) async throws(SilenceError) -> String = {
        (_, _) throws(SilenceError) in throw .tooMany(0)
    }
    /// Expires a silence. - Throws: `SilenceError`.
    package var expireSilence: @Sendable (_ id: String, _ by: Caller) async throws(SilenceError) -> Void = {
        (id, _) throws(SilenceError) in throw .notFound(id)
    }
    /// The drills under way, by cluster.
    package var drills: @Sendable () async -> [Drill] = { [] }
    /// Announces a drill.
    /// - Throws: `QueryError` of kind `.badData`, `.notFound` if there is no such cluster, or `.unavailable` while
    ///   another one is under way there.
    package var startDrill: @Sendable (Drill, _ by: Caller) async throws(QueryError) -> Void = {
        (drill, _) throws(QueryError) in throw QueryError(.notFound, "there is no cluster \(drill.cluster)")
    }
    /// Ends the drill of a cluster. - Returns: nil if none is under way there.
    package var endDrill: @Sendable (_ cluster: String, _ by: Caller) async -> Drill? = { _, _ in nil }
    /// Acknowledges incidents, or with a comment of nil withdraws their acknowledgements.
    /// - Returns: the incidents as they are now.
    package var acknowledge:
        @Sendable (_ selection: IncidentSelection, _ comment: String?, _ by: Caller) async -> [Notification.Incident] =
            { _, _, _ in [] }
    /// Does the same for the PagerDuty incident with this `dedup_key`, for alerts that began before that time.
    package var acknowledgeFromPagerDuty:
        @Sendable (_ key: String, _ at: Timestamp, _ comment: String?, _ by: String) async -> [Notification.Incident] =
            { _, _, _, _ in [] }
    /// The current routing as an Alertmanager configuration (YAML), without secrets.
    package var alertingConfiguration: @Sendable () -> String = { "" }

    /// Adds a note to an incident.
    /// - Returns: the incident with the note.
    /// - Throws: `QueryError` of kind `.notFound` if there is none with that number, `.badData` if the note is empty or
    ///   there are too many.
    package var addNote:
        @Sendable (_ incident: Int, _ text: String, _ by: Caller) async throws(QueryError) -> IncidentRecord =
            { (number, _, _) throws(QueryError) in throw QueryError(.notFound, "there is no incident \(number)") }

    // MARK: The estate

    /// A consistent view of everything that pages show; requests within a tenth of a second share one.
    /// - Throws: `QueryError` of kind `.unavailable` if it can't be made now.
    package var snapshot: @Sendable () async throws(QueryError) -> EstateSnapshot = { () throws(QueryError) in
        EstateSnapshot(now: Timestamp(milliseconds: 0))
    }
    /// An incident, open or resolved, with its course; nil if there is none with that number. For a merged incident,
    /// the one that it was merged into.
    package var incident: @Sendable (_ number: Int) async throws(QueryError) -> IncidentDetail? = {
        (_) throws(QueryError) in nil
    }
    /// The states of a target between two times, as far back as the history goes; nil if there is no such target.
    package var states:
        @Sendable (_ target: String, _ from: Timestamp, _ to: Timestamp) async throws(QueryError) -> TargetStates? = {
            (_, _, _) throws(QueryError) in nil
        }
    /// Runs of equal values of the matching series, at most 200 per series and 1,000 series. Computes: only called
    /// within `compute`, as is `sketches`.
    package var runs: @Sendable (_ matchers: [Matcher], _ from: Timestamp, _ to: Timestamp) -> [SeriesRuns] = {
        _, _, _ in
        []
    }
    /// The matching series, reduced to at most 120 points each; at most 1,000 series.
    package var sketches: @Sendable (_ matchers: [Matcher], _ from: Timestamp, _ to: Timestamp) -> [SeriesSketch] = {
        _, _, _ in []
    }
    /// How the probes of each target have gone, by `TargetStates.target`. Computes: only called within `compute`.
    package var probeCourses: @Sendable () -> [String: ProbeCourse] = { [:] }
    /// The individual backups, and the data loss if Vault failed now.
    package var backups: @Sendable () async -> BackupsView = { BackupsView(now: Timestamp(milliseconds: 0)) }

    /// The history, newest first. - Throws: `QueryError` of kind `.unavailable` if the journal cannot be read.
    package var history: @Sendable (HistoryQuery) async throws(QueryError) -> Deferred<[HistoryEntry]> = {
        (_) throws(QueryError) in { [] }
    }
    /// The state of the estate.
    package var status: @Sendable () async -> Deferred<EstateStatus> = {
        { EstateStatus(version: "", startedAt: "", now: "") }
    }

    /// Closures that return nothing, or that the function is unavailable.
    package init() {}

    /// A value whose data is at hand but whose construction takes long: only called within `compute`.
    package typealias Deferred<Value> = @Sendable () -> Value
}

/// The content of `/api/v1/status/buildinfo`; empty fields are unknown.
package struct BuildInfo: Sendable, Hashable {
    /// The released version.
    package var version: String
    /// The commit.
    package var revision = ""
    /// The branch.
    package var branch = ""
    /// When it was built.
    package var date = ""

    /// A build of which only the version is known.
    package init(version: String) { self.version = version }
}

/// A target as Prometheus' API shows it.
package struct TargetView: Sendable, Hashable {
    /// Prometheus' three states of a target.
    package enum Health: String, Sendable { case up, down, unknown }

    /// The scrape pool: `vault`, `postgres`, `backups`.
    package var pool: String
    /// The scrape URL.
    package var url: String
    /// The target's labels.
    package var labels: Labels
    /// Whether the last probe succeeded.
    package var health: Health
    /// Why the last probe failed; empty if it succeeded.
    package var lastError: String
    /// When the last probe ended; nil before the first.
    package var lastProbe: Timestamp?
    /// How long the last probe took, in seconds.
    package var duration: Double
    /// Time from one probe to the next.
    package var interval: Duration
    /// Limit for a probe.
    package var timeout: Duration

    /// A target that has not been probed unless the rest is given.
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
