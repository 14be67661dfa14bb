import HTTPServer
import Platform
import Samples
import Text

/// Pages and forms, and authentication of their senders.
extension WebService {
    /// The route of a page or a form; nil if no pattern matches.
    /// - Parameter path: without the prefix.
    func pageRoute(_ path: String, _ method: String) -> Route? {
        var found: (route: PageRoute, parameters: [String: String])?
        var methods: [String] = []
        for route in pages.routes {
            guard let parameters = route.pattern.match(path) else { continue }
            methods += route.methods
            // A page and its form may share a path.
            if found == nil || (found?.route.methods.contains(method) == false && route.methods.contains(method)) {
                found = (route, parameters)
            }
        }
        guard let found else { return withoutSlash(path) }
        let name = found.route.pattern.text
        switch found.route.action {
        case .page(let answer):
            return Route(name: name, methods: methods) { request in
                await answer(await pageRequest(request, path, found.parameters))
            }
        case .form(let change):
            return Route(name: name, methods: methods) { request, caller in
                await send(request, path, found.parameters, caller, change)
            }
        }
    }

    /// Redirects `/incidents/` to `/incidents`.
    private func withoutSlash(_ path: String) -> Route? {
        guard path.count > 1, path.hasSuffix("/") else { return nil }
        let shorter = String(path.dropLast())
        guard pages.routes.contains(where: { $0.methods.contains("GET") && $0.pattern.match(shorter) != nil }) else {
            return nil
        }
        let location = externalPath + PercentCoding.encode(shorter, keepingSlashes: true)
        return Route(name: "other") { request in
            let query = request.target.firstIndex(of: "?").map { PercentCoding.visible(request.target[$0...]) } ?? ""
            return ServerResponse(status: 308, headers: [("Location", location + query)])
        }
    }

    /// The response to a browser if there is no such page; other clients get plain text.
    func notFound(_ path: String) -> Route {
        Route(name: WebService.notFound.name, methods: WebService.notFound.methods) { request in
            guard ["GET", "HEAD"].contains(request.method), request[header: "accept"]?.contains("text/html") == true
            else { return .text("404 not found\n", status: 404) }
            return await pages.notFound(await pageRequest(request, path, [:]))
        }
    }

    /// Checks that the form comes from a page of this agent, then makes its change.
    private func send(
        _ request: ServerRequest, _ path: String, _ parameters: [String: String], _ caller: Caller,
        _ change: PageRoute.Change
    ) async -> ServerResponse {
        let page = pageRequest(request, path, parameters, caller, mayChange: true)
        // Browsers use neither the socket nor bearer tokens, so no form token is required.
        if request.peerUser != nil || caller.means == .token { return await change(page, caller) }
        guard
            FormToken.isValid(
                page.field("token") ?? "", key: formKey, user: caller.description, action: path, hour: hour)
        else { return await pages.staleForm(page) }
        return await change(page, caller)
    }

    private var hour: Int64 { platform.time.wall().milliseconds / 3_600_000 }

    private func pageRequest(
        _ request: ServerRequest, _ path: String, _ parameters: [String: String]
    ) async -> PageRequest {
        let (caller, mayChange) = await viewer(of: request)
        return pageRequest(request, path, parameters, caller, mayChange: mayChange)
    }

    private func pageRequest(
        _ request: ServerRequest, _ path: String, _ parameters: [String: String], _ caller: Caller?, mayChange: Bool
    ) -> PageRequest {
        let user = caller?.description ?? ""
        return PageRequest(
            request, path: path, parameters: parameters, prefix: externalPath, externalURL: externalURL,
            caller: caller, mayChange: mayChange
        ) { [formKey, hour] action in FormToken.make(key: formKey, user: user, action: action, hour: hour) }
    }

    /// The user of a page, and whether they may make changes. Reading needs no login, so invalid credentials are
    /// ignored.
    private func viewer(of request: ServerRequest) async -> (caller: Caller?, mayChange: Bool) {
        if let user = request.peerUser { return (Caller(await sources.userName(user), by: .socket), true) }
        if request[header: "authorization"] != nil, case .known(let caller) = await authenticator.caller(of: request) {
            return (caller, true)
        }
        if let caller = access.proxyUser(of: request) { return (caller, true) }
        if access.allowsAnonymousChanges { return (Caller(request.remote, by: .none), true) }
        return (nil, false)
    }
}
