import HTTPServer
package import Platform
import Samples
import Text
import TimeZones
package import Web

/// The pages for browsers. They load only this agent's style sheet, script and icon.
package struct Console: Sendable {
    let sources: WebSources
    let events: EventStreams
    let time: any TimeSource

    /// - Parameters:
    ///   - sources: the data, the same as the APIs'.
    ///   - events: the streams that notify pages of changes; nil creates its own.
    ///   - time: the clock for the times at which pages are rendered.
    package init(sources: WebSources, events: EventStreams? = nil, time: any TimeSource) {
        self.sources = sources
        self.events = events ?? EventStreams(sources, time: time)
        self.time = time
    }

    /// The Content-Security-Policy of every page: this agent's style sheet, script and images, and forms sent to this
    /// agent.
    static let contentSecurityPolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types vaultwatch"

    /// The pages, for `WebService`.
    package var pages: Pages {
        Pages(
            assets + overview + incidents + estate + backups + silences + history + runbooks + rules + query + routes
                + receivers + targets + agent + login + redirects,
            notFound: { [self] request in
                await page(request, status: 404) { snapshot, context in
                    NotFoundPage(path: request.path).render(context)
                }
            },
            staleForm: { [self] request in
                await page(request, status: 403) { _, context in StaleFormPage().render(context) }
            })
    }

    // MARK: Answers

    /// A page that shows a snapshot.
    /// - Parameter render: pure, and executed where it blocks no other work.
    func page(
        _ request: PageRequest, status: Int = 200,
        _ render: @escaping @Sendable (EstateSnapshot, PageContext) -> [UInt8]
    ) async -> ServerResponse {
        do throws(QueryError) {
            let snapshot = try await sources.snapshot()
            let context = context(request, snapshot)
            return try await sources.compute(.page) { _ in
                Console.answer(render(snapshot, context), request, status: status)
            }
        } catch {
            return Console.failure(error)
        }
    }

    /// A page's response with its headers.
    static func answer(_ html: [UInt8], _ request: PageRequest, status: Int = 200) -> ServerResponse {
        var response = ServerResponse(
            status: status,
            headers: [
                ("Content-Type", "text/html; charset=utf-8"),
                ("Content-Security-Policy", contentSecurityPolicy),
                // With a stricter policy browsers would not send the origin of a form.
                ("Referrer-Policy", "same-origin"),
            ], body: .bytes(html))
        if let zone = request.request.item("tz"), zone == "UTC" || zone == "local" {
            response.headers.append(
                ("Set-Cookie", "tz=\(zone); Path=\(request.prefix)/; Max-Age=31536000; SameSite=Strict; HttpOnly"))
        }
        return response
    }

    /// The error as plain text.
    static func failure(_ error: QueryError) -> ServerResponse {
        .text("\(error.message)\n", status: error.kind == .notFound ? 404 : error.kind == .badData ? 400 : 503)
    }

    /// Redirects the sender of a form to the page that shows the change.
    static func seeOther(_ request: PageRequest, _ address: Address) -> ServerResponse {
        ServerResponse(status: 303, headers: [("Location", request.prefix + address.text)])
    }

    /// What the page needs besides its data.
    func context(_ request: PageRequest, _ snapshot: EstateSnapshot) -> PageContext {
        var context = PageContext()
        context.prefix = request.prefix
        context.externalURL = request.externalURL
        let query = request.request.target.firstIndex(of: "?").map { String(request.request.target[$0...]) } ?? ""
        context.target = PercentCoding.encode(request.path, keepingSlashes: true) + query
        context.now = snapshot.now
        context.zone = zone(request)
        context.viewer = request.caller
        context.mayChange = request.mayChange
        context.token = request.token
        context.site = Site.name(snapshot)
        context.host = sources.hostName
        context.version = sources.build.version
        context.startedAt = sources.startedAt
        context.revision = snapshot.revision
        context.openIncidents = snapshot.incidents.count
        context.gravity = Gravity(snapshot)
        return context
    }

    /// The page's zone at the agent's current time.
    func clock(_ request: PageRequest) -> Clock { Clock(zone: zone(request), now: time.wall()) }

    /// UTC if the URL or the cookie requests it, otherwise the agent's own zone.
    private func zone(_ request: PageRequest) -> TimeZoneData {
        let cookie = (request.request[header: "cookie"] ?? "").split(separator: ";").lazy
            .map { $0.drop { $0 == " " } }.first { $0.hasPrefix("tz=") }?.dropFirst(3)
        return (request.request.item("tz") ?? cookie.map(String.init)) == "UTC" ? .utc : sources.timeZone()
    }
}
