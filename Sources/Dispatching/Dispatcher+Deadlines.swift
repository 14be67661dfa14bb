import Alerts
import Platform
import Samples

/// What happens between the turns of a group: escalations, and integrations that are told at once and again and again.
extension Dispatcher {
    /// Between its turns, when something is due.
    mutating func attend(_ id: GroupID, _ now: Moment, _ decisions: inout Decisions) {
        guard let group = groups[id] else { return }
        groups[id]?.deadline = nil
        groups[id]?.hasNews = false
        let view = look(group, now)
        if group.resends { groups[id]?.attendedAt = now.monotonic }
        let alive = view.firingIDs.union(view.hushed.map(\.fingerprint))
        let asked = group.integrations.filter { integration in
            // Those that are told at once, and those where an end waits that is none any more.
            integration.resend != nil
                || channels[group.destination(integration)]?.pending?.resolved.isDisjoint(with: alive) == false
        }
        for integration in asked {
            let destination = group.destination(integration)
            if var channel = channels[destination], !channel.echo.isEmpty {
                channel.echo = channel.echo.filter { $0.value > now.monotonic }
                channels[destination] = channel.isEmpty ? nil : channel
            }
            decide(group, integration, view, now, &decisions)
        }
        if !asked.isEmpty { watch(id, view, now, &decisions) }
        escalate(id, view, now, &decisions)
        prune(id, now, &decisions)
        setDeadline(id, now)
    }

    /// Something about an alert has changed that integrations which are told at once must hear.
    mutating func tellAtOnce(_ fingerprint: UInt64, _ now: Moment) {
        for id in alerts[fingerprint]?.groups ?? [] where groups[id]?.resends == true {
            groups[id]?.hasNews = true
            setDeadline(id, now)
        }
    }

    /// An alert fires again whose end waits for its next attempt: that must not be told any more.
    mutating func takeBackEnds(_ fingerprint: UInt64, _ now: Moment) {
        for id in alerts[fingerprint]?.groups ?? [] {
            guard let group = groups[id],
                group.integrations.contains(where: {
                    channels[group.destination($0)]?.pending?.resolved.contains(fingerprint) == true
                })
            else { continue }
            groups[id]?.hasNews = true
            setDeadline(id, now)
        }
    }

    /// Works out when the group must be looked at before its turn.
    mutating func setDeadline(_ id: GroupID, _ now: Moment) {
        guard let group = groups[id] else { return }
        var next = group.escalation.waiting.values.lazy.map(\.deadline).min()
        if group.hasNews { next = min(next ?? now.monotonic, now.monotonic) }
        for integration in group.integrations {
            guard let resend = integration.resend, let channel = channels[group.destination(integration)],
                channel.pending == nil,
                !channel.told.isEmpty || !channel.echo.isEmpty
            else { continue }
            var due = channel.since + resend.delay
            // It was due and there was nothing to say: not again at once.
            if due <= group.attendedAt { due = group.attendedAt + resend.delay }
            next = min(next ?? due, due)
        }
        guard next != group.deadline else { return }
        groups[id]?.deadline = next
        if let next { deadlines.add(.init(at: next, group: id)) }
    }
}
