import Alerts
import Journal
import Platform
import Samples
import Testing
import Web

@testable import Agent
@testable import Probes

/// The states of targets over time, across restarts and with frequent changes.
struct TargetHistoryTests {
    private static let start = Timestamp(year: 2026, month: 1, day: 5)
    private static func at(_ seconds: Int64) -> Timestamp { start + .seconds(seconds) }
    private static let target = ProbeTarget(.vaultNode, "prod/vault-2")

    private static func see(
        _ history: TargetHistory, _ seconds: Int64, _ state: String, _ health: TargetStatus.Health = .ok
    ) {
        history.observe([
            ProbeResult(
                target: target, samples: [], isDerived: false, failure: nil, duration: .zero,
                status: TargetStatus(health, state), timestamp: at(seconds))
        ])
    }

    /// `0-10 standby ok`, with `…` for the current state.
    private static func text(_ history: TargetHistory) -> [String] {
        (history.states(of: target.description)?.runs ?? []).map(text)
    }

    private static func text(_ run: StateRun) -> String {
        func seconds(_ time: Timestamp) -> Int64 { (time.milliseconds - start.milliseconds) / 1000 }
        let to = run.to.map { String(seconds($0)) } ?? "…"
        return "\(seconds(run.from))-\(to) \(run.state) \(run.health.rawValue)"
    }

    private static func entries(_ changes: [JournalChange]) -> [HistoryEntry] {
        changes.compactMap { if case .history(let entry) = $0 { entry } else { nil } }
    }

    private static func snapshot(_ changes: [JournalChange]) -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        for change in changes { if case .state(let key, let bytes) = change { snapshot.states[key] = bytes } }
        return snapshot
    }

    @Test func runsBeginAndEndWhereTheStateChanges() {
        let history = TargetHistory()
        for (seconds, state) in [(0, "standby"), (5, "standby"), (10, "sealed"), (15, "sealed"), (20, "standby")] {
            Self.see(history, Int64(seconds), state, state == "sealed" ? .critical : .ok)
        }
        #expect(Self.text(history) == ["0-10 standby ok", "10-20 sealed critical", "20-… standby ok"])
        let changes = history.takeChanges()
        let entries = Self.entries(changes)
        #expect(entries.map(\.detail) == ["standby → sealed, critical", "sealed → standby, ok"])
        #expect(entries.allSatisfy { $0.kind == .state && $0.subject == "vault_node prod/vault-2" })
        // One row with the current state, however often it changed.
        #expect(changes.count == 3 && history.takeChanges().isEmpty)
    }

    /// After a restart the journal restores the same strip.
    @Test func aRestartGoesOnWithTheTrueStart() {
        let history = TargetHistory()
        Self.see(history, 0, "standby")
        Self.see(history, 100, "active, leader")
        Self.see(history, 200, "standby", .warning)
        let changes = history.takeChanges() + [TargetHistory.watched(at: Self.at(290))]
        let next = TargetHistory()
        next.restore(Self.snapshot(changes))
        next.restore(Self.entries(changes))
        Self.see(next, 300, "standby", .warning)
        #expect(Self.text(next) == ["100-200 active, leader ok", "200-… standby warning"])
        #expect(next.takeChanges().isEmpty)
        // After a start, derived states wait until every target has been probed.
        let waiting = TargetHistory()
        waiting.restore(Self.snapshot(changes))
        Self.see(waiting, 300, "waiting", .unknown)
        Self.see(waiting, 301, "standby", .warning)
        #expect(Self.text(waiting) == ["200-… standby warning"])
        // It changed while the agent restarted.
        let third = TargetHistory()
        third.restore(Self.snapshot(changes))
        Self.see(third, 300, "sealed", .critical)
        #expect(Self.text(third) == ["200-300 standby warning", "300-… sealed critical"])
        #expect(Self.entries(third.takeChanges()).map(\.detail) == ["standby → sealed, critical"])
    }

    @Test func aTimeInWhichNobodyLookedIsAStateOfItsOwn() {
        let history = TargetHistory()
        Self.see(history, 0, "standby")
        let changes = history.takeChanges() + [TargetHistory.watched(at: Self.at(60))]
        let next = TargetHistory()
        next.restore(Self.snapshot(changes))
        Self.see(next, 3600, "standby")
        #expect(Self.text(next) == ["0-60 standby ok", "60-3600 not watched unknown", "3600-… standby ok"])
    }

    /// Flapping fills up neither the history nor the strip, and no good state hides a bad one.
    @Test func aTargetThatFlapsIsBounded() {
        let history = TargetHistory()
        for round in 0..<Int64(1000) {
            Self.see(history, round * 2, round % 2 == 0 ? "standby" : "sealed", round % 2 == 0 ? .ok : .critical)
        }
        let entries = Self.entries(history.takeChanges())
        #expect(entries.count == 60 && entries.last?.detail.contains("changes too often") == true)
        let runs = history.states(of: Self.target.description)?.runs ?? []
        #expect(runs.count == 200 && runs.last?.to == nil)
        #expect(zip(runs, runs.dropFirst()).allSatisfy { $0.to == $1.from })
        let sealed = runs.filter { $0.health == .critical }.reduce(Duration.zero) {
            $0 + (($1.to ?? $1.from) - $1.from)
        }
        #expect(sealed >= .seconds(998))
        // The last listed entry is parsed like the others.
        #expect(TargetHistory.runs(entries).count == 60 && TargetHistory.runs(entries).last?.health == .ok)
    }

    @Test func oldRunsGoAndTargetsAreDroppedAndBounded() {
        var limits = TargetHistory.Limits()
        limits.targets = 1
        let history = TargetHistory(limits: limits)
        Self.see(history, 0, "standby")
        Self.see(history, 10, "sealed", .critical)
        Self.see(history, 7 * 3600, "standby")
        Self.see(history, 14 * 3600, "active")
        #expect(Self.text(history) == ["25200-50400 standby ok", "50400-… active ok"])
        history.observe([
            ProbeResult(
                target: ProbeTarget(.vaultNode, "prod/other"), samples: [], status: TargetStatus(.ok, "active"),
                timestamp: Self.at(0))
        ])
        #expect(history.all.count == 1)
        _ = history.takeChanges()
        history.retain([])
        #expect(history.all.isEmpty && history.takeChanges() == [.forgetState(key: "target/vault_node prod/vault-2")])
    }

    @Test func brokenRowsAreLeftOut() {
        let history = TargetHistory()
        var snapshot = JournalSnapshot()
        snapshot.states = ["target/x": [1, 2], "watched": Array("never".utf8)]
        history.restore(snapshot)
        history.restore([HistoryEntry(at: Self.start, kind: .state, subject: "x", detail: "no arrow")])
        #expect(history.all.isEmpty)
        #expect(
            TargetHistory.runs([HistoryEntry(at: Self.start, kind: .state, subject: "x", detail: ", a → b")]).isEmpty)
    }
}
