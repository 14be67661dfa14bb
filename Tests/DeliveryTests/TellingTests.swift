import Alerts
import Foundation
import Platform
import Samples
import Testing
import TimeZones

@testable import Delivery

/// What messages tell: the same in every channel, in the order of the incident's page.
struct TellingTests {
    private typealias Fixture = IncidentFixture

    private func draft(_ notification: Alerts.Notification, zone: String = "UTC") throws -> Draft {
        try Composer(
            externalURL: "https://watch.example.org", zone: TimeZoneData.named(zone, SystemFiles()),
            files: SystemFiles()
        ).draft(notification)
    }

    private func telling(_ notification: Alerts.Notification, zone: String = "UTC") throws -> Telling {
        try #require(try draft(notification, zone: zone).tellings.first)
    }

    private func told(
        _ incident: Alerts.Notification.Incident, reason: Alerts.Notification.Reason = .first,
        _ kind: IntegrationKind = .email
    ) -> Alerts.Notification {
        Fixture.notification(.init(kind, 0), incidents: [incident], reason: reason)
    }

    private var incident: Alerts.Notification.Incident {
        var cause = Fixture.cause()
        cause.annotations["because"] = "Its process was killed."
        var outage = Fixture.outage()
        outage.annotations["impact"] = "No client gets a secret."
        var reads = Fixture.reads()
        reads.annotations["impact"] = "Some reads fail."
        return Fixture.incident(cause, [reads, outage])
    }

    // MARK: What is lost, and why

    /// Rules write durations as Prometheus does; a message has one form of them.
    @Test func durationsOfAnnotationsAreInTheFormOfTheMessage() {
        let now = Timestamp(milliseconds: 1_764_122_400_000)
        let alert = Alert(
            labels: ["alertname": "A"], annotations: ["summary": "pg-2 is 1m 5s behind"], startsAt: now, updatedAt: now)
        #expect(Headline.summary(alert) == "pg-2 is 1 min 5 s behind")
    }

    @Test func theGravestImpactAndTheCausesReason() throws {
        let telling = try telling(told(incident))
        #expect(telling.impact == "No client gets a secret")
        #expect(telling.because == "Its process was killed.")
        #expect(telling.what == "PostgreSQL primary pg-1 is down")
        #expect(try draft(told(incident)).title == "prod: PostgreSQL primary pg-1 is down; No client gets a secret")
    }

    /// A storage is far from users: of equally severe alerts the last link of the chain says what they lose, in whatever
    /// order they came.
    @Test func theLastLinkOfTheChainSaysWhatIsLost() throws {
        var cause = Fixture.cause()
        cause.annotations["impact"] = "Vault serves; one more node may fail"
        var reads = Fixture.reads()
        reads.labels = reads.labels.setting("severity", to: "critical")
        (reads.annotations["impact"], reads.annotations["explained_by"]) = ("Some reads fail", "PostgresDown()")
        var outage = Fixture.outage()
        (outage.annotations["impact"], outage.annotations["explained_by"]) = ("Vault serves nothing", "PostgresDown()")
        for consequences in [[reads, outage], [outage, reads]] {
            #expect(try telling(told(Fixture.incident(cause, consequences))).impact == "Vault serves nothing")
        }
        reads.annotations["explained_by"] = "VaultNoActiveNode()"
        #expect(try telling(told(Fixture.incident(cause, [reads, outage]))).impact == "Some reads fail")
        // A circle.
        outage.annotations["explained_by"] = "VaultReadFailing()"
        #expect(try !telling(told(Fixture.incident(cause, [reads, outage]))).impact.isEmpty)
    }

    /// Rules written by others have neither annotation.
    @Test func withoutThoseAnnotationsTheDescriptionSays() throws {
        let telling = try telling(Fixture.firing(.init(.email, 0)))
        #expect(telling.impact.isEmpty)
        #expect(telling.because == "Nothing listens on pg-1:5432 <tcp>.")
    }

    @Test func anAlertByItselfHasAnImpactToo() throws {
        var alert = Fixture.outage()
        alert.annotations["impact"] = "No client gets a secret."
        var notification = Fixture.notification(.init(.slack, 0), alerts: [alert], incidents: [])
        #expect(try draft(notification).title == "prod: Vault serves nothing; No client gets a secret")
        notification.alerts[0].endsAt = Fixture.now
        #expect(try draft(notification).title == "prod: over after 9 min 40 s: Vault serves nothing")
        #expect(try telling(notification).impact.isEmpty)
    }

    /// The order is that of the incident's page.
    @Test func everyChannelHasTheSameOrder() throws {
        var incident = incident
        incident.told = [
            IncidentTold(
                receiver: "leads", integration: .init(.email, 0), state: .accepted, acceptedAt: Fixture.now)
        ]
        let draft = try draft(told(incident, reason: .repeat))
        let words = [
            "No client gets a secret", "PostgreSQL primary pg-1 is down", "Its process was killed.", "Since 2025",
            "Told again since it goes on. Not acknowledged by leads.", "systemctl start postgresql",
            "Reads fail", "01:50:10 Reads fail", "Also told: Mail leads accepted 02:00:00",
            "https://watch.example.org/incidents",
        ]
        let pager = PagerDutyEvent(options: PagerDutyOptions(.routing(Secret(value: "k"))), draft: draft)
        let details = String(decoding: pager.body(routingKey: "k"), as: UTF8.self)
        let texts = [
            (draft.content(EmailOptions.defaultText), words + ["alertname=PostgresDown"]),
            (draft.markup(#"{{ template "email.default.html" . }}"#, else: ""), words + ["cluster"]),
            (details.components(separatedBy: "custom_details").last ?? "", Array(words.dropLast()) + ["cluster"]),
        ]
        for (text, words) in texts {
            // The title stands above all of it.
            let title = text.firstRange(of: "</h1>") ?? (text.hasPrefix("CRIT") ? text.firstRange(of: "\n\n") : nil)
            var rest = text[(title?.upperBound ?? text.startIndex)...]
            for word in words {
                guard let found = rest.firstRange(of: word) else {
                    Issue.record("\(word) is missing or too early in \(text)")
                    break
                }
                rest = rest[found.upperBound...]
            }
        }
    }

    // MARK: Times

    @Test func timesAreLocalAndInUTC() throws {
        let notification = Fixture.firing(.init(.email, 0))
        let berlin = try telling(notification, zone: "Europe/Berlin")
        #expect(berlin.since == "Since 2025-11-26 02:50:00 CET (01:50:00 UTC); told after 10 min")
        #expect(berlin.timeline[1] == "02:50:10 Reads fail" && berlin.zone == "CET")
        let york = try telling(notification, zone: "America/New_York")
        #expect(york.since == "Since 2025-11-25 20:50:00 EST (11-26 01:50:00 UTC); told after 10 min")
        #expect(try telling(notification).since == "Since 2025-11-26 01:50:00 UTC; told after 10 min")
    }

    @Test func howLongAfterTheFaultItWasNoticedAndTold() throws {
        var incident = incident
        incident.cause.activeAt = incident.startsAt - .seconds(75)
        incident.toldAt = incident.startsAt + .seconds(12)
        var notification = told(incident, reason: .changed)
        #expect(
            try telling(notification).since
                == "Since 2025-11-26 01:50:00 UTC; first seen 1 min 15 s before; first told after 12 s")
        notification.incidents[0].toldAt = nil
        notification.attemptedAt = incident.startsAt + .seconds(3)
        #expect(try telling(notification).since.hasSuffix("; told after 3 s"))
        // A clock that was stepped back.
        notification.attemptedAt = incident.startsAt - .seconds(3)
        #expect(try telling(notification).since.hasSuffix("; told after 0 s"))
    }

    // MARK: Who was told

    @Test func whoElseWasToldAndWhatComesNext() throws {
        var incident = incident
        let began = incident.startsAt
        func place(_ receiver: String, _ kind: IntegrationKind, _ state: IncidentTold.State) -> IncidentTold {
            IncidentTold(receiver: receiver, integration: .init(kind, 0), state: state)
        }
        incident.told = [
            place("team", .email, .waiting), place("team", .pagerduty, .accepted), place("team", .slack, .refused),
            place("leads", .email, .waiting), place("office", .email, .waiting), place("night", .slack, .untold),
        ]
        incident.told[1].acceptedAt = began + .seconds(9)
        incident.told[2].retryAt = began + .seconds(630)
        incident.told[3].waitingSince = began + .seconds(60)
        // Decided together with this message, it is on its way.
        incident.told[4].waitingSince = Fixture.now - .seconds(1)
        incident.next = [
            IncidentStep(at: began + .seconds(800), kind: .escalatesUnaccepted, receiver: "boss"),
            IncidentStep(
                at: began + .seconds(900), kind: .escalatesUnacknowledged, receiver: "vault-leads",
                calledOffBy: "somebody acknowledges it before"),
        ]
        #expect(
            try telling(told(incident)).told == [
                "Also told: PagerDuty accepted 01:50:09; Slack refused, next try 02:00:30; Mail leads waiting since 01:51:00",
                "Next: vault-leads 02:05:00, unless somebody acknowledges it before",
            ])
        incident.told[2].retryAt = nil
        incident.acknowledgement = Acknowledgement(by: "ann", comment: "on it", at: began + .seconds(30))
        incident.next = [IncidentStep(at: began + .seconds(86_400), kind: .repeats, receiver: "team")]
        let taken = try telling(told(incident), zone: "Europe/Berlin")
        #expect(taken.told.first?.contains("Slack refused, it is tried again; ") == true)
        #expect(
            taken.told.dropFirst() == [
                "Acknowledged by ann at 02:50:30 CET: on it", "Next: told again 11-27 02:50:00 to team",
            ])
        #expect(taken.owner == "ann" && !taken.links.contains { $0.purpose == .acknowledge })
    }

    @Test(arguments: [
        (Alerts.Notification.Reason.first, ""), (.changed, ""), (.acknowledged, ""),
        (.repeat, "Told again since it goes on. Not acknowledged by leads and team."),
        (
            .unsilenced,
            "Told again since it goes on after a silence or a mute time. Not acknowledged by leads and team."
        ),
        (.unacknowledged, "Told again since its acknowledgement has lapsed. Not acknowledged by leads and team."),
        (.escalated, "Handed on to team. Not acknowledged by leads and team."),
    ]) func whyItComesAgainAndWhoHasNotAcknowledged(_ reason: Alerts.Notification.Reason, _ line: String) throws {
        var incident = incident
        incident.told = ["leads", "team", "team"].enumerated().map { index, receiver in
            IncidentTold(
                receiver: receiver, integration: .init(.slack, index), state: .accepted, acceptedAt: Fixture.now)
        }
        #expect(try telling(told(incident, reason: reason)).changed == (line.isEmpty ? [] : [line]))
        incident.told = []
        let alone = try telling(told(incident, reason: reason)).changed.joined()
        #expect(line.isEmpty || alone.hasSuffix("acknowledged it."), "\(alone)")
        incident.acknowledgement = Acknowledgement(by: "ann", at: Fixture.now)
        let taken = try telling(told(incident, reason: reason)).changed.joined()
        #expect(line.isEmpty || taken.hasSuffix("ann is on it."), "\(taken)")
    }

    @Test func anEndSaysNothingOfWhatWouldComeNext() throws {
        var over = Fixture.over(.init(.email, 0))
        over.incidents[0].told = [
            IncidentTold(receiver: "leads", integration: .init(.email, 0), state: .accepted, acceptedAt: Fixture.now)
        ]
        over.incidents[0].next = [IncidentStep(at: Fixture.now, kind: .repeats)]
        let telling = try telling(over)
        #expect(telling.told.isEmpty && telling.changed.isEmpty && telling.steps.isEmpty)
        #expect(telling.since == "Since 2025-11-26 01:50:00 UTC, until 01:59:00")
        over.incidents[0].acknowledgement = Acknowledgement(by: "ann", at: Fixture.now - .seconds(300))
        #expect(try self.telling(over).told == ["Acknowledged by ann at 01:55:00 UTC"])
    }

    // MARK: Links

    @Test func linksLeadToTheIncident() throws {
        var incident = incident
        incident.number = 318
        incident.cause.annotations["runbook_url"] = "https://watch.example.org/runbooks#PostgresDown"
        incident.cause.labels = incident.cause.labels.setting("server", to: "pg 1")
        let links = try telling(told(incident)).links
        #expect(
            links.map(\.href) == [
                "https://watch.example.org/i/318#band",
                "https://watch.example.org/silences/new?length=1h&matchers=%7Balertname%3D%22PostgresDown%22%2Ccluster%3D%22prod%22%2Cserver%3D%22pg%201%22%2Cseverity%3D%22critical%22%7D",
                "https://watch.example.org/runbooks/PostgresDown?cluster=prod&server=pg%201",
                "https://watch.example.org/graph?g0.expr=pg_up", "https://watch.example.org/i/318",
            ])
        // Links of others that would break a channel's markup are left out.
        incident.cause.generatorURL = "javascript:alert(1)"
        incident.cause.annotations["runbook_url"] = "https://x.example.org/a|b"
        #expect(try telling(told(incident)).links.map(\.purpose) == [.acknowledge, .silence, .incident])
    }

    // MARK: Bounds

    @Test func ofManyAlertsTheFirstAreToldAndTheOthersCounted() throws {
        let alerts = (0..<130).map { Fixture.alert("Alert\($0)", "low", "Fault \($0)", after: 1) }
        let draft = try draft(Fixture.notification(.init(.email, 0), alerts: alerts, incidents: []))
        #expect(draft.tellings.count == 100)
        #expect(draft.content(EmailOptions.defaultText).contains("\n30 more not shown.\n"))
    }

    @Test func aProgramReadsTheDataInstead() throws {
        #expect(try draft(Fixture.firing(.init(.webhook, 0))).tellings.isEmpty)
    }

    @Test func stepsAreSentencesWithTheirCommandsApart() {
        let steps = ActionStep.steps(
            of: "See why: ssh pg-1 'journalctl -n 5'. Then start it: sudo systemctl start x. Else wait. Call e.g. ann")
        #expect(steps.map(\.title) == ["See why", "Then start it", "Else wait.", "Call e.g. ann"])
        #expect(steps.map(\.commands) == [["ssh pg-1 'journalctl -n 5'"], ["sudo systemctl start x"], [], []])
        #expect(ActionStep.steps(of: "  ").isEmpty)
    }
}
