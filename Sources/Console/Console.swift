import HTTPServer
package import Platform
package import Web

/// The pages for browsers. Each is self-contained: it loads nothing else.
package struct Console: Sendable {
    private let sources: WebSources
    private let random: any RandomSource
    private let time: any TimeSource

    /// - Parameters:
    ///   - sources: the data, the same as the APIs'.
    ///   - random: for the nonce in the Content-Security-Policy of each response.
    ///   - time: for the time that a page gives as its own.
    package init(sources: WebSources, random: any RandomSource, time: any TimeSource) {
        self.sources = sources
        self.random = random
        self.time = time
    }

    /// The pages by path, for `WebService`.
    package var pages: [String: WebService.Page] {
        [
            "/": { [self] _ in
                let (status, nonce) = (await sources.status(), nonce())
                return await answer {
                    let page = StatusPage(status: status(), nonce: nonce)
                    return (page.render(), page.contentSecurityPolicy)
                }
            },
            "/incidents": { [self] _ in
                let (incidents, now, nonce) = (await sources.incidents(), time.wall(), nonce())
                return await answer {
                    let page = IncidentPage(incidents: incidents, now: now, nonce: nonce)
                    return (page.render(), page.contentSecurityPolicy)
                }
            },
            "/runbooks": { [self] _ in
                let (groups, nonce) = (await sources.ruleGroups(), nonce())
                return await answer {
                    let page = RunbookPage(groups: groups(), nonce: nonce)
                    return (page.render(), page.contentSecurityPolicy)
                }
            },
        ]
    }

    private func nonce() -> String { String(random.next(), radix: 36) + String(random.next(), radix: 36) }

    private func answer(
        _ render: @escaping @Sendable () -> (html: [UInt8], contentSecurityPolicy: String)
    ) async -> ServerResponse {
        do throws(QueryError) {
            return try await sources.compute(.page) { _ in
                let (html, contentSecurityPolicy) = render()
                return ServerResponse(
                    headers: [
                        ("Content-Type", "text/html; charset=utf-8"),
                        ("Content-Security-Policy", contentSecurityPolicy),
                    ],
                    body: .bytes(html))
            }
        } catch {
            return .text("\(error.message)\n", status: 503)
        }
    }
}
