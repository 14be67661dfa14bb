package import HTTPServer

/// A request for a page or from a form, with what the service knows about its sender.
package struct PageRequest: Sendable {
    /// The request itself.
    package var request: ServerRequest
    /// The path without the prefix of `external_url`; `/` if nothing remains.
    package var path: String
    /// The values of the pattern's named segments.
    package var parameters: [String: String]
    /// The prefix of every path of this agent, without a trailing slash.
    package var prefix: String
    /// The URL under which users reach the agent; empty if none is configured.
    package var externalURL: String
    /// The user; nil if not known.
    package var caller: Caller?
    /// Whether this user may make changes.
    package var mayChange: Bool
    /// The value of a form's `token` field, by the form's path without the prefix.
    package var token: @Sendable (_ action: String) -> String

    /// A request of an unknown user, unless the rest is given.
    package init(
        _ request: ServerRequest, path: String? = nil, parameters: [String: String] = [:], prefix: String = "",
        externalURL: String = "", caller: Caller? = nil, mayChange: Bool = false,
        token: @escaping @Sendable (_ action: String) -> String = { _ in "" }
    ) {
        self.request = request
        self.path = path ?? request.path
        self.parameters = parameters
        self.prefix = prefix
        self.externalURL = externalURL
        self.caller = caller
        self.mayChange = mayChange
        self.token = token
    }

    /// A field of the form, or a query parameter; nil if absent.
    package func field(_ name: String) -> String? { request.parameters.first { $0.name == name }?.value }
}

/// A page or a form handler, at a path pattern.
package struct PageRoute: Sendable {
    /// Renders the response to a request.
    package typealias Answer = @Sendable (PageRequest) async -> ServerResponse
    /// Makes the change that a form requests, and redirects to the page that shows it.
    package typealias Change = @Sendable (PageRequest, Caller) async -> ServerResponse

    enum Action: Sendable {
        case page(Answer)
        case form(Change)
    }

    let pattern: PathPattern
    let action: Action

    /// A page, served to GET and HEAD; it makes no changes.
    package init(_ pattern: String, page: @escaping Answer) {
        self.pattern = PathPattern(pattern)
        action = .page(page)
    }

    /// A form handler, for POST: requires a user who may make changes, and the token of a page of this agent.
    package init(_ pattern: String, form: @escaping Change) {
        self.pattern = PathPattern(pattern)
        action = .form(form)
    }

    var methods: [String] {
        switch action {
        case .page: ["GET", "HEAD"]
        case .form: ["POST"]
        }
    }
}

/// The console's pages, as `Console` supplies them.
package struct Pages: Sendable {
    /// In order of precedence: the first matching pattern is used.
    package var routes: [PageRoute]
    /// The response to a browser if there is no such page.
    package var notFound: PageRoute.Answer
    /// The response to a browser whose form token is missing, invalid or expired.
    package var staleForm: PageRoute.Answer

    /// Pages, with plain text as the default for missing ones.
    package init(
        _ routes: [PageRoute] = [],
        notFound: @escaping PageRoute.Answer = { _ in .text("404 not found\n", status: 404) },
        staleForm: @escaping PageRoute.Answer = { _ in
            .text("403 the form is too old: load the page again\n", status: 403)
        }
    ) {
        self.routes = routes
        self.notFound = notFound
        self.staleForm = staleForm
    }
}
