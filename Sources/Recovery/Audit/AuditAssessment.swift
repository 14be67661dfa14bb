package import Probes
package import Samples

/// What audit logs tell of a time: who did what that is worth a look, and which secrets and tenants it reached. Texts are
/// as the log has them, so they must be made harmless before they are printed.
package struct AuditAssessment: Sendable {
    /// A log that was read.
    package struct Source: Sendable {
        /// As it was named; `-` for standard input.
        package var path: String
        package var lines = 0
        /// Entries of any time.
        package var entries = 0
        /// Lines without a whole entry.
        package var faults: [AuditEntry.Fault: Int] = [:]
        /// The time of its first entry, in the order of the file.
        package var first: Timestamp?
        /// The time of its last entry.
        package var last: Timestamp?
        /// Why the rest of it could not be read; nil if it was read to its end.
        package var failure: String?
    }

    /// Somebody: an entity, a token, or an address without a token.
    package struct Client: Sendable {
        package var displayName: String
        package var entityID: String
        /// Hashed by Vault; the first few.
        package var accessors: [String] = []
        /// The first few.
        package var addresses: [String] = []
        package var first: Timestamp
        package var last: Timestamp
        package var events: [AuditEventKind: Int] = [:]
        /// Number of events for each reason.
        package var suspicions: [AuditSuspicion: Int] = [:]
        /// Numbers of the secrets that it read, in `secrets`.
        package var secrets: Set<Int> = []
        package var reads = 0

        /// Whether what it did is suspicious enough for everything that it read to count as reached.
        package var isSuspicious: Bool {
            suspicions.contains { $0.key.isGrave } || suspicions.values.reduce(0, +) >= AuditAssessment.refusalLimit
        }
    }

    /// A secret whose value was read.
    package struct Secret: Sendable {
        /// With namespace and mount, without what KV version 2 inserts.
        package var path: String
        package var tenant: String?
        package var reads = 0
        package var first: Timestamp
        package var last: Timestamp
        /// Whether a suspicious client read it.
        package var isReached = false
    }

    /// Something that happened.
    package struct Event: Sendable {
        package var time: Timestamp
        /// `audit`, or `watch` for what the agent's own history has.
        package var source = "audit"
        /// The reason or the kind, in a word.
        package var kind: String
        /// What happened, for people.
        package var text: String
        package var client = ""
        package var entityID = ""
        package var accessor = ""
        package var address = ""
        package var path = ""

        /// An event of the agent's history.
        package init(time: Timestamp, source: String, kind: String, text: String) {
            self.time = time
            self.source = source
            self.kind = kind
            self.text = text
        }

        init(_ suspicion: AuditSuspicion, _ entry: AuditEntry) {
            time = entry.time
            kind = suspicion.name
            text = suspicion.text
            client = entry.auth.displayName
            entityID = entry.auth.entityID
            accessor = entry.auth.accessor
            address = entry.address
            path = entry.path
        }
    }

    /// How far it reaches.
    package enum Scope: String, Sendable {
        /// No secret was read by anybody suspicious.
        case none
        /// Some were, of at most `widespreadLimit` tenants.
        case limited
        /// Secrets of more tenants were read.
        case widespread
    }

    /// So many refusals make a client suspicious.
    package static let refusalLimit = 10
    /// More tenants than these are widespread; the procedures have this number.
    package static let widespreadLimit = 10

    /// The time that was assessed.
    package var from: Timestamp
    package var to: Timestamp
    package var sources: [Source] = []
    /// Entries within that time.
    package var entries = 0
    package var requests = 0
    package var responses = 0
    /// Requests within that time without a response, but for those that have none: the node failed, or the log ends.
    package var unanswered = 0
    package var excluded = 0
    package var events: [AuditEventKind: Int] = [:]
    package var clients: [Client] = []
    package var secrets: [Secret] = []
    /// Suspicious events, in order; of many of one kind the first and the last.
    package var timeline: [Event] = []
    /// What did not fit: how many suspicious events, clients' events, reads of secrets.
    package var omittedEvents = 0
    package var omittedClientEvents = 0
    package var omittedReads = 0
    /// Why the agent's history is not in the timeline; nil if it is.
    package var historyFailure: String?

    /// An empty one.
    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }

    /// The number of suspicious events of each reason.
    package var suspicions: [AuditSuspicion: Int] {
        clients.reduce(into: [:]) { sum, client in sum.merge(client.suspicions) { $0 + $1 } }
    }

    /// The number of suspicious events.
    package var suspiciousEvents: Int { suspicions.values.reduce(omittedClientEvents, +) }

    /// Tenants whose secrets were reached, sorted.
    package var reachedTenants: [String] {
        Set(secrets.filter(\.isReached).compactMap(\.tenant)).sorted()
    }

    /// Secrets that were reached.
    package var reachedSecrets: Int { secrets.count { $0.isReached } }

    /// How far it reaches.
    package var scope: Scope {
        reachedSecrets == 0 ? .none : reachedTenants.count > AuditAssessment.widespreadLimit ? .widespread : .limited
    }
}
