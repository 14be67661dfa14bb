package import Alerts
package import Samples

extension IncidentEvent {
    /// An incident's history entries as its course: oldest first, consecutive equal entries combined.
    /// - Parameters:
    ///   - entries: in any order; duplicates count once.
    ///   - start: when the incident began.
    /// - Returns: at most `IncidentDetail.eventLimit` events, the first and the last ones, and whether there are more.
    package static func course(_ entries: [HistoryEntry], start: Timestamp) -> (events: [IncidentEvent], isCut: Bool) {
        var seen: Set<HistoryEntry> = []
        var events: [IncidentEvent] = []
        for entry in entries.filter({ seen.insert($0).inserted }).sorted(by: isEarlier) {
            let event = IncidentEvent(entry, kind: Kind(entry.kind), start: start)
            if let last = events.indices.last, events[last].tellsTheSame(as: event) {
                events[last].count += 1
                events[last].until = event.at
            } else {
                events.append(event)
            }
        }
        let limit = IncidentDetail.eventLimit
        if events.count <= limit { return (events, false) }
        return (Array(events.prefix(limit / 2) + events.suffix(limit - limit / 2)), true)
    }

    private func tellsTheSame(as other: IncidentEvent) -> Bool {
        var (a, b) = (entry, other.entry)
        (a.at, a.incidents) = (other.at, [])
        (b.at, b.incidents) = (other.at, [])
        return a == b
    }

    /// Within one millisecond the order is state, alert, message.
    private static func isEarlier(_ a: HistoryEntry, _ b: HistoryEntry) -> Bool {
        func order(_ entry: HistoryEntry) -> Int { Kind.allCases.firstIndex(of: Kind(entry.kind)) ?? 0 }
        return (a.at, order(a), a.subject) < (b.at, order(b), b.subject)
    }
}

extension IncidentEvent.Kind {
    /// The kind of event for a kind of entry.
    init(_ kind: HistoryEntry.Kind) {
        switch kind {
        case .firing, .ended: self = .alert
        case .sent: self = .accepted
        case .failed: self = .refused
        case .dropped: self = .dropped
        case .escalated: self = .escalated
        case .silence, .acknowledged, .note: self = .person
        case .agent, .test: self = .agent
        case .held: self = .held
        case .pending: self = .alert
        case .state: self = .state
        }
    }
}
