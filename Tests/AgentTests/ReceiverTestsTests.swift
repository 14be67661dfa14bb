import Alerts
import Samples
import Testing
import Web

@testable import Agent

/// What is remembered of the tests that users send to receivers.
struct ReceiverTestsTests {
    private static let now = Timestamp(rfc3339: "2026-11-28T02:13:41Z") ?? Timestamp(milliseconds: 0)

    private static func entry(
        _ receiver: String, _ ago: Int64, isAccepted: Bool = true, kind: HistoryEntry.Kind = .test
    ) -> HistoryEntry {
        HistoryEntry(
            at: now - .seconds(ago), kind: kind, subject: "{}", receiver: receiver, integration: "slack/0",
            detail: ReceiverTest.detail(isAccepted: isAccepted, by: "ann", "ok"))
    }

    @Test func oneTestAtATime() {
        let tests = ReceiverTests()
        #expect(tests.begin() && !tests.begin())
        tests.end([Self.entry("chat", 0)])
        #expect(tests.begin() && tests.all.map(\.receiver) == ["chat"])
    }

    /// The history that is read at the start may be older than a test that has been sent meanwhile.
    @Test func theNewestCounts() {
        let tests = ReceiverTests()
        tests.remember([Self.entry("chat", 10, isAccepted: false)])
        tests.remember([Self.entry("chat", 60), Self.entry("mail", 5), Self.entry("chat", 99, kind: .sent)])
        #expect(tests.all.map(\.receiver) == ["chat", "mail"])
        #expect(tests.all.map(\.isAccepted) == [false, true])
        #expect(tests.all[0].detail == "refused, sent by ann: ok")
    }

    @Test func whatIsRememberedHasALimit() {
        let tests = ReceiverTests()
        tests.remember((0..<2000).map { Self.entry("r\($0)", 0) })
        #expect(tests.all.count == 1000)
    }
}
