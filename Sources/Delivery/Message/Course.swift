import Alerts
import Samples
import Text

/// How far the messages about an incident have got, in words: why this one comes again, who else was notified, who has
/// acknowledged, and what comes next.
struct Course: Sendable {
    /// Why the message comes again, and who has not acknowledged.
    let changed: [String]
    /// Who else was notified, who has acknowledged, and what comes next.
    let told: [String]

    private static let placeLimit = 6
    private static let nameRunes = 80
    private static let reasonRunes = 200
    /// Messages of one flush leave at the same time: those that still wait are worth a word only later.
    private static let patience = Duration.seconds(5)

    /// - Parameters:
    ///   - notification: the message; nil for sample data.
    ///   - isOver: whether the incident is over, so that nothing comes next; then only who had acknowledged is said.
    init(_ incident: Notification.Incident, _ notification: Notification?, _ clock: MessageClock, isOver: Bool) {
        guard let notification else {
            (changed, told) = ([], [])
            return
        }
        let time = { (at: Timestamp) in clock.time(at, on: incident.startsAt) }
        changed = isOver ? [] : Course.changed(incident, notification)
        var lines: [String] = []
        let places = incident.told.filter {
            $0.receiver != notification.receiver || $0.integration != notification.integration
        }.compactMap { Course.place($0, notification, time) }
        if !isOver, !places.isEmpty {
            let left = places.count - Course.placeLimit
            let shown = places.prefix(Course.placeLimit) + (left > 0 ? ["and \(left) more"] : [])
            lines.append("Also told: " + shown.joined(separator: "; "))
        }
        if let acknowledgement = incident.acknowledgement {
            let zone = clock.abbreviation(at: acknowledgement.at)
            let comment = acknowledgement.comment.isEmpty ? "" : ": " + acknowledgement.comment
            lines.append(
                "Acknowledged by \(acknowledgement.by) at \(time(acknowledgement.at)) \(zone)\(comment)".truncated(
                    toRunes: Course.reasonRunes))
        }
        // Who reads this knows that it was accepted.
        if !isOver, let next = incident.next.first(where: { $0.kind != .escalatesUnaccepted }) {
            lines.append("Next: " + Course.words(next, time))
        }
        told = lines
    }

    /// `PagerDuty accepted 03:11:09`, `Slack vault-leads refused, next try 03:14:02`.
    private static func place(
        _ told: IncidentTold, _ notification: Notification, _ time: (Timestamp) -> String
    ) -> String? {
        let receiver = told.receiver == notification.receiver ? "" : " " + name(told.receiver)
        let place = told.integration.kind.displayName + receiver
        switch told.state {
        case .accepted: return told.acceptedAt.map { "\(place) accepted \(time($0))" }
        case .refused:
            let again = told.retryAt.map { ", next try \(time($0))" } ?? ", it is tried again"
            return "\(place) refused\(again)"
        case .waiting:
            let now = notification.attemptedAt ?? notification.decidedAt
            guard let since = told.waitingSince, now - since >= patience else { return nil }
            return "\(place) waiting since \(time(since))"
        case .untold: return nil
        }
    }

    private static func name(_ receiver: String) -> String {
        EmailHeaders.oneLine(receiver).truncated(toRunes: nameRunes)
    }

    /// `vault-leads 03:16:09, unless somebody acknowledges it before`
    private static func words(_ step: IncidentStep, _ time: (Timestamp) -> String) -> String {
        let receiver = name(step.receiver)
        let at = time(step.at)
        let what =
            switch step.kind {
            case .escalatesUnaccepted, .escalatesUnacknowledged: "\(receiver) \(at)"
            case .repeats: "told again \(at)" + (receiver.isEmpty ? "" : " to \(receiver)")
            case .silenceEnds: "the silence ends \(at), then told again"
            case .acknowledgementEnds: "the acknowledgement lapses \(at)"
            case .firstMessage: "first message \(at)" + (receiver.isEmpty ? "" : " to \(receiver)")
            }
        return step.calledOffBy.isEmpty ? what : "\(what), unless \(step.calledOffBy)"
    }

    // MARK: Why it comes again

    private static func changed(_ incident: Notification.Incident, _ notification: Notification) -> [String] {
        switch notification.reason {
        case .first, .changed, .acknowledged, .resolved, .test: []
        case .repeat: ["Told again since it goes on. \(unacknowledged(incident, notification))"]
        case .unsilenced:
            ["Told again since it goes on after a silence or a mute time. \(unacknowledged(incident, notification))"]
        case .unacknowledged:
            ["Told again since its acknowledgement has lapsed. \(unacknowledged(incident, notification))"]
        case .escalated:
            ["Handed on to \(name(notification.receiver)). \(unacknowledged(incident, notification))"]
        }
    }

    /// Who was told and has not acknowledged.
    private static func unacknowledged(_ incident: Notification.Incident, _ notification: Notification) -> String {
        if let acknowledgement = incident.acknowledgement { return "\(acknowledgement.by) is on it." }
        var seen: Set<String> = []
        let names = incident.told.filter { $0.acceptedAt != nil }.map { name($0.receiver) }.filter {
            seen.insert($0).inserted
        }
        if !names.isEmpty { return "Not acknowledged by \(Words.list(names, limit: placeLimit))." }
        return notification.reason == .escalated
            ? "Nobody has accepted or acknowledged it." : "Nobody has acknowledged it."
    }
}
