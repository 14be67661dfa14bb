import Platform
import Samples
import Store
import Synchronization
import Text
import Web

/// Key measurements of each target, with their course over six hours.
final class VitalSigns: Sendable {
    private struct Sign {
        let metric: String
        let name: String
        let unit: VitalSign.Unit
        /// The kind of target it belongs to.
        let kind: String
        /// The labels that form the target's name.
        let labels: [String]

        init(_ metric: String, _ name: String, _ unit: VitalSign.Unit, _ kind: String, _ labels: [String]) {
            self.metric = metric
            self.name = name
            self.unit = unit
            self.kind = kind
            self.labels = labels
        }
    }

    private static let signs = [
        Sign("vault_node_clock_skew_seconds", "clock skew", .seconds, "vault_node", ["cluster", "node"]),
        Sign("vault_canary_last_duration_seconds", "canary read", .seconds, "vault_canary", ["cluster", "via"]),
        Sign("vault_cluster_quorum_margin", "nodes that may fail", .count, "vault_cluster", ["cluster"]),
        Sign("postgres_storage_used_ratio", "storage used", .ratio, "postgres", ["cluster", "server"]),
        Sign("postgres_connections_used_ratio", "connections used", .ratio, "postgres", ["cluster", "server"]),
        Sign("postgres_replica_lag_seconds", "replay lag", .seconds, "postgres", ["cluster", "server"]),
        Sign("postgres_replica_lag_bytes", "bytes to replay", .bytes, "postgres", ["cluster", "server"]),
        Sign(
            "postgres_replication_slot_retained_bytes", "kept by a replication slot", .bytes, "postgres",
            ["cluster", "server"]),
        Sign("backup_newest_age_seconds", "age of the newest backup", .seconds, "backup_set", ["backup_set"]),
        Sign("backup_newest_size_bytes", "size of the newest backup", .bytes, "backup_set", ["backup_set"]),
        Sign("service_last_duration_seconds", "answer", .seconds, "service", ["service"]),
        Sign("service_mail_last_return_duration_seconds", "mail's way back", .seconds, "service_mail", ["service"]),
        Sign(
            "service_certificate_expiry_timestamp_seconds", "end of the certificate", .time, "service", ["service"]),
    ]

    /// The metrics used.
    static var metrics: [String] { signs.map(\.metric) }

    private let store: Store
    private let last = Mutex<(signs: [VitalSign], at: Instant)?>(nil)
    /// Targets are probed every few seconds at most, so more frequent computation would show nothing new.
    private static let interval = Duration.seconds(5)
    private static let span = Duration.seconds(6 * 3600)

    init(_ store: Store) { self.store = store }

    /// The signs of all targets, at most five seconds old. Computes.
    func all(_ now: Moment) -> [VitalSign] {
        if let last = last.withLock({ $0 }), now.monotonic - last.at < VitalSigns.interval { return last.signs }
        var found: [VitalSign] = []
        for sign in VitalSigns.signs where found.count < VitalSign.limit {
            let sketches = store.sketches(
                [Matcher(Labels.metricName, equals: sign.metric)], from: now.wall - VitalSigns.span, to: now.wall)
            // A series that has ended is not a current sign.
            for sketch in sketches where sketch.last != nil && found.count < VitalSign.limit {
                let name = sign.labels.map { sketch.labels[$0] ?? "" }.joined(separator: "/")
                found.append(
                    VitalSign(
                        target: "\(sign.kind) \(name)", name: sign.name, selector: sketch.labels.description,
                        unit: sign.unit, sketch: sketch, deviation: VitalSigns.deviation(sketch, now.wall)))
            }
        }
        last.withLock { [found] in $0 = (found, now.monotonic) }
        return found
    }

    /// How far the last value is outside the range of the hours before the last one, in multiples of that range's
    /// width.
    static func deviation(_ sketch: SeriesSketch, _ now: Timestamp) -> Double {
        let before = sketch.bins.filter { $0.at < now - .seconds(3600) }
        guard let last = sketch.last, let low = before.map(\.min).min(), let high = before.map(\.max).max() else {
            return 0
        }
        let distance = max(last - high, low - last, 0)
        // A range of zero width, as of a constant value, is given the width of one hundredth of the value.
        let width = max(high - low, max(high.magnitude, low.magnitude) / 100)
        return distance == 0 ? 0 : min(width > 0 ? distance / width : 1000, 1000)
    }
}
