import HTTPServer
import Platform
import Web

/// The pages that people open in a browser. Each is one answer that loads nothing from elsewhere.
package struct Console: Sendable {
    private let sources: WebSources
    private let random: any RandomSource

    /// - Parameters:
    ///   - sources: the data shown, the same as the APIs'.
    ///   - random: makes the nonce of each answer's Content-Security-Policy.
    package init(sources: WebSources, random: any RandomSource) {
        self.sources = sources
        self.random = random
    }

    /// The pages by path, for `WebService`.
    package var pages: [String: WebService.Page] {
        [
            "/": { [self] _ in
                let page = StatusPage(status: await sources.status(), nonce: nonce())
                return answer(page.render(), page.contentSecurityPolicy)
            },
            "/runbooks": { [self] _ in
                let page = RunbookPage(groups: await sources.ruleGroups(), nonce: nonce())
                return answer(page.render(), page.contentSecurityPolicy)
            },
        ]
    }

    private func nonce() -> String { String(random.next(), radix: 36) + String(random.next(), radix: 36) }

    private func answer(_ html: [UInt8], _ contentSecurityPolicy: String) -> ServerResponse {
        ServerResponse(
            headers: [
                ("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", contentSecurityPolicy),
            ],
            body: .bytes(html))
    }
}
