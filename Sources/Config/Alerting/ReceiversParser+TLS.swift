import Platform
import Transport
import YAML

extension ReceiversParser {
    /// Parses `tls_config`. Source: prometheus/common, config.TLSConfig.
    func tls(_ node: Node?, default fallback: TLSOptions) -> TLSOptions {
        guard let node else { return fallback }
        var fields = Fields(node, errors, "tls_config")
        var options = TLSOptions()
        options.caFile = context.readableFile(&fields, "ca_file")
        options.certificateFile = context.readableFile(&fields, "cert_file")
        options.keyFile = context.readableFile(&fields, "key_file")
        options.ca = pem(&fields, "ca", ReceiversParser.certificates)
        options.certificate = pem(&fields, "cert", ReceiversParser.certificates)
        if let key = fields.node("key") { context.secrets.add(key.position) }
        options.key = pem(&fields, "key", ReceiversParser.keys).map { Secret(value: $0) }
        // A file that cannot be read counts as given, so that one mistake gives one error.
        func isGiven(_ key: String) -> Bool { node[key].map { !$0.isNull && $0.scalar != "" } ?? false }
        for key in ["ca", "cert", "key"] where isGiven(key) && isGiven(key + "_file") {
            errors.add(fields.position(of: key), "both \"\(key)\" and \"\(key)_file\" are given; keep one")
        }
        let hasCertificate = isGiven("cert") || isGiven("cert_file")
        let hasKey = isGiven("key") || isGiven("key_file")
        if hasCertificate != hasKey {
            errors.add(
                node.position,
                "a certificate and its key belong together; \(hasKey ? "cert or cert_file" : "key or key_file") is missing"
            )
        }
        options.serverName = fields.string("server_name")
        options.insecureSkipVerify = fields.bool("insecure_skip_verify") ?? false
        if let version = version(&fields, "min_version") { options.minimumVersion = version }
        options.maximumVersion = version(&fields, "max_version")
        fields.finish()
        return options
    }

    private static let certificates: Set<Substring> = ["-----BEGIN CERTIFICATE-----"]
    private static let keys: Set<Substring> = [
        "-----BEGIN PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----",
    ]

    /// PEM text (RFC 7468), which must keep its line breaks. Errors do not repeat it, since it may be a key.
    private func pem(_ fields: inout Fields, _ key: String, _ starts: Set<Substring>) -> String? {
        guard let text = fields.string(key), !text.isEmpty else { return nil }
        guard text.split(whereSeparator: \.isNewline).contains(where: starts.contains) else {
            let line = key == "key" ? "-----BEGIN PRIVATE KEY-----" : "-----BEGIN CERTIFICATE-----"
            errors.add(
                fields.position(of: key),
                "\(key): expected PEM text with a line \(line); write it as a block (\"\(key): |\"), or give \(key)_file"
            )
            return nil
        }
        return text
    }

    /// Parses `TLS12` or `TLS13`. `TLS10` and `TLS11`, which OpenSSL 3 disables, are accepted as a minimum and mean TLS
    /// 1.2.
    private func version(_ fields: inout Fields, _ key: String) -> TLSOptions.Version? {
        guard let text = fields.string(key) else { return nil }
        switch text {
        case "TLS13": return .tls13
        case "TLS12": return .tls12
        case "TLS10" where key == "min_version", "TLS11" where key == "min_version": return .tls12
        default:
            errors.add(fields.position(of: key), "\(key): expected TLS12 or TLS13, found \"\(text)\"")
            return nil
        }
    }
}
