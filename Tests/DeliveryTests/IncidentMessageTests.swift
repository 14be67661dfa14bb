import Alerts
import Foundation
import Platform
import Samples
import Testing
import Text

@testable import Delivery

/// One fault, one message: the cause first, then what follows from it, then what to do.
struct IncidentMessageTests {
    private typealias Fixture = IncidentFixture

    private static let headline = "prod: PostgreSQL primary pg-1 is down; Vault serves nothing and 1 more"

    private func text(
        _ notification: Alerts.Notification, _ template: String = #"{{ template "email.default.text" . }}"#
    ) throws -> String {
        try Composer(externalURL: "https://watch.example.org", files: SystemFiles()).draft(notification).content(
            template)
    }

    private func subject(_ notification: Alerts.Notification) throws -> String {
        try text(notification, #"{{ template "__subject" . }}"#)
    }

    // MARK: The headline

    /// Alerts of one kind by what tells them apart, others by their number.
    @Test func severalAlertsInOneLine() {
        func alert(_ name: String, _ labels: [String: String], _ severity: String = "high") -> Alert {
            var all = labels
            all["alertname"] = name
            all["severity"] = severity
            return Alert(
                labels: Labels(all), annotations: ["summary": "\(name) of \(labels["node"] ?? "all")"],
                startsAt: Fixture.now, updatedAt: Fixture.now)
        }
        let nodes = (1...8).map { alert("Down", ["cluster": "prod", "node": "vault-\($0)"]) }
        #expect(Headline.text([]) == "")
        #expect(Headline.text(Array(nodes.prefix(1))) == "Down of vault-1")
        #expect(Headline.text(Array(nodes.prefix(3))) == "Down of vault-1 (also vault-2, vault-3)")
        #expect(
            Headline.text(nodes) == "Down of vault-1 (also vault-2, vault-3, vault-4, vault-5, vault-6 and 2 more)")
        let graver = alert("Sealed", ["cluster": "prod"], "critical")
        #expect(Headline.text([nodes[0], graver]) == "Sealed of all (and 1 more)")
        #expect(Headline.text([nodes[0], nodes[1], alert("Slow", [:])]) == "Down of vault-1 (also vault-2 and 1 more)")
        #expect(
            Headline.text([nodes[0], alert("Down", ["cluster": "prod", "node": "vault-1"], "low")])
                == "Down of vault-1 (and 1 more)")
    }

    /// The end counts what ended before, and tells it once.
    @Test func whatEndedBeforeTheRestIsTold() throws {
        let cause = Fixture.cause(ended: 600)
        let incident = Alerts.Notification.Incident(
            id: 7, startsAt: cause.startsAt, cause: cause, consequences: [Fixture.reads(ended: 590)],
            ended: [Fixture.outage(ended: 300), Fixture.reads(ended: 590)])
        let text = IncidentText(incident, at: Fixture.now)
        #expect(text.ending.hasSuffix("nothing was served for 4 min 40 s"))
        #expect(text.timeline.count { $0.contains("Vault serves nothing") } == 2)
        #expect(text.timeline.count { $0.contains("Reads fail") } == 2)
    }

    @Test func causeThenEffect() throws {
        #expect(try subject(Fixture.firing(.init(.email, 0))) == "CRIT \(Self.headline)")
        let one = Fixture.notification(
            .init(.email, 0), incidents: [Fixture.incident(Fixture.cause(), [Fixture.outage()])])
        #expect(
            try subject(one) == "CRIT prod: PostgreSQL primary pg-1 is down; Vault serves nothing")
    }

    /// The cluster stands in front unless the summary names it as a word.
    @Test(arguments: [("pg-1", ""), ("pg", ""), ("PostgreSQL", ""), ("primar", "primar: "), ("", "")])
    func theClusterWhereTheSummaryDoesNotNameIt(_ cluster: String, _ prefix: String) throws {
        let notification = Fixture.notification(
            .init(.email, 0), incidents: [Fixture.incident(Fixture.cause(cluster: cluster), [Fixture.outage()])])
        #expect(try subject(notification).hasPrefix("CRIT \(prefix)PostgreSQL"))
    }

    /// However long the effect, the cause is whole, and the rest is counted.
    @Test func theEffectGivesWay() throws {
        let title = try subject(Fixture.storm(.init(.email, 0)))
        #expect(
            title.hasPrefix("CRIT prod: PostgreSQL primary pg-1 is down; Effect 29 é<&"), "\(title)")
        #expect(title.hasSuffix("… and 29 more"))
        #expect(title.unicodeScalars.count <= 240)
    }

    @Test func theEnd() throws {
        let over = Fixture.over(.init(.email, 0))
        #expect(
            try subject(over)
                == "OK prod: over after 9 min: PostgreSQL primary pg-1 is down; nothing was served for 8 min")
        let quiet = Fixture.notification(
            .init(.email, 0),
            incidents: [Fixture.incident(Fixture.cause(ended: 61), [Fixture.reads(ended: 60)])], reason: .resolved)
        #expect(try subject(quiet) == "OK prod: over after 1 min 1 s: PostgreSQL primary pg-1 is down")
    }

    /// What two alerts say of the same minutes is counted once.
    @Test func theTimeWithoutServiceIsCountedOnce() {
        let lost = Fixture.alert("VaultActiveNodeLost", "critical", "Lost", after: 5, ended: 65)
        let none = Fixture.alert("VaultNoActiveNode", "critical", "None", after: 35, ended: 125)
        let again = Fixture.alert("VaultNoActiveNode", "critical", "Again", cluster: "b", after: 400, ended: 401)
        let incidentText = IncidentText(
            Fixture.incident(Fixture.cause(ended: 500), [lost, none, again]), at: Fixture.now)
        #expect(incidentText.ending == "over after 8 min 20 s, nothing was served for 2 min 1 s")
    }

    @Test(arguments: [
        (0, "less than a second"), (1, "1 second"), (14, "14 seconds"), (60, "1 minute"), (61, "1 minute 1 second"),
        (3600, "1 hour"), (3605, "1 hour"), (7380, "2 hours 3 minutes"), (90_000, "1 day 1 hour"),
        (259_200, "3 days"), (-5, "less than a second"),
    ]) func durations(_ seconds: Int, _ words: String) { #expect(SpokenDuration.text(.seconds(seconds)) == words) }

    // MARK: The body

    @Test func theTextOfAMail() throws {
        let body = try text(Fixture.firing(.init(.email, 0)))
        let matchers = PercentCoding.encode(#"{alertname="PostgresDown",cluster="prod",severity="critical"}"#)
        #expect(
            body == """
                CRIT \(Self.headline)

                PostgreSQL primary pg-1 is down
                Nothing listens on pg-1:5432 <tcp>.
                Since 2025-11-26 01:50:00 UTC; told after 10 min

                What to do:
                1. ssh pg-1 'systemctl start postgresql'
                2. vault status

                Therefore:
                * Vault serves nothing
                * Reads fail

                What was seen (UTC):
                01:50:00 PostgreSQL primary pg-1 is down
                01:50:10 Reads fail
                01:50:20 Vault serves nothing

                Acknowledge: https://watch.example.org/incidents#band
                Silence 1 h: https://watch.example.org/silences/new?length=1h&matchers=\(matchers)
                Runbook: https://wiki.example.org/pg
                Graph: https://watch.example.org/graph?g0.expr=pg_up
                Incident: https://watch.example.org/incidents
                Type: PostgresDown, severity: critical
                Labels: alertname=PostgresDown, cluster=prod, severity=critical

                https://watch.example.org

                """, "\(body)")
    }

    /// Nothing that held only while it fired is said as if it were true now, and nothing remains to be done.
    @Test func theTextOfAnEnd() throws {
        let body = try text(Fixture.over(.init(.email, 0)))
        for line in [
            "It said: PostgreSQL primary pg-1 is down", "It led to:", "01:58:20 over: Vault serves nothing",
            "01:59:00 over: PostgreSQL primary pg-1 is down",
        ] { #expect(body.contains(line + "\n"), "\(body)") }
        for word in ["Therefore", "What to do", "Nothing listens", "systemctl", "wiki.example.org"] {
            #expect(!body.contains(word), "\(body)")
        }
    }

    /// Ten effects and ten lines of what was seen; the rest is counted.
    @Test func thirtyConsequences() throws {
        let notification = Fixture.storm(.init(.email, 0))
        let body = try text(notification)
        let lines = body.split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("* Effect ") }.count == 10 && lines.contains("* … and 20 more"))
        #expect(lines.contains("… 22 more …"))
        #expect(lines.filter { $0.hasPrefix("01:50:") }.count == 9)
        #expect(body.utf8.count < 12_000, "\(body.utf8.count)")
        let page = try Composer(externalURL: "https://watch.example.org", files: SystemFiles()).draft(notification)
            .markup(#"{{ template "email.default.html" . }}"#, else: "")
        #expect(page.utf8.count < 30_000, "\(page.utf8.count)")
        #expect(page.contains("… and 20 more") && page.hasSuffix("</html>\n"))
    }

    @Test func theHTMLOfAMail() throws {
        let composer = try Composer(externalURL: "https://watch.example.org", files: SystemFiles())
        let page = composer.draft(Fixture.firing(.init(.email, 0))).markup(
            #"{{ template "email.default.html" . }}"#, else: "")
        for part in [
            ">\(Self.headline)</h1>", "pg-1:5432 &lt;tcp&gt;", "<li>Vault serves nothing</li><li>Reads fail</li>",
            "ssh pg-1 &#39;systemctl start postgresql&#39;</li>", "01:50:20 Vault serves nothing<br>",
            #"href="https://wiki.example.org/pg""#, "#d7263d",
        ] { #expect(page.contains(part), "\(part) in \(page)") }
        let end = composer.draft(Fixture.over(.init(.email, 0))).markup(
            #"{{ template "email.default.html" . }}"#, else: "")
        #expect(end.contains("#2eb67d") && !end.contains("What to do"))
    }

    // MARK: What belongs to an incident, and what does not

    /// The group of the pager holds the graver alerts alone; the cause is told all the same.
    @Test func aCauseOutsideOfTheGroup() throws {
        let notification = Fixture.notification(
            .init(.pagerduty, 0), alerts: [Fixture.outage()],
            incidents: [Fixture.incident(Fixture.cause(), [Fixture.outage()])])
        let body = try text(notification)
        #expect(body.hasPrefix("prod: PostgreSQL primary pg-1 is down; Vault serves nothing\n"))
        #expect(body.contains("systemctl start postgresql") && !body.contains("Firing:"))
    }

    /// The dispatcher leaves what is silenced out of an incident; that is told as any other alert.
    @Test func aSilencedCause() throws {
        let notification = Fixture.notification(
            .init(.email, 0), alerts: [Fixture.outage()],
            incidents: [.init(id: 7, startsAt: Fixture.cause().startsAt, cause: Fixture.outage(), consequences: [])])
        var plain = notification
        plain.incidents = []
        #expect(try text(notification) == text(plain))
        #expect(try subject(notification) == "CRIT prod: Vault serves nothing")
    }

    @Test func severalIncidents() throws {
        let other = Fixture.incident(
            Fixture.alert("NodeDown", "high", "vault-3 crashed", cluster: "test", after: 30),
            [Fixture.alert("Standby", "low", "One standby less", cluster: "test", after: 31)], id: 8)
        let lone = Fixture.alert("Certificate", "low", "A certificate expires", after: 40)
        let single = Alerts.Notification.Incident(
            id: nil, startsAt: lone.startsAt, cause: lone, consequences: [])
        let notification = Fixture.notification(
            .init(.email, 0),
            incidents: [Fixture.incident(Fixture.cause(), [Fixture.reads(), Fixture.outage()]), other, single])
        #expect(try subject(notification) == "CRIT \(Self.headline) (and 2 other incidents)")
        let body = try text(notification)
        #expect(body.components(separatedBy: "Therefore:").count == 3)
        #expect(body.contains("vault-3 crashed") && body.contains("\n\nA certificate expires\n"))
        #expect(body.components(separatedBy: "\n* ").count == 4, "\(body)")
    }

    /// A message about ends says nothing of what goes on under the word "resolved".
    @Test func anEndWhileTheIncidentGoesOn() throws {
        let notification = Fixture.notification(
            .init(.pagerduty, 0), alerts: [Fixture.outage(ended: 500)],
            incidents: [Fixture.incident(Fixture.cause(), [Fixture.reads()])], reason: .resolved)
        #expect(try subject(notification) == "prod: over after 8 min: Vault serves nothing")
        #expect(!(try text(notification)).contains("Therefore"))
    }

    /// What has ended before the others is still on the timeline.
    @Test func oneOfThemHasEnded() throws {
        let notification = Fixture.notification(
            .init(.email, 0), alerts: [Fixture.cause(), Fixture.reads(), Fixture.outage(ended: 500)],
            incidents: [Fixture.incident(Fixture.cause(), [Fixture.reads()])], reason: .changed)
        let body = try text(notification)
        #expect(body.contains("01:58:20 over: Vault serves nothing\n"))
        let end = "over after 8 min, nothing was served for 8 min\nIt said: Vault serves nothing\n"
        #expect(body.contains(end), "\(body)")
    }

    // MARK: Templates of the users' own

    @Test func templatesSeeIncidents() throws {
        let seen = try text(
            Fixture.firing(.init(.email, 0)),
            #"{{ .Cause.Labels.cluster }} {{ .Cause.StartsAt.Unix }} {{ range .Consequences }}{{ .Labels.alertname }} {{ end }}{{ range .Incidents }}{{ .ID }} {{ .Severity }}{{ end }}{{ len .OtherAlerts }}"#
        )
        #expect(seen == "prod 1764121800 VaultNoActiveNode VaultReadFailing 7 critical0")
        let none = try text(
            .test(.init(.email, 0)),
            #"{{ with .Cause }}x{{ end }}{{ len .Incidents }}{{ len .Consequences }}{{ len .OtherAlerts.Firing }}"#)
        #expect(none == "001")
    }

    /// Alertmanager's own templates ask for nothing of ours, and say what they say there.
    @Test func alertmanagersTemplates() throws {
        let folder = try TemplateFolder(
            #"{{ define "__subject" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }}{{ end }}"#
        )
        let composer = try Composer(templates: [folder.pattern], externalURL: "", files: SystemFiles())
        let draft = composer.draft(Fixture.firing(.init(.email, 0)))
        #expect(draft.content(#"{{ template "email.default.subject" . }}"#) == "[FIRING:3] PostgresDown")
    }

    @Test func aSampleWithIncidents() throws {
        let sample = try TemplateSample(
            json: Array(
                #"""
                {"status":"firing","alerts":[
                {"status":"firing","labels":{"alertname":"A"},"annotations":{"summary":"a"},"fingerprint":"01"},
                {"status":"firing","labels":{"alertname":"B"},"annotations":{"summary":"b"},"fingerprint":"02"},
                {"status":"firing","labels":{"alertname":"C"},"fingerprint":"03"}],
                "incidents":[{"id":"5","cause":"02","consequences":["01","99"]},{"cause":"77"}]}
                """#.utf8))
        let said = try Composer(externalURL: "", files: SystemFiles()).render(
            #"{{ range .Incidents }}{{ .ID }} {{ .Headline }}{{ end }}, {{ .Cause.Labels.alertname }}, {{ range .OtherAlerts.Firing }}{{ .Labels.alertname }}{{ end }}"#,
            sample, escapesHTML: false, now: Fixture.now)
        #expect(said == "5 b; a, B, C")
    }
}
