import HTTPServer
import Text

/// Decides whether a request is admitted.
extension WebService {
    enum Admission {
        case refused(ServerResponse)
        /// - Parameter caller: nil where no identity is needed.
        case admitted(Caller?)
    }

    /// Checks in this order: whether the request is for this agent, whether its sender may make requests at all,
    /// whether a browser sends it on behalf of another site, and whether its sender may make changes.
    func admission(of request: ServerRequest, _ route: Route) async -> Admission {
        // The kernel vouches for the user who opened the socket, and browsers can't open it.
        if let user = request.peerUser {
            if let refusal = WebService.methodRefusal(request, route) { return .refused(refusal) }
            return .admitted(route.changes ? Caller(await sources.userName(user), by: .socket) : nil)
        }
        if !route.answersAnyHost, !access.hosts.accept(request[header: "host"]) {
            return .refused(WebService.wrongHost(request))
        }
        if let signature = route.signature {
            if let refusal = WebService.methodRefusal(request, route) { return .refused(refusal) }
            return signature(request) ? .admitted(nil) : .refused(.text("401 wrong signature\n", status: 401))
        }
        var login = Authenticator.Outcome.unknown
        if !access.closingUsers.isEmpty {
            login = await authenticator.caller(of: request)
            guard case .known = login else { return .refused(WebService.loginRefusal(login, request, route)) }
        }
        if let refusal = WebService.methodRefusal(request, route) ?? crossSiteRefusal(request, route) {
            return .refused(refusal)
        }
        guard route.changes else { return .admitted(nil) }
        if case .unknown = login, request[header: "authorization"] != nil {
            login = await authenticator.caller(of: request)
        }
        if case .known(let caller) = login { return .admitted(caller) }
        if let caller = access.proxyUser(of: request) { return .admitted(caller) }
        if access.allowsAnonymousChanges { return .admitted(Caller(request.remote, by: .none)) }
        return .refused(WebService.loginRefusal(login, request, route))
    }

    private static func methodRefusal(_ request: ServerRequest, _ route: Route) -> ServerResponse? {
        guard !route.methods.contains(request.method) else { return nil }
        var response = ServerResponse.text("405 method not allowed\n", status: 405)
        response.headers.append(("Allow", route.methods.joined(separator: ", ")))
        return response
    }

    private func crossSiteRefusal(_ request: ServerRequest, _ route: Route) -> ServerResponse? {
        let isSafe = ["GET", "HEAD"].contains(request.method)
        let isRefused =
            route.changes || !isSafe
            ? CrossSite.isForeign(request, externalURL: externalURL)
            : route.isExpensive && CrossSite.isEmbedded(request)
        guard isRefused else { return nil }
        return .text(
            "403 cross-site request, sent by a page of another site; set web.external_url to the URL by which users reach this agent\n",
            status: 403)
    }

    private static func wrongHost(_ request: ServerRequest) -> ServerResponse {
        let host = (request[header: "host"] ?? "").prefix { $0 != ":" }
        let named = KnownHosts.isName(String(host)) ? "\"\(host)\"" : "of that name"
        return .text(
            "403 no host \(named) here: web.allowed_hosts or web.external_url in the configuration names the hosts under which this agent answers\n",
            status: 403)
    }

    /// Explains in the body what to do: a JSON string where clients of Alertmanager expect one.
    private static func loginRefusal(_ login: Authenticator.Outcome, _ request: ServerRequest, _ route: Route)
        -> ServerResponse
    {
        func response(_ text: String, _ status: Int) -> ServerResponse {
            route.name.hasPrefix("/api/v2/") ? message(text, status: status) : .text(text + "\n", status: status)
        }
        switch login {
        case .busyAddress, .busy:
            let isOwn = login == .busyAddress
            var refusal = response(
                "too many passwords of \(isOwn ? "this address" : "all clients") are waiting to be checked; bearer tokens are not affected",
                isOwn ? 429 : 503)
            refusal.headers.append(("Retry-After", "1"))
            return refusal
        case .unknown, .known:
            let isWrong = request[header: "authorization"] != nil
            guard route.changes else {
                var refusal = response("Unauthorized", 401)
                refusal.headers.append(("WWW-Authenticate", "Basic"))
                return refusal
            }
            var refusal = response(
                (isWrong ? "wrong user, password or token; " : "") + "a change needs a login: " + remedy, 401)
            refusal.headers.append(("WWW-Authenticate", "Basic realm=\"vaultwatch\""))
            refusal.headers.append(("WWW-Authenticate", "Bearer realm=\"vaultwatch\""))
            return refusal
        }
    }

    fileprivate static let userLimitBytes = 256

    private static let remedy =
        "on the agent's own machine the vaultwatch command uses its socket, as root or a member of the group vaultwatch; elsewhere send a user of web.users (basic auth) or a token of web.tokens (Authorization: Bearer), with amtool and vaultwatch by --http.config.file"
}

extension WebAccess {
    /// The user whom a trusted proxy names. A login of the request itself comes before it, and where reading needs a
    /// login (`closingUsers`), the proxy needs one too: the header replaces only the login for changes.
    /// - Returns: nil if the request comes from elsewhere, or does not name exactly one user.
    func proxyUser(of request: ServerRequest) -> Caller? {
        guard let userHeader, trustedProxies.contains(where: { $0.contains(request.remote) }) else { return nil }
        // Of two, one may be the client's own.
        let given = request.headers.filter { $0.name.lowercased() == userHeader.lowercased() }
        guard given.count == 1, let value = given.first?.value else { return nil }
        let name = value.trimming { $0 == " " }
        guard (1...WebService.userLimitBytes).contains(name.utf8.count),
            name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && !(0x7f...0x9f).contains($0.value) })
        else { return nil }
        return Caller(name, by: .proxy)
    }
}
