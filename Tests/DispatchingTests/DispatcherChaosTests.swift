import Alerts
import Foundation
import Platform
import Samples
import Simulation
import Testing
import Text

@testable import Dispatching

/// Days of flapping alerts, failing receivers, silences, restarts, reloads and clock steps, each run from its seed.
struct DispatcherChaosTests {
    /// Everything outside the dispatcher: a journal in memory, receivers, rules.
    private struct World {
        let random: SeededRandom
        var dispatcher: Dispatcher
        var monotonic: Double = 0
        var wallStep: Double = 0
        // The journal.
        var alerts: [UInt64: Alert] = [:]
        var records: [Destination: NotificationLogEntry] = [:]
        var outbox: [UInt64: Alerts.Notification] = [:]
        var silences: [String: Silence] = [:]
        var escalations: [String: EscalationRecord] = [:]
        var incidents: [String: Incident] = [:]
        /// What each alert's rule names as its causes, circles among them; nothing in every other run.
        var explainedBy: [Int: String] = [:]
        // What the receivers know: by receiver, integration and group, the alerts they believe to fire.
        var believed: [Destination: Set<UInt64>] = [:]
        var heard: [Destination: Set<UInt64>] = [:]
        /// Alerts of messages whose outcome the dispatcher never learned: until it has, a resolve may come for what did
        /// not arrive, and an escalation for what did.
        var doubtful: [Destination: Set<UInt64>] = [:]
        var inFlight: [UInt64] = []
        var firing: Set<Int> = []
        var messages = 0
        var escalated = 0
        var problems: [String] = []

        var now: Moment { Moment(monotonic: at(monotonic).monotonic, wall: at(monotonic + wallStep).wall) }

        func labels(_ i: Int) -> [String: String] {
            ["alertname": "A\(i)", "severity": ["critical", "high", "low"][i % 3], "cluster": i % 2 == 0 ? "x" : "y"]
        }

        /// One of the rules' alerts as it is now.
        func alert(_ i: Int, ended isEnded: Bool) -> Alert {
            Alert(
                labels: Labels(labels(i)), annotations: explainedBy[i].map { ["explained_by": $0] } ?? [:],
                startsAt: now.wall, endsAt: isEnded ? now.wall : nil, updatedAt: now.wall)
        }

        mutating func apply(_ decisions: Decisions) {
            for id in decisions.withdrawn { outbox[id] = nil }
            for outgoing in decisions.send {
                let place = Destination(outgoing.notification)
                if outbox.values.contains(where: { Destination($0) == place }) {
                    problems.append("two messages wait for \(place)")
                }
                outbox[outgoing.id] = outgoing.notification
                if outgoing.notification.alerts.isEmpty { problems.append("an empty message") }
            }
            for place in decisions.removedLogEntries { records[place] = nil }
            for record in decisions.logEntries { records[record.destination] = record }
            for fingerprint in decisions.removedAlerts { alerts[fingerprint] = nil }
            for id in decisions.removedSilences { silences[id] = nil }
            for (key, record) in decisions.escalations { escalations[key] = record }
            for (key, incident) in decisions.incidents { incidents[key] = incident }
            for silence in decisions.endedSilences { silences[silence.id] = silence }
            for outgoing in decisions.send where outgoing.notification.reason == .repeat {
                let isQuiet = outgoing.notification.firing.allSatisfy { dispatcher.isAcknowledged($0.id) }
                if isQuiet, outgoing.notification.integration.kind != .alertmanager {
                    problems.append("\(outgoing.notification.receiver) is reminded of what is acknowledged")
                }
            }
            for handOver in decisions.escalated {
                escalated += 1
                let fingerprint = handOver.alert.id
                let heard = believed.contains {
                    $0.key.receiver == handOver.receiver && $0.key.groupKey == handOver.groupKey
                        && $0.value.contains(fingerprint) && doubtful[$0.key]?.contains(fingerprint) != true
                }
                if heard, handOver.reason != .unacknowledged {
                    problems.append("\(handOver.alert.name) escalates though \(handOver.receiver) has accepted it")
                }
            }
        }

        mutating func receive(_ new: [Alert]) {
            for alert in new { alerts[alert.id] = alert }
            _ = dispatcher.receive(new, now: now)
        }

        /// Somebody posts an alert, some of them with the labels of ours.
        mutating func post(_ i: Int, endingIn seconds: Int?) {
            let alert = Alert(
                labels: Labels(labels(i)), startsAt: now.wall, endsAt: seconds.map { now.wall + .seconds($0) },
                updatedAt: now.wall)
            for taken in dispatcher.receive([alert], external: true, now: now).accepted { alerts[taken.id] = taken }
        }

        /// The receiver has a message.
        /// - Parameter isKnown: whether the dispatcher learns so.
        mutating func reach(_ notification: Alerts.Notification, isKnown: Bool) {
            let place = Destination(notification)
            for alert in notification.firing {
                believed[place, default: []].insert(alert.id)
                heard[place, default: []].insert(alert.id)
            }
            for alert in notification.resolved {
                // An Alertmanager is told the same end again and again.
                let known = place.receiver == "hub" ? heard[place] : believed[place]
                if known?.contains(alert.id) != true && doubtful[place]?.contains(alert.id) != true {
                    problems.append("a resolve without its trigger: \(alert.name) at \(place)")
                }
                believed[place]?.remove(alert.id)
                // It was sent, so its resends may follow.
                heard[place, default: []].insert(alert.id)
            }
            if isKnown {
                doubtful[place]?.subtract(notification.alerts.map(\.id))
            } else {
                doubt(notification)
            }
        }

        /// Somebody acknowledges what an alert is part of, or takes that back.
        mutating func acknowledge(_ i: Int) {
            let who = random.chance(70) ? Acknowledgement(by: "ann", at: now.wall) : nil
            let selection = IncidentSelection.matchers([Matcher("alertname", equals: "A\(i)")])
            let result = dispatcher.acknowledge(selection, who, now: now)
            if result.incidents.contains(where: { $0.acknowledgement != who }) {
                problems.append("an incident is not acknowledged as it was")
            }
            apply(result.decisions)
        }

        mutating func doubt(_ notification: Alerts.Notification) {
            doubtful[Destination(notification), default: []].formUnion(notification.alerts.map(\.id))
        }

        mutating func restart() {
            for id in inFlight where random.chance(50) {
                // It had arrived when we died.
                if let notification = outbox[id] { reach(notification, isKnown: false) }
            }
            // The journal knows of no attempts: every message of the outbox may have arrived.
            for notification in outbox.values { doubt(notification) }
            inFlight = []
            dispatcher = Dispatcher(dispatcher.options)
            let saved = Dispatcher.Saved(
                alerts: Array(alerts.values), silences: Array(silences.values), logEntries: Array(records.values),
                outbox: outbox.map { Outgoing(id: $0.key, notification: $0.value) },
                escalations: Array(escalations.values), incidents: Array(incidents.values))
            apply(dispatcher.restore(saved, now: now))
            if Set(dispatcher.pending.map(\.id)) != Set(outbox.keys) {
                problems.append("outbox and dispatcher disagree after a restart")
            }
        }

        mutating func attempt(_ failing: Bool) {
            guard
                let id = outbox.keys.sorted().first(where: { !inFlight.contains($0) && (random.chance(50) || !failing) }
                ), let notification = outbox[id]
            else { return }
            guard dispatcher.beginAttempt(Outgoing(id: id, notification: notification)) != nil else {
                problems.append("the outbox holds what the dispatcher has withdrawn")
                outbox[id] = nil
                return
            }
            inFlight.append(id)
        }

        mutating func answer(_ failing: Bool) {
            guard !inFlight.isEmpty else { return }
            let id = inFlight.remove(at: random.below(inFlight.count))
            guard let notification = outbox[id] else {
                problems.append("withdrawn in flight")
                return
            }
            let message = Outgoing(id: id, notification: notification)
            switch failing ? random.below(4) : 3 {
            case 0: apply(dispatcher.recordFailed(message, uncertain: false, now: now))
            case 1:
                if random.chance(50) { reach(notification, isKnown: false) } else { doubt(notification) }
                apply(dispatcher.recordFailed(message, uncertain: true, now: now))
            case 2: apply(dispatcher.recordRefused(message, now: now))
            default:
                messages += 1
                reach(notification, isKnown: true)
                apply(dispatcher.recordAccepted(message, now: now))
            }
        }
    }

    private static var pagerDuty: DispatchOptions.Integration {
        var integration = DispatchOptions.Integration(.init(.pagerduty, 0), sendResolved: true)
        integration.tellsAcknowledgements = true
        return integration
    }

    static func options(_ variant: Int) -> DispatchOptions {
        let critical = Route(
            receiver: "pager", matchers: [matcher("severity=critical")], continues: variant % 2 == 0,
            groupBy: .labels(["alertname"]),
            groupWait: .seconds(10), groupInterval: .seconds(60))
        let hub = Route(
            receiver: "hub", matchers: [matcher("cluster=x")], continues: true, groupBy: .labels(["alertname"]),
            groupInterval: .seconds(60))
        let low = Route(
            receiver: "mail", matchers: [matcher("severity=low")], groupBy: .labels(["cluster"]),
            groupWait: .seconds(600), groupInterval: .seconds(900))
        return DispatchOptions(
            route: Route(
                receiver: "mail", groupBy: variant % 3 == 0 ? .all : .labels(["cluster"]), groupWait: .seconds(30),
                groupInterval: .seconds(120),
                repeatInterval: .seconds(3600),
                routes: (variant % 4 == 1 ? [hub] : []) + (variant % 4 == 3 ? [low] : [critical, low])),
            receivers: [
                .init(
                    name: "mail", integrations: [.init(.init(.email, 0), sendResolved: true)],
                    fallback: variant % 3 == 1 ? "boss" : nil, responseTime: .seconds(900),
                    escalateAfter: variant % 6 == 1 ? .seconds(1200) : nil),
                .init(
                    name: "pager",
                    integrations: [
                        DispatcherChaosTests.pagerDuty, .init(.init(.slack, 0), sendResolved: true),
                    ],
                    fallback: variant % 5 == 4 ? nil : variant % 2 == 0 ? "boss" : "mail",
                    escalateAfter: variant % 4 < 2 && variant % 5 != 4 ? .seconds(600) : nil),
                .init(name: "boss", integrations: [.init(.init(.email, 0), sendResolved: true)]),
                .init(name: "hub", integrations: [.init(.init(.alertmanager, 0), sendResolved: true, resend: .init())]),
            ],
            inhibitRules: [
                InhibitRule(
                    sourceMatchers: [matcher("severity=critical")], targetMatchers: [matcher("severity=low")],
                    equal: ["cluster"])
            ])
    }

    private func run(_ seed: UInt64) -> (problems: [String], messages: Int, escalated: Int) {
        let random = SeededRandom(seed: seed)
        var world = World(random: random, dispatcher: Dispatcher(DispatchOptions(route: Route(), receivers: [])))
        world.dispatcher = Dispatcher(DispatcherChaosTests.options(random.below(12)))
        if seed % 2 == 0 {
            for i in 0..<9 where random.chance(60) {
                let causes = Set((0...random.below(3)).map { _ in random.below(9) }).subtracting([i])
                world.explainedBy[i] = causes.sorted().map { "A\($0)\(random.chance(50) ? "()" : "")" }
                    .joined(separator: " ")
            }
        }
        for _ in 0..<150 {
            let failing = random.chance(40)
            switch random.below(19) {
            case 0...4:
                let i = random.below(9)
                if world.firing.remove(i) != nil {
                    world.receive([world.alert(i, ended: true)])
                } else {
                    world.firing.insert(i)
                    world.receive([world.alert(i, ended: false)])
                }
            case 5...8: world.attempt(failing)
            case 9...11: world.answer(failing)
            case 12 where random.chance(50):
                var silence = Silence(
                    matchers: [matcher("alertname=A\(random.below(9))")], startsAt: world.now.wall,
                    endsAt: world.now.wall + .seconds(random.below(4000) + 1))
                silence.untilResolved = random.chance(30)
                if let (stored, decisions) = try? world.dispatcher.setSilence(silence, random: random, now: world.now) {
                    for silence in stored { world.silences[silence.id] = silence }
                    world.apply(decisions)
                }
            case 13 where random.chance(40): world.restart()
            case 14 where random.chance(30):
                world.apply(world.dispatcher.reload(DispatcherChaosTests.options(random.below(12)), now: world.now))
            case 15 where random.chance(30): world.wallStep += Double(random.below(7200) - 3600)
            case 16: world.post(random.below(12), endingIn: random.chance(30) ? nil : random.below(4000))
            case 17: world.post(random.below(12), endingIn: -random.below(100))
            case 18: world.acknowledge(random.below(9))
            default: break
            }
            if random.chance(60) {
                if let wake = world.dispatcher.nextDeadline, random.chance(50) {
                    world.monotonic = max(world.monotonic, Double(wake.nanoseconds - 1_000_000_000) / 1e9 + 0.001)
                } else {
                    world.monotonic += Double(random.below(300))
                }
                world.apply(world.dispatcher.advance(world.now))
            }
        }
        // Peace: all alerts end, the receivers take everything, time goes by. Then nobody may believe in a firing
        // alert.
        for i in world.firing.sorted() {
            world.receive([world.alert(i, ended: true)])
        }
        // The last ones outlast the quarter of an hour for which an Alertmanager hears of ends, and the ends of posted alerts
        // where the clock was stepped back.
        for _ in 0..<24 {
            world.apply(world.dispatcher.advance(world.now))
            for _ in 0..<40 where !world.outbox.isEmpty {
                world.attempt(false)
                world.answer(false)
            }
            world.monotonic += 1000
        }
        for (place, left) in world.believed where !left.isEmpty {
            world.problems.append("\(place) never heard the end of \(left.count) alerts")
        }
        if !world.outbox.isEmpty { world.problems.append("the outbox still holds \(world.outbox.count)") }
        if !world.escalations.isEmpty { world.problems.append("\(world.escalations.count) escalations are left") }
        if !world.incidents.isEmpty { world.problems.append("\(world.incidents.count) incidents are left") }
        if !world.records.isEmpty { world.problems.append("the log still holds \(world.records.count)") }
        if !world.alerts.isEmpty && !world.dispatcher.alerts.isEmpty {
            world.problems.append("alerts are still held: \(world.dispatcher.alerts.count)")
        }
        if !world.dispatcher.groups.isEmpty {
            world.problems.append("\(world.dispatcher.groups.count) groups are left")
        }
        if !world.dispatcher.destinations.isEmpty {
            world.problems.append("\(world.dispatcher.destinations.count) channels are left")
        }
        return (world.problems, world.messages, world.escalated)
    }

    @Test func nothingIsLostInChaos() {
        var (messages, escalated) = (0, 0)
        // VAULTWATCH_SEED=n runs that one again, VAULTWATCH_SEEDS=n so many.
        if let seed = ProcessInfo.processInfo.environment["VAULTWATCH_SEED"].flatMap(UInt64.init) {
            #expect(run(seed).problems.isEmpty, "seed \(seed)")
            return
        }
        let seeds = ProcessInfo.processInfo.environment["VAULTWATCH_SEEDS"].flatMap(Int.init) ?? 1000
        for seed in 1...UInt64(seeds) {
            let result = run(seed)
            messages += result.messages
            escalated += result.escalated
            #expect(result.problems.isEmpty, "seed \(seed)")
            if !result.problems.isEmpty { break }
        }
        #expect(messages > 2 * seeds)
        #expect(escalated > seeds / 5)
    }

    /// With answers to every attempt and no crash, a firing alert that nothing keeps quiet is told within its group's
    /// time.
    @Test func everyTriggerArrives() {
        for seed in UInt64(1)...300 {
            let random = SeededRandom(seed: seed)
            var d = Dispatcher(DispatcherChaosTests.options(0))
            var told: Set<UInt64> = []
            var want: Set<UInt64> = []
            for i in 0..<20 {
                let alert = Alert(
                    labels: ["alertname": "A\(i)", "severity": "high"], startsAt: at(Double(i)).wall,
                    updatedAt: at(Double(i)).wall)
                want.insert(alert.id)
                _ = d.receive([alert], now: at(Double(i)))
            }
            var seconds = 20.0
            while seconds < 2000 {
                for outgoing in d.advance(at(seconds)).send + d.pending {
                    guard d.beginAttempt(outgoing) != nil else { continue }
                    if random.chance(30) {
                        _ = d.recordAccepted(outgoing, now: at(seconds))
                        told.formUnion(outgoing.notification.firing.map(\.id))
                    } else {
                        _ = d.recordFailed(outgoing, uncertain: random.chance(50), now: at(seconds))
                    }
                }
                seconds += 20
            }
            #expect(told == want, "seed \(seed)")
        }
    }
}
