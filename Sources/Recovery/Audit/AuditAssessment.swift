package import Probes
package import Samples

/// What audit logs tell of a time: who did what that is worth a look, and which secrets and tenants it reached. Texts are
/// as the log has them, so they must be made harmless before they are printed.
package struct AuditAssessment: Sendable {
    /// A log that was read.
    package struct Source: Sendable {
        /// As it was named; `-` for standard input.
        package var path: String
        /// Number of its lines.
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
        /// Of its first entry; empty without a valid token.
        package var displayName: String
        /// Empty for tokens without an entity.
        package var entityID: String
        /// Hashed by Vault; the first few.
        package var accessors: [String] = []
        /// The first few.
        package var addresses: [String] = []
        /// When it was first seen.
        package var first: Timestamp
        /// When it was last seen.
        package var last: Timestamp
        /// Number of events of each kind.
        package var events: [AuditEventKind: Int] = [:]
        /// Number of events for each reason.
        package var suspicions: [AuditSuspicion: Int] = [:]
        /// Numbers of the secrets that it read, in `secrets`.
        package var secrets: Set<Int> = []
        /// Number of its reads of secrets.
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
        /// Whose it is, by the patterns; nil where none matches.
        package var tenant: String?
        /// By anybody.
        package var reads = 0
        /// When it was first read.
        package var first: Timestamp
        /// When it was last read.
        package var last: Timestamp
        /// Whether a suspicious client read it.
        package var isReached = false
    }

    /// Something that happened.
    package struct Event: Sendable {
        /// When it happened.
        package var time: Timestamp
        /// `audit`, or `watch` for what the agent's own history has.
        package var source = "audit"
        /// The reason or the kind, in a word.
        package var kind: String
        /// What happened, for people.
        package var text: String
        /// The display name of who did it; empty without a valid token.
        package var client = ""
        /// The entity of who did it; empty for tokens without one.
        package var entityID = ""
        /// The token's accessor, hashed by Vault.
        package var accessor = ""
        /// From where.
        package var address = ""
        /// The request's path.
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
            let isDeed = entry.auth.isRoot && suspicion != .event(.rootTokenUse)
            text = suspicion.text + (isDeed ? ", with a root token" : "")
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

    /// The beginning of the time that was assessed.
    package var from: Timestamp
    /// The end of that time.
    package var to: Timestamp
    /// The logs, in the order in which they were named.
    package var sources: [Source] = []
    /// Entries within that time.
    package var entries = 0
    /// Of these, requests.
    package var requests = 0
    /// Of these, responses.
    package var responses = 0
    /// Requests within that time without a response, but for those that have none: the node failed, or the log ends.
    package var unanswered = 0
    /// Entries that are expected, and are in none of what follows.
    package var excluded = 0
    /// Number of events of each kind.
    package var events: [AuditEventKind: Int] = [:]
    /// Who did anything, in the order of appearance.
    package var clients: [Client] = []
    /// Secrets whose values were read, by anybody, in the order of their first reads.
    package var secrets: [Secret] = []
    /// Suspicious events, in order; of many of one kind the first and the last.
    package var timeline: [Event] = []
    /// Suspicious events that are counted and not in the timeline.
    package var omittedEvents = 0
    /// Suspicious events of clients beyond those that are told apart.
    package var omittedClientEvents = 0
    /// Reads of secrets beyond those that are told apart.
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
