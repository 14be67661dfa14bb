import Platform
import Samples
import Text

/// What one node's audit logs have told since the agent's start.
struct AuditTally: Sendable {
    /// The last event of a kind.
    private struct Last: Sendable {
        var time: Timestamp
        var identity: AuditEntry.Identity
        var address: String
        /// The path, unless it could be a secret's.
        var path: String
    }

    private let options: AuditLogOptions
    private(set) var lines = 0.0
    private var faults: [AuditEntry.Fault: Double] = [:]
    private var events: [AuditEventKind: Double] = [:]
    private var last: [AuditEventKind: Last] = [:]
    private var listed: [String: Double]
    private var readers = AuditReaders()
    private(set) var newest: Timestamp?

    /// The clock that dated an entry may run ahead of ours by this much.
    private static let futureTolerance = Duration.seconds(300)

    init(_ options: AuditLogOptions) {
        self.options = options
        let paths = options.listedPaths.prefix(AuditLogOptions.listedLimit).map { ($0, 0.0) }
        listed = Dictionary(paths, uniquingKeysWith: { first, _ in first })
    }

    /// Takes a line; nil is one that is too long.
    /// - Parameter now: the wall clock; entries dated later count as of then.
    mutating func take(_ bytes: [UInt8], _ range: Range<Int>?, now: Timestamp) {
        lines += 1
        guard let range else { return count(.oversized) }
        let limit = now + AuditTally.futureTolerance
        let fault = AuditEntry.read(bytes, range) { entry in
            var entry = entry
            entry.time = min(entry.time, limit)
            take(entry)
        }
        if let fault { count(fault) }
    }

    /// Counts a line that cannot be read.
    mutating func count(_ fault: AuditEntry.Fault) { faults[fault, default: 0] += 1 }

    private mutating func take(_ entry: AuditEntry) {
        newest = max(newest ?? entry.time, entry.time)
        guard !options.exclusions.contains(where: { $0.matches(entry) }) else { return }
        for kind in entry.kinds {
            events[kind, default: 0] += 1
            if kind == .secretRead { takeRead(entry) }
            guard kind.isAlarming || kind.isRefusal, last[kind].map({ $0.time <= entry.time }) ?? true else { continue }
            last[kind] = Last(
                time: entry.time, identity: entry.auth, address: entry.address, path: AuditTally.shown(entry.path))
        }
    }

    /// The path, unless it could be a secret's; of a login without the name, in whose place people type passwords.
    private static func shown(_ path: String) -> String {
        guard path.hasPrefix("sys/") || path.hasPrefix("auth/") else { return "" }
        guard let login = path.firstRange(of: "/login/") else { return path }
        return path[..<login.lowerBound] + "/login"
    }

    private mutating func takeRead(_ entry: AuditEntry) {
        let path = AuditPath.secret(entry)
        if let count = listed[path] { listed[path] = count + 1 }
        readers.take(entry, path: path, tenant: options.tenantPatterns.tenant(in: path))
    }

    /// Adds what was counted.
    /// - Parameter quiet: how long the log has had nothing new; the clients' windows move on by that.
    mutating func add(to set: inout SampleSet, quiet: Duration) {
        set.add("vault_audit_lines_total", lines)
        for fault in AuditEntry.Fault.allCases {
            set.add("vault_audit_unreadable_lines_total", faults[fault] ?? 0.0, ["reason": fault.rawValue])
        }
        for kind in AuditEventKind.allCases {
            set.add("vault_audit_events_total", events[kind] ?? 0.0, ["kind": kind.rawValue])
            guard let last = last[kind] else { continue }
            set.add("vault_audit_event_timestamp_seconds", last.time, ["kind": kind.rawValue])
            set.add(
                "vault_audit_event_info", 1.0,
                [
                    "kind": kind.rawValue, "display_name": last.identity.displayName.withoutControls(),
                    "entity_id": last.identity.entityID.withoutControls(),
                    "remote_address": last.address.withoutControls(), "path": last.path.withoutControls(),
                ])
        }
        for (path, count) in listed { set.add("vault_audit_listed_reads_total", count, ["path": path]) }
        set.add("vault_audit_newest_timestamp_seconds", newest)
        let peak = readers.takePeak(at: (newest ?? readers.newest) + quiet)
        set.add("vault_audit_client_secrets", peak.secrets)
        set.add("vault_audit_client_reads", peak.reads)
        if !options.tenantPatterns.isEmpty { set.add("vault_audit_client_tenants", peak.tenants) }
        set.add("vault_audit_client_secrets_limit", options.massReads)
        guard peak.secrets > 0 else { return }
        set.add(
            "vault_audit_client_info", 1.0,
            [
                "display_name": peak.identity.displayName.withoutControls(),
                "entity_id": peak.identity.entityID.withoutControls(),
                "remote_address": peak.address.withoutControls(),
            ])
    }

    /// The number of lines that cannot be read.
    var unreadable: Double { faults.values.reduce(0, +) }
}
