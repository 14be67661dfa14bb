import Platform
import Samples
import Synchronization
import Text
import Transport

/// Queries one PostgreSQL server for its identity and then runs all checks, one by one over a persistent connection.
final class PostgresProbe: RunnableProbe {
    private struct Memory: Sendable {
        var histogram = LatencyHistogram()
        var lock = PostgresLock()
        /// Failures of checks, by check and reason.
        var failures: [[String]: Int] = [:]
        /// The last results of the checks that do not run in each turn.
        var remembered: [PostgresCheck.Pace: Remembered] = [:]
        var settings = PostgresSettings()
        /// When a second connection last checked for a newer certificate.
        var certificateSought: Instant?
    }

    private struct Remembered: Sendable {
        var facts: [PostgresFact] = []
        var success: [String: Bool] = [:]
        var asked: Instant
    }

    /// The results of one turn.
    private struct Turn: Sendable {
        var facts: [PostgresFact] = []
        var success: [String: Bool] = [:]
        var failures: [(check: String, failure: PostgresCheckFailure)] = []
        var isConnectionLost = false
        var receiver: PostgresRow?
    }

    private struct Identity: Sendable {
        var version: Int
        var versionText: String
        var inRecovery: Bool
        var started: Double?
        var clockSkew: Double?
        var position: Double?
        /// The primary's timeline; a replica's receiver reports its own.
        var timeline: Double?
        var synchronous: SynchronousStandbys?
        var certificateExpiry: Timestamp?
        var certificateLifetime: Duration?
    }

    let target: ProbeTarget
    private let options: PostgresServerOptions
    private let cluster: PostgresCluster
    private let connection: any PostgresConnection
    private let connector: any PostgresConnector
    private let platform: Platform
    private let memory = Mutex(Memory())
    private let patience = Mutex(Patience())

    init(options: PostgresServerOptions, cluster: PostgresCluster, connector: any PostgresConnector, platform: Platform)
    {
        self.options = options
        self.cluster = cluster
        self.platform = platform
        self.connector = connector
        connection = connector.connection(to: options.connection)
        target = PostgresCluster.target(options.cluster, options.name)
    }

    var interval: Duration { options.interval }
    var timeout: Duration { options.timeout }
    var executor: (any TaskExecutor)? { connector.executor }

    func timedOut() -> ProbeReport {
        down(ProbeFailure("timeout", "no answer within \(Words.duration(timeout))"))
    }

    func run() async -> ProbeReport {
        let asked = platform.time.now()
        let rows: PostgresRows
        do throws(PostgresError) { rows = try await askIdentity().get() } catch {
            return down(
                ProbeFailure(error.isTaken ? "hung" : error.reason.rawValue, error.description),
                refusal: PostgresProbe.refusals.contains(error.reason) ? error : nil)
        }
        let answered = platform.time.now()
        guard var identity = identity(rows, asked: asked, answered: answered) else {
            return down(ProbeFailure("body", "the server's identity cannot be read"))
        }
        memory.withLock { $0.histogram.observe((answered.monotonic - asked.monotonic).seconds) }
        let turn = await ask(identity)
        if !turn.isConnectionLost { await renewCertificate(of: &identity) }
        let storage = await storage(turn.facts)
        return report(identity, turn, storage, at: answered)
    }

    private func askIdentity() async -> Result<PostgresRows, PostgresError> {
        await Patience.ask(patience, timeout: options.connection.statementTimeout, time: platform.time) { limit in
            do throws(PostgresError) {
                return .success(try await connection.query(PostgresSQL.identity, patience: limit))
            } catch { return .failure(error) }
        }
    }

    /// The server, or a pooler in front of it, responds but refuses the agent's connection. That reveals nothing about
    /// the server's role.
    private static let refusals: Set<TransportError.Reason> = [.auth, .configuration, .connections]

    private func identity(_ rows: PostgresRows, asked: Moment, answered: Moment) -> Identity? {
        guard let row = PostgresRow.first(rows), let number = row.number("number"),
            let version = Int(exactly: number), let recovery = row.bool("recovery")
        else { return nil }
        let middle = (asked.wall.seconds + answered.wall.seconds) / 2
        return Identity(
            version: version, versionText: row.text("version") ?? "", inRecovery: recovery,
            started: row.number("started"),
            clockSkew: row.number("clock").map { $0 - middle }, position: row.number("position"),
            timeline: row.number("timeline"),
            synchronous: recovery ? nil : row.text("synchronous").flatMap { SynchronousStandbys($0) },
            certificateExpiry: rows.certificateExpiry, certificateLifetime: rows.certificateLifetime)
    }

    /// A connection shows the certificate of the time when it was made, possibly months ago, and a reload may have
    /// replaced it on the server: close to its expiry, another connection checks once an hour for a newer one. If there
    /// is one, this connection is reopened.
    private func renewCertificate(of identity: inout Identity) async {
        guard let known = identity.certificateExpiry, known.seconds - platform.time.wall().seconds < 21 * 86_400 else {
            return
        }
        let now = platform.time.monotonic()
        let isDue = memory.withLock { memory in
            let isDue = memory.certificateSought.map { now - $0 >= .seconds(3600) } ?? false
            // The first connection has just shown the current one.
            if isDue || memory.certificateSought == nil { memory.certificateSought = now }
            return isDue
        }
        guard isDue else { return }
        let second = connector.connection(to: options.connection)
        let seen = try? await second.query("SELECT 1")
        await second.close()
        guard let seen, let expiry = seen.certificateExpiry, expiry > known else { return }
        identity.certificateExpiry = expiry
        identity.certificateLifetime = seen.certificateLifetime
        await connection.close()
    }

    private func interval(of pace: PostgresCheck.Pace) -> Duration {
        switch pace {
        case .turn: .zero
        case .slow: options.slowInterval
        case .rare: options.rareInterval
        }
    }

    /// Runs the checks that are due; stops when the connection is lost.
    private func ask(_ identity: Identity) async -> Turn {
        var turn = Turn()
        turn.success["identity"] = true
        let now = platform.time.monotonic()
        var fresh: [PostgresCheck.Pace: Remembered] = [:]
        memory.withLock { memory in
            for pace in PostgresCheck.Pace.allCases
            where memory.remembered[pace].map({ now - $0.asked >= interval(of: pace) }) ?? true {
                fresh[pace] = Remembered(asked: now)
            }
        }
        for check in PostgresCheck.all(options, version: identity.version) where fresh[check.pace] != nil {
            let facts = await answer(check.name, check.sql, &turn) { rows throws(PostgresCheckFailure) in
                try check.facts(rows)
            }
            fresh[check.pace]?.facts += facts ?? []
            fresh[check.pace]?.success[check.name] = facts != nil
        }
        turn.facts = fresh.removeValue(forKey: .turn)?.facts ?? []
        if identity.inRecovery {
            turn.receiver = await answer("receiver", PostgresSQL.receiver, &turn) { rows throws(PostgresCheckFailure) in
                guard let row = PostgresRow.first(rows) else { throw PostgresCheckFailure("value", "no row") }
                if row.bool("exists") == true, row.text("status") == nil { throw .hidden }
                return row
            }
        } else {
            _ = await answer("lock", PostgresLock.sql(options.lockTable), &turn) { rows throws(PostgresCheckFailure) in
                let observed = self.memory.withLock { memory -> PostgresCheckFailure? in
                    do throws(PostgresCheckFailure) {
                        try memory.lock.observe(rows)
                        return nil
                    } catch { return error }
                }
                if let observed { throw observed }
            }
        }
        let wall = platform.time.wall()
        let remembered = memory.withLock { memory in
            if !turn.isConnectionLost {
                if let settings = fresh[.rare]?.facts { memory.settings.observe(settings, at: wall) }
                memory.remembered.merge(fresh) { _, fresh in fresh }
            }
            for (check, failure) in turn.failures { memory.failures[[check, failure.reason], default: 0] += 1 }
            return (memory.remembered, changes: memory.settings.facts)
        }
        for pace in [PostgresCheck.Pace.slow, .rare] {
            guard let known = remembered.0[pace] else { continue }
            turn.facts += known.facts
            turn.success.merge(known.success) { fresh, _ in fresh }
        }
        turn.facts += remembered.changes
        return turn
    }

    private func answer<Value>(
        _ check: String, _ sql: String, _ turn: inout Turn, _ read: (PostgresRows) throws(PostgresCheckFailure) -> Value
    ) async -> Value? {
        // On a lost connection every further check would run into its timeout.
        guard !turn.isConnectionLost else {
            turn.success[check] = false
            return nil
        }
        let failure: PostgresCheckFailure
        do throws(PostgresError) {
            let rows = try await connection.query(sql)
            do throws(PostgresCheckFailure) {
                let value = try read(rows)
                turn.success[check] = true
                return value
            } catch { failure = error }
        } catch {
            failure = PostgresCheckFailure(error)
        }
        turn.success[check] = false
        turn.failures.append((check, failure))
        turn.isConnectionLost = failure.isConnectionLost
        return nil
    }

    private func storage(_ facts: [PostgresFact]) async -> PostgresStorage.Use? {
        if let path = options.storagePath, let use = await PostgresStorage.fileSystem(path, platform.files) {
            return use
        }
        guard let databases = facts.first(where: { $0.name == PostgresStorage.allDatabases })?.value else { return nil }
        // A disk is usually filled by the WAL: without its size, the use of the storage is unknown.
        guard let log = facts.first(where: { $0.name == "postgres_wal_directory_bytes" })?.value else { return nil }
        return PostgresStorage.Use(used: databases + log, capacity: options.capacityBytes.map(Double.init))
    }

    private func report(_ identity: Identity, _ turn: Turn, _ storage: PostgresStorage.Use?, at moment: Moment)
        -> ProbeReport
    {
        let streaming =
            turn.success["replication"] == true
            ? turn.facts.count { $0.name == "postgres_replication_streaming" && $0.value == 1 } : nil
        let (derived, confirm, roleChanges) = cluster.observe(
            PostgresClusterState.Observation(
                isUp: true, inRecovery: identity.inRecovery, position: identity.position, streamingReplicas: streaming,
                isArchiveFed: turn.receiver.map(PostgresProbe.isArchiveFed) ?? false, moment: moment),
            of: options.name)
        var set = SampleSet(["cluster": options.cluster, "server": options.name], at: moment.wall)
        let memory = self.memory.withLock { $0 }
        set.add("postgres_up", 1.0)
        set.add("postgres_info", 1, ["version": identity.versionText])
        set.add("postgres_version_number", identity.version)
        set.add("postgres_in_recovery", identity.inRecovery)
        set.add("postgres_role_changes_total", roleChanges)
        set.add("postgres_start_timestamp_seconds", identity.started)
        set.add("postgres_clock_skew_seconds", identity.clockSkew)
        set.add("postgres_certificate_expiry_timestamp_seconds", identity.certificateExpiry)
        set.add("postgres_certificate_lifetime_seconds", identity.certificateLifetime?.seconds)
        set.add("postgres_wal_position_bytes", identity.position)
        set.add("postgres_timeline", identity.timeline ?? turn.receiver?.number("timeline"))
        addStandbys(identity, turn, to: &set)
        set.add("postgres_query_duration_seconds", memory.histogram)
        for fact in turn.facts where fact.name != PostgresStorage.allDatabases {
            set.add(fact.name, fact.value, fact.labels)
        }
        for (check, success) in turn.success.sorted(by: { $0.key < $1.key }) {
            set.add("postgres_check_success", success, ["check": check])
        }
        for (key, count) in memory.failures.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            set.add("postgres_check_failures_total", count, ["check": key[0], "reason": key[1]])
        }
        if let storage {
            set.add("postgres_storage_used_bytes", storage.used)
            set.add("postgres_storage_capacity_bytes", storage.capacity)
            if let capacity = storage.capacity, capacity > 0 {
                set.add("postgres_storage_used_ratio", storage.used / capacity)
            }
        }
        if turn.success["lock"] == true { memory.lock.add(to: &set) }
        var lag: PostgresClusterState.Lag?
        if let receiver = turn.receiver { lag = addReplica(receiver, identity, to: &set) }
        let status = status(identity, turn, memory.lock, lag, streaming: streaming)
        // Failed checks have a metric of their own; only a lost connection fails the probe.
        let failure =
            turn.isConnectionLost
            ? turn.failures.last.map {
                ProbeFailure($0.failure.reason == "timeout" ? "timeout" : "reset", "\($0.check): \($0.failure.message)")
            } : nil
        return ProbeReport(samples: set.samples, failure: failure, status: status, derived: [derived], confirm: confirm)
    }

    /// How many standbys confirm each commit, and how many are required to.
    private func addStandbys(_ identity: Identity, _ turn: Turn, to set: inout SampleSet) {
        guard !identity.inRecovery, turn.success["replication"] == true else { return }
        set.add("postgres_synchronous_standbys_wanted", identity.synchronous?.wanted ?? 0)
        guard let synchronous = identity.synchronous else { return }
        let states = turn.facts.filter { $0.name == "postgres_replication_info" }.map { fact in
            fact.labels.first { $0.name == "sync_state" }?.value
        }
        let confirming = states.count { $0 == "sync" || $0 == "quorum" }
        set.add("postgres_synchronous_standbys", confirming)
        set.add("postgres_synchronous_candidates", confirming + states.count { $0 == "potential" })
        set.add("postgres_synchronous_standbys_named", synchronous.named.map(Double.init))
    }

    /// Whether a replica has a `restore_command`, no `primary_conninfo` and no receiver. Only roles with pg_monitor see
    /// the setting; before PostgreSQL 12 it was not a setting.
    private static func isArchiveFed(_ row: PostgresRow) -> Bool {
        row.text("status") == nil && row.bool("has_primary") == false
    }

    private func addReplica(_ row: PostgresRow, _ identity: Identity, to set: inout SampleSet)
        -> PostgresClusterState.Lag
    {
        let replica = PostgresClusterState.Replica(
            isStreaming: row.text("status") == "streaming", messageAge: row.number("message_age"),
            receiverTimeout: row.number("patience"),
            position: identity.position, reportedPosition: row.number("primary_end"),
            replayAge: row.number("replay_age"), applyDelay: max(0, row.number("apply_delay") ?? 0))
        let lag = cluster.lag(of: options.name, replica)
        // A replica without primary_conninfo has no receiver by design.
        let isArchiveFed = PostgresProbe.isArchiveFed(row)
        set.add("postgres_replica_archive_fed", isArchiveFed)
        if !isArchiveFed { set.add("postgres_receiver_streaming", replica.isStreaming) }
        set.add("postgres_replica_apply_delay_seconds", replica.applyDelay)
        if let status = row.text("status") {
            set.add("postgres_receiver_info", 1, ["status": status, "sender": row.text("sender") ?? ""])
        }
        set.add("postgres_receiver_last_message_age_seconds", replica.messageAge.map { max(0, $0) })
        set.add("postgres_replica_lag_seconds", lag.seconds)
        set.add("postgres_replica_lag_bytes", lag.bytes)
        set.add("postgres_replica_unreplayed_bytes", row.number("unreplayed").map { max(0, $0) })
        set.add("postgres_replica_last_replay_timestamp_seconds", row.number("replayed_at"))
        set.add("postgres_replica_last_sync_timestamp_seconds", lag.lastSync)
        set.add("postgres_replica_replay_paused", row.bool("paused"))
        return lag
    }

    private func status(
        _ identity: Identity, _ turn: Turn, _ lock: PostgresLock, _ lag: PostgresClusterState.Lag?, streaming: Int?
    ) -> TargetStatus {
        var parts = [identity.versionText]
        var health = TargetStatus.Health.ok
        if identity.inRecovery {
            let isArchiveFed = turn.receiver.map(PostgresProbe.isArchiveFed) == true
            if isArchiveFed {
                parts.append("fed from an archive")
            } else if turn.receiver?.text("status") != "streaming" {
                parts.append("not streaming")
                health = .critical
            }
            if let seconds = lag?.seconds {
                parts.append("lag \(Int64(saturating: seconds.rounded())) s")
                let delay = max(0, turn.receiver?.number("apply_delay") ?? 0)
                if delay > 0 { parts.append("of which \(Int64(saturating: delay.rounded())) s are configured") }
                let seconds = seconds - delay
                if isArchiveFed {
                    if seconds > 3600 { health = max(health, .warning) }
                } else if seconds > 60 {
                    health = .critical
                } else if seconds > 10 {
                    health = max(health, .warning)
                }
            }
        } else {
            if let streaming { parts.append("\(streaming) streaming") }
            if turn.success["lock"] == true {
                parts.append("lock \(lock.state.rawValue)")
                if lock.state != .held { health = .warning }
            }
        }
        let warnings = turn.failures.map {
            "\($0.check) could not be checked: \($0.failure.reason): \($0.failure.message)"
        }
        if !warnings.isEmpty { health = max(health, .warning) }
        return TargetStatus(
            health, identity.inRecovery ? "replica" : "primary", detail: parts.joined(separator: ", "),
            warnings: warnings)
    }

    /// - Parameter refusal: if the server responded but refused the agent's connection.
    private func down(_ failure: ProbeFailure, refusal: PostgresError? = nil) -> ProbeReport {
        let now = platform.time.now()
        let (derived, confirm, roleChanges) = cluster.observe(
            PostgresClusterState.Observation(isUp: false, isRefusing: refusal != nil, moment: now), of: options.name)
        var set = SampleSet(["cluster": options.cluster, "server": options.name], at: now.wall)
        set.add("postgres_up", 0.0)
        set.add("postgres_unreachable", 1, ["reason": failure.reason])
        if let refusal {
            // libpq's own errors, such as a missing password, have no SQLSTATE.
            set.add(
                "postgres_refusal_info", 1,
                [
                    "sql_state": refusal.sqlState ?? "",
                    "message": String(PostgresFailure.words(of: refusal).prefix(200)),
                ])
        }
        set.add("postgres_role_changes_total", roleChanges)
        let memory = self.memory.withLock { $0 }
        set.add("postgres_query_duration_seconds", memory.histogram)
        for (key, count) in memory.failures.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            set.add("postgres_check_failures_total", count, ["check": key[0], "reason": key[1]])
        }
        return ProbeReport(
            samples: set.samples, failure: failure,
            status: TargetStatus(.critical, "unreachable", detail: failure.description),
            derived: [derived], confirm: confirm)
    }
}
