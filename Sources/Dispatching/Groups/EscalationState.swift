import Alerts
import Platform
import Samples

/// The escalation of one group whose receiver has a fallback: which alerts wait for acceptance, and which went to the
/// fallback.
struct EscalationState: Sendable, Equatable {
    struct Wait: Sendable, Equatable {
        /// When the first message with the alert was decided.
        var since: Timestamp
        /// When the receiver's response time is over.
        var deadline: Instant
        /// Integrations that have refused it for good.
        var refusedBy: Set<IntegrationID> = []
    }

    /// By fingerprint.
    var waiting: [UInt64: Wait] = [:]
    /// At the fallback until the receiver itself accepts them, or until they end.
    var escalated: Set<UInt64> = []

    var isEmpty: Bool { waiting.isEmpty && escalated.isEmpty }
}
