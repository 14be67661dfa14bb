package import Platform
import Samples
import Transport
import TimeZones
package import Web
import YAML

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
        if let text = fields.string("socket") {
            socket = text.isEmpty ? "" : context.path(text, at: fields.position(of: "socket"))
        }
        users = WebOptions.secrets(&fields, "users", context) { hash in
            guard let cost = Bcrypt.cost(hash) else {
                return "expected a bcrypt hash such as `htpasswd -nBC 10 \"\"` makes; $2y$10$ and 53 characters"
            }
            return WebOptions.costs.contains(cost)
                ? nil
                : "expected a bcrypt hash of cost \(WebOptions.costs.lowerBound) to \(WebOptions.costs.upperBound), found \(cost)"
        }
        tokens = WebOptions.secrets(&fields, "tokens", context) { token in
            let isGood = token.utf8.count >= WebOptions.tokenBytes && token.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
            return isGood
                ? nil
                : "expected a token of at least \(WebOptions.tokenBytes) visible characters such as `openssl rand -hex 32` makes"
        }
        pagerDutySecret = context.secret(&fields, "pagerduty_webhook_secret")
        allowsAnonymousChanges = fields.bool("allow_anonymous_changes") ?? false
        allowedHosts = fields.strings("allowed_hosts")
        for host in allowedHosts where !KnownHosts.isName(host) {
            context.errors.add(
                fields.position(of: "allowed_hosts"),
                "allowed_hosts: expected names such as watch.example.org or *.example.org, without scheme and port, found \"\(host)\""
            )
        }
        if let node = fields.node("time_zone") {
            do throws(TimeZoneError) {
                timeZone = try TimeZoneData.named(node.scalar ?? "?", context.files)
            } catch {
                context.errors.add(node.position, "time_zone: \(error); expected a name such as Europe/Berlin, or UTC")
            }
        }
        parseProxies(&fields, context)
        fields.finish()
    }

    /// `user_header` and `trusted_proxies`: neither means anything without the other.
    private mutating func parseProxies(_ fields: inout Fields, _ context: ParsingContext) {
        userHeader = fields.parsed("user_header", expected: "the name of a header such as X-Forwarded-User") { text in
            WebOptions.isHeaderName(text) ? text : nil
        }
        for text in fields.strings("trusted_proxies") {
            guard let range = AddressRange(text) else {
                context.errors.add(
                    fields.position(of: "trusted_proxies"),
                    "trusted_proxies: expected addresses such as 192.0.2.7 or 10.0.0.0/8, found \"\(text)\"")
                continue
            }
            guard !range.isEverything else {
                context.errors.add(
                    fields.position(of: "trusted_proxies"),
                    "trusted_proxies: \(text) is everybody, who could then name any user; name the proxies' addresses")
                continue
            }
            trustedProxies.append(range)
        }
        let (hasHeader, hasProxies) = (fields.node("user_header") != nil, fields.node("trusted_proxies") != nil)
        if hasHeader, !hasProxies {
            context.errors.add(
                fields.position(of: "user_header"),
                "user_header is taken from trusted_proxies alone; add them, such as trusted_proxies: [127.0.0.1]")
        }
        if hasProxies, !hasHeader {
            context.errors.add(
                fields.position(of: "trusted_proxies"),
                "trusted_proxies belong to user_header; add it, such as user_header: X-Forwarded-User")
        }
    }

    /// Whether the text is a header's name that does not mean anything else to the agent. Source: RFC 9110, 5.6.2.
    private static func isHeaderName(_ text: String) -> Bool {
        let reserved = [
            "authorization", "connection", "content-length", "content-type", "cookie", "host", "origin", "referer",
            "transfer-encoding",
        ]
        return (1...64).contains(text.utf8.count) && !reserved.contains(text.lowercased())
            && text.utf8.allSatisfy { byte in
                (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// The permitted cost of a password check: a few seconds at most.
    private static let costs = 4...15
    /// Minimum length of a token; a shorter one could be guessed.
    private static let tokenBytes = 16

    /// Parses names with secrets: `ann: …`, or `ann_file: …` for the secret of `ann` in a file.
    /// - Parameter mistake: what is wrong with a secret, without it.
    private static func secrets(
        _ fields: inout Fields, _ key: String, _ context: ParsingContext, _ mistake: (String) -> String?
    ) -> [String: Secret] {
        guard let node = fields.node(key) else { return [:] }
        var entries = Fields(node, context.errors, key)
        var result: [String: Secret] = [:]
        for (keyNode, _) in node.mapping ?? [] {
            let suffix = "_file"
            let isFile = keyNode.text.hasSuffix(suffix) && keyNode.text.utf8.count > suffix.utf8.count
            let name = isFile ? String(keyNode.text.dropLast(suffix.count)) : keyNode.text
            guard !name.isEmpty, !name.contains(":"), name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
                context.errors.add(keyNode.position, "\(key): \"\(name)\" is no name; expected one without a colon")
                continue
            }
            guard result[name] == nil, let secret = context.secret(&entries, name) else { continue }
            result[name] = secret
            // For a file that can't be read an error was already added.
            if let text = try? secret.reveal(context.files), let mistake = mistake(text) {
                context.errors.add(keyNode.position, "\(keyNode.text): \(mistake)")
            }
        }
        return result
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

    /// The socket's name in its folder.
    package static let socketName = "vaultwatch.sock"

    /// systemd's `RUNTIME_DIRECTORY`: the first of several with colons between them. Source: systemd.exec(5).
    package static func runtimeFolder(_ environment: [String: String]) -> String? {
        environment["RUNTIME_DIRECTORY"].flatMap { $0.split(separator: ":").first.map(String.init) }
    }

    /// The path of the Unix socket; nil for none.
    /// - Parameter storagePath: the folder to use if systemd provides none.
    package func socketPath(environment: [String: String], storagePath: String) -> String? {
        if let socket { return socket.isEmpty ? nil : socket }
        return (WebOptions.runtimeFolder(environment) ?? storagePath) + "/" + WebOptions.socketName
    }

    /// The access control. Reads the files of users and tokens: a change of them takes effect at the next reload.
    /// - Parameters:
    ///   - file: the web configuration file's users and headers.
    ///   - hostname: this machine's name, by which the agent can be reached too.
    /// - Throws: `FileError` if a secret can't be read.
    package func access(_ file: WebFile, hostname: String, files: any FileAccess) throws(FileError) -> WebAccess {
        var access = WebAccess()
        access.closingUsers = file.users
        access.headers = file.headers
        for (name, hash) in users { access.users[name] = try hash.reveal(files) }
        for (name, token) in tokens { access.tokens[name] = try token.reveal(files) }
        access.pagerDutySecret = try pagerDutySecret?.reveal(files)
        access.allowsAnonymousChanges = allowsAnonymousChanges
        access.userHeader = userHeader
        access.trustedProxies = trustedProxies
        let listened = listenAddresses.compactMap { WebOptions.hostAndPort($0)?.host }
        access.hosts = KnownHosts(listened + [hostname, URLParts(externalURL)?.host ?? ""] + allowedHosts)
        return access
    }
}
