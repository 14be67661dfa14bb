package import HTTPServer

/// A request for a page or of a form, with what the service knows of its sender.
package struct PageRequest: Sendable {
    /// The request itself.
    package var request: ServerRequest
    /// The path without the prefix of `external_url`; `/` where nothing is left.
    package var path: String
    /// The values of the pattern's named segments.
    package var parameters: [String: String]
    /// The prefix of every path of this agent, without a slash at its end.
    package var prefix: String
    /// The URL under which users reach the agent; empty where none is configured.
    package var externalURL: String
    /// Who asks; nil where nobody is known.
    package var caller: Caller?
    /// Whether a change of theirs would be taken.
    package var mayChange: Bool
    /// What a form must carry in the field `token`, by the form's path without the prefix.
    package var token: @Sendable (_ action: String) -> String

    /// A request of nobody that is known, unless the rest is given.
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

    /// A field of the form, or an item of the query; nil without one.
    package func field(_ name: String) -> String? { request.parameters.first { $0.name == name }?.value }
}

/// A page, or what takes a form, at a pattern of paths.
package struct PageRoute: Sendable {
    /// Answers a request.
    package typealias Answer = @Sendable (PageRequest) async -> ServerResponse
    /// Makes the change that a form asks for, and leads on to the page that shows it.
    package typealias Change = @Sendable (PageRequest, Caller) async -> ServerResponse

    enum Action: Sendable {
        case page(Answer)
        case form(Change)
    }

    let pattern: PathPattern
    let action: Action

    /// A page, answered to GET and HEAD: it changes nothing.
    package init(_ pattern: String, page: @escaping Answer) {
        self.pattern = PathPattern(pattern)
        action = .page(page)
    }

    /// A form's receiver, answered to POST: of somebody who may change things, from a page of this agent, with its token.
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

/// The pages for people, as `Console` supplies them.
package struct Pages: Sendable {
    /// In this order: the first pattern that fits answers.
    package var routes: [PageRoute]
    /// Answers a browser where there is no such page.
    package var notFound: PageRoute.Answer
    /// Answers a browser whose form carries no token, a wrong one or one that is too old.
    package var staleForm: PageRoute.Answer

    /// Pages, with plain text where there is none.
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
