import Delivery
import Platform
import Transport
import YAML

extension ReceiversParser {
    /// `http_config`. What this agent can't do is an error that says so, never a silence.
    func httpClient(_ node: Node?, default fallback: HTTPClientOptions) -> HTTPClientOptions {
        guard let node else { return fallback }
        var fields = Fields(node, errors, "http_config")
        var options = HTTPClientOptions()
        options.tls = tls(fields.node("tls_config"), default: TLSOptions())
        options.authorization = authorization(&fields)
        options.proxy = proxy(&fields)
        options.followRedirects = fields.bool("follow_redirects") ?? true
        // HTTP/2 changes nothing that a receiver could tell: read and left alone.
        _ = fields.bool("enable_http2")
        if let headers = fields.node("http_headers") { options.headers = self.headers(headers) }
        fields.finish()
        return options
    }

    /// `proxy_url`, `no_proxy`, `proxy_from_environment`, `proxy_connect_header`.
    private func proxy(_ fields: inout Fields) -> ProxyOptions {
        var options = ProxyOptions()
        if let url = fields.string("proxy_url"), !url.isEmpty { options.url = Secret(value: url) }
        options.exceptions = ReceiversParser.exceptions(fields.string("no_proxy"))
        let isFromEnvironment = fields.bool("proxy_from_environment") == true
        if isFromEnvironment, options.url != nil || !options.exceptions.isEmpty {
            errors.add(
                fields.position(of: "proxy_from_environment"),
                "proxy_from_environment stands in the position of proxy_url and no_proxy; keep one")
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

    /// A header's name to its values, each a secret.
    private func connectHeaders(_ node: Node) -> [HTTPClientOptions.Header] {
        var fields = Fields(node, errors, "proxy_connect_header")
        return (node.mapping ?? []).flatMap { name, value -> [HTTPClientOptions.Header] in
            guard EmailHeaders.isFieldName(name.text) else {
                errors.add(name.position, "\"\(name.text)\" is no header's name")
                return []
            }
            // What stands in the wrong place may be the secret itself: it is not repeated.
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

    /// `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in lower case too, as Go and curl have it.
    private func takeEnvironment(_ options: inout ProxyOptions) {
        func value(_ name: String) -> String? {
            [name, name.lowercased()].compactMap { context.environment[$0] }.first { !$0.isEmpty }
        }
        options.urlForHTTPS = value("HTTPS_PROXY").map { Secret(value: $0) }
        options.urlForHTTP = value("HTTP_PROXY").map { Secret(value: $0) }
        options.exceptions = ReceiversParser.exceptions(value("NO_PROXY"))
    }

    private func authorization(_ fields: inout Fields) -> HTTPClientOptions.Authorization {
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
                errors.add(scheme.position(of: "type"), "type: \"Basic\" is given by basic_auth")
            }
            scheme.finish()
            found.append(.scheme(type, credentials: credentials ?? Secret(value: "")))
        }
        if let node = fields.node("oauth2"), let options = oauth2(node) { found.append(.oauth2(options)) }
        if let token = context.secret(&fields, "bearer_token") { found.append(.scheme("Bearer", credentials: token)) }
        if found.count > 1 {
            errors.add(fields.position, "at most one of basic_auth, authorization, oauth2, bearer_token is possible")
        }
        return found.first ?? .none
    }

    private func oauth2(_ node: Node) -> OAuth2Options? {
        var fields = Fields(node, errors, "oauth2")
        let id = filled(&fields, "client_id")
        let secret = context.secret(&fields, "client_secret")
        if secret == nil { errors.add(node.position, "oauth2 needs \"client_secret\" or \"client_secret_file\"") }
        let url = fields.parsed("token_url", expected: "a URL such as https://login.example.org/token") {
            ParsingContext.webURL($0)
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

    private func headers(_ node: Node) -> [HTTPClientOptions.Header] {
        guard let pairs = node.mapping else {
            errors.add(node.position, "http_headers: expected a mapping, found \(node.kind)")
            return []
        }
        return pairs.flatMap { name, value -> [HTTPClientOptions.Header] in
            guard EmailHeaders.isFieldName(name.text) else {
                errors.add(name.position, "\"\(name.text)\" is no header's name")
                return []
            }
            // What stands in the wrong place may be the secret itself: it is not repeated.
            guard value.mapping != nil else {
                errors.add(value.position, "\(name.text): expected a mapping of values, secrets, files")
                return []
            }
            var header = Fields(value, errors, "a header")
            let plain = (header.strings("values") + header.strings("secrets")).map { Secret(value: $0) }
            let files = header.strings("files").map { Secret(file: context.path($0, at: value.position)) }
            header.finish()
            return (plain + files).map { .init(name: name.text, value: $0) }
        }
    }
}
