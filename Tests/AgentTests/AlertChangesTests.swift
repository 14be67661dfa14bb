import Alerts
import Journal
import Samples
import Testing

@testable import Agent
@testable import Rules

/// Alerts that wait and alerts that are held back, in the history: one entry for each change.
struct AlertChangesTests {
    private static let start = Timestamp(rfc3339: "2026-11-28T02:13:41Z") ?? Timestamp(milliseconds: 0)

    private static func entries(_ changes: AlertChanges) -> [HistoryEntry] {
        changes.takeChanges().compactMap { if case .history(let entry) = $0 { entry } else { nil } }
    }

    private static func alert(_ name: String) -> Alert {
        Alert(labels: ["alertname": name], startsAt: start, updatedAt: start)
    }

    private static func see(_ changes: AlertChanges, _ seconds: Int64, _ holds: [(String, String)]) -> [String] {
        changes.observe(holds: holds.map { (alert($0.0), $0.1, [318]) }, at: start + .seconds(seconds))
        return entries(changes).map { entry in
            #expect(entry.kind == .held && entry.incidents == [318] && entry.at == start + .seconds(seconds))
            return "\(entry.subject) \(entry.detail)"
        }
    }

    @Test func whatHoldsAnAlertIsListedOnce() {
        let changes = AlertChanges()
        #expect(Self.see(changes, 0, [("A", ""), ("B", "inhibited by A")]) == [#"{alertname="B"} inhibited by A"#])
        #expect(Self.see(changes, 5, [("A", ""), ("B", "inhibited by A")]).isEmpty)
        // Of an alert that ends its end says enough.
        #expect(Self.see(changes, 10, [("A", "muted by nights")]) == [#"{alertname="A"} muted by nights"#])
        #expect(Self.see(changes, 15, [("A", "")]) == [#"{alertname="A"} no longer held; it was muted by nights"#])
        #expect(Self.see(changes, 20, [("A", ""), ("B", "inhibited by A")]) == [#"{alertname="B"} inhibited by A"#])
        // A posted alert with the labels of another one: the first counts.
        for seconds: Int64 in [25, 30] {
            #expect(Self.see(changes, seconds, [("A", ""), ("A", "muted by x"), ("B", "inhibited by A")]).isEmpty)
        }
    }

    @Test func aRestartListsNothingAgain() {
        let before = AlertChanges()
        before.observe(
            holds: [(Self.alert("A"), "muted by x", [1]), (Self.alert("B"), "silenced by ann", [2])], at: Self.start)
        var written = Self.entries(before)
        before.observe(
            holds: [(Self.alert("A"), "muted by x", [1]), (Self.alert("B"), "", [2])], at: Self.start + .seconds(5))
        written += Self.entries(before)
        #expect(written.count == 3)
        let after = AlertChanges()
        // The journal gives the newest first.
        after.restore(written.reversed())
        #expect(Self.see(after, 60, [("A", "muted by x"), ("B", "")]).isEmpty)
        #expect(Self.see(after, 65, [("A", ""), ("B", "")]).count == 1)
    }

    @Test func anAlertThatIsPendingIsListed() {
        let changes = AlertChanges()
        func change(_ isOver: Bool) -> PendingChange {
            PendingChange(
                labels: ["alertname": "A"], summary: "it waits", since: Self.start, hold: .seconds(600), isOver: isOver)
        }
        changes.observe([change(false)], at: Self.start + .seconds(1))
        changes.observe([change(true)], at: Self.start + .seconds(153))
        let entries = Self.entries(changes)
        #expect(entries.map(\.kind) == [.pending, .pending])
        #expect(entries.allSatisfy { $0.subject == #"{alertname="A"}"# })
        #expect(
            entries.map(\.detail) == ["fires if it lasts 10 min: it waits", "over after 2 min 33 s, before it fired"])
        #expect(entries.map(\.at) == [Self.start, Self.start + .seconds(153)])
    }

    @Test func anAlertThatFlapsDoesNotFillTheHistory() {
        let changes = AlertChanges(limits: .init(changesPerHour: 3, waiting: 5))
        var listed: [String] = []
        for turn in 0..<100 {
            listed += Self.see(changes, Int64(turn) * 5, [("A", turn % 2 == 0 ? "muted by x" : "")])
        }
        #expect(listed.count == 3 && listed.last?.hasSuffix("further changes of this hour are not listed") == true)
        #expect(Self.see(changes, 3700, [("A", "muted by x")]).count == 1)
        // While the journal takes nothing, the newest are kept.
        changes.observe(holds: (0..<20).map { (Self.alert("B\($0)"), "muted by x", []) }, at: Self.start)
        #expect(Self.entries(changes).map(\.subject) == (15..<20).map { #"{alertname="B\#($0)"}"# })
        #expect(Self.entries(changes).isEmpty)
    }

    /// Nor do thousands of alerts: the history keeps a limited number of entries.
    @Test func aStormOfAlertsDoesNotFillTheHistory() {
        let changes = AlertChanges(limits: .init(allPerHour: 3))
        let holds = (0..<5).map { (Self.alert("A\($0)"), "muted by x", [Int]()) }
        changes.observe(holds: holds, at: Self.start)
        let listed = Self.entries(changes)
        #expect(listed.map(\.subject) == (0..<3).map { #"{alertname="A\#($0)"}"# })
        #expect(listed.last?.detail.hasSuffix("further changes of this hour are not listed") == true)
        changes.observe(holds: holds.map { ($0.0, "", []) }, at: Self.start + .seconds(3601))
        #expect(Self.entries(changes).count == 3)
        // What is added to an entry is no part of what holds the alert.
        let after = AlertChanges()
        after.restore(listed)
        after.observe(holds: Array(holds.prefix(3)), at: Self.start)
        #expect(Self.entries(after).isEmpty)
    }
}
