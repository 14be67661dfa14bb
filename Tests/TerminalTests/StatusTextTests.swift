import Alerts
import Console
import Foundation
import Platform
import Samples
import Testing
import TimeZones
import Web

@testable import vaultwatch

/// What commands show on a terminal: in the order of the overview, in its words, in the terminal's width.
struct StatusTextTests {
    private static let now = "2026-11-28T02:13:41Z"
    private static let nasty = "界🙂\u{1b}[31m\n\u{202e}" + String(repeating: "a-name-without-any-space-", count: 12)

    private static func display(_ width: Int?, isTerminal: Bool = true) -> Display {
        var display = Display.plain
        display.width = width
        display.isTerminal = isTerminal
        return display
    }

    private static func incidents(_ text: String) throws -> [IncidentBody] {
        try JSONDecoder().decode([IncidentBody].self, from: Data(text.utf8))
    }

    /// An agent that does not answer the second question has still told how its targets are.
    @Test func theStatusStandsWithoutTheIncidents() throws {
        var report = try Self.report()
        (report.incidents, report.incidentsError) = (nil, "HTTP 503")
        let text = StatusText(Self.display(80), zone: .utc).render(report)
        #expect(text.contains("The incidents could not be read: HTTP 503"))
        #expect(text.hasSuffix(report.status.health.rawValue))
    }

    /// A small fault, and the outage that began after it.
    private static func report(nasty name: String = "pg-1") throws -> EstateReport {
        let quoted = String(decoding: try JSONEncoder().encode(name), as: UTF8.self).dropFirst().dropLast()
        let incidents = try incidents(
            """
            [{"id": "7", "number": 317, "startsAt": "2026-11-27T20:00:00Z", "severity": "medium",
              "cause": {"fingerprint": "1", "labels": {"alertname": "VaultTooFewStandbys", "severity": "medium"},
                "annotations": {"summary": "Too few standbys"}, "startsAt": "2026-11-27T20:00:00Z"},
              "consequences": [], "acknowledgement":
                {"by": "ann", "at": "2026-11-27T20:05:00Z", "comment": "tomorrow"}},
             {"id": "9", "number": 318, "startsAt": "2026-11-28T02:11:08Z", "severity": "critical",
              "cause": {"fingerprint": "2", "labels":
                  {"alertname": "PostgresDown", "severity": "critical", "server": "\(quoted)"},
                "annotations": {"summary": "PostgreSQL primary \(quoted) does not answer.",
                  "impact": "Vault serves nothing", "because": "Nothing listens there.",
                  "action": "Start it: systemctl start postgresql"}, "startsAt": "2026-11-28T02:11:08Z"},
              "consequences": [{"fingerprint": "3", "labels":
                  {"alertname": "VaultNoActiveNode", "severity": "critical"}, "annotations": {},
                "startsAt": "2026-11-28T02:11:20Z"}],
              "told": [{"receiver": "\(quoted)", "integration": "pagerduty/0", "state": "accepted",
                  "acceptedAt": "2026-11-28T02:11:09Z"},
                {"receiver": "oncall", "integration": "slack/0", "state": "refused", "error": "HTTP 500"},
                {"receiver": "oncall", "integration": "telex/0", "state": "accepted"}],
              "next": [{"at": "2026-11-28T02:16:09Z", "what": "escalatesUnaccepted", "receiver": "boss",
                  "unless": "somebody acknowledges it before"}]}]
            """)
        var status = EstateStatus(version: "1", startedAt: now, now: now)
        status.sections = [
            .init(
                title: "Vault cluster \(name)", summary: "no active node",
                targets: [
                    .init(name: "vault-1", health: .ok, state: "standby", detail: "asked 1 s ago"),
                    .init(
                        name: name, health: .critical, state: "unreachable", warnings: [name, "clock skew of \(name)"],
                        lastError: "connect: \(name)"),
                ])
        ]
        status.alerts = [
            .init(
                name: "PostgresDown", severity: "critical", state: "firing", since: "2026-11-28T02:11:08Z",
                summary: "\(name) is down", action: "Start \(name)", labels: ["server": name])
        ]
        status.receivers = [
            .init(name: name, integration: "slack/0", health: .warning, waiting: 1, lastError: "HTTP 500 \(name)")
        ]
        return EstateReport(status: status, incidents: incidents)
    }

    @Test func theIncidentComesFirstWithSinceWhenAndToldToWhom() throws {
        let lines = StatusText(StatusTextTests.display(100), zone: .utc).lines(try StatusTextTests.report())
        #expect(
            Array(lines.prefix(11)) == [
                "CRITICAL #318  Vault serves nothing",
                "  why       PostgreSQL primary pg-1 does not answer. Nothing listens there",
                "  since     02:11:08 UTC, 2 min 33 s",
                "  told      PagerDuty ✓ Slack ✕",
                "  on it     nobody yet",
                "  next      02:16:09 to boss, unless somebody acknowledges it before",
                "  do        Start it: systemctl start postgresql",
                "  leads to  VaultNoActiveNode",
                "",
                "Also open",
                "  MEDIUM #317  Too few standbys",
            ])
        #expect(lines[11].hasPrefix("      since Fri 27 Nov 20:00 UTC, 6 h 13 min; told: nobody; on it: ann since"))
        #expect(lines.last == "CRIT critical")
    }

    @Test func timesAreInTheZoneOfTheReader() throws {
        let berlin = try TimeZoneData.named("Europe/Berlin", SystemFiles())
        let report = try StatusTextTests.report()
        let shown = StatusText(StatusTextTests.display(80), zone: berlin).render(report)
        #expect(shown.contains("03:11:08 CET, 2 min 33 s"), "\(shown)")
        let piped = StatusText(StatusTextTests.display(nil, isTerminal: false), zone: berlin).render(report)
        #expect(piped.contains("(firing since 02:11:08 UTC, 2 min 33 s): pg-1 is down"), "\(piped)")
    }

    @Test func calmIsSaid() throws {
        var report = try StatusTextTests.report()
        report.incidents = []
        report.status.alerts = []
        let lines = StatusText(StatusTextTests.display(80), zone: .utc).lines(report)
        #expect(lines[1] == "No incident is open", "\(lines)")
        // Without an agent nobody knows.
        report.incidents = nil
        #expect(!StatusText(StatusTextTests.display(80), zone: .utc).render(report).contains("No incident"))
    }

    /// Everything that is made of names and errors from outside, at every width.
    @Test(arguments: [10, 13, 20, 40, 59, 80, 100, 200]) func noLineIsWiderThanTheTerminal(width: Int) throws {
        let nasty = StatusTextTests.nasty
        let report = try StatusTextTests.report(nasty: nasty)
        let display = StatusTextTests.display(width)
        let clock = Clock(zone: .utc, now: report.now)
        let alerts = try JSONDecoder().decode(
            [AlertsCommand.Listed].self,
            from: JSONEncoder().encode([
                Posted(labels: ["alertname": nasty, "server": nasty], annotations: ["summary": nasty]),
                Posted(labels: ["alertname": "A", nasty: "b"], annotations: [:]),
            ]))
        var silence = SilenceBody(
            matchers: [.init(Matcher("server", equals: nasty))], startsAt: StatusTextTests.now,
            endsAt: "2026-11-28T05:00:00Z", createdBy: nasty, comment: nasty)
        silence.id = "29e2f970-7898-47c9-a07f-b6c7ba7b0935"
        silence.status = try JSONDecoder().decode(SilenceBody.Status.self, from: Data(#"{"state":"active"}"#.utf8))
        let history = [
            HistoryEntry(at: report.now, kind: .firing, subject: nasty, detail: nasty),
            HistoryEntry(
                at: report.now, kind: .failed, subject: #"{}/{severity="critical"}:{alertname="A"}"#, receiver: nasty,
                integration: "slack/0", detail: nasty, incidents: [318]),
        ]
        let texts = [
            StatusText(display, zone: .utc).render(report),
            AlertsCommand.byIncident(alerts, report, .utc, display),
            AlertsCommand.table(alerts, .simple, display), AlertsCommand.table(alerts, .extended, display),
            AckCommand.text(report.incidents ?? [], now: report.now, display),
            AckCommand.text(
                report.incidents ?? [], now: report.now, StatusTextTests.display(width, isTerminal: false)),
            SilenceListCommand.text([silence], alerts, clock, display),
            HistoryCommand.days(history, clock, display), HistoryCommand.table(history, display) { $0.subject },
            RoutesShowCommand.drawing(".\n└── default-route  receiver: \(nasty)\n    └── {a=\"\(nasty)\"}", display),
            display.fitted("warning: \(nasty)\n  - \(nasty)"),
        ]
        for text in texts {
            for line in text.split(separator: "\n") {
                #expect(String(line).columns <= width, "\(line)")
                #expect(!line.contains("\u{1b}") && !line.contains("\u{202e}"), "\(line)")
            }
            #expect(text.contains("界") == text.contains("🙂"), "\(text)")
        }
        // The two of acknowledgements say what users lose instead of where.
        #expect(texts.count { $0.contains("界") } >= texts.count - 2)
    }

    /// One form of durations, and counts that agree.
    @Test func wordsAreThoseOfThePages() throws {
        let report = try StatusTextTests.report()
        let texts = [
            StatusText(StatusTextTests.display(120), zone: .utc).render(report),
            AckCommand.text(report.incidents ?? [], now: report.now, StatusTextTests.display(120)),
            AckCommand.text(report.incidents ?? [], now: report.now, .plain),
        ]
        for text in texts {
            #expect(text.firstMatch(of: /\b\d+(\.\d+)?(ms|s|m|h|d)\b/) == nil, "\(text)")
            #expect(text.firstMatch(of: /(^|[ (,])[01] [a-z]{2,}s\b/) == nil, "\(text)")
        }
    }

    @Test func historyTellsGroupsAndAlertsByName() {
        func words(_ subject: String) -> String {
            HistoryEntry(at: Timestamp(milliseconds: 0), kind: .sent, subject: subject).subjectWords
        }
        let key = #"{}/{severity="critical"}:{alertname="VaultSealed", cluster="prod"}"#
        #expect(words(key) == "VaultSealed, cluster prod")
        #expect(words(#"{}/{a=~"x}:{\"}"}/{b="c"}:{alertname="A"}"#) == "A")
        #expect(words(#"{}:{}"#) == "all alerts")
        #expect(words(#"{alertname="A", node="v1", severity="high"}"#) == "A, node v1")
        #expect(words(#"{severity="high"}"#) == #"{severity="high"}"#)
        #expect(words("configuration reloaded") == "configuration reloaded")
        #expect(words(#"alertname="A" node=~"v.*""#) == #"alertname="A" node=~"v.*""#)
        let entry = HistoryEntry(
            at: Timestamp(milliseconds: 0), kind: .sent, subject: "x", receiver: "oncall", integration: "pagerduty/0")
        #expect(entry.receiverWords == "PagerDuty oncall")
    }

    private struct Posted: Encodable {
        struct Receiver: Encodable { var name = StatusTextTests.nasty }
        struct Status: Encodable {
            var state = "suppressed"
            var silencedBy = ["29e2f970-7898-47c9-a07f-b6c7ba7b0935"]
            var inhibitedBy = [StatusTextTests.nasty]
            var mutedBy: [String] = []
        }
        var fingerprint = "4"
        var labels: [String: String]
        var annotations: [String: String]
        var startsAt = "2026-11-28T02:11:08Z"
        var endsAt = "2026-11-28T02:11:08Z"
        var receivers = [Receiver()]
        var status = Status()
    }
}
