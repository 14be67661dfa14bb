import Foundation
import HTTPServer
import Platform
import Testing
import Web

@testable import Console

struct StatusPageTests {
    private struct FixedRandom: RandomSource {
        func next() -> UInt64 { 0x1234_5678_9abc_def0 }
    }

    private func page(_ status: EstateStatus) async throws -> (text: String, policy: String) {
        var sources = WebSources()
        sources.status = { { status } }
        let page = try #require(Console(sources: sources, random: FixedRandom(), time: SystemTime()).pages["/"])
        let response = await page(ServerRequest(method: "GET", target: "/", headers: [], body: []))
        guard case .bytes(let bytes) = response.body else { return ("", "") }
        let policy = response.headers.first { $0.name == "Content-Security-Policy" }
        return (String(decoding: bytes, as: UTF8.self), try #require(policy).value)
    }

    private let evil = "\"'><script>alert(1)</script>&\u{202e}\u{0}"

    private func status(_ text: String) -> EstateStatus {
        EstateStatus(
            version: text, startedAt: text, now: text,
            sections: [
                .init(
                    title: text, summary: text,
                    targets: [
                        .init(
                            name: text, health: .critical, state: text, detail: text, warnings: [text], lastProbe: text,
                            seconds: .infinity, lastError: text)
                    ])
            ],
            alerts: [
                .init(
                    name: text, severity: text, state: "firing", since: text, summary: text, action: text,
                    runbookURL: "https://x/\(text)", labels: [text: text])
            ],
            receivers: [
                .init(name: text, integration: text, health: .warning, waiting: 3, lastAccepted: text, lastError: text)
            ])
    }

    @Test func nothingFromOutsideBecomesMarkup() async throws {
        let page = try await page(status(evil))
        let parts = page.text.components(separatedBy: "<script")
        // Our own, and no other.
        #expect(parts.count == 2)
        #expect(parts[1].hasPrefix(" nonce=\""))
        #expect(!page.text.contains("\u{202e}") && !page.text.contains("\u{0}") && !page.text.contains("'>"))
        #expect(page.text.contains("&quot;&#39;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;"))
        #expect(!page.text.contains("style="))
    }

    @Test func theNonceAllowsThisPageAlone() async throws {
        let page = try await page(EstateStatus(version: "", startedAt: "", now: ""))
        let policy = page.policy
        #expect(policy.hasPrefix("default-src 'none'; "))
        #expect(!policy.contains("unsafe"))
        let nonce = try #require(
            policy.components(separatedBy: "script-src 'nonce-").last?.components(separatedBy: "'").first)
        #expect(page.text.components(separatedBy: "nonce=\"\(nonce)\"").count == 3)
        #expect(!page.text.contains("src=") && !page.text.contains("http-equiv=content"))
    }

    @Test(arguments: ["javascript:alert(1)", "data:text/html,x", "", " https://x"])
    func runbooksAreWebPages(_ url: String) {
        var status = EstateStatus(version: "", startedAt: "", now: "")
        status.alerts = [.init(name: "A", severity: "low", state: "firing", since: "", runbookURL: url)]
        #expect(!String(decoding: StatusPage(status: status, nonce: "n").render(), as: UTF8.self).contains("<a "))
        status.alerts[0].runbookURL = "https://runbooks/a?b=\"c\""
        #expect(
            String(decoding: StatusPage(status: status, nonce: "n").render(), as: UTF8.self).contains(
                "href=\"https://runbooks/a?b=&quot;c&quot;\""))
    }

    @Test func theTitleSaysHowItStands() {
        var status = EstateStatus(version: "", startedAt: "", now: "")
        func title() -> String {
            String(decoding: StatusPage(status: status, nonce: "n").render(), as: UTF8.self).components(
                separatedBy: "<title>")[1].components(separatedBy: "</title>")[0]
        }
        #expect(title() == "vaultwatch: ok")
        status.alerts = [.init(name: "A", severity: "critical", state: "firing", since: "")]
        #expect(title() == "(1) vaultwatch: critical")
        status.alerts = [.init(name: "A", severity: "critical", state: "pending", since: "")]
        #expect(title() == "vaultwatch: ok")
        status.receivers = [.init(name: "r", integration: "email/0", health: .warning)]
        #expect(title() == "vaultwatch: warning")
    }
}
