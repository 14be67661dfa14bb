import Foundation
import Lab
import Platform
import TestServers
import Testing

struct InboxTests {
    private func estate() async throws -> Estate {
        var options = EstateOptions()
        options.postgres = nil
        return try await Estate.start(options, platform: .test)
    }

    /// - Returns: the status and the body; 0 when the connection broke or timed out.
    private func curl(_ arguments: String...) async throws -> (status: Int, body: String) {
        let child = try await ChildProcess.start("curl", ["-s", "-m", "5", "-w", "\n%{http_code}"] + arguments)
        await child.wait()
        let lines = String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        return (Int(lines.last ?? "") ?? 0, lines.dropLast().joined(separator: "\n"))
    }

    @Test
    func mailFromAForeignClientIsTakenApart() async throws {
        let estate = try await estate()
        let endpoints = try estate.endpoints()
        let python = try #require(TestPython.find())
        let program = """
            import smtplib, ssl
            from email.message import EmailMessage
            m = EmailMessage()
            m["Subject"] = "Tresor versiegelt – größer <b>"; m["From"] = "a@example.com"; m["To"] = "b@example.com"
            m.set_content("plain ä\\n.dot line\\n"); m.add_alternative("<p>rich = ä</p>", subtype="html", cte="quoted-printable")
            host, port = "\(endpoints.mail)".split(":")
            s = smtplib.SMTP(host, int(port)); s.starttls(context=ssl.create_default_context(cafile="\(endpoints.caFile ?? "")"))
            s.login("u", "p"); s.send_message(m); s.quit()
            """
        await #expect(throws: Never.self) { try await ChildProcess.run(python, ["-c", program]) }
        let mail = try #require(estate.inbox.messages().first?.mail)
        #expect(mail.sender == "a@example.com")
        #expect(mail.recipients == ["b@example.com"])
        #expect(mail.subject == "Tresor versiegelt – größer <b>")
        #expect(mail.text.contains("plain ä") && mail.text.contains("\n.dot line"), "\(mail.text)")
        #expect(mail.html.contains("<p>rich = ä</p>"))
        estate.inbox.fail(.mail, .status(500))
        await #expect(throws: ChildProcessError.self) { try await ChildProcess.run(python, ["-c", program]) }
        #expect(estate.inbox.messages().count == 1)
        await estate.stop()
    }

    /// RFC 2045, 6.7: two digits follow the sign of equality, or it stands for itself.
    @Test func quotedPrintableHasNoSigns() {
        let mail = MIMEMail(
            Array("Content-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=+4=-0=41".utf8))
        #expect(mail.text == "=+4=-0A")
    }

    @Test func slackAndPagerDutyAnswerAsTheRealOnes() async throws {
        let estate = try await estate()
        let endpoints = try estate.endpoints()
        let enqueue = endpoints.pagerDutyURL + "/v2/enqueue"
        #expect(try await curl("-d", "{\"text\":\"hello\"}", endpoints.slackURL) == (200, "ok"))
        #expect(try await curl("-d", "{}", endpoints.slackURL) == (400, "no_text"))
        #expect(try await curl("-d", "nonsense", endpoints.slackURL) == (400, "invalid_payload"))
        let trigger =
            "{\"routing_key\":\"k\",\"event_action\":\"trigger\",\"dedup_key\":\"d\",\"payload\":{\"summary\":\"s\",\"source\":\"v\",\"severity\":\"critical\"}}"
        #expect(try await curl("-d", trigger, enqueue).status == 202)
        #expect(
            try await curl("-d", "{\"routing_key\":\"k\",\"event_action\":\"resolve\",\"dedup_key\":\"d\"}", enqueue)
                .status == 202)
        let invalid = try await curl(
            "-d",
            "{\"routing_key\":\"k\",\"event_action\":\"trigger\",\"payload\":{\"summary\":\"s\",\"source\":\"v\",\"severity\":\"high\"}}",
            enqueue)
        #expect(invalid.status == 400 && invalid.body.contains("severity"))
        #expect(estate.inbox.messages().map(\.kind) == [.slack, .pagerduty, .pagerduty])
        #expect(estate.inbox.messages(kind: .pagerduty).map(\.incident) == [1, 1])
        let listed = try await curl(endpoints.inboxURL + "/api/messages?after=1")
        #expect(
            try JSONDecoder().decode([Message].self, from: Data(listed.body.utf8)) == estate.inbox.messages(after: 1))
        await estate.stop()
    }

    @Test func endpointsFailAsTold() async throws {
        let estate = try await estate()
        let url = try estate.endpoints().slackURL
        estate.inbox.fail(.slack, .rateLimited(retryAfterSeconds: 7))
        let limited = try await curl("-i", "-d", "{\"text\":\"x\"}", url)
        #expect(limited.status == 429 && limited.body.contains("Retry-After: 7"))
        estate.inbox.fail(.slack, .reset)
        #expect(try await curl("-d", "{\"text\":\"x\"}", url).status == 0)
        estate.inbox.fail(.slack, .hang)
        #expect(try await curl("-m", "0.3", "-d", "{\"text\":\"x\"}", url).status == 0)
        estate.inbox.fail(.slack, nil)
        #expect(estate.inbox.messages().isEmpty)
        #expect(try await curl("-d", "{\"text\":\"x\"}", url).status == 200)
        await estate.stop()
    }

    @Test func controlIsPostOfJSONAlone() async throws {
        let estate = try await estate()
        let url = try estate.endpoints().inboxURL + "/api/control"
        let body = "{\"action\":\"seal vault-2\"}"
        #expect(try await curl(url).status == 405)
        #expect(try await curl("-d", body, url).status == 415, "a form of another site can't set the type")
        #expect(
            try await curl("-H", "Content-Type: application/json", "-d", "{\"action\":\"explode\"}", url).status == 400)
        #expect(
            try await curl("-H", "Content-Type: application/json", "-d", "{\"action\":\"seal vault-9\"}", url).status
                == 409)
        #expect(try await curl("-H", "Content-Type: application/json", "-d", body, url).status == 200)
        #expect(estate.roles.map(\.role) == [.active, .sealed, .standby])
        let page = try await curl("-i", try estate.endpoints().inboxURL)
        #expect(page.status == 200 && page.body.contains("Content-Security-Policy: default-src 'none'"))
        await estate.stop()
    }

    /// Whoever adds an action says whether it makes a fault and what ends it: proofs try each fault.
    @Test func everyActionMakesAFaultOrEndsOne() {
        func verb(_ action: EstateAction) -> String { String(action.description.prefix { $0 != " " }) }
        let faults = EstateAction.faults(node: "vault-1")
        let cures = faults.flatMap { $0.cures ?? [] }
        let names = EstateAction.names
        #expect(Set((faults + cures).map(verb)) == Set(names.node + names.plain + names.receiver).subtracting(["key"]))
        #expect(cures.allSatisfy { $0.cures == nil })
    }

    @Test func actionsPrintAsTheyAreRead() {
        let names = EstateAction.names
        for text in names.node.map({ "\($0) vault-1" }) + names.plain + names.receiver.map({ "\($0) slack" }) {
            #expect(EstateAction(text)?.description == text)
        }
        #expect(EstateAction("seal") == nil)
        #expect(EstateAction("") == nil)
    }
}
