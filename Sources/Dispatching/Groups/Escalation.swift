import Platform
import Samples

/// Of one group whose receiver has a fallback: what waits to be accepted, and what the fallback has been given.
struct Escalation: Sendable, Equatable {
    struct Wait: Sendable, Equatable {
        /// When the first message that speaks of the alert was decided.
        var since: Timestamp
        var deadline: Instant
        /// Integrations that have refused it for good.
        var refusedBy: Set<String> = []
    }

    var waiting: [UInt64: Wait] = [:]
    /// At the fallback until the receiver itself accepts them, or until they are over.
    var handedOver: Set<UInt64> = []

    var isEmpty: Bool { waiting.isEmpty && handedOver.isEmpty }
}
