import Alerts
import Platform
import Testing

@testable import Delivery

struct ComposerTests {
    private func say(_ template: String) throws -> String {
        try Composer(externalURL: "", files: SystemFiles()).draft(.test(.init(.email, 0))).content(
            template, else: "{{ .Receiver }} has {{ len .Alerts }}")
    }

    /// The zones of the machine's database, with their names, as in Alertmanager.
    @Test(arguments: [
        (
            #"{{ (index .Alerts 0).StartsAt | tz "Europe/Berlin" | date "2006-01-02 15:04 MST -0700" }}"#,
            "2025-11-26 02:58 CET +0100"
        ),
        (#"{{ ((index .Alerts 0).StartsAt | tz "America/New_York").Format "15:04 MST" }}"#, "20:58 EST"),
        (#"{{ (index .Alerts 0).StartsAt | tz "UTC" | date "15:04 MST" }}"#, "01:58 UTC"),
        (#"{{ (index .Alerts 0).StartsAt | date "15:04 MST" }}"#, "01:58 UTC"),
    ]) func timesInAZone(_ template: String, _ expected: String) throws {
        #expect(try say(template) == expected)
    }

    @Test func anUnknownZoneGivesWayToTheDefaultText() throws {
        #expect(try say(#"{{ (index .Alerts 0).StartsAt | tz "Mars/Olympus" }}"#) == "team has 1")
    }
}
