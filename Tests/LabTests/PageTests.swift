import Foundation
import Lab
import Platform
import Testing

/// The inbox' page in a real browser.
@Suite(
    .enabled(
        if: FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium"),
        "needs chromium, which make test installs"))
struct PageTests {
    /// A message's contents must be shown as text and add no element, attribute or script.
    @Test func messagesShowAsTextAlone() async throws {
        var options = EstateOptions()
        options.postgres = nil
        options.security = .http
        options.mailTLS = false
        let estate = try await Estate.start(options, platform: .test)
        let endpoints = try estate.endpoints()
        let attack = "<img src=x onerror=document.title='broken'><script>document.title='broken'</script>"
        func post(_ url: String, _ fields: [String: Any]) async throws {
            let body = String(decoding: try JSONSerialization.data(withJSONObject: fields), as: UTF8.self)
            try await ChildProcess.run("curl", ["-sf", "-d", body, url])
        }
        try await post(
            endpoints.slackURL,
            [
                "text": attack,
                "attachments": [
                    [
                        "color": "#c0262d",
                        "blocks": [
                            [
                                "type": "header",
                                "text": ["type": "plain_text", "text": "Vault node vault-1 is sealed"],
                            ],
                            [
                                "type": "section",
                                "text": [
                                    "type": "mrkdwn",
                                    "text":
                                        "*bold* `code` <https://example.com/run|runbook> <javascript:alert(1)|bad> \(attack)",
                                ],
                            ],
                        ],
                    ]
                ],
            ])
        try await post(
            endpoints.pagerDutyURL + "/v2/enqueue",
            [
                "routing_key": "k", "event_action": "trigger", "dedup_key": attack,
                "payload": [
                    "summary": "summary \(attack)", "source": "vault-1", "severity": "critical",
                    "custom_details": ["firing": attack],
                ],
            ])
        let mail =
            "From: a@example.com\r\nTo: b@example.com\r\nSubject: \(attack)\r\nContent-Type: text/html\r\n\r\n<p>page</p><script>top.document.title='broken'</script>\r\n"
        let file = try TemporaryDirectory()
        let path = try file.write("mail", mail)
        try await ChildProcess.run(
            "curl",
            [
                "-sf", "smtp://\(endpoints.mail)", "--mail-from", "a@example.com", "--mail-rcpt", "b@example.com", "-T",
                path,
            ])
        #expect(estate.inbox.messages().count == 3)

        let child = try await ChildProcess.start(
            "chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                "--user-data-dir=\(file.file("profile"))",
                "--virtual-time-budget=3000", "--window-size=1280,1600", "--screenshot=\(file.file("page.png"))",
                "--dump-dom", endpoints.inboxURL,
            ])
        let exit = await child.wait(atMost: .seconds(60))
        if exit == nil { await child.terminate(grace: .seconds(1)) }
        let page = String(decoding: child.standardOutput(limit: 4 << 20), as: UTF8.self)
        #expect(exit == .exited(0))
        #expect(page.contains("<title>Inbox · vaultwatch demo</title>"), "a script of a message ran")
        #expect(page.contains("Vault node vault-1 is sealed"))
        #expect(page.contains("<b>bold</b>") && page.contains("<code>code</code>"))
        #expect(page.contains("href=\"https://example.com/run\""))
        #expect(!page.contains("href=\"javascript:"))
        #expect(!page.contains("<img"))
        #expect(page.contains("Incident #1"))
        #expect(page.contains("sandbox=\"allow-same-origin\""))
        if let keep = ProcessInfo.processInfo.environment["VAULTWATCH_KEEP_SCREENSHOTS"] {
            try Data(contentsOf: URL(filePath: file.file("page.png"))).write(to: URL(filePath: keep + "/inbox.png"))
        }
        await estate.stop()
    }
}
