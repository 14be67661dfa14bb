package import Samples
import Transport

/// Something that is probed, by its kind and its name in the configuration.
package struct ProbeTarget: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The values of the label `target_type`.
    package enum Kind: String, Sendable, CaseIterable {
        /// Health, seal status and leader of one Vault node.
        case vaultNode = "vault_node"
        /// sys/metrics of one Vault node.
        case vaultTelemetry = "vault_telemetry"
        /// Slowly changing facts about a Vault cluster: replication, rekeying, seal backends, licence.
        case vaultFacts = "vault_facts"
        /// A read of the canary secret.
        case vaultCanary = "vault_canary"
        /// sys/health through the load balancer.
        case vaultLoadBalancer = "vault_load_balancer"
        /// One PostgreSQL server.
        case postgres
        /// The listing of one set of backups.
        case backupSet = "backup_set"
        /// The content of the newest backup of a set.
        case backupContent = "backup_content"
        /// How a bucket is protected.
        case bucket
        /// The record files of backup runs, restore tests and drills.
        case records
        /// A backup tool's report about the backups of a PostgreSQL cluster.
        case postgresBackup = "postgres_backup"
        /// The audit logs of one Vault node.
        case auditLog = "audit_log"
        /// What a service answers: mail submission, HTTP, TCP or the DNS.
        case service
        /// A test mail through a service, which must come back.
        case serviceMail = "service_mail"
        /// Derived from the nodes of one Vault cluster; never probed itself.
        case vaultCluster = "vault_cluster"
        /// Derived from the PostgreSQL servers of one cluster; never probed itself.
        case postgresCluster = "postgres_cluster"
    }

    /// The kind of target.
    package let kind: Kind
    /// Whether the start waits for its first probe. Fully reading a backup may take an hour, slowly changing facts are
    /// rarely requested, and the first turn of a test mail sends none.
    package var isAwaited: Bool { ![.backupContent, .vaultFacts, .bucket, .serviceMail].contains(kind) }
    /// `cluster/node` for targets that belong to a cluster, otherwise the name of the set.
    package let name: String

    /// A target by kind and name.
    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    /// `vault_node main/vault-1`.
    package var description: String { "\(kind.rawValue) \(name)" }

    /// Orders by kind, then by name.
    package static func < (a: ProbeTarget, b: ProbeTarget) -> Bool {
        a.kind == b.kind ? a.name < b.name : a.kind.rawValue < b.kind.rawValue
    }
}

/// Why a probe failed: a reason from a fixed set for the metric, and a message without secrets for the log.
package struct ProbeFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// One of the reasons that the help of `vaultwatch_probe_failures_total` lists.
    package let reason: String
    /// What went wrong; contains no secrets.
    package let message: String

    /// A failure with its reason and message.
    package init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// `timeout: no answer within 5s`.
    package var description: String { "\(reason): \(message)" }
}

/// The result of one run of a probe.
struct ProbeReport: Sendable {
    var samples: [Sample]
    var failure: ProbeFailure?
    var status: TargetStatus
    /// Results about whole clusters, each under its own target.
    var derived: [DerivedReport] = []
    /// Targets to probe again at once, since a change may affect them too.
    var confirm: [ProbeTarget] = []

    /// Whether the run came too late to ask, so that it says nothing about the target.
    var isNotBegun: Bool { failure?.reason == TransportError.Reason.notBegun.rawValue }
}

/// A result derived from the observations of several targets.
struct DerivedReport: Sendable {
    var target: ProbeTarget
    /// Number of observations that it is derived from; of two reports about a target the one with more is newer.
    var version: UInt64
    var samples: [Sample]
    var status: TargetStatus
}

/// A target with the timing of its probes.
package protocol Probe: Sendable {
    /// The target.
    var target: ProbeTarget { get }
    /// Time from one turn to the next.
    var interval: Duration { get }
    /// Time after which a run is abandoned; the timeouts of its requests are shorter.
    var timeout: Duration { get }
}

/// A probe that the schedule can run.
protocol RunnableProbe: Probe {
    /// Probes the target once. Failures are part of the report.
    func run() async -> ProbeReport
    /// Whether `glance` is of use for this target.
    var canGlance: Bool { get }
    /// A cheap question between two turns, for a state whose change nothing else tells.
    /// - Returns: the report of a whole run if the target has changed; nil if it is as it was.
    func glance() async -> ProbeReport?
    /// The report of a run that has overrun its timeout.
    func timedOut() -> ProbeReport
    /// Called after its last run: releases the resources that it holds at the target.
    func close() async
    /// The thread of its transport, for probes that make short requests and compute next to nothing; nil, the default,
    /// is Swift's pool, where a long answer delays no other target.
    var executor: (any TaskExecutor)? { get }
}

extension RunnableProbe {
    var canGlance: Bool { false }
    func glance() async -> ProbeReport? { nil }
    var executor: (any TaskExecutor)? { nil }
    func close() async {}
}

/// The published result of one run of a probe.
package struct ProbeResult: Sendable {
    /// What was probed.
    package var target: ProbeTarget
    /// All current samples of the target: a series of an earlier result that is missing here has ended.
    package var samples: [Sample]
    /// Whether the result is derived from several targets; then it has no success, duration or failure of its own.
    package var isDerived = false
    /// Why the probe failed; nil when it succeeded.
    package var failure: ProbeFailure?
    /// How long the run took.
    package var duration: Duration = .zero
    /// The target's state for display.
    package var status: TargetStatus
    /// When the run ended, which is the time of all samples.
    package var timestamp: Timestamp

    /// Whether the probe got an answer that it could parse.
    package var success: Bool { failure == nil }

    /// Sets the time of the result and of all samples.
    package mutating func restamp(_ time: Timestamp) {
        timestamp = time
        for index in samples.indices { samples[index].timestamp = time }
    }
}
