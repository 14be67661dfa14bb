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
}

extension WebOptions {
    init(_ node: Node?, _ context: ParsingContext) {
        self.init()
        guard let node else { return }
        var fields = Fields(node, context.errors, "web")
        let addresses = fields.strings("listen_addresses")
        for address in addresses where WebOptions.hostAndPort(address) == nil {
            context.errors.add(
                fields.position(of: "listen_addresses"),
                "listen_addresses: expected host:port or :port, found \"\(address)\"")
        }
        if !addresses.isEmpty { listenAddresses = addresses }
        externalURL = context.url(&fields, "external_url") ?? ""
        configFile = context.readableFile(&fields, "config_file")
        fields.finish()
    }

    /// Splits `host:port`. The host is empty for all interfaces; an IPv6 address is returned without its brackets.
    /// - Returns: nil for anything else.
    package static func hostAndPort(_ address: String) -> (host: String, port: Int)? {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (0...65535).contains(port)
        else { return nil }
        var host = String(address[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        return (host, port)
    }

    /// The external URL where none is configured: this machine's name and the port of the first listen address.
    /// Source: prometheus, cmd/prometheus/main.go, `computeExternalURL`.
    package func defaultExternalURL(hostname: String, isTLS: Bool) -> String {
        let port = listenAddresses.lazy.compactMap { WebOptions.hostAndPort($0)?.port }.first ?? 9321
        return "\(isTLS ? "https" : "http")://\(hostname.contains(":") ? "[\(hostname)]" : hostname):\(port)"
    }
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
