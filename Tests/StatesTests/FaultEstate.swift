import Lab
import Platform
import Samples
import Simulation
import Transport

/// The reference estate, whose parts depend on each other as real ones do: three Vault nodes with their storage in
/// PostgreSQL, the primary `pg-1` and two replicas, a load balancer and a bucket. Touched by the thread of its run alone.
final class FaultEstate: @unchecked Sendable {
    static let servers = ["pg-1", "pg-2", "pg-3"]

    let estate: StateEstate
    let bucket: StateBucket
    let receivers: FaultReceivers

    /// Servers that refuse connections.
    var stopped: Set<String> = []
    /// Replicas that get nothing from their primary, since when.
    var cut: [String: Instant] = [:]
    /// Replicas that were promoted.
    var promoted: Set<String> = []
    /// Bytes of all databases together; the disk has 100 GiB.
    var databaseBytes = 4 << 30
    /// For how long archiving has failed.
    var archiverFailsSince: Instant?
    /// Which node the load balancer sends requests to; nil: it answers 503.
    var balance: (StateEstate) -> Int? = FaultEstate.toActive
    /// Whether the object store takes requests and never answers.
    var isStoreSilent = false
    /// What the estate answers to nobody, and why: the watcher's own network.
    var network: (HTTPRequest) -> TransportError? = { _ in nil }
    var databaseNetwork: TransportError.Reason?
    private var lockRenewed: Instant
    /// Each active node takes the lock with an identity of its own.
    private var lockOwner: Int64 = 0
    private var struck: Set<Int> = []

    static func toActive(_ estate: StateEstate) -> Int? { (0..<3).first { estate.vault.role($0) == .active } }

    init(_ estate: StateEstate) {
        self.estate = estate
        lockRenewed = estate.time.monotonic()
        estate.configuration = """
            postgres:
              servers: [\(FaultEstate.servers.map {
                "{name: \($0), host: \($0), database: vault, user: vaultwatch, sslmode: disable, capacity_bytes: 100GiB}"
            }.joined(separator: ", "))]

            """
        bucket = StateBucket(estate)
        estate.vaultSettings = "load_balancer_url: \"https://lb\""
        receivers = FaultReceivers(estate)
        for server in FaultEstate.servers { estate.databases[server] = { [unowned self] in answer($0, of: server) } }
        let before = estate.answer
        estate.answer = { [unowned self] request in
            if let error = network(request) { return .failure(error) }
            if request.url.hasPrefix("https://s3.example"), isStoreSilent { return .success(.hang) }
            guard request.url.hasPrefix("https://lb/") else { return before(request) }
            guard let index = balance(estate) else {
                return .success(.response(LabResponse(503, type: "text/html", "<html>no server is available</html>")))
            }
            if estate.vault.role(index) == .dead { return .failure(StateNetwork.refused("lb")) }
            return .success(estate.reply(request, node: index))
        }
    }

    func perform(_ action: SimulatedVaultCluster.Action, on index: Int) {
        _ = estate.vault.perform(action, on: index, at: estate.time.now(), random: estate.random)
    }

    // MARK: The database

    /// Vault on a primary that has stopped: standbys answer 500 at once, the active node after 15 s.
    func stopPrimary() {
        stopped.insert("pg-1")
        for index in 0..<3 where estate.vault.role(index) == .standby { strike(index, .storageError) }
        estate.after(.seconds(15)) { [unowned self] _ in
            guard stopped.contains("pg-1") else { return }
            for index in 0..<3 where estate.vault.role(index) == .active { strike(index, .storageError) }
        }
    }

    /// Vault on a primary that hangs: standbys hang, the active node answers.
    func freezePrimary() {
        estate.silentDatabases.insert("pg-1")
        for index in 0..<3 where estate.vault.role(index) == .standby { strike(index, .hang) }
    }

    func startPrimary() {
        stopped.remove("pg-1")
        estate.silentDatabases.remove("pg-1")
        for index in struck { perform(.start, on: index) }
        struck = []
    }

    private func strike(_ index: Int, _ action: SimulatedVaultCluster.Action) {
        perform(action, on: index)
        struck.insert(index)
    }

    private var isPrimaryThere: Bool { !stopped.contains("pg-1") && !estate.silentDatabases.contains("pg-1") }

    private func isStreaming(_ replica: String) -> Bool {
        isPrimaryThere && cut[replica] == nil && !stopped.contains(replica) && !promoted.contains(replica)
    }

    private func answer(_ sql: String, of server: String) -> StateEstate.DatabaseAnswer {
        if let databaseNetwork { return .failure(PostgresError(databaseNetwork, "\(server): \(databaseNetwork)")) }
        if stopped.contains(server) {
            return .failure(PostgresError(.connect, "\(server): connection refused"))
        }
        let now = estate.time.wall().seconds
        let monotonic = estate.time.monotonic()
        let isReplica = server != "pg-1" && !promoted.contains(server)
        let lost = cut[server] ?? (isPrimaryThere ? nil : monotonic)
        if sql.contains("AS number") {
            return PostgresStates.identity(
                isReplica, now, behind: lost == nil ? 0 : 5000, timeline: promoted.contains(server) ? 2 : 1)
        }
        if sql.contains("FROM pg_stat_replication") {
            let replicas = server == "pg-1" ? FaultEstate.servers.dropFirst().filter(isStreaming) : []
            return .success(
                PostgresRows(
                    columns: ["name", "address", "state", "sync_state", "replayed", "reply_age", "slot_type"],
                    rows: replicas.map { [$0, "10.0.0.\($0.suffix(1))", "streaming", "async", "0", "1", "physical"] }))
        }
        if isReplica, let lost, sql.contains("pg_stat_wal_receiver") {
            return PostgresStates.receiver(now, status: nil, behind: 0, age: (monotonic - lost) / .seconds(1) + 1)
        }
        if PostgresStates.isSlots(sql) { return .success(PostgresRows(columns: [], rows: [])) }
        if sql.contains("pg_database_size") {
            return PostgresStates.rows(
                ["name", "own", "every", "unmeasured"],
                ["vault", "1000", "\(server == "pg-1" ? databaseBytes : 4 << 30)", "0"])
        }
        if server == "pg-1" {
            let failing = archiverFailsSince.map { (monotonic - $0) / .seconds(1) }
            if sql.contains("pg_stat_archiver") {
                return PostgresStates.archiver(
                    now, archived: failing.map { $0 + 60 } ?? 30, failed: failing == nil ? nil : 5)
            }
            if sql.contains("pg_ls_archive_statusdir") {
                return PostgresStates.queue(failing.map { 3 + Int($0 / 10) } ?? 0, age: failing ?? 0)
            }
        }
        if sql.contains("ha_key") {
            if let leader = estate.vault.election.leader {
                (lockRenewed, lockOwner) = (monotonic, estate.vault.nodes[leader].activeSince?.milliseconds ?? 0)
            }
            let remaining = 15 - (monotonic - lockRenewed) / .seconds(1)
            return PostgresStates.rows(["owner", "remaining"], ["owner-\(lockOwner)", "\(remaining)"])
        }
        return PostgresStates.answer(sql, isReplica: isReplica, now)
    }
}
