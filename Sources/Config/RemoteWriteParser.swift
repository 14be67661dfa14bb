package import Delivery
import Platform
package import RemoteWrite
import Samples
import Text
import Transport
import YAML

/// One endpoint of `remote_write`.
package struct RemoteWriteEndpoint: Sendable, Hashable {
    /// Its name, queue and timing.
    package var options: RemoteWriteOptions
    /// Where requests go.
    package var url: String
    /// How it is reached.
    package var http: HTTPClientOptions
}

/// Parses `remote_write`, whose keys are Prometheus'. Those that do something else than here, or nothing, are refused by
/// name.
/// Source: prometheus.io/docs/prometheus/latest/configuration/configuration, remote_write.
struct RemoteWriteParser {
    let context: ParsingContext
    private var errors: ErrorList { context.errors }

    init(context: ParsingContext) { self.context = context }

    /// How many there may be: each has a queue on disk.
    private static let limit = 16

    /// Keys of Prometheus that are not supported, each with the reason and what to do.
    private static let refused: [String: String] = [
        "write_relabel_configs": "every series is sent; drop series at the server",
        "metadata_config":
            "metadata is sent with protobuf_message: io.prometheus.write.v2.Request, and not with the other",
        "send_exemplars": "there are no exemplars here; leave it out",
        "send_native_histograms": "there are no native histograms here; leave it out",
        "sigv4": "sign with a proxy on this machine, such as aws-sigv4-proxy",
        "azuread": "use oauth2",
        "google_iam": "use oauth2",
        "round_robin_dns": "each new connection looks the name up; leave it out",
    ]

    private static let refusedOfQueue: [String: String] = [
        "capacity": "samples wait on disk; max_bytes limits them",
        "max_shards": "requests go one after the other, in order; max_samples_per_send makes them larger",
        "min_shards": "requests go one after the other, in order; leave it out",
        "sample_age_limit": "a server says itself what is too old for it; max_bytes limits what waits",
    ]

    /// Headers that the protocol sets, or that other keys do.
    private static let reservedHeaders: Set<String> = [
        "authorization", "connection", "content-encoding", "content-length", "content-type", "host",
        "proxy-authorization", "transfer-encoding", "user-agent", "x-prometheus-remote-write-version",
    ]

    func endpoints(_ nodes: [Node]) -> [RemoteWriteEndpoint] {
        var names: Set<String> = []
        if nodes.count > RemoteWriteParser.limit, let position = nodes.last?.position {
            errors.add(position, "remote_write: expected at most \(RemoteWriteParser.limit) endpoints")
        }
        return nodes.compactMap { node in
            var fields = Fields(node, errors, "a remote_write")
            defer { fields.finish() }
            refuse(RemoteWriteParser.refused, &fields)
            let parser = ReceiversParser(context: context)
            let url = context.url(&fields, "url", required: true)
            let name = name(&fields, url: url ?? "")
            if let name, !names.insert(name).inserted {
                errors.add(
                    fields.position(of: fields.node("name") == nil ? "url" : "name"),
                    "another endpoint of remote_write is named \"\(name)\"; give each a \"name\" of its own")
            }
            var http = parser.httpClient(&fields)
            http.headers += headers(&fields)
            if let url, Plaintext.isExposed(url), http.secretName != nil, !http.allowsPlaintext {
                errors.add(
                    fields.position(of: "url"),
                    "url: the credentials would go over the network unencrypted; expected https://, or \"allow_plaintext: true\" beside it"
                )
            }
            var options = RemoteWriteOptions(name: name ?? "")
            if let value = context.duration(&fields, "remote_timeout") { options.timeout = value }
            if let value = fields.choice("protobuf_message", WriteMessage.self) { options.message = value }
            if let node = fields.node("queue_config") { queue(node, &options) }
            guard let url, name != nil else { return nil }
            return RemoteWriteEndpoint(options: options, url: url, http: http)
        }
    }

    /// The configured name, or the URL's host and port.
    private func name(_ fields: inout Fields, url: String) -> String? {
        func isGood(_ text: String) -> Bool {
            let isKnown = { (byte: UInt8) in
                byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                    || (byte < 0x80 && Character(Unicode.Scalar(byte)).isLetter)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
            return (1...100).contains(text.utf8.count) && text.utf8.allSatisfy(isKnown)
        }
        if fields.node("name") != nil {
            return fields.parsed("name", expected: "1 to 100 letters, digits, \"_\", \"-\" or \".\"") {
                isGood($0) ? $0 : nil
            }
        }
        guard let parts = URLParts(url) else { return nil }
        let host = String(parts.host.map { $0 == ":" ? "-" : $0 })
        let name = host + "-" + String(parts.port)
        if !isGood(name) { errors.add(fields.position, "a remote_write with this url needs a \"name\"") }
        return isGood(name) ? name : nil
    }

    private func headers(_ fields: inout Fields) -> [HTTPClientOptions.Header] {
        fields.stringMap("headers").sorted { $0.key < $1.key }.compactMap { name, value in
            guard EmailHeaders.isFieldName(name), !RemoteWriteParser.reservedHeaders.contains(name.lowercased()) else {
                errors.add(
                    fields.position(of: "headers"),
                    EmailHeaders.isFieldName(name)
                        ? "headers: \"\(name)\" can't be set here; credentials belong to basic_auth or authorization"
                        : "headers: \"\(name)\" is not a header name")
                return nil
            }
            return .init(name: name, value: Secret(value: value))
        }
    }

    private func queue(_ node: Node, _ options: inout RemoteWriteOptions) {
        var fields = Fields(node, errors, "queue_config")
        defer { fields.finish() }
        refuse(RemoteWriteParser.refusedOfQueue, &fields)
        if let value = fields.integer("max_samples_per_send", in: 1...RemoteWriteOptions.samplesLimit) {
            options.maxSamplesPerSend = value
        }
        if let value = context.duration(&fields, "batch_send_deadline") { options.batchSendDeadline = value }
        if let value = context.duration(&fields, "min_backoff") { options.minBackoff = value }
        if let value = context.duration(&fields, "max_backoff") { options.maxBackoff = value }
        if options.maxBackoff < options.minBackoff {
            errors.add(
                fields.position(of: "max_backoff"),
                "max_backoff is shorter than min_backoff (\(options.minBackoff.prometheusDescription))")
        }
        if fields.bool("retry_on_http_429") == false {
            errors.add(
                fields.position(of: "retry_on_http_429"), "retry_on_http_429: 429 is always retried; leave it out")
        }
        if let value = context.bytes(&fields, "max_bytes") {
            options.maxQueueBytes = value
            if value < 1 << 20 || value > 1 << 40 {
                errors.add(fields.position(of: "max_bytes"), "max_bytes: expected 1MiB to 1TiB")
            }
        }
    }

    private func refuse(_ keys: [String: String], _ fields: inout Fields) {
        for (key, advice) in keys.sorted(by: { $0.key < $1.key }) where fields.node(key) != nil {
            errors.add(fields.position(of: key), "\(key) is not supported: \(advice)")
        }
    }
}
