import YAML

/// A key of Alertmanager's or Prometheus' configuration that has no effect in vaultwatch and is therefore refused, with
/// what to use instead. Source: prometheus.io/docs/alerting/latest/configuration; alertmanager, CHANGELOG.md;
/// prometheus.io/docs/prometheus/latest/configuration/configuration, `alerting`.
struct RefusedKey: Sendable {
    let key: String
    /// Whose key it is: `Prometheus`, or `Alertmanager` with the version that introduced it.
    let origin: String
    /// What vaultwatch does instead, and what to configure.
    let instead: String

    /// Keys at the top level.
    static let top = [
        RefusedKey(
            key: "tracing", origin: "Alertmanager 0.30",
            instead: "vaultwatch records no traces; remove it: /metrics and the log have the durations"),
        RefusedKey(
            key: "event_recorder", origin: "Alertmanager 0.33",
            instead: "every decision is already in the history; remove it and use \"vaultwatch history\""),
        RefusedKey(
            key: "alertmanagers", origin: "Prometheus",
            instead:
                "write a receiver with \"alertmanager_configs: [{urls: [http://alertmanager-1:9093]}]\" and a \"route\" to it"
        ),
        RefusedKey(
            key: "alert_relabel_configs", origin: "Prometheus",
            instead:
                "alerts have the labels of their rules and global.external_labels, without those that begin with two underscores"
        ),
    ]
    /// Keys of a route.
    static let route = [
        RefusedKey(
            key: "labels", origin: "Alertmanager 0.34",
            instead: "write the label into the \"labels\" of the rules, or the text into the receiver's templates")
    ]
    /// Keys of a Slack receiver.
    static let slack = [
        RefusedKey(
            key: "threaded_options", origin: "Alertmanager after 0.34",
            instead: "remove it: the first message of an incident starts the thread")
    ]
}

extension Fields {
    /// Reports keys that are refused; an explicit `false` or null is the same as absence.
    mutating func refuse(_ keys: [RefusedKey]) {
        for refused in keys {
            guard let node = nodeOrNull(refused.key), !node.isNull, node.scalar != "false" else { continue }
            errors.add(
                position(of: refused.key),
                "\"\(refused.key)\" (\(refused.origin)) is not supported: \(refused.instead)")
        }
    }
}
