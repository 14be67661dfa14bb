import Samples

/// How many different secrets each client has read lately, in bounded memory. Time is that of the log's entries, so that
/// what was read while nobody watched counts too.
package struct AuditReaders: Sendable {
    /// A client and what it has read within the window.
    struct Reader: Sendable {
        var identity: AuditEntry.Identity
        var address: String
        /// The time of the last read, by the hash of the secret's path.
        fileprivate var secrets: [Int: Timestamp] = [:]
        fileprivate var tenants: [Int: Timestamp] = [:]
        /// Reads by minute since the epoch.
        fileprivate var minutes: [Int64: Int] = [:]
        /// No secret was last read before this.
        fileprivate var oldest: Timestamp
    }

    /// The most that one client has read within a window.
    struct Peak: Sendable {
        var identity = AuditEntry.Identity()
        var address = ""
        /// Number of different secrets.
        var secrets = 0
        /// Number of different tenants.
        var tenants = 0
        /// Number of reads.
        var reads = 0
    }

    /// Of more clients the one with the fewest secrets is forgotten.
    static let readerLimit = 256
    /// Further secrets of a client are not told apart.
    static let secretLimit = 4096
    /// Of all clients together.
    static let totalLimit = 32_768

    private var readers: [String: Reader] = [:]
    private var total = 0
    /// The latest time in the log.
    private(set) var newest = Timestamp(milliseconds: .min)
    /// The highest counts since the last call of `takePeak`.
    private var peak = Peak()

    /// Nobody so far.
    package init() {}

    /// Adds the read of a secret.
    /// - Parameters:
    ///   - path: the secret's path, without what KV version 2 inserts.
    ///   - tenant: whose secret it is; nil if that is not known.
    /// - Returns: how many different secrets the client has read within the window.
    @discardableResult
    package mutating func take(_ entry: AuditEntry, path: String, tenant: String?) -> Int {
        newest = max(newest, entry.time)
        let key = entry.auth.key
        if readers[key] == nil, readers.count >= AuditReaders.readerLimit { forgetSmallest() }
        var reader =
            readers.removeValue(forKey: key)
            ?? Reader(identity: entry.auth, address: entry.address, oldest: entry.time)
        total -= reader.secrets.count
        reader.address = entry.address
        let hash = AuditReaders.hash(path)
        if reader.secrets[hash] != nil
            || (reader.secrets.count < AuditReaders.secretLimit && total < AuditReaders.totalLimit)
        {
            reader.secrets[hash] = entry.time
            reader.oldest = min(reader.oldest, entry.time)
        }
        if let tenant, reader.tenants.count < AuditReaders.secretLimit {
            reader.tenants[AuditReaders.hash(tenant)] = entry.time
        }
        reader.minutes[entry.time.milliseconds / 60_000, default: 0] += 1
        if reader.secrets.count > peak.secrets || reader.minutes.count > 32 {
            reader.forget(before: newest - AuditLogOptions.massReadWindow)
        }
        total += reader.secrets.count
        peak.raise(to: reader)
        let count = reader.secrets.count
        readers[key] = reader
        return count
    }

    /// The highest counts since the last call, of windows that ended since then.
    /// - Parameter now: the end of the current window, in the time of the log's entries.
    mutating func takePeak(at now: Timestamp) -> Peak {
        let limit = max(newest, now) - AuditLogOptions.massReadWindow
        var current = Peak()
        for (key, var reader) in readers {
            reader.forget(before: limit)
            readers[key] = reader.secrets.isEmpty ? nil : reader
            current.raise(to: reader)
        }
        total = readers.values.reduce(0) { $0 + $1.secrets.count }
        defer { peak = current }
        return peak.secrets >= current.secrets ? peak : current
    }

    private mutating func forgetSmallest() {
        guard let smallest = readers.min(by: { $0.value.secrets.count < $1.value.secrets.count }) else { return }
        total -= smallest.value.secrets.count
        readers[smallest.key] = nil
    }

    /// Seeded anew in each process, so that nobody can choose paths that count as one.
    private static func hash(_ text: String) -> Int {
        var hasher = Hasher()
        hasher.combine(text)
        return hasher.finalize()
    }
}

extension AuditReaders.Reader {
    fileprivate mutating func forget(before limit: Timestamp) {
        guard oldest < limit else { return }
        secrets = secrets.filter { $0.value >= limit }
        tenants = tenants.filter { $0.value >= limit }
        minutes = minutes.filter { $0.key >= limit.milliseconds / 60_000 }
        oldest = secrets.values.min() ?? limit
    }
}

extension AuditReaders.Peak {
    fileprivate mutating func raise(to reader: AuditReaders.Reader) {
        guard reader.secrets.count >= secrets else { return }
        let count = reader.minutes.values.reduce(0, +)
        guard reader.secrets.count > secrets || count > reads else { return }
        identity = reader.identity
        address = reader.address
        secrets = reader.secrets.count
        tenants = reader.tenants.count
        reads = count
    }
}
