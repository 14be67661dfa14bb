import Alerts
import Config
import Dispatching
import Journal
import Logging
import Platform
import Rules
import Samples
import Simulation
import Store
import Synchronization
import Telemetry
import Testing
import Web
import YAML

@testable import Agent

/// When rule groups are evaluated, and what a reload, a slow group or a slow disk may do to the others.
@Suite(.timeLimit(.minutes(2))) struct RuleManagerTests {
    /// A manager with everything it needs, in virtual time.
    private final class Harness: Sendable {
        let time = VirtualTime()
        let registry = Registry()
        let store: Store
        let manager: RuleManager
        /// While closed, whoever hands on alerts waits.
        let gate: Gate
        let writes = Writes()

        /// How often alerts were handed on.
        final class Writes: Sendable {
            private let begun = Mutex(0)
            func begin() { begun.withLock { $0 += 1 } }
            var count: Int { begun.withLock { $0 } }
        }

        init(_ rules: String, gate: Gate? = nil, pool: (any WorkPool)? = nil) throws {
            let platform = Platform(
                time: time, random: SeededRandom(seed: 1), files: MemoryFiles(),
                log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            let files = Harness.files(rules)
            let gate =
                gate
                ?? {
                    let gate = Gate(); gate.open(); return gate
                }()
            self.gate = gate
            let (configuration, set) = try Harness.load(files)
            store = Store(options: StoreOptions(), registry: registry)
            manager = RuleManager(
                set, configuration, store: store,
                clock: ClockStepDetector(store: store, platform: platform, registry: registry),
                notify: { [writes] _, _, _ in
                    writes.begin()
                    await gate.pass()
                },
                platform: platform, registry: registry, pool: pool, progress: {})
        }

        private static func files(_ rules: String) -> MemoryFiles {
            MemoryFiles([
                "/vaultwatch.yml": """
                global: {evaluation_interval: 1s}
                vault: {clusters: [{name: c, nodes: [{name: n, url: "http://127.0.0.1:1"}]}]}
                rules: [/rules.yml]
                alerting: {route: {receiver: r}, receivers: [{name: r}]}
                """, "/rules.yml": rules,
            ])
        }

        private static func load(_ files: MemoryFiles) throws -> (Configuration, RuleSet) {
            let errors = ErrorList()
            let configuration = try Configuration.load("/vaultwatch.yml", files: files, environment: [:])
            let set = RuleSet.load(configuration.ruleFiles, files: files, errors: errors)
            guard errors.isEmpty else { throw ConfigurationErrors(errors: errors.errors) }
            return (configuration, set)
        }

        func reload(_ rules: String) async throws {
            let (configuration, set) = try Harness.load(Harness.files(rules))
            await manager.reload(set, configuration)
        }

        func evaluations(_ group: String) -> Double {
            registry.counter("vaultwatch_rule_evaluations_total", help: "", labels: ["rule_group"]).value(group)
        }
    }

    /// Lets others run until it holds; records an issue where it never does.
    private func until(_ what: Comment, _ condition: () async -> Bool) async {
        let end = ContinuousClock.now + .seconds(20)
        while await !condition() {
            guard ContinuousClock.now < end else {
                Issue.record(what)
                return
            }
            await Task.yield()
        }
    }

    private static func alerting(_ groups: [String]) -> String {
        "groups:\n" + groups.map { "- {name: \($0), rules: [{alert: \($0), expr: vector(1)}]}\n" }.joined()
    }

    /// A group that a reload takes out while another one waits for the journal is no longer there to evaluate.
    @Test func aReloadMayTakeGroupsOutWhileAnotherWaits() async throws {
        let harness = try Harness(RuleManagerTests.alerting(["a", "b", "c"]), gate: Gate())
        let run = Task { await harness.manager.run() }
        await until("no group was evaluated") { harness.writes.count > 0 }
        // What the groups that go have fired ends, which waits as well.
        let reload = Task { try await harness.reload(RuleManagerTests.alerting(["a"])) }
        await until("the reload has no effect") { await harness.manager.statuses().count == 1 }
        harness.gate.open()
        try await reload.value
        let before = harness.evaluations("a")
        for _ in 0..<3 { await harness.time.run(for: .seconds(1)) }
        await until("the group that stayed is not evaluated any more") { harness.evaluations("a") > before }
        #expect(await harness.manager.statuses().map(\.evaluator.group.name) == ["a"])
        run.cancel()
        await run.value
    }

    /// Runs until its deadline: a day of values sorted at each second of a day.
    private static let heavy = "quantile_over_time(0.5, quantile_over_time(0.5, vector(time())[1d:1s])[1d:1s])"

    /// One group needs all of its time. The others are evaluated meanwhile, each at its own.
    @Test func aSlowGroupDelaysNoOther() async throws {
        let harness = try Harness(
            """
            groups:
            - {name: heavy, interval: 5m, rules: [{record: heavy, expr: "\(RuleManagerTests.heavy)"}]}
            - {name: light, interval: 1s, rules: [{record: light, expr: vector(1)}]}
            """, pool: ThreadPool("rules", threads: 4))
        let run = Task { await harness.manager.run() }
        for round in 1...4 {
            await until("the light group waits for the heavy one, turn \(round)") {
                harness.evaluations("light") >= Double(round)
            }
            harness.time.move(to: harness.time.monotonic() + .seconds(1))
        }
        #expect(harness.evaluations("heavy") == 0)
        // Its time is over.
        harness.time.move(to: harness.time.monotonic() + .seconds(60))
        await until("the heavy group does not end") { harness.evaluations("heavy") == 1 }
        #expect(await harness.manager.statuses().first?.evaluator.rules.first?.health == .err)
        run.cancel()
        await run.value
    }

    /// A reload takes a group out while it is being evaluated: what the evaluation still gives ends at once.
    @Test func aGroupThatIsRemovedDuringItsEvaluationEnds() async throws {
        let light = "- {name: light, interval: 1s, rules: [{record: light, expr: vector(1)}]}"
        let harness = try Harness(
            """
            groups:
            - {name: heavy, interval: 5m, rules: [{alert: Early, expr: vector(1)}, {record: heavy, expr: "\(RuleManagerTests.heavy)"}]}
            \(light)
            """, pool: ThreadPool("rules", threads: 4))
        let run = Task { await harness.manager.run() }
        await until("the light group is not evaluated") { harness.evaluations("light") > 0 }
        try await harness.reload("groups:\n\(light)")
        #expect(await harness.manager.statuses().map(\.evaluator.group.name) == ["light"])
        harness.time.move(to: harness.time.monotonic() + .seconds(60))
        await until("the heavy group does not end") { harness.evaluations("heavy") == 2 }
        await until("its series do not end") {
            let alerts = harness.store.select([Matcher("alertname", equals: "Early")], start: .min, end: .max)
            return !alerts.isEmpty && alerts.allSatisfy { $0.points.last.map { StaleMarker.is($0.v) } ?? false }
        }
        // And the light one goes on.
        let before = harness.evaluations("light")
        harness.time.move(to: harness.time.monotonic() + .seconds(2))
        await until("the light group is not evaluated any more") { harness.evaluations("light") > before }
        run.cancel()
        await run.value
    }

    /// What the API says of an evaluation: what each rule read, how long it took, and how late the group began.
    @Test func anEvaluationIsMeasured() async throws {
        let harness = try Harness(
            """
            groups:
            - name: g
              interval: 10s
              rules: [{record: a, expr: vector(1)}, {record: b, expr: a}, {record: c, expr: nothing}]
            """)
        let run = Task { await harness.manager.run() }
        await until("the group is not evaluated") { await harness.manager.statuses().first?.lastEvaluation != nil }
        let view = Agent.view(try #require(await harness.manager.statuses().first))
        #expect(view.rules.map(\.series) == [0, 1, 0] && view.rules.map(\.samples) == [0, 1, 0])
        #expect(view.rules.map(\.readsNothing) == [false, false, true])
        #expect(view.lateness == 0 && view.rules.map(\.evaluationTime) == [0, 0, 0])
        // The loop wakes 25 s later, and the group was due within the first ten of them.
        await until("the loop does not sleep") { harness.time.nextDeadline != nil }
        harness.time.move(to: harness.time.monotonic() + .seconds(25))
        await until("the group is not evaluated late") {
            await harness.manager.statuses().first.map { $0.lateness >= .seconds(15) } ?? false
        }
        run.cancel()
        await run.value
    }

    /// Groups with the same interval are not evaluated at the same moment, and each keeps its own.
    @Test func groupsAreSpreadOverTheirInterval() async throws {
        let names = (0..<20).map { "g\($0)" }
        let harness = try Harness(
            "groups:\n"
                + names.map { "- {name: \($0), interval: 1m, rules: [{record: \($0), expr: vector(1)}]}\n" }.joined())
        let run = Task { await harness.manager.run() }
        let total = { names.reduce(0.0) { $0 + harness.evaluations($1) } }
        await until("not every group is evaluated at the start") {
            total() == Double(names.count) && harness.time.sleeperCount == 1
        }
        let end = harness.time.monotonic() + .seconds(300)
        while harness.time.monotonic() < end {
            // The loop may be awake, since an evaluation has just ended.
            await until("the loop does not sleep") { harness.time.nextDeadline != nil }
            guard let next = harness.time.nextDeadline else { continue }
            let before = total()
            harness.time.move(to: next)
            await until("a group that is due is not evaluated") {
                total() > before && harness.time.nextDeadline.map { $0 > next } ?? false
            }
        }
        var phases: Set<Int64> = []
        for name in names {
            let times = harness.store.select([Matcher("__name__", equals: name)], start: .min, end: .max)
                .flatMap { $0.points.map(\.t) }
            // At once at the start, then at its own moment of each minute.
            #expect(times.count >= 5, "\(name)")
            for (a, b) in zip(times.dropFirst(), times.dropFirst(2)) { #expect(b - a == 60_000, "\(name)") }
            phases.insert((times.last ?? 0) % 60_000)
        }
        #expect(phases.count > 15)
        run.cancel()
        await run.value
    }

    /// Who waits for what a change means waits for the groups that read it, and for no others: three in a row are
    /// evaluated at once, though not in the same millisecond, and the next after a tenth of a second.
    @Test func changesAreEvaluatedAtOnceAndWaitersToldAfterThem() async throws {
        let rest = "- {name: other, interval: 1h, rules: [{record: b, expr: y}]}"
        let harness = try Harness(
            """
            groups:
            - {name: g, interval: 1h, rules: [{record: a, expr: x}]}
            \(rest)
            """)
        let run = Task { await harness.manager.run() }
        await until("the groups are not evaluated") {
            harness.evaluations("g") == 1 && harness.evaluations("other") == 1
        }
        let told = Mutex(0)
        let tell: @Sendable () -> Void = { told.withLock { $0 += 1 } }
        await harness.manager.afterEvaluation(tell)
        #expect(told.withLock(\.self) == 1)
        for change in 1...3 {
            harness.manager.consider(["x"])
            await harness.manager.afterEvaluation(tell)
            await until("the loop does not sleep") { harness.time.nextDeadline != nil }
            #expect(told.withLock(\.self) == change)
            harness.time.move(to: harness.time.monotonic() + .milliseconds(2))
            await until("change \(change) is not told") { told.withLock(\.self) == 1 + change }
            #expect(harness.evaluations("g") == Double(1 + change))
        }
        harness.manager.consider(["x"])
        await harness.manager.afterEvaluation(tell)
        await until("the loop does not sleep") { harness.time.nextDeadline != nil }
        #expect(told.withLock(\.self) == 4 && harness.evaluations("g") == 4)
        harness.time.move(to: harness.time.monotonic() + .milliseconds(100))
        await until("the fourth change is not told") { told.withLock(\.self) == 5 }
        #expect(harness.evaluations("g") == 5 && harness.evaluations("other") == 1)
        // A group that a reload takes out will not be evaluated.
        harness.manager.consider(["x"])
        await harness.manager.afterEvaluation(tell)
        try await harness.reload("groups:\n\(rest)")
        await until("who waits for a group that has gone is not told") { told.withLock(\.self) == 6 }
        run.cancel()
        await run.value
    }
}
