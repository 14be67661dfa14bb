import Exposition
package import HTTPServer
package import Platform
import Samples
package import Telemetry
import Text

/// The agent's pages and APIs: routes each request, checks access and counts it.
package struct WebService: Sendable {
    /// What the configuration says about the web interface.
    package struct Options: Sendable {
        /// The URL by which users reach the agent; as in Prometheus, its path is the prefix of every route. Default:
        /// none.
        package var externalURL = ""
        /// Access control, and additional headers.
        package var access = WebAccess()

        /// The defaults.
        package init() {}
    }

    let sources: WebSources
    let platform: Platform
    let pages: Pages
    let formKey: [UInt8]
    private let options: Options
    private let prefix: String
    let authenticator: Authenticator
    private let requests: Counter
    private let durations: Histogram
    private let inFlight: Gauge

    /// - Parameters:
    ///   - sources: what the APIs show and do.
    ///   - pages: HTML pages; their patterns are values of the label `handler`.
    ///   - formKey: 32 secret bytes, the key of form tokens; nil generates a random key, so that tokens are valid only
    ///     while this service exists.
    ///   - registry: receives the `vaultwatch_http_*` metrics.
    package init(
        _ options: Options, sources: WebSources, pages: Pages = Pages(), formKey: [UInt8]? = nil, platform: Platform,
        registry: Registry
    ) {
        self.options = options
        self.sources = sources
        self.pages = pages
        self.formKey = formKey ?? FormToken.key(platform.random)
        self.platform = platform
        prefix = WebService.path(of: options.externalURL)
        authenticator = Authenticator(options.access, platform: platform)
        requests = registry.counter(
            "vaultwatch_http_requests_total", help: "HTTP requests answered, by handler and status code.",
            labels: ["handler", "code"])
        durations = registry.histogram(
            "vaultwatch_http_request_duration_seconds", help: "Duration of HTTP requests in seconds, by handler.",
            labels: ["handler"])
        inFlight = registry.gauge("vaultwatch_http_requests_in_flight", help: "HTTP requests being answered.")
        requests.declare("/metrics", "200")
        requests.declare("/-/ready", "200")
        durations.declare("/metrics")
    }

    /// Answers a request; the handler of `HTTPServer`.
    package func respond(to request: ServerRequest) async -> ServerResponse {
        let start = platform.time.monotonic()
        inFlight.add(1)
        let found = route(request)
        var response: ServerResponse
        switch await admission(of: request, found) {
        case .refused(let refusal): response = refusal
        case .admitted(let caller): response = await found.answer(request, caller ?? Caller("", by: .none))
        }
        await finish(&response, request)
        inFlight.add(-1)
        requests.increment(found.name, String(response.status))
        durations.observe((platform.time.monotonic() - start).seconds, found.name)
        return response
    }

    // MARK: Routes

    struct Route {
        /// The pattern of the path, a value of the label `handler`.
        let name: String
        let methods: [String]
        /// Whether a request changes state.
        let changes: Bool
        /// Whether the answer may take long to compute.
        let isExpensive: Bool
        /// Whether the route ignores the `Host` header, so that monitoring can use any name.
        let answersAnyHost: Bool
        /// Whether a request's signature authenticates its sender, so that it needs no login; nil for routes without
        /// signatures.
        let signature: (@Sendable (ServerRequest) -> Bool)?
        let answer: @Sendable (ServerRequest, Caller) async -> ServerResponse

        /// A route that reads.
        init(
            name: String, methods: [String] = ["GET", "HEAD"], answersAnyHost: Bool = false,
            answer: @escaping @Sendable (ServerRequest) async -> ServerResponse
        ) {
            self.name = name
            self.methods = methods
            changes = false
            isExpensive = name.hasPrefix("/api/")
            self.answersAnyHost = answersAnyHost
            signature = nil
            self.answer = { request, _ in await answer(request) }
        }

        /// A route that makes changes.
        init(
            name: String, methods: [String], signature: (@Sendable (ServerRequest) -> Bool)? = nil,
            change: @escaping @Sendable (ServerRequest, Caller) async -> ServerResponse
        ) {
            self.name = name
            self.methods = methods
            changes = true
            isExpensive = false
            answersAnyHost = false
            self.signature = signature
            answer = change
        }
    }

    var access: WebAccess { options.access }
    var externalURL: String { options.externalURL }
    /// The prefix of every route's path, without a trailing slash.
    var externalPath: String { prefix }

    private func route(_ request: ServerRequest) -> Route {
        var path = request.path
        if path.hasPrefix(prefix) {
            path = String(path.dropFirst(prefix.utf8.count))
        } else if request.peerUser == nil {
            // Clients of the Unix socket need not know the prefix.
            return notFound(path)
        }
        if path.hasPrefix("/api/v2/") { return alertmanagerRoute(path, request) ?? WebService.notFound }
        if path.hasPrefix("/api/v1/") { return prometheusRoute(path, request.method) ?? WebService.notFound }
        if let page = pageRoute(path.isEmpty ? "/" : path, request.method) { return page }
        return switch path {
        case "/metrics": Route(name: path, answersAnyHost: true) { await metrics($0) }
        case "/-/healthy": Route(name: path, answersAnyHost: true) { _ in healthy() }
        case "/-/ready": Route(name: path, answersAnyHost: true) { _ in ready() }
        case "/acknowledge": Route(name: path, methods: ["POST"]) { await acknowledgeByForm($0, $1) }
        case "/-/reload": Route(name: path, methods: ["POST", "PUT"]) { _, caller in await reload(caller) }
        default: notFound(path)
        }
    }

    static let notFound = Route(name: "other", methods: ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
        _ in
        .text("404 not found\n", status: 404)
    }

    /// Degraded still returns 200: a failing check may cause a restart, which would not help.
    private func healthy() -> ServerResponse {
        .text("vaultwatch is healthy.\n" + sources.degradations().map { "degraded: \($0)\n" }.joined())
    }

    private func ready() -> ServerResponse {
        if let reason = sources.notReady() { return .text("vaultwatch is not ready: \(reason)\n", status: 503) }
        return .text("vaultwatch is ready.\n")
    }

    private func reload(_ caller: Caller) async -> ServerResponse {
        if let reason = await sources.reload(caller) {
            return .text("failed to reload config: \(reason)\n", status: 500)
        }
        return .text("")
    }

    /// A page of many targets is written while it is sent: it would be tens of megabytes.
    private func metrics(_ request: ServerRequest) async -> ServerResponse {
        let format = ExpositionFormat(accept: request[header: "accept"])
        let families = await sources.families()
        let isCompressed = Gzip.isAccepted(request[header: "accept-encoding"])
        do throws(QueryError) {
            var response = try await sources.compute(.page) { _ in
                MetricsPage.begin(ExpositionWriter(families(), format), isCompressed: isCompressed)
            }
            response.headers += [("Content-Type", format.contentType), ("Vary", "Accept")]
            return response
        } catch {
            return .text("\(error.message)\n", status: error.kind.status)
        }
    }

    // MARK: Answers

    /// Adds the common headers and compresses large bodies.
    private func finish(_ response: inout ServerResponse, _ request: ServerRequest) async {
        response.headers.append(("Date", platform.time.wall().httpDate))
        response.headers.append(("X-Content-Type-Options", "nosniff"))
        response.headers.append(("X-Frame-Options", "deny"))
        for (name, value) in [("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store")]
        where !response.headers.contains(where: { $0.name == name }) {
            response.headers.append((name, value))
        }
        response.headers += options.access.headers.map { ($0.name, $0.value) }
        // Assets are compressed once.
        let isCoded = response.headers.contains { $0.name == "Content-Encoding" }
        guard !isCoded, case .bytes(let bytes) = response.body, bytes.count > 1400,
            Gzip.isAccepted(request[header: "accept-encoding"]), let compressed = await compressed(bytes)
        else { return }
        response.body = compressed.body
        response.lease = compressed.lease ?? response.lease
        response.headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    }

    /// - Returns: nil if it can't be compressed now, so that the answer is sent as it is.
    private func compressed(_ bytes: [UInt8]) async -> ServerResponse? {
        // This takes less than a millisecond.
        if bytes.count <= 65536 { return Gzip.compress(bytes).map { ServerResponse(body: .bytes($0)) } }
        let response = try? await sources.compute(.page) { _ in
            Gzip.compress(bytes).map { ServerResponse(body: .bytes($0)) } ?? ServerResponse(status: 500)
        }
        return response?.status == 200 ? response : nil
    }

    /// The path of a URL, without a trailing slash.
    private static func path(of url: String) -> String {
        guard let scheme = url.utf8.firstIndex(of: UInt8(ascii: ":")), url[scheme...].hasPrefix("://") else {
            return ""
        }
        let rest = url[scheme...].dropFirst(3)
        guard let slash = rest.firstIndex(of: "/") else { return "" }
        var path = String(rest[slash...].prefix { $0 != "?" && $0 != "#" })
        while path.hasSuffix("/") { path.removeLast() }
        return path
    }
}
