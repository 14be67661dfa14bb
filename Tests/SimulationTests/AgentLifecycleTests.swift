import Alerts
import Dispatching
import Journal
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Web

/// Starts, reloads and stops of the agent itself, in virtual time on one thread: each a fault that was seen.
@Suite(.serialized) struct AgentLifecycleTests {
    private final class Answer<T: Sendable>: Sendable {
        let value = Mutex<T?>(nil)
    }

    /// A machine with one life of the agent on it.
    private final class Rig {
        let time = VirtualTime(wall: Timestamp(milliseconds: 1_764_150_000_000))
        let execution: SerialExecution
        let machine: Machine
        private(set) var life: Life

        init(log: Logger? = nil, prepare: (Machine) -> Void = { _ in }) throws {
            let random = SeededRandom(seed: 1)
            execution = try #require(SerialExecution(random: random))
            machine = Machine(Estate.plain, time: time, random: random, log: log)
            prepare(machine)
            life = try Life(1, machine)
            execution.use { life.start() }
        }

        /// Lets a span go by, and everything happen that is due in it.
        func pass(_ span: Duration) {
            execution.run(time, until: time.monotonic() + span) { life.systemd.check() }
        }

        var notReady: String? { life.api?.notReady() ?? nil }

        /// What the API answers within a second.
        func ask<T: Sendable>(_ question: @escaping @Sendable (WebSources) async -> T) -> T? {
            guard let api = life.api else { return nil }
            let answer = Answer<T>()
            execution.use {
                _ = Task.detached {
                    let value = await question(api)
                    answer.value.withLock { $0 = value }
                }
            }
            pass(.seconds(1))
            return answer.value.withLock { $0 }
        }

        /// What a reload answers; nil: nothing within the time.
        func reload(within span: Duration = .seconds(30)) -> String?? {
            let answer = Answer<String?>()
            execution.use { life.reload { refusal in answer.value.withLock { $0 = .some(refusal) } } }
            pass(span)
            return answer.value.withLock { $0 }
        }

        /// - Returns: how long the stop takes; nil: longer than a minute.
        func stop() -> Duration? {
            let began = time.monotonic()
            let ended = Answer<Instant>()
            execution.use { life.stop { [time] in ended.value.withLock { $0 = time.monotonic() } } }
            pass(.seconds(60))
            return ended.value.withLock { $0 }.map { $0 - began }
        }
    }

    /// The targets that the reload replaces hang; those that come answer.
    @Test func aReloadBeforeTheFirstRoundDoesNotKeepItFromReady() throws {
        let rig = try Rig { $0.hanging = ["n4"] }
        rig.pass(.milliseconds(500))
        #expect(rig.notReady == "waiting for the first answer or failure of each target")
        rig.machine.files.version = 1
        #expect(rig.reload(within: .seconds(1)) == .some(nil))
        #expect(rig.notReady == nil)
        // Before the first READY a reload is part of the start.
        #expect(rig.life.systemd.messages == ["READY=1"])
        rig.pass(.seconds(60))
        #expect(rig.life.systemd.messages == ["READY=1"])
        #expect(rig.machine.ledger.problems == [])
    }

    /// Ready is not well: READY itself says that nothing answers, and so does the log.
    @Test func readyWithEverythingDownSaysSo() throws {
        let lines = LogLines()
        let log = Logger(label: "life") { _ in LineLogHandler(write: { lines.add($0) }, lost: { 0 }) }
        let rig = try Rig(log: log) { $0.hanging = Set(Estate.nodes + Estate.others[0]) }
        rig.pass(.seconds(10))
        #expect(rig.notReady == nil && rig.life.systemd.messages == ["READY=1"])
        // Before the next turn of the status.
        #expect(rig.life.systemd.status == "0 of 5 Vault nodes answer")
        let ready = lines.all.filter { $0.contains("ready: every target has been probed once") }
        #expect(ready.count == 1 && ready[0].contains("0 of 5 Vault nodes answer"), "\(ready)")
    }

    /// The pages' data: each target with its state, and an incident under the number in its URL.
    @Test func aFaultIsInTheSnapshotUnderItsNumber() throws {
        let rig = try Rig()
        rig.pass(.seconds(10))
        let calm = try #require(rig.ask { try? await $0.snapshot() } ?? nil)
        #expect(calm.incidents.isEmpty && calm.states.count >= Estate.nodes.count)
        rig.machine.conditions[0][1] = true
        rig.pass(.seconds(120))
        let snapshot = try #require(rig.ask { try? await $0.snapshot() } ?? nil)
        #expect(snapshot.revision > calm.revision && snapshot.now > calm.now)
        let record = try #require(snapshot.incidents.first?.record)
        #expect(record.number == 1 && record.isOpen)
        let detail = try #require(rig.ask { try? await $0.incident(1) } ?? nil)
        #expect(detail.incident.record == record)
        #expect((rig.ask { try? await $0.incident(2) } ?? nil) == nil)
        let noted = rig.ask { try? await $0.addNote(1, "looking", Caller("ann", by: .password)) } ?? nil
        #expect(noted?.notes.map(\.text) == ["looking"])
        let after = try #require(rig.ask { try? await $0.snapshot() } ?? nil)
        #expect(after.incidents.first?.record.notes.count == 1)
    }

    /// The same targets go on: reloads that come faster than a target times out must not keep it from that.
    @Test func reloadsWithoutOtherTargetsDelayNothing() throws {
        let rig = try Rig { $0.hanging = ["n4"] }
        rig.pass(.milliseconds(100))
        for _ in 0..<9 { #expect(rig.reload(within: .seconds(1)) == .some(nil)) }
        #expect(rig.notReady != nil)
        rig.pass(.seconds(2))
        #expect(rig.notReady == nil)
        #expect(rig.life.systemd.messages == ["READY=1"])
    }

    /// READY follows the first round of the targets that a reload brings, whoever asked for it.
    @Test(arguments: [false, true]) func aReloadIsReadyWhenItsTargetsWereProbed(bySignal: Bool) throws {
        let rig = try Rig { $0.hanging = ["n5"] }
        rig.pass(.seconds(1))
        #expect(rig.life.systemd.messages == ["READY=1"])
        rig.machine.files.version = 1
        if bySignal {
            rig.execution.use { rig.life.hangUp() }
            rig.pass(.seconds(1))
        } else {
            #expect(rig.reload(within: .seconds(1)) == .some(nil))
        }
        #expect(rig.life.systemd.messages == ["READY=1", "RELOADING=1"])
        // The agent goes on to answer, as Prometheus does.
        #expect(rig.notReady == nil)
        rig.pass(.seconds(10))
        #expect(rig.life.systemd.messages == ["READY=1", "RELOADING=1", "READY=1"])
        #expect(rig.machine.ledger.problems == [])
    }

    @Test func aRefusedReloadKeepsWhatRunsAndSaysSo() throws {
        let rig = try Rig()
        rig.pass(.seconds(1))
        let retention = rig.life.api?.storageRetention()
        rig.machine.files.mistake = .broken
        let refusal = (rig.reload() ?? nil) ?? ""
        #expect(refusal.hasPrefix("/vaultwatch.yml:2:1: "))
        #expect(rig.life.systemd.messages == ["READY=1", "RELOADING=1", "READY=1"])
        #expect(rig.life.systemd.status.hasPrefix("All well: 5 of 5 Vault nodes. The last reload was refused"))
        #expect(rig.life.api?.storageRetention() == retention)
        #expect(rig.life.api?.lastReload().succeeded == false)
        let running = try #require(rig.life.api?.configuration())
        #expect(running.reload?.refusal == refusal && running.path == "/vaultwatch.yml")
        #expect(running.loadedAt < running.reload?.at ?? running.loadedAt && running.text.contains("vault:"))
        rig.machine.files.mistake = .none
        #expect(rig.reload() == .some(nil))
        #expect(rig.life.systemd.status == "All well: 5 of 5 Vault nodes")
    }

    /// A change that takes a restart is refused by its name; what can change is in force at once.
    @Test func whatTakesARestartIsRefusedByName() throws {
        let rig = try Rig()
        rig.pass(.seconds(1))
        rig.machine.files.mistake = .moved
        #expect(
            rig.reload()
                == .some(
                    "a change of storage.path (/var/lib/vaultwatch → /elsewhere) takes effect after a restart alone"))
        #expect(rig.life.api?.flags()["storage.path"] == "/var/lib/vaultwatch")
        rig.machine.files.mistake = .retention
        #expect(rig.reload() == .some(nil))
        #expect(rig.life.api?.storageRetention() == "10m or 64MiB")
        let reload = try #require(rig.life.api?.configuration()?.reload)
        #expect(reload.refusal == nil && reload.changes.contains { $0.hasPrefix("storage.retention: ") })
        // With the retention of before there would be 150 samples; what goes are chunks of two hours.
        rig.pass(.seconds(5 * 3600))
        let points = rig.life.points("vault_node_sealed", node: "n0")
        #expect(points > 4 && points < 70)
    }

    /// A thousand reloads at once are two: the one that runs and the one that comes after it.
    @Test func manyReloadsAtOnceAreOne() throws {
        let rig = try Rig()
        rig.pass(.seconds(1))
        let answers = Answer<Int>()
        rig.execution.use {
            for _ in 0..<500 {
                rig.life.hangUp()
                rig.life.reload { refusal in if refusal == nil { answers.value.withLock { $0 = ($0 ?? 0) + 1 } } }
            }
        }
        rig.pass(.seconds(5))
        #expect(answers.value.withLock { $0 } == 500)
        #expect(rig.life.systemd.messages.count { $0 == "RELOADING=1" } <= 3)
        #expect(rig.life.systemd.isReady)
    }

    /// Every rule's alert is under way to receivers that hang, the disk takes its time, and the stop comes: at each
    /// of many moments, with a reload or without.
    @Test(arguments: [false, true]) func aStopComesToItsEnd(withReload: Bool) throws {
        for moment in 0..<40 {
            let rig = try Rig { machine in
                for place in Estate.plain.places { machine.receivers.set(place, .hang(taken: moment % 2 == 0)) }
                machine.conditions = machine.conditions.map { $0.map { _ in true } }
            }
            rig.pass(.milliseconds(200 + 7 * moment))
            rig.machine.files.version = 1
            if withReload { rig.execution.use { rig.life.reload() } }
            let span = try #require(rig.stop(), "moment \(moment)")
            #expect(span < .seconds(28), "moment \(moment)")
            #expect(rig.life.systemd.messages.last == "STOPPING=1")
            #expect(rig.machine.ledger.problems == [], "moment \(moment)")
            #expect(rig.machine.departed.map { $0.agent == nil } == [true], "moment \(moment)")
        }
    }

    /// A disk that does not answer any more holds up the stop of each service by its limit, and no longer.
    @Test func aStopWithAHangingDisk() throws {
        let rig = try Rig { $0.conditions = $0.conditions.map { $0.map { _ in true } } }
        rig.pass(.seconds(1))
        rig.machine.disk.mode = .hanging
        rig.pass(.seconds(300))
        let span = try #require(rig.stop())
        #expect(span < .seconds(28))
    }

    /// A journal that was written in part has an alert that no rule knows of: it ends by itself. One that still holds
    /// goes on, and so does its message.
    @Test func anAlertThatNoRuleKnowsOfEnds() throws {
        func kept(_ node: String) -> Alert {
            Alert(
                labels: Labels(["alertname": "Sealed", "node": node, "severity": "critical"]),
                startsAt: Timestamp(milliseconds: 1_764_149_000_000),
                updatedAt: Timestamp(milliseconds: 1_764_149_000_000)
            )
        }
        let rig = try Rig { machine in
            machine.disk.apply(.alert(kept("n0")))
            machine.disk.apply(.alert(kept("n1")))
            machine.conditions[0][1] = true
        }
        func firing() -> [String] {
            rig.ask { await $0.alertStatuses().map { $0.alert.labels["node"] ?? "" }.sorted() } ?? []
        }
        rig.pass(.seconds(10))
        #expect(firing() == ["n0", "n1"])
        rig.pass(.seconds(120))
        #expect(firing() == ["n1"])
        #expect(rig.machine.disk.alertCount <= 2)
        rig.pass(.seconds(3600))
        #expect(firing() == ["n1"])
        #expect(rig.machine.disk.alertCount == 1)
        #expect(rig.machine.ledger.problems == [])
    }

    /// A reload brings fewer groups while one is being evaluated.
    @Test func fewerGroupsWhileOneIsEvaluated() throws {
        for moment in 0..<60 {
            let rig = try Rig { $0.conditions = $0.conditions.map { $0.map { _ in true } } }
            rig.pass(.milliseconds(moment))
            rig.machine.files.version = 1
            #expect(rig.reload() == .some(nil))
            #expect(rig.ask { await $0.ruleGroups()().map(\.name) } == ["nodes"])
        }
    }

    /// Without `web.external_url` links name this machine and the port that it listens on.
    @Test func linksAreAbsolute() throws {
        let rig = try Rig { $0.conditions = $0.conditions.map { $0.map { _ in true } } }
        rig.pass(.seconds(60))
        #expect(rig.life.api?.flags()["web.external-url"] == "http://watch.example:9321")
        let urls = rig.ask { Set(await $0.alertStatuses().map { String($0.alert.generatorURL.prefix(32)) }) }
        #expect(urls == ["http://watch.example:9321/graph?"])
        #expect(rig.machine.receivers.externalURLs == ["http://watch.example:9321"])
    }
}
