import Alerts
import Platform
import Samples

/// The escalation of one group whose receiver has a fallback: which alerts wait for acceptance or acknowledgement, and
/// which went to the fallback.
struct EscalationState: Sendable, Equatable {
    struct Wait: Sendable, Equatable {
        /// When the first message with the alert was decided.
        var since: Timestamp
        /// When the receiver's response time is over.
        var deadline: Instant
        /// Integrations that have refused it for good.
        var refusedBy: Set<IntegrationID> = []
    }

    /// Those that no integration has accepted, by fingerprint.
    var waiting: [UInt64: Wait] = [:]
    /// Those that nobody has acknowledged, by fingerprint.
    var unacknowledged: [UInt64: Wait] = [:]
    /// At the fallback until the receiver itself accepts them, until somebody acknowledges them, or until they end.
    var escalated: Set<UInt64> = []
    /// At the fallback until somebody acknowledges them, or until they end.
    var escalatedUnacknowledged: Set<UInt64> = []

    /// All that is at the fallback.
    var atFallback: Set<UInt64> { escalated.union(escalatedUnacknowledged) }
    var isEmpty: Bool { waiting.isEmpty && unacknowledged.isEmpty && atFallback.isEmpty }
    /// When the first response time is over.
    var firstDeadline: Instant? { (waiting.values.map(\.deadline) + unacknowledged.values.map(\.deadline)).min() }

    mutating func remove(_ fingerprint: UInt64) {
        waiting[fingerprint] = nil
        unacknowledged[fingerprint] = nil
        escalated.remove(fingerprint)
        escalatedUnacknowledged.remove(fingerprint)
    }
}
