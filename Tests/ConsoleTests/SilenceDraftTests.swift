import Dispatching
import Platform
import Samples
import Testing
import TimeZones

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

    /// Pasted into a shell, each value is one word, whatever it contains.
    @Test func theCommandIsQuoted() {
        let draft = draft(["matchers": "node=\"a'; rm -rf /\"", "comment": "it's $(x)", "length": "30m"])
        #expect(
            draft.command(clock)
                == "vaultwatch silence add -c 'it'\\''s $(x)' -d 30m 'node=\"a'\\''; rm -rf /\"'")
    }
}
