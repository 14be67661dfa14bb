import Samples
import Store
import YAML

extension GlobalOptions {
    init(_ node: Node?, _ context: ParsingContext) {
        self.init()
        guard let node else { return }
        var fields = Fields(node, context.errors, "global")
        if let value = context.duration(&fields, "poll_interval") { pollInterval = value }
        if let value = context.duration(&fields, "timeout") { timeout = value }
        if let value = context.duration(&fields, "evaluation_interval") { evaluationInterval = value }
        externalLabels = fields.stringMap("external_labels")
        for name in externalLabels.keys.sorted()
        where name == Labels.metricName || !name.isLegacyName(colons: false) {
            context.errors.add(
                fields.position(of: "external_labels"), "external_labels: \"\(name)\" is not a label name")
        }
        fields.finish()
        if pollInterval < .seconds(1) {
            context.errors.add(fields.position(of: "poll_interval"), "poll_interval: expected 1s or more")
        }
        if timeout > pollInterval {
            context.errors.add(
                fields.position(of: "timeout"),
                "timeout (\(timeout.prometheusDescription)) is longer than poll_interval (\(pollInterval.prometheusDescription)); expected at most that"
            )
        }
    }

    /// The external labels of alerts: all but those that begin with two underscores. Such a label, as Mimir's
    /// `__replica__`, tells two agents of a pair apart for remote write; their alerts must be equal.
    package var alertLabels: [String: String] { externalLabels.filter { !$0.key.hasPrefix("__") } }
}

extension StorageOptions {
    init(_ node: Node?, _ context: ParsingContext) {
        self.init()
        guard let node else { return }
        var fields = Fields(node, context.errors, "storage")
        if let node = fields.node("path"), let text = node.scalar { path = context.path(text, at: node.position) }
        if let value = context.duration(&fields, "retention") { memory.retention = value }
        if let value = context.bytes(&fields, "max_bytes") { memory.byteLimit = value }
        if let value = fields.integer("max_series", in: 100...10_000_000) { memory.seriesLimit = value }
        if let value = context.duration(&fields, "history_retention") { historyRetention = value }
        fields.finish()
        if memory.byteLimit < 1 << 20 {
            context.errors.add(fields.position(of: "max_bytes"), "max_bytes: expected 1MiB or more")
        }
    }
}

extension RecoveryOptions {
    init(_ node: Node?, _ context: ParsingContext) {
        self.init()
        guard let node else { return }
        var fields = Fields(node, context.errors, "recovery")
        point = context.duration(&fields, "rpo")
        time = context.duration(&fields, "rto")
        let isEmpty = node.mapping?.isEmpty ?? false
        fields.finish()
        if isEmpty {
            context.errors.add(
                node.position, "recovery: expected rpo, rto or both, such as {rpo: 26h, rto: 1h}; or leave it out")
        }
    }
}
