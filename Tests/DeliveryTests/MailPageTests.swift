import Alerts
import Foundation
import Lab
import Platform
import Samples
import TestServers
import Testing
import TimeZones

@testable import Delivery

/// Mails in a real browser as wide as a phone, in light and in dark. The pictures stay in `.build/pages`.
@Suite(.serialized) struct MailPageTests {
    private typealias Fixture = IncidentFixture

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static let url = "https://watch.example.org"

    private static func incident(ended: Bool) -> Alerts.Notification.Incident {
        let end: Int? = ended ? 500 : nil
        var cause = Fixture.cause(ended: ended ? 540 : nil)
        cause.labels = cause.labels.setting("server", to: "pg-1.storage.production.example.org")
        cause.annotations["because"] =
            "Nothing listens on pg-1.storage.production.example.org:5432. pg-2 has all that pg-1 wrote; pg-3 lacks 48 KiB."
        cause.annotations["action"] =
            "See why it stopped: ssh pg-1.storage.production.example.org 'sudo journalctl -u postgresql@16-main -n 100 --no-pager'. Start it: ssh pg-1.storage.production.example.org sudo systemctl start postgresql. Else promote pg-2."
        cause.annotations["runbook_url"] = url + "/runbooks#PostgresDown"
        var outage = Fixture.outage(ended: end)
        outage.annotations["impact"] = "Vault serves nothing: no client gets a secret."
        let standby = Fixture.alert(
            "VaultStandbyMissing", "medium", "No standby can take over in cluster prod", after: 25, ended: end)
        var incident = Fixture.incident(cause, [Fixture.reads(ended: end), outage, standby])
        incident.number = 318
        incident.toldAt = incident.startsAt + .seconds(12)
        func place(_ receiver: String, _ kind: IntegrationKind, _ state: IncidentTold.State) -> IncidentTold {
            var told = IncidentTold(receiver: receiver, integration: .init(kind, 0), state: state)
            (told.acceptedAt, told.retryAt) = (incident.startsAt + .seconds(14), Fixture.now + .seconds(30))
            return told
        }
        incident.told = [
            place("team", .pagerduty, .accepted), place("team", .slack, .refused), place("team", .email, .accepted),
        ]
        incident.next = [
            IncidentStep(
                at: Fixture.now + .seconds(300), kind: .escalatesUnacknowledged, receiver: "vault-leads",
                calledOffBy: "somebody acknowledges it before")
        ]
        return incident
    }

    private static func mails() -> [(name: String, message: Alerts.Notification)] {
        let mail = IntegrationID(.email, 0)
        var over = Fixture.notification(mail, incidents: [incident(ended: true)], reason: .resolved)
        over.stillFiring = [Fixture.alert("VaultSealed", "critical", "Vault node vault-3 is sealed", after: 0)]
        over.silencedUntil = [over.stillFiring[0].id: Fixture.now + .seconds(3600)]
        var taken = Fixture.notification(mail, incidents: [incident(ended: false)], reason: .changed)
        taken.incidents[0].acknowledgement = Acknowledgement(by: "ann", comment: "on it", at: Fixture.now)
        let low = (0..<3).map { index in
            Fixture.alert(
                "VaultCertificateExpiring\(index)", ["high", "medium", "low"][index],
                String(repeating: "certificate-of-a-very-long-name.", count: 4), after: index,
                ["description": "It expires.", "runbook_url": url + "/runbooks#VaultCertificateExpiring"])
        }
        return [
            ("critical", Fixture.notification(mail, incidents: [incident(ended: false)])),
            ("repeat", Fixture.notification(mail, incidents: [incident(ended: false)], reason: .repeat)),
            ("end", Fixture.notification(mail, incidents: [incident(ended: true)], reason: .resolved)),
            ("end-while-others-fire", over), ("acknowledged", taken),
            ("alerts", Fixture.notification(mail, alerts: low, incidents: [])),
            ("alert-low", Fixture.notification(mail, alerts: [low[2]], incidents: [])),
            ("long", Fixture.storm(mail)),
        ]
    }

    @Test(.timeLimit(.minutes(4))) func mailsReadWellOnAPhoneInLightAndDark() async throws {
        let folder = try TemporaryDirectory()
        let pictures = Self.root + "/.build/pages"
        try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
        let composer = try Composer(
            externalURL: Self.url, zone: TimeZoneData.named("Europe/Berlin", SystemFiles()), files: SystemFiles())
        for (name, notification) in Self.mails() {
            let page = composer.draft(notification).markup(#"{{ template "email.default.html" . }}"#, else: "")
            _ = try folder.write(name + ".html", page)
        }
        let script = Self.root + "/Tests/IntegrationTests/Browser/mails.py"
        let output = try await ChildProcess.run(
            "/bin/sh",
            [
                "-c", "\"$@\" 2>&1 || echo \"exit $?\"", "sh", TestPython.find() ?? "python3", script, folder.path,
                pictures,
            ])
        let faults = String(decoding: output, as: UTF8.self)
        #expect(faults == "", "\(faults)")
        folder.remove()
    }
}
