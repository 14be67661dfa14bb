import Foundation
import Testing

@testable import Console

/// CommonMark from untrusted files.
struct MarkdownTests {
    private func html(_ text: String) -> String {
        var page = HTML()
        Markdown(text) { RunbookPage.resolve($0) }.render(&page)
        return String(decoding: page.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        ("# Title\n\ntext", "<p>text</p>\n"), ("## A\n### B\n#### C", "<h2>A</h2>\n<h3>B</h3>\n<h4>C</h4>\n"),
        ("# One\n# Two", "<h2>Two</h2>\n"), ("#\n\nx", "<p>x</p>\n"),
        ("- a\n- b", "<ul><li>a</li>\n<li>b</li>\n</ul>\n"),
        ("3. a\n\n   b", "<ol start=3><li><p>a</p>\n<p>b</p>\n</li>\n</ol>\n"),
        ("*a* **b** `c<d`", "<p><em>a</em> <strong>b</strong> <code>c&lt;d</code></p>\n"),
        ("```sh\nssh a 'b'\nc\n```", "<div class=cmd><code class=pre>ssh a &#39;b&#39;\nc</code></div>\n"),
        ("a\\\nb\nc", "<p>a<br>\nb\nc</p>\n"), ("> q", "<blockquote><p>q</p>\n</blockquote>\n"), ("---", "<hr>\n"),
        ("[VaultSealed](VaultSealed)", "<p><a href=\"/runbooks/VaultSealed\">VaultSealed</a></p>\n"),
        ("[a](procedures/RestoreVault.md#x)", "<p><a href=\"/runbooks/RestoreVault\">a</a></p>\n"),
        (
            "[v](https://vault.example/?a=1&b=2)",
            "<p><a rel=\"noopener noreferrer\" href=\"https://vault.example/?a=1&amp;b=2\">v</a></p>\n"
        ),
    ])
    func isWrittenAsHTML(_ text: String, _ expected: String) {
        #expect(html(text) == expected)
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "a <img src=x onerror=alert(1)> b", "[a](javascript:alert\\(1\\))",
        "[a](JaVaScRiPt:alert(1))", "[a](data:text/html;base64,PHNjcmlwdD4=)", "[a](//evil.example/x)",
        "![a](https://evil.example/x.png)", "<javascript:alert(1)>", "[a](<https://e.example/\" onclick=\"x>)",
        "```\"><script>\nx\n```", "[x]: javascript:alert(1)\n\n[x]", "<div style=\"x\">\n\n</div>",
        "[a](../../../../etc/passwd)", "&lt;script&gt;&#60;script&#62;", "<!-- <script> -->", "<?php x ?>",
    ])
    func nothingOfItRuns(_ text: String) {
        let html = html(text)
        let tags = html.components(separatedBy: "<").dropFirst().map { $0.prefix { !" >".contains($0) } }
        #expect(Set(tags).isSubset(of: ["p", "/p", "a", "/a", "div", "/div", "code", "/code"]), "\(html)")
        for href in html.components(separatedBy: "href=\"").dropFirst() {
            #expect(href.hasPrefix("https://e.example/") || href.hasPrefix("/runbooks/"), "\(html)")
        }
        #expect(!html.contains("\" onclick=\""), "\(html)")
    }

    /// Nesting does not consume stack, and excess length is truncated.
    @Test(arguments: ["> ", "- ", "[", "*a ", "`", "<a "]) func deepNestingIsBorne(_ piece: String) {
        let html = html(String(repeating: piece, count: 100_000))
        #expect(html.utf8.count < 40 << 20)
    }

    /// The shipped runbooks: each is rendered in full, and all its links lead somewhere.
    @Test func shippedRunbooksHaveNoDeadLinks() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "rules/runbooks")
        var names: Set<String> = []
        var texts: [(String, String)] = []
        for part in ["", "procedures"] {
            let path = folder.appending(path: part)
            for file in try FileManager.default.contentsOfDirectory(atPath: path.path) where file.hasSuffix(".md") {
                names.insert(String(file.dropLast(3)))
                texts.append((file, try String(contentsOf: path.appending(path: file), encoding: .utf8)))
            }
        }
        #expect(texts.count > 140)
        // An alert without a file has a page too.
        let rules = folder.deletingLastPathComponent()
        for file in try FileManager.default.contentsOfDirectory(atPath: rules.path) where file.hasSuffix(".yml") {
            let text = try String(contentsOf: rules.appending(path: file), encoding: .utf8)
            for part in text.components(separatedBy: "- alert: ").dropFirst() {
                names.insert(String(part.prefix { $0.isLetter || $0.isNumber }))
            }
        }
        for (file, text) in texts {
            #expect(text.utf8.count <= Markdown.limitBytes, "\(file)")
            let html = html(text)
            #expect(html.contains("<h2>"), "\(file)")
            for href in html.components(separatedBy: "href=\"/runbooks/").dropFirst() {
                #expect(names.contains(String(href.prefix { $0 != "\"" })), "\(file): \(href.prefix(60))")
            }
        }
    }
}
