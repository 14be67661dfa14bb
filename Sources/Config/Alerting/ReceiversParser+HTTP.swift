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
        if let proxy = fields.string("proxy_url"), !proxy.isEmpty { options.proxy = Secret(value: proxy) }
        options.noProxy = (fields.string("no_proxy") ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
        options.followRedirects = fields.bool("follow_redirects") ?? true
        // HTTP/2 changes nothing that a receiver could tell: read and left alone.
        _ = fields.bool("enable_http2")
        if fields.bool("proxy_from_environment") == true { proxyFromEnvironment(&options, fields.place(of: "proxy_from_environment")) }
        if fields.node("proxy_connect_header") != nil {
            errors.add(fields.place(of: "proxy_connect_header"), "proxy_connect_header is not supported; a proxy's user and password go into proxy_url")
        }
        if let headers = fields.node("http_headers") { options.headers = self.headers(headers) }
        fields.finish()
        return options
    }

    /// `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, in lower case too, as Go and curl have it.
    private func proxyFromEnvironment(_ options: inout HTTPClientOptions, _ place: Place) {
        if options.proxy != nil || !options.noProxy.isEmpty {
            errors.add(place, "proxy_from_environment stands in the place of proxy_url and no_proxy; keep one")
        }
        func value(_ name: String) -> String? {
            [name, name.lowercased()].compactMap { context.environment[$0] }.first { !$0.isEmpty }
        }
        options.proxyForHTTPS = value("HTTPS_PROXY").map { Secret(value: $0) }
        options.proxyForHTTP = value("HTTP_PROXY").map { Secret(value: $0) }
        options.noProxy = (value("NO_PROXY") ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
    }

    private func authorization(_ fields: inout Fields) -> HTTPClientOptions.Authorization {
        var found: [HTTPClientOptions.Authorization] = []
        if let node = fields.node("basic_auth") {
            var basic = Fields(node, errors, "basic_auth")
            let username = context.secret(&basic, "username")
            let password = context.secret(&basic, "password")
            if username == nil { errors.add(node.place, "basic_auth needs \"username\"") }
            basic.finish()
            found.append(.basic(username: username ?? Secret(value: ""), password: password))
        }
        if let node = fields.node("authorization") {
            var scheme = Fields(node, errors, "authorization")
            let type = scheme.string("type") ?? "Bearer"
            let credentials = context.secret(&scheme, "credentials")
            if credentials == nil { errors.add(node.place, "authorization needs \"credentials\" or \"credentials_file\"") }
            if type.lowercased() == "basic" { errors.add(scheme.place(of: "type"), "type: \"Basic\" is given by basic_auth") }
            scheme.finish()
            found.append(.scheme(type, credentials: credentials ?? Secret(value: "")))
        }
        if let node = fields.node("oauth2"), let options = oauth2(node) { found.append(.oauth2(options)) }
        if let token = context.secret(&fields, "bearer_token") { found.append(.scheme("Bearer", credentials: token)) }
        if found.count > 1 { errors.add(fields.place, "at most one of basic_auth, authorization, oauth2, bearer_token is possible") }
        return found.first ?? .none
    }

    private func oauth2(_ node: Node) -> OAuth2Options? {
        var fields = Fields(node, errors, "oauth2")
        let id = fields.requiredString("client_id")
        let secret = context.secret(&fields, "client_secret")
        if secret == nil { errors.add(node.place, "oauth2 needs \"client_secret\" or \"client_secret_file\"") }
        let url = fields.parsed("token_url", expected: "a URL such as https://login.example.org/token") { ParsingContext.isWebURL($0) ? $0 : nil }
        if url == nil, fields.node("token_url") == nil { errors.add(node.place, "oauth2 needs \"token_url\"") }
        var options = OAuth2Options(clientID: id ?? "", clientSecret: secret ?? Secret(value: ""), tokenURL: url ?? "")
        options.scopes = fields.strings("scopes")
        options.endpointParameters = fields.stringMap("endpoint_params")
        options.tls = tls(fields.node("tls_config"), default: TLSOptions())
        if let proxy = fields.string("proxy_url"), !proxy.isEmpty { options.proxy = Secret(value: proxy) }
        options.noProxy = (fields.string("no_proxy") ?? "").split(separator: ",").map { String($0.filter { $0 != " " }) }.filter { !$0.isEmpty }
        fields.finish()
        return id == nil || secret == nil || url == nil ? nil : options
    }

    private func headers(_ node: Node) -> [HTTPClientOptions.Header] {
        guard let pairs = node.mapping else {
            errors.add(node.place, "http_headers: expected a mapping, found \(node.kind)")
            return []
        }
        return pairs.flatMap { name, value -> [HTTPClientOptions.Header] in
            guard EmailHeaders.isFieldName(name.text) else {
                errors.add(name.place, "\"\(name.text)\" is no header's name")
                return []
            }
            // What stands in the wrong place may be the secret itself: it is not repeated.
            guard value.mapping != nil else {
                errors.add(value.place, "\(name.text): expected a mapping of values, secrets, files")
                return []
            }
            var header = Fields(value, errors, "a header")
            let plain = (header.strings("values") + header.strings("secrets")).map { Secret(value: $0) }
            let files = header.strings("files").map { Secret(file: context.path($0, at: value.place)) }
            header.finish()
            return (plain + files).map { .init(name: name.text, value: $0) }
        }
    }

    /// `tls_config`.
    func tls(_ node: Node?, default fallback: TLSOptions) -> TLSOptions {
        guard let node else { return fallback }
        var fields = Fields(node, errors, "tls_config")
        var options = TLSOptions()
        options.caFile = context.readableFile(&fields, "ca_file")
        options.certificateFile = context.readableFile(&fields, "cert_file")
        options.keyFile = context.readableFile(&fields, "key_file")
        options.serverName = fields.string("server_name")
        options.insecureSkipVerify = fields.bool("insecure_skip_verify") ?? false
        for key in ["ca", "cert", "key"] where fields.node(key) != nil {
            errors.add(fields.place(of: key), "\(key): certificates stand in files here; expected \(key)_file")
        }
        if let version = version(&fields, "min_version") { options.minimumVersion = version }
        options.maximumVersion = version(&fields, "max_version")
        if (options.certificateFile == nil) != (options.keyFile == nil) {
            errors.add(node.place, "cert_file and key_file belong together")
        }
        fields.finish()
        return options
    }

    /// `TLS12`, `TLS13`; the older ones, which OpenSSL 3 has given up, as a lower bound ask for nothing.
    private func version(_ fields: inout Fields, _ key: String) -> TLSOptions.Version? {
        guard let text = fields.string(key) else { return nil }
        switch text {
        case "TLS13": return .tls13
        case "TLS12": return .tls12
        case "TLS10" where key == "min_version", "TLS11" where key == "min_version": return .tls12
        default:
            errors.add(fields.place(of: key), "\(key): expected TLS12 or TLS13, found \"\(text)\"")
            return nil
        }
    }
}
