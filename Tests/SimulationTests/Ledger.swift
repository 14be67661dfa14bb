import Dispatching
import Platform
import Samples
import Text

/// What the receivers know, and the invariants that every message is held against.
/// Touched by the thread of its run alone.
final class Ledger: @unchecked Sendable {
    private struct Destination {
        /// Alerts that the receiver believes to fire.
        var believed: Set<String> = []
        /// Alerts whose beginning or end attempts may have told, as far as the agent can know: their end may come
        /// (again).
        var maybeTold: Set<String> = []
        /// Alerts that it has ever heard of, or may have.
        var everTold: Set<String> = []
        /// The last message that arrived, and when.
        var last: (firing: Set<String>, resolved: Set<String>, at: Instant, life: Int)?
        /// The agent can't know whether the last message arrived: the next may repeat it.
        var isDoubtful = false
        /// Of an Alertmanager: when it stops to believe by itself.
        var until: [String: Timestamp] = [:]
        /// How often it was told the same again, of each alert, for what somebody did to it.
        var reminders: [String: Int] = [:]
        /// Of Slack: the messages that arrived, and the one that began the present thread, as the agent knows.
        var ids: Set<String> = []
        var thread: String?
    }

    private struct Quiet {
        var name: String
        var since: Instant
        var from: Timestamp
        var until: Timestamp
    }

    private var destinations: [String: Destination] = [:]
    /// Since when each condition has held.
    private var since: [String: Instant] = [:]
    private var underWay: [String: Int] = [:]
    private var lastAnswered: [String: Instant] = [:]
    private var silences: [String: Quiet] = [:]
    /// How often each alert may be told again to a destination that knows of it: for each silence that ends, and for each
    /// acknowledgement.
    private var reminders: [String: Int] = [:]
    /// Lives that died with decisions that the disk did not hold.
    private var forgotten: Set<Int> = []
    private var forgotAt = Instant(nanoseconds: .min)
    /// When the present life began.
    private var beganAt = Instant(nanoseconds: .min)
    private(set) var steppedAt = Instant(nanoseconds: .min)
    private(set) var problems: [String] = []
    private(set) var arrivals = 0

    private var notes: [(text: String, message: SentMessage?, at: Moment)] = []
    /// The last that happened, for whoever looks at a failed run.
    var story: [String] {
        notes.map { note in
            "\(note.at.monotonic.nanoseconds / 1_000_000) \(note.at.wall.rfc3339) \(note.text)\(note.message.map { " \($0)" } ?? "")"
        }
    }

    func problem(_ text: String) {
        if problems.count < 20 { problems.append(text) }
    }

    func note(_ text: String, _ now: Moment, _ message: SentMessage? = nil) {
        notes.append((text, message, now))
        if notes.count > 40_000 { notes.removeFirst(20_000) }
    }

    func begins(life: Int, _ now: Moment) {
        note("life \(life) begins", now)
        beganAt = now.monotonic
    }

    // MARK: Messages

    /// A request leaves the agent.
    func leaves(_ message: SentMessage, life: Int, now: Moment) {
        note("leaves", now, message)
        let key = "\(life) \(message.destination)"
        underWay[key, default: 0] += 1
        if underWay[key, default: 0] > 1 { problem("two messages under way to \(message.destination)") }
        if message.firing.isEmpty, message.resolved.isEmpty { problem("an empty message to \(message.destination)") }
        if !message.firing.isDisjoint(with: message.resolved) {
            problem("one alert both firing and resolved to \(message.destination)")
        }
        guard !message.isIncident else { return }
        for name in message.resolved {
            // Longer than any group, retry, `keep_firing_for` or restored state takes to see it. What an old disk says
            // is another matter.
            let margin = Duration.seconds(1200)
            guard let since = since[name], since + margin < now.monotonic, forgotAt + margin < now.monotonic else {
                continue
            }
            // One that has just begun has yet to wait for the rule's `for` and the group's turn; until then an end of
            // before may be on its way.
            if beganAt + .seconds(600) < now.monotonic {
                problem("\(name) has fired for long, and \(message.destination) is told its end")
            }
        }
        // A message that waited when the night began is taken back at its group's next turn.
        let minute = now.wall.milliseconds / 60_000 % 1440
        if message.isMutedAtNight, !message.firing.isEmpty, minute >= 22 * 60 + 5 || minute < 120,
            steppedAt + .seconds(600) < now.monotonic
        {
            problem("\(message.destination) is told of \(message.firing.sorted()) at night")
        }
        for quiet in silences.values where message.firing.contains(quiet.name) && !message.isResent {
            // Known for a while, in force for longer than between two looks at the clock, and no step of the clock
            // near.
            let margin = Duration.seconds(2)
            // An incident in which it goes on stays open when another alert of it ends.
            if message.isIncident, !message.resolved.isEmpty,
                destinations[message.destination]?.everTold.contains(quiet.name) == true
            {
                continue
            }
            if quiet.since + margin < now.monotonic,
                quiet.from + (steppedAt < quiet.since ? margin : .seconds(30)) < now.wall,
                now.wall + margin < quiet.until, steppedAt + .seconds(300) < now.monotonic
            {
                problem("\(quiet.name) is silenced and told to \(message.destination)")
            }
        }
    }

    func returns(_ message: SentMessage, life: Int) { underWay["\(life) \(message.destination)"] = nil }

    /// The receiver has it.
    /// - Parameter isDoubtful: the agent will not learn so.
    func arrives(_ message: SentMessage, _ id: Int, life: Int, now: Moment, isDoubtful: Bool) {
        note(isDoubtful ? "arrives, and nobody learns so:" : "arrives", now, message)
        arrivals += 1
        var place = destinations[message.destination] ?? Destination()
        var strange = message.resolved.subtracting(place.believed).subtracting(place.maybeTold)
        // An incident ends with each alert of a group that a reload has emptied; an Alertmanager hears of an end for a
        // while.
        if message.isIncident || message.isResent { strange.subtract(place.everTold) }
        // What a life had under way when it died may come behind what its heir sends.
        let isLate = place.last.map { life < $0.life } ?? false
        if !strange.isEmpty, !isLate {
            problem("the end of \(strange.sorted()) without its beginning at \(message.destination)")
        }
        if let last = place.last, last.firing == message.firing, last.resolved == message.resolved, !place.isDoubtful,
            now.monotonic - last.at < Estate.repeatInterval - .seconds(400), !message.isIncident, !message.isResent,
            !isLate,
            // Who hears no ends can't tell a second beginning from the first.
            message.place != Estate.endless, !isReminder(message, &place, now)
        {
            problem("told twice: \(message.firing.sorted()) \(message.resolved.sorted()) at \(message.destination)")
        }
        place.everTold.formUnion(message.firing)
        place.until.merge(message.until) { _, new in new }
        // Of what only a full disk's process knew, nobody can tell the end.
        if !forgotten.contains(life) { place.believed.formUnion(message.firing) }
        place.believed.subtract(message.resolved)
        // What this message speaks of is certain again, unless nobody learns that it came.
        if !isDoubtful {
            place.maybeTold.subtract(message.firing.union(message.resolved))
        } else {
            place.maybeTold.formUnion(message.firing.union(message.resolved))
        }
        place.last = (message.firing, message.resolved, now.monotonic, life)
        place.isDoubtful = isDoubtful
        if message.isThreaded { check(message, String(id), &place, isDoubtful) }
        lastAnswered[message.destination] = now.monotonic
        destinations[message.destination] = place
    }

    /// Whether a message tells again that an alert fires because its silence or its mute time has ended, or because somebody
    /// has acknowledged it.
    private func isReminder(_ message: SentMessage, _ place: inout Destination, _ now: Moment) -> Bool {
        let minute = now.wall.milliseconds / 60_000 % 1440
        if message.isMutedAtNight, (120..<125).contains(minute) { return true }
        guard
            let name = message.firing.sorted().first(where: {
                place.reminders[$0, default: 0] < reminders[$0, default: 0]
            })
        else { return false }
        place.reminders[name, default: 0] += 1
        return true
    }

    /// An end answers the message that told of the beginning, where the agent can know which.
    private func check(_ message: SentMessage, _ id: String, _ place: inout Destination, _ isDoubtful: Bool) {
        if let thread = message.thread, !place.ids.contains(thread) {
            problem("\(message.destination) gets an answer to \(thread), which it has never seen")
        }
        if message.firing.isEmpty, let thread = place.thread, message.thread != thread {
            problem("the end at \(message.destination) does not answer \(thread)")
        }
        place.ids.insert(id)
        if isDoubtful || message.firing.isEmpty {
            place.thread = nil
        } else if message.thread == nil {
            place.thread = id
        }
    }

    /// It may have arrived, as far as the agent knows, and has not.
    func doubts(_ message: SentMessage) {
        let alerts = message.firing.union(message.resolved)
        destinations[message.destination, default: Destination()].maybeTold.formUnion(alerts)
        destinations[message.destination]?.everTold.formUnion(alerts)
        destinations[message.destination]?.isDoubtful = true
    }

    /// The process died.
    /// - Parameters:
    ///   - attempted: messages that may have been sent, since they are in the outbox: destination and alerts.
    ///   - isDurable: false where the disk did not hold everything that was decided.
    func crashed(attempted: [(name: String, alerts: Set<String>)], isDurable: Bool, life: Int, now: Instant) {
        for (destination, alerts) in attempted {
            destinations[destination, default: Destination()].maybeTold.formUnion(alerts)
            destinations[destination]?.everTold.formUnion(alerts)
            destinations[destination]?.isDoubtful = true
        }
        for (destination, at) in lastAnswered where !isDurable || now - at < .seconds(1) {
            destinations[destination]?.isDoubtful = true
            destinations[destination]?.thread = nil
        }
        // What the disk has never held nobody can end; the receivers are told by hand.
        if !isDurable {
            forgotten.insert(life)
            forgotAt = now
            silences = [:]
            for key in destinations.keys {
                destinations[key]?.isDoubtful = true
                let told = destinations[key]?.everTold ?? []
                destinations[key]?.maybeTold.formUnion(told)
                destinations[key]?.believed = []
            }
        }
    }

    /// A life began without what the disk holds: until it has read that, it neither knows what was told nor what is
    /// silenced.
    func begunWithoutPast() {
        silences = [:]
        for key in destinations.keys {
            destinations[key]?.isDoubtful = true
            let told = destinations[key]?.everTold ?? []
            destinations[key]?.maybeTold.formUnion(told)
        }
    }

    // MARK: The world

    func holds(_ name: String, _ holds: Bool, _ now: Instant) { since[name] = holds ? now : nil }

    func stepped(_ now: Instant) {
        steppedAt = now
        // A restart counts a repeat by the wall clock.
        for key in destinations.keys { destinations[key]?.isDoubtful = true }
    }

    func silenced(_ id: String, _ name: String, since: Instant, from: Timestamp, until: Timestamp) {
        silences[id] = Quiet(name: name, since: since, from: from, until: until)
    }

    /// Once to every destination.
    func mayBeTold(again name: String) { reminders[name, default: 0] += 1 }
    func unsilenced(_ id: String) { silences[id] = nil }
    func forgetSilences() { silences = [:] }

    /// Alerts that some destination at this place believes to fire.
    func believed(at place: String, _ now: Timestamp) -> Set<String> {
        destinations.filter { $0.key.hasPrefix(place + " ") }.values.reduce(into: []) {
            $0.formUnion(Ledger.believed($1, now))
        }
    }

    private static func believed(_ destination: Destination, _ now: Timestamp) -> Set<String> {
        destination.believed.filter { destination.until[$0].map { $0 > now } ?? true }
    }

    /// Nobody may believe that anything fires.
    func expectPeace(_ now: Timestamp) {
        for (name, destination) in destinations.sorted(by: { $0.key < $1.key }) where !name.hasPrefix(Estate.endless) {
            let believed = Ledger.believed(destination, now)
            if !believed.isEmpty { problem("\(name) never heard the end of \(believed.sorted())") }
        }
    }
}
