package import Probes
package import Samples

/// What is assessed.
package struct AuditAssessmentOptions: Sendable {
    /// The time from which entries count.
    package var from: Timestamp
    /// The time up to which entries count.
    package var to: Timestamp
    /// Tell the tenant from a secret's path.
    package var tenantPatterns: [TenantPattern] = []
    /// What is expected, such as the agent's own test reads.
    package var exclusions: [AuditExclusion] = []
    /// The number of different secrets that one client may read within ten minutes. Default 100.
    package var massReads = 100

    /// A time.
    package init(from: Timestamp, to: Timestamp) {
        self.from = from
        self.to = to
    }
}

/// Assesses entries one by one, in the order of their times, in bounded memory.
package struct AuditAssessor: Sendable {
    /// The first and the last events of one reason.
    private struct Kept: Sendable {
        var first: [AuditAssessment.Event] = []
        var last: [AuditAssessment.Event] = []
        var omitted = 0
    }

    private let options: AuditAssessmentOptions
    private var assessment: AuditAssessment
    private var clients: [String: Int] = [:]
    private var secrets: [String: Int] = [:]
    private var pairs = 0
    private var readers = AuditReaders()
    private var kept: [AuditSuspicion: Kept] = [:]
    /// Failed logins by address, with the time of the last one.
    private var failures: [String: (count: Int, last: Timestamp)] = [:]
    /// Requests that wait for their response, and the order in which they came.
    private var pending: Set<String> = []
    private var order: [String] = []

    private static let clientLimit = 2000
    private static let secretLimit = 20_000
    /// Of all clients with all secrets.
    private static let pairLimit = 200_000
    private static let keptLimit = 50
    private static let addressLimit = 4096
    private static let pendingLimit = 65_536
    private static let identityLimit = 5
    /// So many failed logins in an hour make a login from the same address suspicious.
    private static let failureLimit = 3
    private static let failureSpan = Duration.seconds(3600)

    /// An assessor of nothing so far.
    package init(_ options: AuditAssessmentOptions) {
        self.options = options
        assessment = AuditAssessment(from: options.from, to: options.to)
    }

    /// Takes the next entry.
    package mutating func take(_ entry: AuditEntry) {
        guard entry.time >= options.from, entry.time <= options.to else { return }
        assessment.entries += 1
        pair(entry)
        guard !options.exclusions.contains(where: { $0.matches(entry) }) else {
            assessment.excluded += 1
            return
        }
        let kinds = entry.kinds
        guard !kinds.isEmpty else { return }
        let client = client(of: entry)
        // What was done with a root token is one line of the timeline.
        let isDeed = kinds.contains { $0 != .rootTokenUse && AuditSuspicion.of($0) != nil }
        for kind in kinds {
            assessment.events[kind, default: 0] += 1
            if let client { assessment.clients[client].events[kind, default: 0] += 1 }
            if let suspicion = AuditSuspicion.of(kind) {
                note(suspicion, entry, client, isListed: kind != .rootTokenUse || !isDeed)
            }
            switch kind {
            case .secretRead: read(entry, client)
            case .loginFailed: fail(entry)
            case .login: logIn(entry, client)
            default: break
            }
        }
    }

    /// What was found.
    /// - Parameter sources: the logs that were read.
    package consuming func finish(_ sources: [AuditAssessment.Source]) -> AuditAssessment {
        assessment.sources = sources
        assessment.unanswered += pending.count
        for client in assessment.clients where client.isSuspicious {
            for secret in client.secrets where assessment.secrets.indices.contains(secret) {
                assessment.secrets[secret].isReached = true
            }
        }
        assessment.timeline = kept.values.flatMap { $0.first + $0.last }.sorted {
            ($0.time, $0.kind) < ($1.time, $1.kind)
        }
        assessment.omittedEvents = kept.values.reduce(0) { $0 + $1.omitted }
        return assessment
    }

    // MARK: Parts

    /// Counts requests whose response is missing.
    private mutating func pair(_ entry: AuditEntry) {
        if entry.isResponse {
            assessment.responses += 1
            pending.remove(entry.id)
            return
        }
        assessment.requests += 1
        // These have no response.
        guard entry.kinds.isEmpty, pending.insert(entry.id).inserted else { return }
        order.append(entry.id)
        guard order.count > 2 * AuditAssessor.pendingLimit else { return }
        // The older half of those that still wait is given up.
        let waiting = order.filter { pending.contains($0) }
        let (old, recent) = (
            waiting.dropLast(AuditAssessor.pendingLimit / 2), waiting.suffix(AuditAssessor.pendingLimit / 2)
        )
        pending.subtract(old)
        assessment.unanswered += old.count
        order = Array(recent)
    }

    /// The number of the entry's client; nil where there are too many.
    private mutating func client(of entry: AuditEntry) -> Int? {
        // A login's token is the response's.
        let identity = entry.response?.auth.flatMap { entry.auth.isKnown ? nil : $0 } ?? entry.auth
        let key = identity.isKnown ? identity.key : "address " + entry.address
        if let known = clients[key] {
            update(known, identity, entry)
            return known
        }
        guard clients.count < AuditAssessor.clientLimit else {
            assessment.omittedClientEvents += entry.kinds.count { AuditSuspicion.of($0) != nil }
            return nil
        }
        let index = assessment.clients.count
        clients[key] = index
        assessment.clients.append(
            AuditAssessment.Client(
                displayName: identity.displayName, entityID: identity.entityID, first: entry.time, last: entry.time))
        update(index, identity, entry)
        return index
    }

    private mutating func update(_ index: Int, _ identity: AuditEntry.Identity, _ entry: AuditEntry) {
        let limit = AuditAssessor.identityLimit
        assessment.clients[index].last = max(assessment.clients[index].last, entry.time)
        let accessors = assessment.clients[index].accessors
        if !identity.accessor.isEmpty, accessors.count < limit, !accessors.contains(identity.accessor) {
            assessment.clients[index].accessors.append(identity.accessor)
        }
        let addresses = assessment.clients[index].addresses
        if !entry.address.isEmpty, addresses.count < limit, !addresses.contains(entry.address) {
            assessment.clients[index].addresses.append(entry.address)
        }
    }

    /// - Parameter isListed: whether it is an event of the timeline.
    private mutating func note(
        _ suspicion: AuditSuspicion, _ entry: AuditEntry, _ client: Int?, isListed: Bool = true
    ) {
        if let client { assessment.clients[client].suspicions[suspicion, default: 0] += 1 }
        guard isListed else { return }
        var kept = kept.removeValue(forKey: suspicion) ?? Kept()
        let event = AuditAssessment.Event(suspicion, entry)
        if kept.first.count < AuditAssessor.keptLimit {
            kept.first.append(event)
        } else {
            kept.last.append(event)
            if kept.last.count > AuditAssessor.keptLimit {
                kept.last.removeFirst()
                kept.omitted += 1
            }
        }
        self.kept[suspicion] = kept
    }

    private mutating func read(_ entry: AuditEntry, _ client: Int?) {
        let path = AuditPath.secret(entry)
        let tenant = options.tenantPatterns.tenant(in: path)
        if readers.take(entry, path: path, tenant: nil) == options.massReads + 1 {
            note(.massReads, entry, client)
        }
        if let client { assessment.clients[client].reads += 1 }
        guard let index = secret(path, tenant, entry.time) else {
            assessment.omittedReads += 1
            return
        }
        assessment.secrets[index].reads += 1
        assessment.secrets[index].last = max(assessment.secrets[index].last, entry.time)
        guard let client, !assessment.clients[client].secrets.contains(index) else { return }
        guard pairs < AuditAssessor.pairLimit else {
            assessment.omittedReads += 1
            return
        }
        pairs += 1
        assessment.clients[client].secrets.insert(index)
    }

    private mutating func secret(_ path: String, _ tenant: String?, _ time: Timestamp) -> Int? {
        if let known = secrets[path] { return known }
        guard secrets.count < AuditAssessor.secretLimit else { return nil }
        let index = assessment.secrets.count
        secrets[path] = index
        assessment.secrets.append(AuditAssessment.Secret(path: path, tenant: tenant, first: time, last: time))
        return index
    }

    private mutating func fail(_ entry: AuditEntry) {
        if failures[entry.address] == nil, failures.count >= AuditAssessor.addressLimit {
            let limit = entry.time - AuditAssessor.failureSpan
            failures = failures.filter { $0.value.last >= limit }
            guard failures.count < AuditAssessor.addressLimit else { return }
        }
        var (count, last) = failures[entry.address] ?? (0, entry.time)
        if entry.time - last > AuditAssessor.failureSpan { count = 0 }
        last = entry.time
        failures[entry.address] = (count + 1, last)
    }

    private mutating func logIn(_ entry: AuditEntry, _ client: Int?) {
        guard let (count, last) = failures[entry.address], count >= AuditAssessor.failureLimit,
            entry.time - last <= AuditAssessor.failureSpan
        else { return }
        note(.loginAfterFailures, entry, client)
    }
}
