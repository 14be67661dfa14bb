// One entry for each metric, in the order of the table in README.md; a test compares the two.

import Exposition

extension Catalogue {
    private static let everyTarget: [Entry] = [
        Entry(
            "vaultwatch_probe_success", .gauge, ["target_type", "target"],
            "1 if the target's last probe got a response that it could read, else 0", isState: true),
        Entry(
            "vaultwatch_probe_duration_seconds", .gauge, ["target_type", "target"],
            "Duration of the target's last probe in seconds"),
        Entry(
            "vaultwatch_probe_last_success_timestamp_seconds", .gauge, ["target_type", "target"],
            "Unix time at which the target's last successful probe ended; absent until there is one"),
        Entry("vaultwatch_probe_runs_total", .counter, ["target_type", "target"], "Number of probes of the target"),
        Entry(
            "vaultwatch_probe_failures_total", .counter, ["target_type", "target", "reason"],
            "Failed probes by reason: dns, connect, unreachable, tls, timeout, hung (takes connections and does not answer), http, body, reset, auth, denied, token, not_found, sealed, blocked, audit, storage, rate_limited, redirect, region, clock_skew, archived, listing, credentials, configuration, no_active_node, status, text, record, rcode, cancelled, other"
        ),
        Entry(
            "vaultwatch_probe_failure", .gauge, ["target_type", "target", "reason"],
            "1, present only while the target's last probe failed, with its reason", isState: true),
        Entry(
            "vaultwatch_probe_confirmations_total", .counter, ["target_type", "target"],
            "Number of additional immediate probes after a change"),
        Entry(
            "vaultwatch_probe_missed_turns_total", .counter, ["target_type", "target"],
            "Number of probes skipped because the previous one was still running or it was too late to begin"),
    ]

    private static let vaultNode: [Entry] = [
        Entry(
            "vault_node_up", .gauge, ["cluster", "node"],
            "1 when sys/health answered with any status that belongs to Vault, 0 when the node is unreachable",
            isState: true),
        Entry(
            "vault_node_unreachable", .gauge, ["cluster", "node", "reason"],
            "1, present only while the node is unreachable: dns, connect, unreachable, tls, timeout, hung (it takes connections and does not answer), http, body, reset, other",
            isState: true),
        Entry(
            "vault_node_state", .gauge, ["cluster", "node", "state"],
            "1 for the state the node is in, 0 for the others: active, standby, performance_standby, dr_secondary, sealed, uninitialized, storage_error, cut_off (474), removed (530), degraded (any other status), unreachable",
            isState: true
        ),
        Entry(
            "vault_node_health_status", .gauge, ["cluster", "node"],
            "HTTP status of sys/health; absent while unreachable", isState: true),
        Entry(
            "vault_node_active", .gauge, ["cluster", "node"],
            "1 when the node is the active one; absent while unreachable", isState: true),
        Entry(
            "vault_node_standby", .gauge, ["cluster", "node"],
            "1 when the node is a standby able to take over: standby, performance_standby, and cut_off where the storage is not the integrated one; absent while unreachable",
            isState: true),
        Entry(
            "vault_node_sealed", .gauge, ["cluster", "node"],
            "1 when sealed, 0 when not; absent while no answer says so", isState: true),
        Entry(
            "vault_node_initialized", .gauge, ["cluster", "node"],
            "1 when initialised, 0 when not; absent while no answer says so", isState: true),
        Entry(
            "vault_node_inconsistent", .gauge, ["cluster", "node"],
            "1 when the answers contradict each other: the status of sys/health and its body, or sys/health and sys/seal-status",
            isState: true
        ),
        Entry(
            "vault_node_info", .gauge,
            ["cluster", "node", "version", "cluster_name", "cluster_id", "storage_type", "seal_type"],
            "1; what the node reports about itself; labels it does not report are absent", isState: true),
        Entry(
            "vault_node_version_support_end_timestamp_seconds", .gauge, ["cluster", "node"],
            "Unix time at which maintenance of the node's version ended; absent while it is maintained, or where it is not known"
        ),
        Entry(
            "vault_node_clock_skew_seconds", .gauge, ["cluster", "node"],
            "The node's clock minus this machine's, in the middle of the request; exact to half a second"),
        Entry("vault_node_seal_threshold", .gauge, ["cluster", "node"], "Key shares needed to unseal"),
        Entry("vault_node_seal_shares", .gauge, ["cluster", "node"], "Key shares that exist"),
        Entry(
            "vault_node_unseal_progress", .gauge, ["cluster", "node"],
            "Key shares entered so far in the current unseal attempt", isState: true),
        Entry(
            "vault_node_seal_migration", .gauge, ["cluster", "node"], "1 while a seal migration is under way",
            isState: true),
        Entry(
            "vault_node_ha_enabled", .gauge, ["cluster", "node"], "1 when the node's storage gives high availability",
            isState: true),
        Entry(
            "vault_node_knows_leader", .gauge, ["cluster", "node"],
            "1 when sys/leader names an active node or says that it is this one, 0 when between leaders; absent when it did not answer, hides addresses or is sealed",
            isState: true
        ),
        Entry(
            "vault_node_leader_info", .gauge, ["cluster", "node", "leader_address"],
            "1; the active node's address as this node sees it", isState: true),
        Entry(
            "vault_node_leader_since_timestamp_seconds", .gauge, ["cluster", "node"],
            "Unix time at which this node became active; absent on a standby"),
        Entry(
            "vault_node_raft_committed_index", .gauge, ["cluster", "node"],
            "Integrated storage: index of the last committed log entry"),
        Entry(
            "vault_node_raft_applied_index", .gauge, ["cluster", "node"],
            "Integrated storage: index of the last applied log entry"),
        Entry(
            "vault_node_last_wal", .gauge, ["cluster", "node"],
            "Enterprise: index of the last write-ahead log entry; an index, not a time"),
        Entry(
            "vault_node_ha_connection_healthy", .gauge, ["cluster", "node"],
            "Newer versions: 1 when a standby's connection to the active node is healthy", isState: true),
        Entry(
            "vault_node_request_forwarding_heartbeat_age_seconds", .gauge, ["cluster", "node"],
            "Newer versions: age of a standby's last heartbeat with the active node"),
        Entry(
            "vault_node_echo_duration_seconds", .gauge, ["cluster", "node"],
            "Newer versions: how long the last heartbeat with the active node took"),
        Entry(
            "vault_node_reported_clock_skew_seconds", .gauge, ["cluster", "node"],
            "Newer versions: a standby's clock against the active node's, as Vault measures it"),
        Entry(
            "vault_node_replication_canary_age_seconds", .gauge, ["cluster", "node"],
            "Enterprise: age of the primary's replication canary"),
        Entry(
            "vault_node_license_expiry_timestamp_seconds", .gauge, ["cluster", "node"],
            "Enterprise: Unix time at which the licence expires"),
        Entry(
            "vault_node_certificate_expiry_timestamp_seconds", .gauge, ["cluster", "node"],
            "Unix time of the earliest expiry in the chain that verifies the node's certificate; TLS only"),
        Entry(
            "vault_node_certificate_lifetime_seconds", .gauge, ["cluster", "node"],
            "Time from the start of the node's certificate's validity to that expiry; TLS only"),
        Entry(
            "vault_node_endpoint_up", .gauge, ["cluster", "node", "endpoint"],
            "1 when the endpoint answered the last time that it was asked: health every turn, seal_status and leader when health leaves them open, and once a minute and every 20 s",
            isState: true),
        Entry(
            "vault_node_request_duration_seconds", .histogram, ["cluster", "node", "endpoint"],
            "Time to answer by endpoint: health; failed requests are not in it"),
    ]

    private static let vaultCluster: [Entry] = [
        Entry("vault_cluster_configured_nodes", .gauge, ["cluster"], "Number of configured nodes", isState: true),
        Entry(
            "vault_cluster_nodes", .gauge, ["cluster", "state"], "Nodes in each state, all states of vault_node_state",
            isState: true),
        Entry(
            "vault_cluster_active_nodes", .gauge, ["cluster"],
            "Number of nodes that report to be active: 1 is normal, 0 an outage, 2 a split brain", isState: true),
        Entry("vault_cluster_standby_nodes", .gauge, ["cluster"], "Standbys able to take over", isState: true),
        Entry(
            "vault_cluster_usable_nodes", .gauge, ["cluster"],
            "Nodes that are active or able to take over; of a disaster recovery secondary all that answer as such",
            isState: true),
        Entry(
            "vault_cluster_quorum_size", .gauge, ["cluster"],
            "Usable nodes that the cluster needs: the majority on integrated storage, 1 on any other", isState: true),
        Entry(
            "vault_cluster_quorum_margin", .gauge, ["cluster"],
            "Usable nodes minus the quorum size: how many more may fail; negative during an outage", isState: true),
        Entry(
            "vault_cluster_active_info", .gauge, ["cluster", "node"], "1 for each node that is active", isState: true),
        Entry(
            "vault_cluster_leader_agreement", .gauge, ["cluster"],
            "1 if all unsealed nodes that answered report the same leader, 0 if they differ or report none; absent where the listeners hide addresses",
            isState: true),
        Entry(
            "vault_cluster_named_leaders", .gauge, ["cluster"],
            "Number of different leader addresses that the nodes report", isState: true),
        Entry(
            "vault_cluster_versions", .gauge, ["cluster"], "Number of different versions among the nodes that answer",
            isState: true),
        Entry(
            "vault_cluster_ids", .gauge, ["cluster"],
            "Number of different cluster ids among the nodes that answer: more than 1 means that a node belongs to another cluster",
            isState: true
        ),
        Entry(
            "vault_cluster_clock_spread_seconds", .gauge, ["cluster"],
            "Largest difference between the clocks of two nodes; exact to a second"),
        Entry(
            "vault_cluster_dr_secondary", .gauge, ["cluster"],
            "1 when the cluster is a disaster recovery secondary, as its nodes last said, which serves no clients by design",
            isState: true),
        Entry(
            "vault_cluster_replication_mode", .gauge, ["cluster", "kind", "mode"],
            "1 for the mode of the cluster's replication of a kind (dr, performance), 0 for the others: disabled, primary, secondary, bootstrapping",
            isState: true),
        Entry(
            "vault_cluster_leaderless_seconds", .gauge, ["cluster"],
            "Time since an active node was last seen, 0 while there is one; since the start when there never was"),
        Entry(
            "vault_cluster_failovers_total", .counter, ["cluster"], "Number of times that another node became active",
            isState: true),
        Entry(
            "vault_cluster_elections_total", .counter, ["cluster"],
            "Number of times that a node became active, including the same one again", isState: true),
        Entry(
            "vault_cluster_last_failover_duration_seconds", .gauge, ["cluster"],
            "Time from the last answer of the old active node to the first of the new one; absent until one was seen"),
        Entry(
            "vault_cluster_last_failover_timestamp_seconds", .gauge, ["cluster"],
            "Unix time at which the last failover ended; absent until one was seen", isState: true),
        Entry(
            "vault_cluster_last_outage_duration_seconds", .gauge, ["cluster"],
            "Time from the last answer of an active node to the next, from whichever node; absent until there was a gap"
        ),
        Entry(
            "vault_cluster_last_outage_timestamp_seconds", .gauge, ["cluster"],
            "Unix time at which that gap ended; absent until there was one", isState: true),
    ]

    private static let vaultFacts: [Entry] = [
        Entry(
            "vault_fact_available", .gauge, ["cluster", "fact"],
            "1 when the last request for the fact was answered, 0 when not; a fact that is refused or unknown is requested again after 10 minutes: replication_dr, replication_performance, replication, seal_backend, rekey, rekey_recovery, generate_root, ha_status, raft_autopilot, raft_configuration, license, autosnapshot",
            isState: true),
        Entry(
            "vault_replication_info", .gauge, ["cluster", "kind", "mode", "state", "connection_state"],
            "1; Enterprise: replication of a kind (dr, performance) as the cluster reports it", isState: true),
        Entry(
            "vault_replication_streaming", .gauge, ["cluster", "kind"],
            "Enterprise, secondary: 1 when it receives what the primary writes (stream-wals over a connection that stands)",
            isState: true),
        Entry(
            "vault_replication_heartbeat_age_seconds", .gauge, ["cluster", "kind"],
            "Enterprise, secondary: age of the last heartbeat with the primary when it was asked"),
        Entry(
            "vault_replication_peers", .gauge, ["cluster", "kind", "connection"],
            "Enterprise: nodes of the other side by connection: connected, disconnected", isState: true),
        Entry(
            "vault_replication_wal_index", .gauge, ["cluster", "kind", "side"],
            "Enterprise: index of the last write-ahead log entry: side own, or primary as a secondary knows it; an index, not a time"
        ),
        Entry(
            "vault_replication_merkle_root", .gauge, ["cluster", "kind", "mode", "replication"],
            "Enterprise: the first 48 bits of the Merkle root, equal on both sides of a replication while nothing is written; replication is the id that both share"
        ),
        Entry(
            "vault_rekey_started", .gauge, ["cluster", "keys"],
            "1 while an attempt to change the keys (unseal, recovery) is under way", isState: true),
        Entry(
            "vault_rekey_progress", .gauge, ["cluster", "keys"],
            "Key shares given so far in that attempt", isState: true),
        Entry(
            "vault_root_generation_started", .gauge, ["cluster"],
            "1 while an attempt to make a root token is under way", isState: true),
        Entry(
            "vault_root_generation_progress", .gauge, ["cluster"],
            "Key shares given so far in that attempt", isState: true),
        Entry(
            "vault_seal_backend_healthy", .gauge, ["cluster", "node", "backend"],
            "Auto-unseal, newer versions: 1 when the node reaches the backend that unseals it", isState: true),
        Entry(
            "vault_ha_nodes", .gauge, ["cluster"],
            "Nodes that the active one has heard from since it became active, itself included", isState: true),
        Entry(
            "vault_ha_node_echo_age_seconds", .gauge, ["cluster", "address"],
            "Age of a standby's last echo to the active node when it was asked"),
        Entry(
            "vault_raft_healthy", .gauge, ["cluster"],
            "Integrated storage: 1 when autopilot calls the cluster healthy", isState: true),
        Entry(
            "vault_raft_failure_tolerance", .gauge, ["cluster"],
            "Integrated storage: servers that may fail, as autopilot counts", isState: true),
        Entry(
            "vault_raft_server_healthy", .gauge, ["cluster", "server"],
            "Integrated storage: 1 when autopilot calls the server healthy", isState: true),
        Entry(
            "vault_raft_servers", .gauge, ["cluster"],
            "Integrated storage: servers in the configuration, alive or not", isState: true),
        Entry(
            "vault_raft_voters", .gauge, ["cluster"],
            "Integrated storage: those of them that vote", isState: true),
        Entry(
            "vault_license_expiry_timestamp_seconds", .gauge, ["cluster"],
            "Enterprise: Unix time at which the licence expires"),
        Entry(
            "vault_license_termination_timestamp_seconds", .gauge, ["cluster"],
            "Enterprise: Unix time at which Vault stops if the licence is not renewed"),
        Entry(
            "vault_autosnapshot_consecutive_errors", .gauge, ["cluster", "name"],
            "Enterprise: consecutive failures of the automated snapshot", isState: true),
        Entry(
            "vault_autosnapshot_last_end_timestamp_seconds", .gauge, ["cluster", "name"],
            "Enterprise: Unix time at which the last automated snapshot ended"),
    ]

    private static let canary: [Entry] = [
        Entry(
            "vault_canary_success", .gauge, ["cluster", "via"],
            "1 when the last read of the canary secret succeeded; via is active_node or load_balancer", isState: true),
        Entry("vault_canary_reads_total", .counter, ["cluster", "via"], "Number of attempted reads"),
        Entry(
            "vault_canary_failures_total", .counter, ["cluster", "via", "reason"],
            "Number of failed reads, with the reasons of vaultwatch_probe_failures_total"),
        Entry(
            "vault_canary_failure", .gauge, ["cluster", "via", "reason"],
            "1, present only while the read fails: denied (by the token's policies), token (there is none that works), not_found, blocked (sent and not answered), audit (500 as when no audit device can be written), storage, sealed, rate_limited (a quota), redirect, no_active_node, connect, tls, http …",
            isState: true),
        Entry(
            "vault_canary_duration_seconds", .histogram, ["cluster", "via"], "Duration of successful reads in seconds"),
        Entry(
            "vault_canary_last_duration_seconds", .gauge, ["cluster", "via"],
            "Duration of the last successful read in seconds"),
        Entry(
            "vault_canary_last_success_timestamp_seconds", .gauge, ["cluster", "via"],
            "Unix time at which a read last succeeded; absent until one did"),
        Entry(
            "vault_token_valid", .gauge, ["cluster"],
            "1 if the agent's own token works, 0 if it could not be obtained or was refused", isState: true),
        Entry(
            "vault_token_failure", .gauge, ["cluster", "reason"],
            "1, present only while there is no token that works: refused (Vault does not know it), login (the AppRole login is refused), configuration (the file cannot be read)",
            isState: true),
        Entry(
            "vault_token_info", .gauge, ["cluster", "source", "type", "renewable"],
            "1; properties of the agent's own token as Vault reports them: source file or approle, type service or batch"
        ),
        Entry(
            "vault_token_expiry_timestamp_seconds", .gauge, ["cluster"],
            "Unix time at which the agent's own token expires unless it is renewed; absent while unknown and for a token that never does"
        ),
        Entry(
            "vault_token_remaining_uses", .gauge, ["cluster"],
            "Requests that the agent's own token allowed when it was last looked up; absent without a limit"),
        Entry("vault_token_renewals_total", .counter, ["cluster"], "Number of times that the agent renewed its token"),
        Entry(
            "vault_token_renewal_failures_total", .counter, ["cluster", "reason"], "Number of renewals that failed"),
        Entry(
            "vault_credential_end_timestamp_seconds", .gauge, ["cluster", "credential"],
            "Unix time at which a credential of the agent expires without a way to renew it: token (from a file, where it can't be renewed past that time), secret_id; absent while unknown and without an end"
        ),
        Entry(
            "vault_credential_life_seconds", .gauge, ["cluster", "credential"],
            "Time from that credential's issue to its expiry"),
        Entry("vault_logins_total", .counter, ["cluster"], "Number of attempted AppRole logins"),
        Entry("vault_login_failures_total", .counter, ["cluster", "reason"], "Number of failed AppRole logins"),
        Entry(
            "vault_secret_id_usable", .gauge, ["cluster"],
            "1 when Vault knows the AppRole's secret id, 0 when it is used up or unknown; absent where the policy does not allow the request",
            isState: true),
        Entry(
            "vault_secret_id_remaining_uses", .gauge, ["cluster"],
            "Logins that the secret id still allows; absent without a limit"),
        Entry(
            "vault_audit_devices", .gauge, ["cluster"],
            "Number of enabled audit devices, 32 at most; absent where the policy does not allow the request"),
        Entry(
            "vault_audit_blocked", .gauge, ["cluster"],
            "1 when neither the canary nor a look-up of the token is answered, as when an audit device blocks; 0 when one is",
            isState: true),
    ]

    private static let loadBalancer: [Entry] = [
        Entry(
            "vault_load_balancer_up", .gauge, ["cluster"],
            "1 when Vault answered sys/health through the load balancer, 0 when there was no answer or the load balancer answered itself",
            isState: true),
        Entry(
            "vault_load_balancer_unreachable", .gauge, ["cluster", "reason"],
            "1, present only while there is no answer at the load balancer's address: dns, connect, unreachable, tls, timeout, hung (it takes connections and does not answer), http, body, reset, other",
            isState: true),
        Entry(
            "vault_load_balancer_reaches_active", .gauge, ["cluster"], "1 when that answer came from an active node",
            isState: true),
        Entry(
            "vault_load_balancer_status", .gauge, ["cluster"], "HTTP status of sys/health through the load balancer",
            isState: true),
        Entry(
            "vault_load_balancer_answers_total", .counter, ["cluster", "state"],
            "Answers through the load balancer by the answering node's state; an answer in a state that it does not accept means that it routes to the wrong node"
        ),
        Entry(
            "vault_load_balancer_same_cluster", .gauge, ["cluster"],
            "1 when the answering node has the cluster id of the nodes, 0 when another; absent while one of them is not known",
            isState: true
        ),
        Entry(
            "vault_load_balancer_accepts", .gauge, ["cluster", "state"],
            "1 for each state of a node to which the load balancer may route, as configured", isState: true),
        Entry(
            "vault_load_balancer_request_duration_seconds", .histogram, ["cluster"],
            "Time to answer sys/health through the load balancer"),
        Entry(
            "vault_load_balancer_certificate_expiry_timestamp_seconds", .gauge, ["cluster"],
            "Unix time of the earliest expiry in the chain that verifies the load balancer's certificate; TLS only"),
        Entry(
            "vault_load_balancer_certificate_lifetime_seconds", .gauge, ["cluster"],
            "Time from the start of the load balancer's certificate's validity to that expiry; TLS only"),
    ]

    private static let vaultTelemetry: [Entry] = [
        Entry("vault_telemetry_up", .gauge, ["cluster", "node"], "1 when sys/metrics could be read", isState: true),
        Entry(
            "vault_telemetry_recognized", .gauge, ["cluster", "node"],
            "1 when the page has gauges that Vault is known to export, whatever host name or prefix stands in their names; absent without a page",
            isState: true),
        Entry(
            "vault_telemetry_request_duration_seconds", .summary, ["cluster", "node"],
            "Requests handled: _sum and _count alone, since Vault's quantiles become NaN"),
        Entry("vault_telemetry_login_duration_seconds", .summary, ["cluster", "node"], "Logins handled"),
        Entry(
            "vault_telemetry_responses_total", .counter, ["cluster", "node", "type"],
            "Responses by class: 2xx, 4xx, 5xx; newer versions"),
        Entry(
            "vault_telemetry_storage_duration_seconds", .summary, ["cluster", "node", "backend", "operation"],
            "Storage operations: backend postgres, raft_storage …; operation get, put, list, delete"),
        Entry(
            "vault_telemetry_barrier_duration_seconds", .summary, ["cluster", "node", "operation"],
            "Operations through the barrier: get, put, list, delete"),
        Entry(
            "vault_telemetry_audit_duration_seconds", .summary, ["cluster", "node", "kind"],
            "Audit entries written: kind request, response"),
        Entry(
            "vault_telemetry_audit_failures_total", .counter, ["cluster", "node", "kind"],
            "Audit entries that could not be written: Vault stops serving when no device works", isState: true),
        Entry(
            "vault_telemetry_audit_device_duration_seconds", .summary, ["cluster", "node", "device", "kind"],
            "Audit entries written by device: kind request, response"),
        Entry("vault_telemetry_leases", .gauge, ["cluster", "node"], "Leases"),
        Entry("vault_telemetry_irrevocable_leases", .gauge, ["cluster", "node"], "Leases that could not be revoked"),
        Entry("vault_telemetry_tokens", .gauge, ["cluster", "node"], "Service tokens, all namespaces"),
        Entry(
            "vault_telemetry_tokens_by_ttl", .gauge, ["cluster", "node", "creation_ttl"],
            "Tokens by the time to live that they were created with; +Inf has none"),
        Entry(
            "vault_telemetry_kv_secrets", .gauge, ["cluster", "node", "mount", "namespace"],
            "Number of secrets by key-value mount"),
        Entry(
            "vault_telemetry_mount_entries", .gauge, ["cluster", "node", "type", "local"], "Entries of the mount tables"
        ),
        Entry(
            "vault_telemetry_mount_table_bytes", .gauge, ["cluster", "node", "type", "local"],
            "Size of the mount tables"),
        Entry(
            "vault_telemetry_leadership_lost_total", .counter, ["cluster", "node"],
            "Times that the node lost leadership", isState: true),
        Entry(
            "vault_telemetry_step_downs_total", .counter, ["cluster", "node"], "Times that the node stepped down",
            isState: true),
        Entry(
            "vault_telemetry_raft_healthy", .gauge, ["cluster", "node"],
            "Integrated storage: 1 when autopilot calls the cluster healthy", isState: true),
        Entry(
            "vault_telemetry_raft_failure_tolerance", .gauge, ["cluster", "node"],
            "Integrated storage: servers that may fail, as autopilot counts", isState: true),
        Entry("vault_telemetry_allocated_bytes", .gauge, ["cluster", "node"], "Heap in use"),
        Entry(
            "vault_telemetry_system_bytes", .gauge, ["cluster", "node"], "Memory taken from the system by Go's runtime"),
        Entry("vault_telemetry_resident_bytes", .gauge, ["cluster", "node"], "Resident memory"),
        Entry("vault_telemetry_goroutines", .gauge, ["cluster", "node"], "Goroutines"),
        Entry("vault_telemetry_open_files", .gauge, ["cluster", "node"], "Open file descriptors"),
        Entry("vault_telemetry_open_files_limit", .gauge, ["cluster", "node"], "File descriptors that may be open"),
    ]

    private static let postgresServer: [Entry] = [
        Entry("postgres_up", .gauge, ["cluster", "server"], "1 when the server answered a query", isState: true),
        Entry(
            "postgres_unreachable", .gauge, ["cluster", "server", "reason"],
            "1, present only while it does not answer: dns, connect, unreachable, tls, timeout, hung (it takes connections and does not answer), reset, auth, configuration, connections, other",
            isState: true),
        Entry(
            "postgres_refusal_info", .gauge, ["cluster", "server", "sql_state", "message"],
            "1, present only while the server, or a pooler in front of it, refuses the agent's connection; message is its error",
            isState: true),
        Entry("postgres_info", .gauge, ["cluster", "server", "version"], "1; the server's version", isState: true),
        Entry("postgres_version_number", .gauge, ["cluster", "server"], "The version as a number, 150018 for 15.18"),
        Entry(
            "postgres_in_recovery", .gauge, ["cluster", "server"], "1 on a replica, 0 on the primary", isState: true),
        Entry(
            "postgres_role_changes_total", .counter, ["cluster", "server"],
            "Times that the server turned from primary to replica or back", isState: true),
        Entry(
            "postgres_timeline", .gauge, ["cluster", "server"],
            "Timeline that a primary writes, or that a replica has received or replayed; each failover begins a new one",
            isState: true),
        Entry(
            "postgres_start_timestamp_seconds", .gauge, ["cluster", "server"], "Unix time at which the server started"),
        Entry("postgres_clock_skew_seconds", .gauge, ["cluster", "server"], "The server's clock minus this machine's"),
        Entry(
            "postgres_certificate_expiry_timestamp_seconds", .gauge, ["cluster", "server"],
            "Unix time of the earliest expiry in the chain that verifies the server's certificate, as seen by the agent's newest connection; without verification the expiry of that certificate alone; absent without TLS"
        ),
        Entry(
            "postgres_certificate_lifetime_seconds", .gauge, ["cluster", "server"],
            "Time from the start of the server's certificate's validity to that expiry"),
        Entry(
            "postgres_query_duration_seconds", .histogram, ["cluster", "server"],
            "Round trip of the first small query of each turn"),
        Entry(
            "postgres_check_success", .gauge, ["cluster", "server", "check"],
            "1 when the check could be made: identity, replication, receiver, sizes, tables, connections, transactions, lock, slots, wraparound, wal, statistics, archiver, archive_queue, checksums, settings, sequences, checkpoints, wal_statistics",
            isState: true
        ),
        Entry(
            "postgres_check_failures_total", .counter, ["cluster", "server", "check", "reason"],
            "Checks that failed: permission, missing, timeout, connection, value, other"),
        Entry("postgres_replicas", .gauge, ["cluster", "server"], "Replicas connected to this server", isState: true),
        Entry(
            "postgres_other_walsenders", .gauge, ["cluster", "server"],
            "Walsenders that serve no replica: logical ones, pg_receivewal"),
        Entry(
            "postgres_synchronous_standbys_wanted", .gauge, ["cluster", "server"],
            "Primary: standbys that must confirm each commit by synchronous_standby_names; 0 when none, or when synchronous_commit waits for none",
            isState: true),
        Entry(
            "postgres_synchronous_standbys", .gauge, ["cluster", "server"],
            "Primary: standbys that confirm commits; below those wanted every write waits. Present where some are wanted, as the next two",
            isState: true),
        Entry(
            "postgres_synchronous_candidates", .gauge, ["cluster", "server"],
            "Primary: the same, together with the standbys that would take the place of one that is lost", isState: true
        ),
        Entry(
            "postgres_synchronous_standbys_named", .gauge, ["cluster", "server"],
            "Primary: names in synchronous_standby_names; absent where * stands for all"),
        Entry(
            "postgres_replication_info", .gauge, ["cluster", "server", "replica", "state", "sync_state", "address"],
            "1; a connected replica: state streaming, catchup, startup, stopping; sync_state async, sync, quorum, potential",
            isState: true
        ),
        Entry(
            "postgres_replication_streaming", .gauge, ["cluster", "server", "replica"],
            "1 when the replica streams; absent when it is not connected", isState: true),
        Entry(
            "postgres_replication_lag_bytes", .gauge, ["cluster", "server", "replica", "stage"],
            "Write-ahead log that has not yet reached a stage at the replica: sent, written, flushed, replayed"),
        Entry(
            "postgres_replication_lag_seconds", .gauge, ["cluster", "server", "replica"],
            "Replay lag seen from this server: 0 when idle and nothing is behind; at least the age of the last reply while bytes are behind"
        ),
        Entry(
            "postgres_replication_reply_age_seconds", .gauge, ["cluster", "server", "replica"],
            "Age of the replica's last reply"),
        Entry(
            "postgres_receiver_streaming", .gauge, ["cluster", "server"],
            "Replica: 1 when its WAL receiver streams, 0 when it does not or there is none", isState: true),
        Entry(
            "postgres_receiver_info", .gauge, ["cluster", "server", "status", "sender"],
            "1; the replica's WAL receiver", isState: true
        ),
        Entry(
            "postgres_receiver_last_message_age_seconds", .gauge, ["cluster", "server"],
            "Replica: age of the last message from the primary"),
        Entry(
            "postgres_replica_lag_seconds", .gauge, ["cluster", "server"],
            "Replica: 0 only if it streams, its last message is fresh and it has replayed all that the primary wrote; else the age of the last replayed transaction"
        ),
        Entry(
            "postgres_replica_lag_bytes", .gauge, ["cluster", "server"],
            "Replica: the primary's position minus the replayed one; absent when the primary's is not known"),
        Entry(
            "postgres_replica_unreplayed_bytes", .gauge, ["cluster", "server"],
            "Replica: write-ahead log that is received and not yet replayed"
        ),
        Entry(
            "postgres_replica_last_replay_timestamp_seconds", .gauge, ["cluster", "server"],
            "Replica: commit time of the last replayed transaction"),
        Entry(
            "postgres_replica_last_sync_timestamp_seconds", .gauge, ["cluster", "server"],
            "Replica: Unix time at which it was last seen without lag; absent until then"),
        Entry(
            "postgres_replica_replay_paused", .gauge, ["cluster", "server"], "Replica: 1 when replay is paused",
            isState: true),
        Entry(
            "postgres_replica_apply_delay_seconds", .gauge, ["cluster", "server"],
            "Replica: recovery_min_apply_delay, which its lag includes"),
        Entry(
            "postgres_replica_archive_fed", .gauge, ["cluster", "server"],
            "Replica: 1 when it has no primary_conninfo and reads from an archive alone"),
        Entry(
            "postgres_wal_position_bytes", .gauge, ["cluster", "server"],
            "Position in the write-ahead log: written on a primary, replayed on a replica"),
        Entry("postgres_wal_directory_bytes", .gauge, ["cluster", "server"], "Size of pg_wal"),
        Entry(
            "postgres_wal_generated_bytes_total", .counter, ["cluster", "server"],
            "Write-ahead log written (from PostgreSQL 14, as the next six)"),
        Entry(
            "postgres_wal_records_total", .counter, ["cluster", "server"],
            "Number of WAL records written"),
        Entry(
            "postgres_wal_full_page_images_total", .counter, ["cluster", "server"],
            "Full page images written to the write-ahead log, as for the first change of a page after a checkpoint"),
        Entry(
            "postgres_wal_buffers_full_total", .counter, ["cluster", "server"],
            "Number of times that WAL buffers were written to disk because they were full"),
        Entry(
            "postgres_wal_writes_total", .counter, ["cluster", "server"],
            "Number of times that WAL buffers were written out"),
        Entry(
            "postgres_wal_syncs_total", .counter, ["cluster", "server"],
            "Number of times that WAL files were synced to disk"),
        Entry(
            "postgres_wal_sync_seconds_total", .counter, ["cluster", "server"],
            "Time spent syncing; 0 while track_wal_io_timing is off"),
        Entry(
            "postgres_checkpoints_total", .counter, ["cluster", "server", "cause"],
            "Checkpoints: timed, or requested because max_wal_size was reached or by a command"),
        Entry(
            "postgres_checkpoint_seconds_total", .counter, ["cluster", "server", "phase"],
            "Time that checkpoints took: write, sync"),
        Entry(
            "postgres_database_size_bytes", .gauge, ["cluster", "server", "database"], "Size of the connected database"),
        Entry(
            "postgres_databases_unmeasured", .gauge, ["cluster", "server"],
            "Databases whose size the role may not ask for: neither CONNECT nor pg_read_all_stats, which pg_monitor has"
        ),
        Entry(
            "postgres_table_size_bytes", .gauge, ["cluster", "server", "table"],
            "Size of Vault's tables with indexes and TOAST"),
        Entry("postgres_table_live_rows", .gauge, ["cluster", "server", "table"], "Live rows, estimated"),
        Entry("postgres_table_dead_rows", .gauge, ["cluster", "server", "table"], "Dead rows, estimated"),
        Entry(
            "postgres_table_last_vacuum_timestamp_seconds", .gauge, ["cluster", "server", "table"],
            "Unix time at which the table was last vacuumed; absent on a replica and when never"),
        Entry(
            "postgres_table_transaction_id_age", .gauge, ["cluster", "server", "table"],
            "Age of the table's oldest transaction id, with its TOAST table's"),
        Entry(
            "postgres_sequence_used_ratio", .gauge, ["cluster", "server", "sequence"],
            "Used part of a sequence of the connected database that does not begin anew, 0 to 1; the 20 fullest that the role may read"
        ),
        Entry(
            "postgres_storage_used_bytes", .gauge, ["cluster", "server"],
            "Storage in use: of the file system, or all databases and the write-ahead log against a configured capacity"
        ),
        Entry(
            "postgres_storage_capacity_bytes", .gauge, ["cluster", "server"],
            "Capacity of the storage: of the file system or as configured; absent when neither is known"),
        Entry(
            "postgres_storage_used_ratio", .gauge, ["cluster", "server"], "Used storage divided by capacity, 0 to 1"),
        Entry(
            "postgres_connections", .gauge, ["cluster", "server", "state"],
            "Client connections: active, idle, idle_in_transaction, other"),
        Entry("postgres_connections_used", .gauge, ["cluster", "server"], "Client connections, all states"),
        Entry(
            "postgres_connections_limit", .gauge, ["cluster", "server"],
            "max_connections minus those reserved for superusers"),
        Entry(
            "postgres_connections_used_ratio", .gauge, ["cluster", "server"],
            "Client connections divided by that limit, 0 to 1"),
        Entry(
            "postgres_longest_transaction_seconds", .gauge, ["cluster", "server"],
            "Age of the oldest open transaction of another client, 0 when there is none"),
        Entry("postgres_waiting_sessions", .gauge, ["cluster", "server"], "Number of sessions waiting for a lock"),
        Entry(
            "postgres_replication_slot_active", .gauge, ["cluster", "server", "slot"], "1 when the slot is in use",
            isState: true),
        Entry(
            "postgres_replication_slot_info", .gauge, ["cluster", "server", "slot", "type", "wal_status"],
            "1; wal_status reserved, extended, unreserved, lost (from PostgreSQL 13)", isState: true),
        Entry(
            "postgres_replication_slot_retained_bytes", .gauge, ["cluster", "server", "slot"],
            "Write-ahead log retained for the slot"),
        Entry(
            "postgres_replication_slot_safe_bytes", .gauge, ["cluster", "server", "slot"],
            "Write-ahead log that may still be written before the slot is lost (from PostgreSQL 13, where a limit is set)"
        ),
        Entry(
            "postgres_replication_slot_synced", .gauge, ["cluster", "server", "slot"],
            "1 on a replica when the slot is kept in step with the primary's (from PostgreSQL 17)"),
        Entry(
            "postgres_replication_slot_invalid", .gauge, ["cluster", "server", "slot", "reason"],
            "1, present only when the slot can no longer be used: conflicting (PostgreSQL 16), wal_removed, rows_removed, wal_level_insufficient, idle_timeout",
            isState: true),
        Entry(
            "postgres_archiving", .gauge, ["cluster", "server"],
            "1 when the server archives its write-ahead log", isState: true),
        Entry(
            "postgres_archived_segments_total", .counter, ["cluster", "server"],
            "Files archived"),
        Entry(
            "postgres_archive_failures_total", .counter, ["cluster", "server"],
            "Attempts to archive that failed"),
        Entry(
            "postgres_last_archived_timestamp_seconds", .gauge, ["cluster", "server"],
            "Unix time at which a file was last archived; 0 when never"),
        Entry(
            "postgres_last_archive_failure_timestamp_seconds", .gauge, ["cluster", "server"],
            "Unix time at which archiving last failed; 0 when never"),
        Entry(
            "postgres_archive_waiting_segments", .gauge, ["cluster", "server"],
            "Number of WAL files waiting to be archived (from PostgreSQL 12)"),
        Entry(
            "postgres_archive_oldest_waiting_seconds", .gauge, ["cluster", "server"],
            "Time that the oldest of them has been waiting"),
        Entry(
            "postgres_transaction_id_age", .gauge, ["cluster", "server"],
            "Largest age of a database's oldest transaction id; the server stops at about 2.1 billion"),
        Entry(
            "postgres_multixact_id_age", .gauge, ["cluster", "server"],
            "Largest age of a database's oldest multixact id"),
        Entry(
            "postgres_transactions_total", .counter, ["cluster", "server", "outcome"],
            "Transactions of the connected database: commit, rollback"),
        Entry(
            "postgres_blocks_total", .counter, ["cluster", "server", "source"],
            "Blocks read by the connected database: cache, disk"),
        Entry("postgres_deadlocks_total", .counter, ["cluster", "server"], "Deadlocks in the connected database"),
        Entry(
            "postgres_temporary_bytes_total", .counter, ["cluster", "server"],
            "Temporary files written by the connected database"),
        Entry(
            "postgres_checksum_failures_total", .counter, ["cluster", "server"],
            "Pages whose checksum was wrong, all databases; absent when checksums are off (from PostgreSQL 12)"),
        Entry(
            "postgres_setting_info", .gauge, ["cluster", "server", "setting", "value"],
            "1; a setting that decides what a crash or a failover costs, as the watcher's role sees it: archive_mode, autovacuum, fsync, full_page_writes, hot_standby, max_connections, max_slot_wal_keep_size, max_wal_senders, max_wal_size, ssl, synchronous_commit, synchronous_standby_names, wal_level"
        ),
        Entry(
            "postgres_setting_changed_timestamp_seconds", .gauge, ["cluster", "server", "setting"],
            "Unix time at which one of them was seen to change; absent when it has not since the watcher started"),
        Entry(
            "postgres_setting_pending_restart", .gauge, ["cluster", "server", "setting"],
            "1, present only while a changed setting waits for a restart of the server"),
    ]

    private static let haLock: [Entry] = [
        Entry(
            "vault_ha_lock_state", .gauge, ["cluster", "server", "state"],
            "1 for the state of the lock, 0 for the others: held, expired (its holder crashed or hangs), absent (released)",
            isState: true
        ),
        Entry(
            "vault_ha_lock_remaining_seconds", .gauge, ["cluster", "server"],
            "Time left until the lock ends, by the database's clock; negative when it has expired, absent without a lock"
        ),
        Entry(
            "vault_ha_lock_owner_changes_total", .counter, ["cluster", "server"],
            "Number of times that another holder acquired the lock: elections as the database sees them", isState: true),
    ]

    private static let postgresCluster: [Entry] = [
        Entry("postgres_cluster_servers", .gauge, ["cluster"], "Number of configured servers", isState: true),
        Entry("postgres_cluster_servers_up", .gauge, ["cluster"], "Servers that answer", isState: true),
        Entry(
            "postgres_cluster_primaries", .gauge, ["cluster"],
            "Number of servers not in recovery: 1 is normal, 0 means no writes, 2 a split brain", isState: true),
        Entry(
            "postgres_cluster_primary_info", .gauge, ["cluster", "server"], "1 for each server not in recovery",
            isState: true),
        Entry(
            "postgres_cluster_expected_replicas", .gauge, ["cluster"],
            "Number of expected replicas: as configured, else all servers but one", isState: true),
        Entry(
            "postgres_cluster_streaming_replicas", .gauge, ["cluster"],
            "Replicas that stream, as the primary sees them", isState: true
        ),
    ]

    private static let backupSet: [Entry] = [
        Entry("backup_listing_success", .gauge, ["backup_set"], "1 when the set could be listed", isState: true),
        Entry(
            "backup_listing_failure", .gauge, ["backup_set", "reason"], "1, present only while the listing fails",
            isState: true),
        Entry(
            "backup_listing_truncated", .gauge, ["backup_set"],
            "1 if the listing exceeded its limit and is incomplete", isState: true),
        Entry(
            "backup_objects", .gauge, ["backup_set"], "Objects below the set's prefix that are backups by their key",
            isState: true),
        Entry("backup_total_size_bytes", .gauge, ["backup_set"], "Total size of these backups"),
        Entry(
            "backup_unrecognized_objects", .gauge, ["backup_set"],
            "Objects below the prefix whose key has no known form", isState: true),
        Entry("backup_empty_objects", .gauge, ["backup_set"], "Backups of size 0", isState: true),
        Entry(
            "backup_future_objects", .gauge, ["backup_set"], "Backups whose key is dated in the future", isState: true),
        Entry(
            "backup_newest_timestamp_seconds", .gauge, ["backup_set"],
            "Time in the newest backup's key, of the set or of a prefix that covers it, future ones left aside; absent without a backup"
        ),
        Entry(
            "backup_newest_uploaded_timestamp_seconds", .gauge, ["backup_set"],
            "Unix time at which the store says that the set's own newest backup was written"),
        Entry("backup_newest_age_seconds", .gauge, ["backup_set"], "Age of the newest backup, by the time in its key"),
        Entry("backup_newest_size_bytes", .gauge, ["backup_set"], "Its size"),
        Entry("backup_newest_info", .gauge, ["backup_set", "key"], "1; its key", isState: true),
        Entry("backup_oldest_timestamp_seconds", .gauge, ["backup_set"], "Time in the oldest backup's key"),
        Entry(
            "backup_median_size_bytes", .gauge, ["backup_set"],
            "Median size of the set's other backups; absent with fewer than three"),
        Entry("backup_newest_size_ratio", .gauge, ["backup_set"], "The newest backup's size over that median"),
        Entry(
            "backup_periods_expected", .gauge, ["backup_set"], "Backups that retention should keep: 30 days, 12 months"
        ),
        Entry(
            "backup_periods_tolerated", .gauge, ["backup_set"],
            "One less than expected: retention that counts months as 30 days, or deletes by upload time, leaves one less on some days"
        ),
        Entry(
            "backup_periods_covered", .gauge, ["backup_set"],
            "Periods with a backup, the current one included; a monthly backup covers the day it was made",
            isState: true),
        Entry(
            "backup_missing_periods", .gauge, ["backup_set", "period"],
            "Periods (hour, day, week, month; run where it is another) without a backup between the oldest one and now, after the time due and the grace; all expected when there is none",
            isState: true
        ),
        Entry(
            "backup_missing_info", .gauge, ["backup_set", "date"],
            "1 for each missing period, the newest 31 at most: 2025-11-26, 2025-11 or the time due, 2025-11-26T02:30Z",
            isState: true),
        Entry(
            "backup_late", .gauge, ["backup_set"], "1 when the newest period that is due has no backup", isState: true),
        Entry("backup_due_timestamp_seconds", .gauge, ["backup_set"], "Unix time at which the next backup is due"),
        Entry(
            "backup_allowed_age_seconds", .gauge, ["backup_set"],
            "The age that the newest backup may have now: the time from one to the next by the schedule, and its grace"),
        Entry(
            "backup_awaiting_first", .gauge, ["backup_set"],
            "1 while the set has no backup since its first scheduled time, after it was first watched, and the grace are not over",
            isState: true),
        Entry(
            "backup_interval_seconds", .gauge, ["backup_set"],
            "Longest time between two backups that are made in time: a day, 31 days, or what the schedule has"),
        Entry(
            "backup_set_info", .gauge, ["backup_set", "bucket", "endpoint", "prefix", "period", "schedule"],
            "1; where the set lies and when its backups are due, as the configuration says; endpoint is empty for Amazon's own",
            isState: true),
        Entry(
            "backup_overdue_objects", .gauge, ["backup_set"],
            "Backups that retention should have deleted, a day of slack granted", isState: true),
        Entry(
            "backup_last_copy_expiry_timestamp_seconds", .gauge, ["backup_set"],
            "Unix time at which retention deletes the newest backup if no other is made, which leaves none"),
        Entry(
            "backup_metadata_read", .gauge, ["backup_set"], "1 when the newest backup's metadata could be read",
            isState: true),
        Entry(
            "backup_metadata_present", .gauge, ["backup_set", "field"],
            "1 when the newest backup has the field: checksum, timestamp, vault_version", isState: true),
        Entry(
            "backup_metadata_valid", .gauge, ["backup_set", "field"],
            "1 when the field has its form: 64 hex digits, a time that agrees with the key within a day, a version; absent without the field",
            isState: true
        ),
        Entry(
            "backup_claims_snapshot", .gauge, ["backup_set"],
            "1 when the newest backup's name says that it is a snapshot, which a storage other than raft can't give",
            isState: true),
        Entry(
            "backup_deleted_info", .gauge, ["backup_set", "bucket", "key"],
            "1, present only while the newest backup is missing and a newer one was deleted in a bucket with versioning: its key, of which an older version exists",
            isState: true),
        Entry("backup_deleted_timestamp_seconds", .gauge, ["backup_set"], "Unix time at which that backup was deleted"),
    ]

    private static let backupContent: [Entry] = [
        Entry(
            "backup_checksum_valid", .gauge, ["backup_set"],
            "1 when the SHA-256 of the newest backup's bytes is the one in its metadata; absent until it was read, and without that metadata",
            isState: true
        ),
        Entry(
            "backup_encryption_valid", .gauge, ["backup_set"],
            "1 when the newest backup decrypts with one of the keys that are configured and its AES-256-GCM tag holds; absent until it was read, and without a key",
            isState: true
        ),
        Entry(
            "backup_encryption_key_index", .gauge, ["backup_set"],
            "Which key opens the newest backup: 0 is the first of the configuration; absent where none does",
            isState: true),
        Entry(
            "backup_content_valid", .gauge, ["backup_set"],
            "1 when the newest backup holds a whole snapshot or dump with Vault's table; absent until it was read, and where its format is not one that is checked",
            isState: true),
        Entry(
            "backup_content_info", .gauge, ["backup_set", "format"],
            "1; what the newest backup holds: raft_snapshot, postgresql_custom, postgresql_tar, postgresql_sql, postgresql_base, tar, gzip, compressed, encrypted, unknown or none; absent where it cannot be decrypted",
            isState: true),
        Entry(
            "backup_content_failure", .gauge, ["backup_set", "reason"],
            "1, present only while the newest backup holds what cannot be restored: empty, too_small, zeros, html, xml, json, text, truncated, corrupt, bomb, members, sums, no_vault_table or empty_table",
            isState: true),
        Entry(
            "backup_archived", .gauge, ["backup_set"],
            "1 when the newest backup lies in an archive storage class, which can be read only hours after a restore is asked for",
            isState: true
        ),
        Entry(
            "backup_verified_timestamp_seconds", .gauge, ["backup_set"],
            "Unix time at which the newest backup was read whole; absent until it was"),
        Entry("backup_verified_size_bytes", .gauge, ["backup_set"], "Number of bytes read for that verification"),
        Entry("backup_verification_duration_seconds", .gauge, ["backup_set"], "Duration of that verification"),
    ]

    private static let bucket: [Entry] = [
        Entry(
            "bucket_versioning_enabled", .gauge, ["bucket"],
            "1 when a deleted or overwritten object keeps its older version; absent, as all facts about a bucket, where it is not known",
            isState: true),
        Entry(
            "bucket_mfa_delete_enabled", .gauge, ["bucket"], "1 when deleting a version takes a second factor",
            isState: true),
        Entry(
            "bucket_object_lock_enabled", .gauge, ["bucket"], "1 when versions can be locked against deletion",
            isState: true),
        Entry(
            "bucket_object_lock_retention_seconds", .gauge, ["bucket", "mode"],
            "Default retention: how long new versions are locked unless the request says otherwise, in mode GOVERNANCE, which some users may bypass, or COMPLIANCE; absent without one",
            isState: true),
        Entry(
            "bucket_encryption_enabled", .gauge, ["bucket"],
            "1 when the bucket encrypts new objects by default", isState: true),
        Entry(
            "bucket_public_access_blocked", .gauge, ["bucket"], "1 when all four blocks of public access are on",
            isState: true),
        Entry("bucket_policy_public", .gauge, ["bucket"], "1 when the bucket's policy makes it public", isState: true),
        Entry(
            "bucket_multipart_abort_enabled", .gauge, ["bucket"],
            "1 when a lifecycle rule aborts incomplete multipart uploads", isState: true),
        Entry(
            "bucket_facts_timestamp_seconds", .gauge, ["bucket"],
            "Unix time at which these facts were last requested, which happens once an hour"),
        Entry(
            "backup_lifecycle_expiration_seconds", .gauge, ["backup_set"],
            "Age at which a lifecycle rule of the bucket deletes the set's objects; absent without such a rule",
            isState: true),
        Entry(
            "backup_retention_seconds", .gauge, ["backup_set"],
            "Age up to which retention keeps the set's objects; a month counts as 30 days"),
    ]

    private static let records: [Entry] = [
        Entry("records_readable", .gauge, ["file"], "1 when the record file could be read", isState: true),
        Entry(
            "records_future_events", .gauge, [],
            "Number of events in the record files that are dated in the future; they do not count", isState: true),
        Entry(
            "records_unreadable_lines", .gauge, [],
            "Number of lines in the record files that are not JSON objects with an event and a time", isState: true),
        Entry(
            "backup_run_last_success_timestamp_seconds", .gauge, [],
            "Unix time at which a backup run last recorded success; absent until one has", isState: true),
        Entry(
            "backup_run_last_failure_timestamp_seconds", .gauge, [],
            "Unix time at which a backup run last recorded a failure", isState: true),
        Entry(
            "restore_test_last_success_timestamp_seconds", .gauge, [],
            "Unix time at which a backup was last restored as a test; absent until one was", isState: true),
        Entry(
            "restore_test_last_failure_timestamp_seconds", .gauge, [], "Unix time at which such a test last failed",
            isState: true),
        Entry(
            "restore_test_last_duration_seconds", .gauge, [],
            "How long the last restore test that succeeded took; absent where its record does not say"),
        Entry(
            "restore_test_last_phase_seconds", .gauge, ["phase"],
            "How long each phase of that test took; vaultwatch restore-test records them"),
        Entry(
            "restore_test_last_backup_age_seconds", .gauge, [],
            "The age of the backup when it was tested: what would have been lost"),
        Entry(
            "drill_last_success_timestamp_seconds", .gauge, ["scenario"],
            "Unix time at which a drill of the scenario was last passed", isState: true
        ),
        Entry(
            "drill_last_failure_timestamp_seconds", .gauge, ["scenario"],
            "Unix time at which a drill of the scenario last failed",
            isState: true),
        Entry("drill_last_duration_seconds", .gauge, ["scenario"], "How long the scenario's last drill took"),
        Entry(
            "drill_last_page_seconds", .gauge, ["scenario"],
            "From that drill's fault to the first message that a receiver accepted; vaultwatch drill records it"),
        Entry(
            "drill_last_data_loss_seconds", .gauge, ["scenario"],
            "The age of what a restore would have brought back at that fault: changes that are lost"),
        Entry(
            "drill_last_recovery_time_met", .gauge, ["scenario"], "1 when that drill met its recovery time objective",
            isState: true),
        Entry(
            "drill_last_issues", .gauge, ["scenario"], "Number of issues that the scenario's last drill found",
            isState: true),
    ]

    private static let postgresBackup: [Entry] = [
        Entry(
            "postgres_backup_readable", .gauge, ["backup", "cluster", "tool"],
            "1 when the tool's output could be read and parsed", isState: true),
        Entry(
            "postgres_backup_info", .gauge, ["backup", "cluster", "tool", "file", "stanza"],
            "1; the file with the tool's output, and pgBackRest's stanza or Barman's server"),
        Entry(
            "postgres_backup_file_modified_timestamp_seconds", .gauge, ["backup", "cluster", "tool"],
            "Unix time at which the file was last modified, the older one of two: its content is as old"),
        Entry(
            "postgres_backup_file_max_age_seconds", .gauge, ["backup", "cluster", "tool"],
            "Age above which the file is stale, from the configuration"),
        Entry(
            "postgres_backup_max_age_seconds", .gauge, ["backup", "cluster", "tool"],
            "Age above which the newest backup is overdue, from the configuration"),
        Entry(
            "postgres_backup_full_max_age_seconds", .gauge, ["backup", "cluster", "tool"],
            "Age above which the newest full backup is overdue; absent where none is configured"),
        Entry(
            "postgres_backup_last_success_timestamp_seconds", .gauge, ["backup", "cluster", "tool", "type"],
            "Unix time at which the newest good backup of a type ended: full, diff, incr (pgBackRest), delta (WAL-G), incremental (Barman), other; absent until there is one",
            isState: true),
        Entry(
            "postgres_backup_last_success_size_bytes", .gauge, ["backup", "cluster", "tool", "type"],
            "Size of the database in that backup, uncompressed; with Barman of the backup and the WAL that it needs"),
        Entry(
            "postgres_backup_error", .gauge, ["backup", "cluster", "tool", "reason", "message"],
            "1, present only while the tool says so: status (pgBackRest's stanza is not ok), damaged (errors in the newest backup), failed (Barman's newest backup), check (barman check), message (an error of the tool), future (backups dated in the future do not count)",
            isState: true),
        Entry(
            "postgres_backup_archive_position_bytes", .gauge, ["backup", "cluster", "tool"],
            "pgBackRest: end of the newest segment in the WAL archive, as postgres_wal_position_bytes counts"),
    ]

    private static let auditLog: [Entry] = [
        Entry(
            "vault_audit_log_readable", .gauge, ["cluster", "node"],
            "1 when every audit log of the node that is there could be read; a node that was never active has none",
            isState: true),
        Entry(
            "vault_audit_followed_files", .gauge, ["cluster", "node"],
            "Number of files that are read: the logs, and renamed ones that Vault may still write to"),
        Entry(
            "vault_audit_behind_bytes", .gauge, ["cluster", "node"],
            "Number of bytes in these files that have not been read yet"),
        Entry(
            "vault_audit_newest_timestamp_seconds", .gauge, ["cluster", "node"],
            "Time of the newest entry that has been read; absent until there is one"),
        Entry(
            "vault_audit_lines_total", .counter, ["cluster", "node"],
            "Number of lines that have been read"),
        Entry(
            "vault_audit_unreadable_lines_total", .counter, ["cluster", "node", "reason"],
            "Lines without a whole entry: cut (as by a full disk), form (no audit entry in JSON), oversized (over 4 MiB)"
        ),
        Entry(
            "vault_audit_rotations_total", .counter, ["cluster", "node"],
            "Number of times that a log was replaced by another file"),
        Entry(
            "vault_audit_truncations_total", .counter, ["cluster", "node"],
            "Number of times that a log was emptied in place (copytruncate), or overwritten"),
        Entry(
            "vault_audit_gaps_total", .counter, ["cluster", "node"],
            "Number of times that part of a log was gone before it was read"),
        Entry(
            "vault_audit_events_total", .counter, ["cluster", "node", "kind"],
            "Events by kind, responses alone, but for seal and step_down, which have none; what is excluded is left out: root_token_use, token_without_end, token_created, audit_device_disabled, audit_device_enabled, policy_changed, auth_method_changed, mount_changed, seal, step_down, root_generation, key_rotated, secret_id_created, snapshot, raw_storage, capabilities_asked, denied (by a policy), token_unknown, token_missing, login, login_failed, secret_read, secret_list, secret_write, secret_delete, not_found, other"
        ),
        Entry(
            "vault_audit_event_timestamp_seconds", .gauge, ["cluster", "node", "kind"],
            "Time of the last event of an alarming kind, or of a refusal; absent until there is one", isState: true),
        Entry(
            "vault_audit_event_info", .gauge,
            ["cluster", "node", "kind", "display_name", "entity_id", "remote_address", "path"],
            "1; who caused that last event, from where, and its path below sys/ or auth/, never a secret's"),
        Entry(
            "vault_audit_listed_reads_total", .counter, ["cluster", "node", "path"],
            "Reads of a secret whose path is listed in the configuration"),
        Entry(
            "vault_audit_client_secrets", .gauge, ["cluster", "node"],
            "The most different secrets that one client (an entity, else a token) has read within 10 minutes; 4096 at most"
        ),
        Entry(
            "vault_audit_client_reads", .gauge, ["cluster", "node"],
            "Number of reads of that client in these minutes"),
        Entry(
            "vault_audit_client_tenants", .gauge, ["cluster", "node"],
            "Number of tenants whose secrets these are, by the pattern in the configuration; absent without one"),
        Entry(
            "vault_audit_client_info", .gauge, ["cluster", "node", "display_name", "entity_id", "remote_address"],
            "1; which client that is; absent while none reads"),
        Entry(
            "vault_audit_client_secrets_limit", .gauge, ["cluster", "node"],
            "Number of different secrets above which that is a mass read, from the configuration"),
    ]

    /// Every metric that the probes emit, in the order of the table.
    package static let entries: [Entry] = [
        everyTarget, vaultNode, vaultCluster, vaultFacts, canary, loadBalancer, vaultTelemetry, postgresServer, haLock,
        postgresCluster, backupSet, backupContent, bucket, records,
        postgresBackup, auditLog, services,
    ].flatMap { $0 }
}
