import Exposition
import Samples

/// Vault's own telemetry under clear names and in base units; metrics that are not mapped here are dropped.
///
/// Seal state and leadership are not taken from telemetry: a sealed node exports `vault_core_unsealed` with both
/// values, and a node that was active keeps exporting that it is.
struct VaultTelemetry {
    /// Maximum number of series with the same name, since Vault's administrators decide on mounts and devices.
    private static let seriesLimit = 200

    /// Storage backends of Vault and OpenBao, which are prefixes of their metrics' names.
    private static let backends: Set<String> = [
        "postgres", "raft_storage", "consul", "mysql", "etcd", "file", "inmem", "s3", "gcs", "azure", "dynamodb",
        "cockroachdb", "zookeeper",
    ]
    private static let operations: Set<String> = ["get", "put", "list", "delete"]

    private struct Key: Hashable {
        var name: String
        var labels: [Label]
    }

    /// The prefix of Vault's names: `vault_`, or `acme_` with `metrics_prefix = "acme"`.
    private var prefix = "vault_"
    private var values: [Key: Double] = [:]
    private var counts: [String: Int] = [:]

    /// Maps the families of sys/metrics and adds them to a set.
    static func samples(_ families: [MetricFamily], into set: SampleSet) -> SampleSet {
        var telemetry = VaultTelemetry()
        telemetry.prefix = prefix(families)
        for family in families { telemetry.take(family) }
        var set = set
        for (key, value) in telemetry.values.sorted(by: { $0.key.name < $1.key.name }) {
            set.add(key.name, value, key.labels)
        }
        return set
    }

    /// The prefix used on a page, from a metric that every node exports and whose name never contains the host's.
    private static func prefix(_ families: [MetricFamily]) -> String {
        let suffix = "barrier_get"
        let names = families.map(\.name).filter { $0.hasSuffix("_" + suffix) || $0.hasSuffix("_" + suffix + "_count") }
        guard !names.contains(where: { $0.hasPrefix("vault_" + suffix) }), let name = names.min() else {
            return "vault_"
        }
        return String(name.dropLast(name.hasSuffix("_count") ? suffix.count + 6 : suffix.count))
    }

    /// The name as Vault writes it by default: with `vault_` instead of a custom prefix, and for a gauge without the
    /// host's name, which follows the prefix unless `disable_hostname` is set.
    private func plainName(_ name: String, of family: MetricFamily) -> String {
        guard name.hasPrefix(prefix) else { return name }
        let rest = name.dropFirst(prefix.count)
        let usual = "vault_" + rest
        // The names of counters and summaries never contain the host's.
        guard family.kind == .gauge || family.kind == .untyped, !VaultTelemetry.gauges.contains(usual),
            let gauge = VaultTelemetry.gaugeEndings.first(where: { rest.hasSuffix($0) })
        else { return usual }
        return "vault" + gauge
    }

    private static let gauges = Set(plain.keys.filter { $0.hasPrefix("vault_") }).union([
        "vault_token_count", "vault_token_count_by_ttl", "vault_secret_kv_count", "vault_core_mount_table_num_entries",
        "vault_core_mount_table_size",
    ])
    /// `_expire_num_leases` and the like, the longest first.
    private static let gaugeEndings = gauges.map { $0.dropFirst(5) }.sorted { ($1.count, $0) < ($0.count, $1) }

    private mutating func take(_ family: MetricFamily) {
        for sample in family.samples where !sample.value.isNaN {
            guard let given = sample.labels.name else { continue }
            let name = plainName(given, of: family)
            guard let series = VaultTelemetry.translate(name, sample.labels) else {
                continue
            }
            let key = Key(name: series.name, labels: series.labels.map { Label($0.key, $0.value) })
            let value = sample.value * series.scale
            if let known = values[key] {
                values[key] = series.isSummed ? known + value : value
                continue
            }
            counts[series.name, default: 0] += 1
            if counts[series.name, default: 0] <= VaultTelemetry.seriesLimit { values[key] = value }
        }
    }

    private struct Target {
        var name: String
        var labels: KeyValuePairs<String, String> = [:]
        var scale = 1.0
        /// Whether series that differ only in dropped labels are summed; otherwise the last one counts.
        var isSummed = false
    }

    private static func translate(_ name: String, _ labels: Labels) -> Target? {
        if let gauge = plain[name] { return Target(name: gauge) }
        switch name {
        case "vault_audit_log_request_failure":
            return Target(name: "vault_telemetry_audit_failures_total", labels: ["kind": "request"])
        case "vault_audit_log_response_failure":
            return Target(name: "vault_telemetry_audit_failures_total", labels: ["kind": "response"])
        case "vault_core_leadership_lost_count": return Target(name: "vault_telemetry_leadership_lost_total")
        case "vault_core_step_down_count": return Target(name: "vault_telemetry_step_downs_total")
        case "vault_token_count": return Target(name: "vault_telemetry_tokens", isSummed: true)
        case "vault_core_response_status_code":
            return Target(
                name: "vault_telemetry_responses_total", labels: ["type": labels["type"] ?? ""], isSummed: true)
        case "vault_token_count_by_ttl":
            return Target(
                name: "vault_telemetry_tokens_by_ttl", labels: ["creation_ttl": labels["creation_ttl"] ?? ""],
                isSummed: true)
        case "vault_secret_kv_count":
            return Target(
                name: "vault_telemetry_kv_secrets",
                labels: ["mount": labels["mount_point"] ?? "", "namespace": labels["namespace"] ?? ""])
        case "vault_core_mount_table_num_entries":
            return Target(
                name: "vault_telemetry_mount_entries",
                labels: ["type": labels["type"] ?? "", "local": labels["local"] ?? ""])
        case "vault_core_mount_table_size":
            return Target(
                name: "vault_telemetry_mount_table_bytes",
                labels: ["type": labels["type"] ?? "", "local": labels["local"] ?? ""])
        default: return summary(name)
        }
    }

    private static let plain: [String: String] = [
        "vault_expire_num_leases": "vault_telemetry_leases",
        "vault_expire_num_irrevocable_leases": "vault_telemetry_irrevocable_leases",
        "vault_autopilot_healthy": "vault_telemetry_raft_healthy",
        "vault_autopilot_failure_tolerance": "vault_telemetry_raft_failure_tolerance",
        "vault_runtime_alloc_bytes": "vault_telemetry_allocated_bytes",
        "vault_runtime_sys_bytes": "vault_telemetry_system_bytes",
        "vault_runtime_num_goroutines": "vault_telemetry_goroutines",
        "process_resident_memory_bytes": "vault_telemetry_resident_bytes",
        "process_open_fds": "vault_telemetry_open_files",
        "process_max_fds": "vault_telemetry_open_files_limit",
    ]

    /// Maps `vault_<what>_sum`, in milliseconds, and `vault_<what>_count`.
    private static func summary(_ name: String) -> Target? {
        let suffix: String
        if name.hasSuffix("_sum") {
            suffix = "_sum"
        } else if name.hasSuffix("_count") {
            suffix = "_count"
        } else {
            return nil
        }
        guard name.hasPrefix("vault_") else { return nil }
        let what = String(name.dropFirst(6).dropLast(suffix.count))
        let scale = suffix == "_sum" ? 0.001 : 1
        func target(_ name: String, _ labels: KeyValuePairs<String, String> = [:]) -> Target {
            Target(name: "vault_telemetry_\(name)_duration_seconds" + suffix, labels: labels, scale: scale)
        }
        switch what {
        case "core_handle_request": return target("request")
        case "core_handle_login_request": return target("login")
        case "audit_log_request": return target("audit", ["kind": "request"])
        case "audit_log_response": return target("audit", ["kind": "response"])
        default: break
        }
        if what.hasPrefix("audit_"), let (device, kind) = auditDevice(what) {
            return target("audit_device", ["device": device, "kind": kind])
        }
        guard let split = what.lastIndex(of: "_") else { return nil }
        let backend = String(what[..<split])
        let operation = String(what[what.index(after: split)...])
        guard operations.contains(operation) else { return nil }
        if backend == "barrier" { return target("barrier", ["operation": operation]) }
        return backends.contains(backend) ? target("storage", ["backend": backend, "operation": operation]) : nil
    }

    /// The device and kind of `audit_file__log_request`, here `file/` and `request`: Vault replaces characters that are
    /// not allowed in names with `_`.
    private static func auditDevice(_ what: String) -> (device: String, kind: String)? {
        for kind in ["request", "response"] where what.hasSuffix("_log_" + kind) {
            var device = String(what.dropFirst(6).dropLast(5 + kind.count))
            while device.hasSuffix("_") { device.removeLast() }
            return device.isEmpty ? nil : (device, kind)
        }
        return nil
    }
}
