import Alerts
import Dispatching
import Logging
import Platform
import Samples
import Simulation
import Text
import Web

/// One run: lives of the agent one after the other, in a world that a seed makes go wrong, in virtual time.
/// Touched by one thread alone.
final class World: @unchecked Sendable {
    /// Who makes changes here.
    static let caller = Caller("ann", by: .password)

    private let seed: UInt64
    private let random: SeededRandom
    private let time: VirtualTime
    private let execution: SerialExecution
    private let machine: Machine
    private let plan: Estate.Plan
    private var life: Life?
    private var lives = 0
    /// When the next life begins, while there is none.
    private var reviveAt: Instant?
    /// Jobs until the process dies.
    private var fuse: Int?
    private var pushing: Set<String> = []
    private var pushAt: Instant
    private var silenced: Set<String> = []
    /// A life that has been asked to stop and has not ended, and since when.
    private var leaving: (life: Life, since: Instant)?
    /// By the seed: how much of each kind of trouble this run has.
    private let trouble: Trouble

    private var ledger: Ledger { machine.ledger }
    private var disk: Disk { machine.disk }
    private var receivers: Receivers { machine.receivers }
    private var version: Int { machine.files.version }
    private var conditions: [[Bool]] {
        get { machine.conditions }
        set { machine.conditions = newValue }
    }

    struct Outcome: Sendable {
        var problems: [String]
        /// What happened, where there are problems.
        var story: [String]
        var arrivals: Int
        var requests: Int
        var lives: Int
        var jobs: Int
    }

    /// More jobs than this without time going by: something spins.
    private static let mostJobsAtOnce = 200_000
    /// Most messages in the outbox: one a destination, and there are so many groups of so many places at most.
    private static let mostMessages = 64

    private init?(_ seed: UInt64, isTold: Bool) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        guard let execution = SerialExecution(random: random) else { return nil }
        self.execution = execution
        // Anywhere in a day, since mute times know the hour.
        time = VirtualTime(wall: Timestamp(year: 2026, month: 3, day: 2) + .seconds(random.below(86_400)))
        trouble = Trouble(random)
        plan = seed.isMultiple(of: 5) ? Estate.wide : Estate.plain
        machine = Machine(plan, time: time, random: random, isTold: isTold)
        pushAt = time.monotonic()
    }

    /// - Parameters:
    ///   - span: how long the trouble lasts.
    ///   - isTold: the agents' log becomes part of the story.
    /// - Returns: nil where the runtime can't be driven by hand.
    static func run(_ seed: UInt64, span: Duration, isTold: Bool = false) -> Outcome? {
        guard let world = World(seed, isTold: isTold) else { return nil }
        world.execution.use { world.run(span) }
        return Outcome(
            problems: world.ledger.problems, story: world.ledger.problems.isEmpty ? [] : world.ledger.story,
            arrivals: world.ledger.arrivals, requests: world.receivers.requests, lives: world.lives,
            jobs: world.execution.count)
    }

    private func run(_ span: Duration) {
        begin()
        let end = time.monotonic() + span
        while time.monotonic() < end, ledger.problems.isEmpty {
            happen()
            pass(.seconds(random.below(240) + 1))
        }
        stand()
        rest()
        execution.use { life?.die() }
        life = nil
        // Whatever is left of all lives comes to its end.
        for _ in 0..<100 where time.nextDeadline != nil || !execution.isIdle {
            pass(.seconds(60))
        }
        if machine.departed.count != lives { ledger.problem("\(lives - machine.departed.count) lives never ended") }
        for one in machine.departed where one.agent != nil {
            ledger.problem("something of life \(one.life) never ended")
        }
    }

    // MARK: Time

    /// Lets a span go by, and everything happen that is due in it.
    private func pass(_ span: Duration) {
        let end = time.monotonic() + span
        while true {
            settle()
            guard ledger.problems.isEmpty else { return }
            let mine = [reviveAt, pushing.isEmpty ? nil : pushAt].compactMap { $0 }.min()
            let next = [time.nextDeadline, mine].compactMap { $0 }.min()
            guard let next, next <= end else { break }
            time.move(to: next)
            if let reviveAt, reviveAt <= next { begin() }
            if !pushing.isEmpty, pushAt <= next {
                pushAt = next + .seconds(60)
                execution.use { for node in pushing.sorted() { life?.push(false, node: node) } }
            }
        }
        time.move(to: end)
        settle()
    }

    /// Runs what is ready.
    private func settle() {
        var jobs = 0
        while execution.step() {
            jobs += 1
            if let left = fuse {
                fuse = left - 1
                if left <= 0 { crash() }
            }
            if jobs > World.mostJobsAtOnce {
                ledger.problem("the pipeline spins")
                return
            }
        }
        life?.systemd.check()
        leaving?.life.systemd.check()
        if let leaving, leaving.since + .seconds(60) < time.monotonic() {
            ledger.problem("life \(leaving.life.number) does not stop")
        }
        if disk.outbox.count > World.mostMessages { ledger.problem("\(disk.outbox.count) messages in the outbox") }
        if disk.alertCount > 100 { ledger.problem("\(disk.alertCount) alerts in the journal") }
    }

    // MARK: Lives

    private func begin() {
        reviveAt = nil
        lives += 1
        ledger.begins(life: lives, time.now())
        do {
            machine.files.mistake = .none
            let new = try Life(lives, machine)
            life = new
            execution.use { new.start() }
        } catch {
            ledger.problem("a life did not begin: \(error)")
        }
    }

    private func crash() {
        fuse = nil
        guard let dead = life, dead.isAlive else { return }
        ledger.note("crash\(disk.isDurable ? "" : " with a disk that does not hold all")", time.now())
        forget()
        execution.use { dead.die() }
        goneFor(random.chance(60) ? random.below(20) : random.below(600))
    }

    /// What only the process knew is gone.
    private func forget() {
        ledger.crashed(
            attempted: disk.outbox.values.map { SentMessage.destination($0) },
            isDurable: disk.isDurable, life: lives, now: time.monotonic())
        disk.crash()
    }

    private func goneFor(_ seconds: Int) {
        life = nil
        reviveAt = time.monotonic() + .seconds(seconds)
    }

    private func stop() {
        guard let old = life, fuse == nil else { return }
        life = nil
        ledger.note("stop", time.now())
        leaving = (old, time.monotonic())
        // As a reload that comes with the stop.
        if trouble.reloads, random.chance(30) { reload(old) }
        execution.use {
            old.stop { [self] in
                leaving = nil
                forget()
                reviveAt = time.monotonic() + .seconds(random.below(30))
            }
        }
    }

    // MARK: What goes wrong

    private func happen() {
        switch random.below(20) {
        case 0...5: toggle(random.below(Estate.conditions.count), random.below(Estate.nodes.count))
        case 6: push()
        case 7...10 where trouble.receivers: breakReceiver()
        case 11 where trouble.receivers: for place in plan.places { receivers.set(place, .fine) }
        // Within the jobs of a few turns: at any point between a change and its acceptance.
        case 12...13 where trouble.crashes:
            if fuse == nil { fuse = random.below(400) }
            if random.chance(70) { toggle(random.below(Estate.conditions.count), random.below(Estate.nodes.count)) }
        case 14 where trouble.crashes: stop()
        case 15 where trouble.silences:
            if random.chance(60) {
                silence()
            } else {
                acknowledge(
                    Estate.conditions[random.below(Estate.conditions.count)], isTakenBack: random.chance(30))
            }
        case 16 where trouble.disk:
            ledger.note("the disk, so far \(disk.mode)", time.now())
            // Before this life has read it, what is lost with the file is lost for good.
            if random.chance(30), life != nil, disk.isRead {
                disk.breakFile()
            } else {
                disk.mode = disk.mode == .fine ? (random.chance(50) ? .failing : .hanging) : .fine
            }
        case 17 where trouble.clock: step()
        case 18 where trouble.reloads: if let life { reload(life) }
        case 19 where trouble.reloads: refuse()
        case 19 where trouble.targets: hang()
        default: break
        }
    }

    private func toggle(_ condition: Int, _ node: Int) {
        flip(condition, node)
        ledger.note(
            "\(Estate.conditions[condition].alert)/\(Estate.nodes[node]) is \(conditions[condition][node])", time.now())
        news([node])
        // Some flap.
        for _ in 0..<(random.chance(20) ? random.below(6) : 0) {
            pass(.seconds(random.below(40)))
            flip(condition, node)
            news([node])
        }
    }

    private func flip(_ condition: Int, _ node: Int) {
        conditions[condition][node].toggle()
        ledger.holds(
            Estate.conditions[condition].alert + "/" + Estate.nodes[node], conditions[condition][node], time.monotonic()
        )
    }

    private func news(_ nodes: [Int]) { execution.use { life?.probe(nodes.map { Estate.nodes[$0] }) } }

    private func push() {
        let node = Estate.nodes[random.below(Estate.nodes.count)]
        ledger.note("push of \(node), so far \(pushing.sorted())", time.now())
        if pushing.remove(node) == nil {
            pushing.insert(node)
            execution.use { life?.push(false, node: node) }
        } else if random.chance(70) {
            execution.use { life?.push(true, node: node) }
        }
    }

    private func breakReceiver() {
        let modes: [Receivers.Mode] = [
            .fine, .fine, .status(500), .status(503), .status(401), .status(400), .limited(random.below(120)),
            .limitedUntil(random.below(120)),
            .hang(taken: false), .hang(taken: true), .reset(taken: false), .reset(taken: true), .refused, .notOK,
        ]
        receivers.set(plan.places[random.below(plan.places.count)], modes[random.below(modes.count)])
    }

    private func silence() {
        guard let life, let api = life.api else { return }
        if let id = silenced.sorted().first, random.chance(40) {
            silenced.remove(id)
            ledger.unsilenced(id)
            execution.use { _ = Task.detached { try? await api.expireSilence(id, World.caller) } }
            return
        }
        let condition = Estate.conditions[random.below(Estate.conditions.count)]
        let node = Estate.nodes[random.below(Estate.nodes.count)]
        let from = time.wall(), until = from + .seconds(random.below(5400) + 60)
        ledger.note("silence of \(condition.alert)/\(node) until \(until.rfc3339)", time.now())
        ledger.mayBeTold(again: condition.alert + "/" + node)
        let silence = Silence(
            matchers: [Matcher("alertname", equals: condition.alert), Matcher("node", equals: node)], startsAt: from,
            endsAt: until,
            createdBy: "simulation", comment: "chaos")
        execution.use {
            _ = Task.detached { [self] in
                guard let id = try? await api.setSilence(silence, World.caller) else { return }
                silenced.insert(id)
                // A crash before this line may have lost it.
                if self.life === life, disk.isDurable {
                    ledger.silenced(id, condition.alert + "/" + node, since: time.monotonic(), from: from, until: until)
                }
            }
        }
    }

    /// Somebody looks after an alert, or does so no more.
    private func acknowledge(_ condition: (metric: String, alert: String, severity: String), isTakenBack: Bool) {
        guard let api = life?.api else { return }
        ledger.note("acknowledgement of \(condition.alert)\(isTakenBack ? " taken back" : "")", time.now())
        for node in Estate.nodes { ledger.mayBeTold(again: "\(condition.alert)/\(node)") }
        execution.use {
            _ = Task.detached {
                let matchers = [Matcher("alertname", equals: condition.alert)]
                _ = await api.acknowledge(.matchers(matchers), isTakenBack ? nil : "chaos", World.caller)
            }
        }
    }

    private func step() {
        ledger.note("the clock steps", time.now())
        time.stepWall(by: .seconds(random.below(7200) - 3600))
        ledger.stepped(time.monotonic())
    }

    /// Other targets, groups and receivers, or the same again; asked for once or several times, by signal or by HTTP.
    private func reload(_ life: Life) {
        if random.chance(80) { machine.files.version = 1 - version }
        ledger.note("reload to \(version)", time.now())
        execution.use {
            for _ in 0...(random.chance(20) ? random.below(5) : 0) {
                if random.chance(50) { life.hangUp() } else { life.reload() }
            }
        }
    }

    /// A reload of a file that must not be taken.
    private func refuse() {
        guard let life, machine.files.mistake == .none else { return }
        let mistake: Files.Mistake = random.chance(50) ? .broken : .moved
        machine.files.mistake = mistake
        ledger.note("reload of a file that is \(mistake)", time.now())
        execution.use {
            life.reload { [self] refusal in
                // A new life begins with a file that is right.
                guard self.life === life else { return }
                machine.files.mistake = .none
                if refusal == nil { ledger.problem("a file that is \(mistake) was taken") }
            }
        }
    }

    /// Some targets accept and never answer, from now on.
    private func hang() {
        machine.hanging = Set(Estate.others.joined().filter { _ in random.chance(40) })
        ledger.note("hanging: \(machine.hanging.sorted())", time.now())
    }

    // MARK: The end

    /// Everything works again. A life is there, the disk takes writes, nothing is silenced.
    private func heal() {
        fuse = nil
        disk.mode = .fine
        machine.hanging = []
        for place in plan.places { receivers.set(place, .fine) }
        pass(.seconds(700))
        if life == nil { ledger.problem("the agent did not come back") }
        machine.files.mistake = .none
        // The file may have changed with nobody to read it.
        if trouble.reloads { execution.use { life?.hangUp() } }
        for id in silenced.sorted() { expire(id) }
        silenced = []
        ledger.forgetSilences()
        // Who acknowledges is not reminded of what only a disk knew that has lost it.
        for condition in Estate.conditions { acknowledge(condition, isTakenBack: true) }
    }

    private func expire(_ id: String) {
        guard let api = life?.api else { return }
        execution.use { _ = Task.detached { try? await api.expireSilence(id, World.caller) } }
    }

    /// Half of the nodes have everything; whoever must hear of it has heard.
    private func stand() {
        guard ledger.problems.isEmpty else { return }
        ledger.note("the end of trouble", time.now())
        heal()
        for condition in Estate.conditions.indices {
            for node in Estate.nodes.indices
            where conditions[condition][node] != (node % 2 == 0 ? condition < 2 : condition == 2) {
                flip(condition, node)
            }
        }
        pushing = ["n1"]
        news(Array(Estate.nodes.indices))
        // Long enough for what a step of the clock back has left in the future, for `for` and for groups' intervals.
        pass(.seconds(4800))
        guard ledger.problems.isEmpty else { return }
        for (condition, row) in zip(Estate.conditions, conditions) {
            // At night nobody wants to hear of the low ones.
            if condition.severity == "low", isNight { continue }
            for (node, holds) in zip(Estate.nodes, row) where holds {
                expect(condition.alert + "/" + node, condition.severity)
            }
        }
        expect(Estate.pushed.alert + "/n1", Estate.pushed.severity)
    }

    /// Whether the mute time held at any moment of the last half hour.
    private var isNight: Bool {
        let minute = time.wall().milliseconds / 60_000 % 1440
        return minute >= 22 * 60 || minute < 2 * 60 + 30
    }

    private func expect(_ name: String, _ severity: String) {
        for place in plan.places(severity, version: version)
        where !ledger.believed(at: place, time.wall()).contains(name) {
            ledger.problem("\(place) never heard of \(name)")
        }
    }

    /// Nothing is wrong any more; everybody has heard so, and nothing is kept.
    private func rest() {
        guard ledger.problems.isEmpty else { return }
        for condition in Estate.conditions.indices {
            for node in Estate.nodes.indices where conditions[condition][node] { flip(condition, node) }
        }
        pushing = []
        news(Array(Estate.nodes.indices))
        pass(.seconds(5400))
        guard ledger.problems.isEmpty else { return }
        ledger.expectPeace(time.wall())
        for (id, message) in disk.outbox {
            ledger.problem("message \(id) to \(SentMessage.destination(message)) is left in the outbox")
        }
        if !disk.records.isEmpty { ledger.problem("\(disk.records.count) entries are left in the notification log") }
        if disk.alertCount > 0 { ledger.problem("\(disk.alertCount) alerts are left in the journal") }
    }
}
