import Samples
import Text

/// The telemetry page of a simulated node: every family that Vault 1.8 exports in that state, with counters that grow
/// with the node's uptime as in the recording.
struct VaultTelemetry: Sendable {
    enum Page: Character, Sendable {
        case active = "a"
        case standby = "s"
        case sealed = "x"
    }

    private struct Row {
        let pages: Substring
        let type: Substring
        let name: Substring
        let help: Substring
        let labels: Substring
        /// Whether the labels have the cluster's name, `$cluster`, in them.
        let namesCluster: Bool
        let values: [Substring]
    }

    /// The uptime of the recorded node in seconds.
    private static let recordedUptime = 449.0

    private static let rows: [Row] = table.split(separator: "\n").compactMap { line in
        let fields = line.split(separator: "|", omittingEmptySubsequences: false)
        guard fields.count == 6 else { return nil }
        return Row(
            pages: fields[0], type: fields[1], name: fields[2], help: fields[3].isEmpty ? fields[2] : fields[3],
            labels: fields[4], namesCluster: fields[4].contains("$cluster"),
            values: fields[5].split(separator: " "))
    }

    /// - Parameters:
    ///   - wasUnsealed: whether a sealed node was unsealed before: it still exports its old gauge beside the new one.
    static func page(_ page: Page, cluster: String, startedAt start: Timestamp, wasUnsealed: Bool, now: Timestamp)
        -> String
    {
        let factor = max(0.01, (now.seconds - start.seconds) / recordedUptime)
        var out = ""
        var last: Substring = ""
        for row in rows where row.pages.contains(page.rawValue) {
            if row.name > "vault_core_unsealed", last < "vault_core_unsealed" {
                out += unsealed(page, cluster: cluster, wasUnsealed: wasUnsealed)
            }
            if row.name != last {
                out += "# HELP \(row.name) \(row.help)\n# TYPE \(row.name) \(row.type)\n"
                last = row.name
            }
            let labels =
                row.namesCluster
                ? row.labels.split(separator: "$cluster", omittingEmptySubsequences: false).joined(separator: cluster)
                : String(row.labels)
            if row.type == "summary" {
                for value in row.values {
                    let sides = value.split(separator: "=", maxSplits: 1)
                    guard sides.count == 2 else { continue }
                    if sides[0].first == "q" {
                        let comma = labels.isEmpty ? "" : ","
                        out += "\(row.name){\(labels)\(comma)quantile=\"\(sides[0].dropFirst())\"} \(sides[1])\n"
                    } else {
                        out +=
                            "\(row.name)_\(sides[0])\(labels.isEmpty ? "" : "{\(labels)}") \(grown(sides[1], factor, whole: sides[0] == "count"))\n"
                    }
                }
            } else {
                let value: String
                switch row.name {
                case "process_start_time_seconds": value = goFormat(start.seconds)
                case "go_memstats_last_gc_time_seconds": value = goFormat(max(start.seconds, now.seconds - 30))
                default:
                    value =
                        row.type == "counter"
                        ? grown(row.values[0], factor, whole: !row.values[0].contains(".")) : String(row.values[0])
                }
                out += "\(row.name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
            }
        }
        return out
    }

    private static func grown(_ value: Substring, _ factor: Double, whole: Bool) -> String {
        guard let recorded = Double(value) else { return String(value) }
        let now = recorded * factor
        return goFormat(whole ? now.rounded(.down) : now)
    }

    private static func unsealed(_ page: Page, cluster: String, wasUnsealed: Bool) -> String {
        var out = "# HELP vault_core_unsealed vault_core_unsealed\n# TYPE vault_core_unsealed gauge\n"
        switch page {
        case .active: out += "vault_core_unsealed{cluster=\"\"} 0\nvault_core_unsealed{cluster=\"\(cluster)\"} 1\n"
        case .standby: out += "vault_core_unsealed{cluster=\"\"} 1\n"
        case .sealed:
            out +=
                wasUnsealed
                ? "vault_core_unsealed{cluster=\"\"} 1\nvault_core_unsealed{cluster=\"\(cluster)\"} 0\n"
                : "vault_core_unsealed{cluster=\"\"} 0\n"
        }
        return out
    }
}
