import Delivery
import Platform
import Transport
import YAML

extension ReceiversParser {
    /// Parses `http_config`. Unsupported keys are errors.
    func httpClient(_ node: Node?, default fallback: HTTPClientOptions) -> HTTPClientOptions {
        guard let node else { return fallback }
        var fields = Fields(node, errors, "http_config")
        defer { fields.finish() }
        return httpClient(&fields)
    }

    /// The same, where the keys stand among others.
    func httpClient(_ fields: inout Fields) -> HTTPClientOptions {
        var options = HTTPClientOptions()
        options.tls = tls(fields.node("tls_config"), default: TLSOptions())
        options.allowsPlaintext = fields.bool("allow_plaintext") ?? false
        options.authorization = authorization(&fields, options)
        options.proxy = proxy(&fields)
        options.followRedirects = fields.bool("follow_redirects") ?? true
        // Accepted for compatibility; HTTP/1.1 is always used.
        _ = fields.bool("enable_http2")
        if let headers = fields.node("http_headers") { options.headers = context.headers(headers) }
        return options
    }

    /// Parses `proxy_url`, `no_proxy`, `proxy_from_environment`, `proxy_connect_header`.
    private func proxy(_ fields: inout Fields) -> ProxyOptions {
        var options = ProxyOptions()
        if let url = fields.string("proxy_url"), !url.isEmpty { options.url = Secret(value: url) }
        options.exceptions = ReceiversParser.exceptions(fields.string("no_proxy"))
        let isFromEnvironment = fields.bool("proxy_from_environment") == true
        if isFromEnvironment, options.url != nil || !options.exceptions.isEmpty {
            errors.add(
                fields.position(of: "proxy_from_environment"),
                "proxy_from_environment excludes proxy_url and no_proxy; keep one or the other")
        }
        if let headers = fields.node("proxy_connect_header") { options.connectHeaders = connectHeaders(headers) }
        if !options.connectHeaders.isEmpty, options.url == nil, !isFromEnvironment {
            errors.add(
                fields.position(of: "proxy_connect_header"),
                "proxy_connect_header needs \"proxy_url\" or \"proxy_from_environment\" beside it")
        }
        if isFromEnvironment { takeEnvironment(&options) }
        return options
    }

    /// Parses a mapping of header names to lists of values, which are secrets.
    private func connectHeaders(_ node: Node) -> [HTTPClientOptions.Header] {
        var fields = Fields(node, errors, "proxy_connect_header")
        return (node.mapping ?? []).flatMap { name, value -> [HTTPClientOptions.Header] in
            guard EmailHeaders.isFieldName(name.text) else {
                errors.add(name.position, "\"\(name.text)\" is not a header name")
                return []
            }
            // The misplaced value may be the secret itself, so the error does not repeat it.
            guard value.isNull || value.sequence?.allSatisfy({ $0.scalar != nil }) == true else {
                errors.add(value.position, "\(name.text): expected a list of values")
                return []
            }
            return fields.strings(name.text).map { .init(name: name.text, value: Secret(value: $0)) }
        }
    }

    private static func exceptions(_ text: String?) -> [String] {
        (text ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }

    /// Reads `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, or the same in lower case, as Go and curl do.
    private func takeEnvironment(_ options: inout ProxyOptions) {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].compactMap { context.environment[$0] }.first { !$0.isEmpty }
        }
        options.urlForHTTPS = value("HTTPS_PROXY").map { Secret(value: $0) }
        options.urlForHTTP = value("HTTP_PROXY").map { Secret(value: $0) }
        options.exceptions = ReceiversParser.exceptions(value("NO_PROXY"))
    }

    private func authorization(_ fields: inout Fields, _ http: HTTPClientOptions) -> HTTPClientOptions.Authorization {
        var found: [HTTPClientOptions.Authorization] = []
        if let node = fields.node("basic_auth") {
            var basic = Fields(node, errors, "basic_auth")
            let username = context.secret(&basic, "username")
            let password = context.secret(&basic, "password")
            basic.finish()
            found.append(.basic(username: username ?? Secret(value: ""), password: password))
        }
        if let node = fields.node("authorization") {
            var scheme = Fields(node, errors, "authorization")
            let type = scheme.string("type") ?? "Bearer"
            let credentials = context.secret(&scheme, "credentials")
            if type.lowercased() == "basic" {
                errors.add(scheme.position(of: "type"), "type: for \"Basic\" use basic_auth")
            }
            scheme.finish()
            found.append(.scheme(type, credentials: credentials ?? Secret(value: "")))
        }
        if let node = fields.node("oauth2"), let options = oauth2(node, http) { found.append(.oauth2(options)) }
        if let token = context.secret(&fields, "bearer_token") { found.append(.scheme("Bearer", credentials: token)) }
        if found.count > 1 {
            errors.add(fields.position, "expected at most one of basic_auth, authorization, oauth2, bearer_token")
        }
        return found.first ?? .none
    }

    private func oauth2(_ node: Node, _ http: HTTPClientOptions) -> OAuth2Options? {
        var fields = Fields(node, errors, "oauth2")
        let id = filled(&fields, "client_id")
        let secret = context.secret(&fields, "client_secret")
        if secret == nil { errors.add(node.position, "oauth2 needs \"client_secret\" or \"client_secret_file\"") }
        let url = fields.parsed("token_url", expected: "a URL such as https://login.example.org/token") {
            ParsingContext.webURL($0)
        }
        if let url {
            refusePlaintext(url, "the client_secret", http, "token_url", at: fields.position(of: "token_url"))
        }
        if url == nil, fields.node("token_url") == nil { errors.add(node.position, "oauth2 needs \"token_url\"") }
        var options = OAuth2Options(clientID: id ?? "", clientSecret: secret ?? Secret(value: ""), tokenURL: url ?? "")
        options.scopes = fields.strings("scopes")
        options.endpointParameters = fields.stringMap("endpoint_params")
        options.tls = tls(fields.node("tls_config"), default: TLSOptions())
        options.proxy = proxy(&fields)
        fields.finish()
        return id == nil || secret == nil || url == nil ? nil : options
    }
}
