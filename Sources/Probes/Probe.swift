import Samples

/// What is probed: its kind and its name in the configuration.
package struct ProbeTarget: Hashable, Sendable, Comparable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        case vaultNode = "vault_node"
        case vaultTelemetry = "vault_telemetry"
        case vaultCanary = "vault_canary"
        case vaultLoadBalancer = "vault_load_balancer"
        case postgres
        case backupSet = "backup_set"
        /// The newest backup of a set, read whole.
        case backupContent = "backup_content"
        /// Files that tell of backup runs, restore tests and drills.
        case records
        /// Derived from the targets of one cluster; never probed by itself.
        case vaultCluster = "vault_cluster"
        case postgresCluster = "postgres_cluster"
    }

    package let kind: Kind
    /// `cluster/node` for what belongs to a Vault cluster and a database server, else the set's name.
    package let name: String

    package init(_ kind: Kind, _ name: String) {
        self.kind = kind
        self.name = name
    }

    package var description: String { "\(kind.rawValue) \(name)" }

    package static func < (a: ProbeTarget, b: ProbeTarget) -> Bool {
        a.kind == b.kind ? a.name < b.name : a.kind.rawValue < b.kind.rawValue
    }
}

/// Why a probe failed: a bounded reason for the metric, words without secrets for the log.
package struct ProbeFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// One of the words in the table of `vaultwatch_probe_failures_total`.
    package let reason: String
    package let message: String

    package init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }

    package var description: String { "\(reason): \(message)" }
}

/// What one run of a probe gave.
struct ProbeReport: Sendable {
    var samples: [Sample]
    var failure: ProbeFailure?
    var status: TargetStatus
    /// Facts about a whole cluster, each under a target of its own.
    var derived: [DerivedReport] = []
    /// Targets that should be looked at again now: something changed that they have a part in.
    var confirm: [ProbeTarget] = []
}

/// Facts derived from several targets' observations.
struct DerivedReport: Sendable {
    var target: ProbeTarget
    var samples: [Sample]
    var status: TargetStatus
}

/// One target and how to ask it.
package protocol Probe: Sendable {
    var target: ProbeTarget { get }
    /// Time from one turn to the next.
    var interval: Duration { get }
    /// Time after which a run is given up; its own requests end sooner.
    var timeout: Duration { get }
}

/// The part of a probe that the schedule alone uses.
protocol RunnableProbe: Probe {
    /// Asks the target once. Failures are in the report.
    func run() async -> ProbeReport
    /// What stands in place of a report when a run went over its time.
    func timedOut() -> ProbeReport
}

/// What leaves the schedule after each run of a probe.
package struct ProbeResult: Sendable {
    package var target: ProbeTarget
    /// All samples that there are of the target now: a series of an earlier result that is not among them has ended.
    package var samples: [Sample]
    /// True for facts derived from several targets; they have no success, duration and reason of their own.
    package var isDerived = false
    package var failure: ProbeFailure?
    package var duration: Duration = .zero
    package var status: TargetStatus
    package var timestamp: Timestamp

    package var success: Bool { failure == nil }

    /// Gives everything in it another time.
    package mutating func restamp(_ time: Timestamp) {
        timestamp = time
        for index in samples.indices { samples[index].timestamp = time }
    }
}
