import Dispatching
import Platform
import Samples
import Testing
import TimeZones
import Web

@testable import Console

/// Parsing of the form of a new silence.
struct SilenceDraftTests {
    private let clock = Clock(zone: .utc, now: Fixtures.now)

    private func draft(_ fields: [String: String]) -> SilenceDraft { SilenceDraft { fields[$0] } }

    private func problem(_ fields: [String: String]) -> SilenceDraft.Problem? {
        do throws(SilenceDraft.Problem) {
            _ = try draft(fields).silence(by: "ann", clock)
            return nil
        } catch {
            return error
        }
    }

    @Test func aWholeFormMakesASilence() throws {
        let silence = try draft([
            "matchers": "{node=\"vault-2\", severity=~\"high|low\"}", "comment": " upgrade ", "length": "4h",
        ])
        .silence(by: "ann", clock)
        #expect(silence.matchersText == "node=\"vault-2\", severity=~\"high|low\"")
        #expect(silence.createdBy == "ann" && silence.comment == "upgrade" && !silence.untilResolved)
        #expect(silence.startsAt == Fixtures.now && silence.endsAt == Fixtures.now + .seconds(4 * 3600))
        let resolved = try draft(["matchers": "a=b", "comment": "x", "length": "resolved"]).silence(by: "", clock)
        #expect(resolved.untilResolved && resolved.endsAt == Fixtures.now + .seconds(7 * 86400))
    }

    @Test(arguments: [
        (["comment": "x"], "matchers", "at least one matcher"),
        (["matchers": "{}", "comment": "x"], "matchers", "at least one matcher"),
        (["matchers": "a=\"", "comment": "x"], "matchers", ""),
        (["matchers": "a=~\"(\"", "comment": "x"], "matchers", ""),
        (["matchers": "a=~\".*\"", "comment": "x"], "matchers", "must not match an empty value"),
        (["matchers": "a=b", "comment": "  "], "comment", "say why"),
        (["matchers": "a=b", "comment": "x", "length": "until"], "until", "expected a day and a time"),
        (["matchers": "a=b", "comment": "x", "length": "until", "until": "2026-11-28T02:13"], "until", "is over"),
        (["matchers": "a=b", "comment": "x", "length": "until", "until": "now"], "until", "expected"),
        (["matchers": "a=b", "comment": "x", "length": "weekly", "from": "1:00"], "window", "at least one day"),
        (
            ["matchers": "a=b", "comment": "x", "length": "weekly", "monday": "on", "from": "22:00", "to": "22:00"],
            "window", "expected two times of day"
        ),
        (
            ["matchers": "a=b", "comment": "x", "length": "weekly", "monday": "on", "from": "24:00", "to": "06:00"],
            "window", "expected two times of day"
        ),
        (
            ["matchers": "a=b", "comment": "x", "length": "weekly", "monday": "on", "from": "22:00", "to": "6"],
            "window", "expected two times of day"
        ),
        (
            [
                "matchers": "a=b", "comment": "x", "length": "weekly", "monday": "on", "from": "22:00", "to": "24:00",
                "zone": "Mars/Olympus",
            ], "window", "there is no time zone \"Mars/Olympus\""
        ),
    ])
    func whatIsWrongIsSaidWhereItIs(_ fields: [String: String], _ field: String, _ message: String) {
        let problem = problem(fields)
        #expect(problem.map { "\($0.field)" } == field)
        #expect(message.isEmpty || problem?.message.contains(message) == true, "\(problem?.message ?? "")")
    }

    @Test func tooManyMatchersAreRefused() {
        let many = (0..<101).map { "a\($0)=b" }.joined(separator: ",")
        #expect(problem(["matchers": many, "comment": "x"])?.field == .matchers)
    }

    /// The field is in the page's zone, where an hour may be skipped or occur twice.
    @Test(
        arguments: [
            ("2026-11-28T06:30", "2026-11-28T05:30:00Z"), ("2026-07-01T06:30:15", "2026-07-01T04:30:15Z"),
            ("2026-10-25T02:30", "2026-10-25T01:30:00Z"), ("2026-10-25T04:00", "2026-10-25T03:00:00Z"),
            ("2026-03-29T03:30", "2026-03-29T01:30:00Z"), ("06:30", nil), ("2026-11-28", nil), ("", nil),
            ("2026-11-28T06:30:00+05:00", nil),
        ] as [(String, String?)])
    func timesAreOfThePagesZone(_ text: String, _ expected: String?) throws {
        let berlin = Clock(zone: try TimeZoneData.named("Europe/Berlin", SystemFiles()), now: Fixtures.now)
        #expect(berlin.time(fieldText: text)?.rfc3339 == expected.flatMap { Timestamp(rfc3339: $0)?.rfc3339 })
    }

    @Test func aWeeklyWindowHasItsZone() throws {
        let berlin = try TimeZoneData.named("Europe/Berlin", SystemFiles())
        let fields = [
            "matchers": "a=b", "comment": "x", "length": "weekly", "monday": "on", "tuesday": "on", "sunday": "on",
            "friday": "on", "from": "22:00", "to": "24:00", "zone": "Europe/Berlin",
        ]
        let silence = try draft(fields).silence(by: "ann", clock) { $0 == "Europe/Berlin" ? berlin : nil }
        let window = try #require(silence.schedule.first)
        #expect(silence.schedule.count == 1 && window.zone == berlin)
        #expect(window.weekdayTexts == ["sunday:tuesday", "friday"])
        #expect(silence.endsAt == Fixtures.now + .seconds(365 * 86400))
        // Fridays at 22:00 in Berlin, which is 21:00 in UTC.
        let friday = try #require(Timestamp(rfc3339: "2026-12-04T21:00:00Z"))
        #expect(silence.isInForce(at: friday) && !silence.isInForce(at: friday - .seconds(1)))
        #expect(SilencePage.words(window) == "sunday:tuesday, friday, 22:00–24:00, Europe/Berlin")
        #expect(
            draft(fields).command(clock)
                == "vaultwatch silence add -c 'x' -d 365d --weekdays sunday:tuesday --weekdays friday --times '22:00-24:00' --location 'Europe/Berlin' 'a=\"b\"'"
        )
        // Without a zone it is the page's, and a time ends it earlier.
        var own = fields
        (own["zone"], own["until"]) = (nil, "2026-12-24T00:00")
        let local = try draft(own).silence(by: "ann", clock)
        #expect(local.schedule.first?.zone == .utc && local.endsAt.rfc3339.hasPrefix("2026-12-24T00:00:00"))
        #expect(draft(own).command(clock).contains(" --end 2026-12-24T00:00:00"))
    }

    /// A window is within a day; one over midnight is two, the second on the next days.
    @Test func aWeeklyWindowOverMidnightIsTwo() throws {
        var fields = [
            "matchers": "a=b", "comment": "x", "length": "weekly", "friday": "on", "saturday": "on", "from": "22:00",
            "to": "06:00", "zone": "UTC",
        ]
        let silence = try draft(fields).silence(by: "ann", clock)
        #expect(
            silence.schedule.map { SilencePage.words($0) } == [
                "friday:saturday, 22:00–24:00, UTC", "sunday, saturday, 00:00–06:00, UTC",
            ])
        // From Friday evening to Saturday morning without a gap; Friday morning is of no window.
        for (time, expected) in [
            ("2026-12-04T05:00:00Z", false), ("2026-12-04T22:00:00Z", true), ("2026-12-04T23:59:59Z", true),
            ("2026-12-05T00:00:00Z", true), ("2026-12-05T06:00:00Z", false), ("2026-12-06T05:59:59Z", true),
            ("2026-12-07T05:00:00Z", false),
        ] {
            #expect(silence.isInForce(at: try #require(Timestamp(rfc3339: time))) == expected, "\(time)")
        }
        #expect(draft(fields).isOverMidnight)
        #expect(
            draft(fields).command(clock)
                == "vaultwatch silence add -c 'x' -d 365d --weekdays friday:saturday --times '22:00-24:00' --location 'UTC' 'a=\"b\"'\n"
                + "vaultwatch silence add -c 'x' -d 365d --weekdays sunday --weekdays saturday --times '00:00-06:00' --location 'UTC' 'a=\"b\"'"
        )
        // Midnight as an end is the end of the day itself.
        fields["to"] = "00:00"
        let evening = try draft(fields).silence(by: "ann", clock)
        #expect(evening.schedule.map { SilencePage.words($0) } == ["friday:saturday, 22:00–24:00, UTC"])
        #expect(!draft(fields).isOverMidnight && draft(fields).command(clock).contains("'22:00-24:00'"))
    }

    // MARK: Labels

    private func known() -> KnownLabels {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        snapshot.rules = [
            RuleGroupView(
                name: "g", file: "f", interval: .seconds(5),
                rules: [
                    RuleView(
                        name: "VaultSealed", query: "max by (backup_set) (vault_node_state == 1)",
                        labels: ["severity": "critical"],
                        kind: .alerting(
                            .init(
                                hold: .zero, keepFiring: .zero,
                                annotations: ["summary": "{{ $labels.node }} of {{ .Labels.cluster }} is sealed"],
                                alerts: [])), health: .ok, evaluationTime: 0, lastEvaluation: nil)
                ])
        ]
        return KnownLabels(snapshot, external: ["site"])
    }

    /// A label that no alert can have is a mistake; anything that a rule or a series may bring is not.
    @Test func aMistypedLabelIsNamedWithTheNearestOne() {
        let known = known()
        #expect(known.names == ["alertname", "severity", "node", "cluster", "site"])
        let problem = known.problem(["nodee"]) { _ in false }
        #expect(problem?.field == .matchers)
        #expect(problem?.message == "no alert and no rule has a label \"nodee\"; did you mean node?")
        let other = known.problem(["datacentre"]) { _ in false }
        #expect(other?.message.hasSuffix("they have alertname, cluster, node, severity and site") == true)
        for label in ["node", "site", "backup_set", "alertname"] {
            #expect(known.problem([label]) { _ in false } == nil, "\(label)")
        }
        #expect(known.problem(["instance"]) { $0 == "instance" } == nil)
        // Without rules and alerts nothing is known.
        #expect(KnownLabels(EstateSnapshot(now: Fixtures.now), external: []).problem(["x"]) { _ in false } == nil)
    }

    /// Pasted into a shell, each value is one word, whatever it contains.
    @Test func theCommandIsQuoted() {
        let draft = draft(["matchers": "node=\"a'; rm -rf /\"", "comment": "it's $(x)", "length": "30m"])
        #expect(
            draft.command(clock)
                == "vaultwatch silence add -c 'it'\\''s $(x)' -d 30m 'node=\"a'\\''; rm -rf /\"'")
    }
}
