import Delivery
import Platform
import Probes
import Text
import Transport
import YAML

/// Parses what is asked of a service, one kind at a time. Each function returns nil after an error.
struct ServiceParser {
    let targets: TargetParser

    var context: ParsingContext { targets.context }
    var errors: ErrorList { context.errors }

    // MARK: HTTP

    func http(_ node: Node) -> HTTPServiceOptions? {
        var fields = Fields(node, errors, "http")
        defer { fields.finish() }
        let endpoint = endpoint(&fields)
        let method = fields.parsed("method", expected: "a method such as GET, HEAD or POST") { text in
            (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { (0x41...0x5a).contains($0) } ? text : nil
        }
        let statuses = fields.list("expect_status").compactMap { item -> ClosedRange<Int>? in
            let range = item.scalar.flatMap(ServiceParser.statuses)
            if range == nil {
                errors.add(item.position, "expect_status: expected statuses such as 200 or 2xx, found \(item.kind)")
            }
            return range
        }
        let text = fields.parsed("expect_text", expected: "a text of 1 to 1000 bytes") {
            (1...1000).contains($0.utf8.count) ? $0 : nil
        }
        let limit = fields.parsed("body_limit", expected: "a number of bytes from 1KiB to 16MiB") {
            ParsingContext.bytes($0).flatMap { (1 << 10...16 << 20).contains($0) ? $0 : nil }
        }
        let redirects = fields.integer("follow_redirects", in: 0...10)
        guard let endpoint else { return nil }
        var options = HTTPServiceOptions(endpoint: endpoint)
        if let method { options.method = method }
        if !statuses.isEmpty { options.statuses = statuses }
        options.text = text
        if text != nil, options.method == "HEAD" {
            errors.add(fields.position(of: "expect_text"), "expect_text: the answer to HEAD has no body")
        }
        if let limit { options.bodyLimitBytes = limit }
        if let redirects { options.redirectLimit = redirects }
        return options
    }

    /// `200`, `2xx`.
    private static func statuses(_ text: String) -> ClosedRange<Int>? {
        if text.count == 3, text.hasSuffix("xx"), let hundreds = text.first?.wholeNumberValue,
            (1...5).contains(hundreds)
        {
            return hundreds * 100...hundreds * 100 + 99
        }
        return Int(text).flatMap { (100...599).contains($0) ? $0...$0 : nil }
    }

    /// `url` with headers, login and TLS. Secrets go over TLS alone.
    func endpoint(_ fields: inout Fields) -> HTTPEndpointOptions? {
        _ = fields.required("url")
        let url = fields.parsed("url", expected: "a URL such as https://www.example.org/health") {
            ParsingContext.webURL($0)
        }
        var options = HTTPEndpointOptions(url: url ?? "")
        var secret: String?
        if let node = fields.node("http_headers") {
            let headers = context.headers(node)
            options.headers = headers.map { .init(name: $0.name, value: $0.value) }
            if headers.contains(where: \.isSecret) { secret = "a secret of http_headers" }
        }
        if let node = fields.node("basic_auth") {
            var login = Fields(node, errors, "basic_auth")
            options.user = login.requiredString("username")
            options.password = context.secret(&login, "password")
            if options.password == nil {
                errors.add(node.position, "basic_auth needs \"password\" or \"password_file\"")
            }
            login.finish()
            secret = "the password of basic_auth"
        }
        options.tls = targets.tls(&fields)
        let isAllowed = fields.bool("allow_plaintext") ?? false
        if let url, let secret, !isAllowed, Plaintext.isExposed(url) {
            errors.add(
                fields.position(of: "url"),
                "url: \(secret) would go over the network unencrypted; expected https://, or \"allow_plaintext: true\" beside it"
            )
        }
        return url == nil ? nil : options
    }

    // MARK: TCP

    func tcp(_ node: Node) -> TCPServiceOptions? {
        var fields = Fields(node, errors, "tcp")
        defer { fields.finish() }
        _ = fields.required("address")
        let address = address(&fields)
        let usesTLS = fields.bool("tls") ?? false
        let tls = targets.tls(&fields)
        if !usesTLS, tls != TLSOptions() {
            errors.add(node.position, "options of TLS have no effect without \"tls: true\"")
        }
        let items = fields.list("dialogue")
        if items.count > ServiceParser.stepLimit {
            errors.add(node.position, "dialogue: expected at most \(ServiceParser.stepLimit) steps")
        }
        let steps = items.prefix(ServiceParser.stepLimit).compactMap(step)
        guard let address else { return nil }
        var options = TCPServiceOptions(host: address.host, port: address.port)
        options.usesTLS = usesTLS
        options.tls = tls
        options.steps = steps
        return options
    }

    private static let stepLimit = 32

    private func step(_ node: Node) -> TCPServiceOptions.Step? {
        var fields = Fields(node, errors, "a step of dialogue")
        defer { fields.finish() }
        let pattern = fields.string("expect")
        let text = fields.string("send")
        guard (pattern == nil) != (text == nil) else {
            errors.add(node.position, "a step of dialogue needs either \"expect\" or \"send\"")
            return nil
        }
        if let text {
            guard text.utf8.count <= 4096 else {
                errors.add(fields.position(of: "send"), "send: expected at most 4096 bytes")
                return nil
            }
            return .send(text)
        }
        guard let pattern else { return nil }
        do {
            _ = try RegularExpression(pattern, memoryBytes: TCPServiceOptions.patternBytes)
            return .expect(pattern)
        } catch {
            errors.add(fields.position(of: "expect"), "expect: \(error)")
            return nil
        }
    }

    /// `address`: a host with its port.
    func address(_ fields: inout Fields, defaultPort: Int? = nil) -> (host: String, port: Int)? {
        let example = defaultPort == nil ? "ldap.example.org:636" : "smtp.example.org:587"
        return fields.parsed("address", expected: "a host and a port such as \(example)") { text in
            let hasPort = WebOptions.hostAndPort(text)
            let host = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
            let isBare = !host.contains(":") || DNSAddress.normal(host) != nil
            guard let found = hasPort ?? (isBare ? defaultPort.map { (host, $0) } : nil) else { return nil }
            let isHost =
                !found.0.isEmpty && (1...65535).contains(found.1)
                && found.0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"/?#@[]".utf8.contains($0) }
            return isHost ? found : nil
        }
    }
}
