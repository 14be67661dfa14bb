import Alerts
import Platform
import Samples

/// The escalation of one group whose receiver has a fallback: which alerts wait for acceptance or acknowledgement, and
/// which went to the fallback.
struct EscalationState: Sendable, Equatable {
    struct Wait: Sendable, Equatable {
        /// When the first message with the alert was decided.
        var since: Timestamp
        /// When the receiver's response time ends.
        var deadline: Instant
        /// Integrations that have permanently refused it.
        var refusedBy: Set<IntegrationID> = []
    }

    /// Alerts that no integration has accepted, by fingerprint.
    var waiting: [UInt64: Wait] = [:]
    /// Unacknowledged alerts, by fingerprint.
    var unacknowledged: [UInt64: Wait] = [:]
    /// At the fallback until the receiver itself accepts them, they are acknowledged, or they end.
    var escalated: Set<UInt64> = []
    /// At the fallback until they are acknowledged or end.
    var escalatedUnacknowledged: Set<UInt64> = []

    /// All alerts that are at the fallback.
    var atFallback: Set<UInt64> { escalated.union(escalatedUnacknowledged) }
    var isEmpty: Bool { waiting.isEmpty && unacknowledged.isEmpty && atFallback.isEmpty }
    /// When the first response time ends.
    var firstDeadline: Instant? { (waiting.values.map(\.deadline) + unacknowledged.values.map(\.deadline)).min() }

    mutating func remove(_ fingerprint: UInt64) {
        waiting[fingerprint] = nil
        unacknowledged[fingerprint] = nil
        escalated.remove(fingerprint)
        escalatedUnacknowledged.remove(fingerprint)
    }
}
