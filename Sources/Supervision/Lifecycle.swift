package import Platform

/// The agent's start, reloads and stop as reported to systemd and `/-/ready`: a value that takes events and returns the
/// messages to send.
///
/// READY is sent once after a start, and again after each reload, when every service runs and every current target has
/// had its first answer or failure. After STOPPING only watchdog messages are sent.
/// Source: sd_notify(3), systemd.service(5) on `Type=notify-reload`.
package struct Lifecycle: Sendable {
    /// What the owner must do, in this order.
    package enum Action: Sendable, Hashable {
        /// Send READY=1 with a status.
        case ready(status: String)
        /// Send RELOADING=1 with the monotonic time.
        case reloading
        /// Send STOPPING=1 with a status.
        case stopping(status: String)
        /// Send STATUS=.
        case status(String)
        /// Send WATCHDOG=1.
        case alive
        /// The first READY of this run has been sent.
        case becameReady
        /// The set of stalled loops has changed; empty: all advance again.
        case stalled([String])
    }

    private enum Phase {
        case starting, running
        case stopping(by: Instant)
    }

    private var phase = Phase.starting
    private var isStarted = false
    /// Counts the sets of targets; the last one is the current one.
    private var round = 0
    private var isRoundEnded = false
    private var isReloading = false
    private var isReadyDue = true
    /// Why the last reload was refused.
    private var refusal: String?
    private var lastStatus = ""
    private var lastStalled: [String] = []

    /// Nothing has started.
    package init() {}

    /// Nil if the agent is ready; otherwise what it waits for.
    package var notReady: String? {
        switch phase {
        case .running: nil
        case .stopping: "stopping"
        case .starting: isStarted ? "waiting for the first answer or failure of each target" : "starting"
        }
    }

    /// Whether the agent has started to stop.
    package var isStopping: Bool {
        if case .stopping = phase { true } else { false }
    }

    /// The set of targets has changed.
    /// - Returns: the number to pass to `roundEnded`.
    package mutating func targetsChanged() -> Int {
        round += 1
        isRoundEnded = false
        return round
    }

    /// Every target of a set has had its first answer or failure. Ignored for a set that was replaced meanwhile.
    /// - Parameter status: the state of the targets in one line, as in all functions here.
    package mutating func roundEnded(_ round: Int, status: String) -> [Action] {
        guard round == self.round else { return [] }
        isRoundEnded = true
        return readyIfDue(status)
    }

    /// All services run.
    package mutating func servicesStarted(status: String) -> [Action] {
        isStarted = true
        return readyIfDue(status)
    }

    /// A reload starts, by signal or by HTTP. One that comes before the agent is ready is part of the start.
    package mutating func reloadBegan() -> [Action] {
        if isStopping { return [] }
        isReloading = true
        guard case .running = phase else { return [] }
        isReadyDue = true
        return [.reloading]
    }

    /// - Parameter refusal: why the old configuration stays in force; nil: the new one is in force.
    package mutating func reloadEnded(refusal: String?, status: String) -> [Action] {
        isReloading = false
        self.refusal = refusal.map { String($0.prefix { !$0.isNewline }) }
        return readyIfDue(status)
    }

    /// - Parameter limit: how long the stop may take; until then the watchdog is fed regardless of the loops.
    package mutating func stopBegan(now: Instant, limit: Duration) -> [Action] {
        if isStopping { return [] }
        phase = .stopping(by: now + limit)
        return [.stopping(status: "Stopping: delivering what is in flight")]
    }

    /// Must be called every few seconds.
    /// - Parameter stalled: loops that have not advanced for too long.
    package mutating func turn(stalled: [String], status: String, now: Instant) -> [Action] {
        if case .stopping(let by) = phase { return now < by ? [.alive] : [] }
        var actions: [Action] = stalled.isEmpty ? [.alive] : []
        if stalled != lastStalled {
            lastStalled = stalled
            actions.append(.stalled(stalled))
        }
        let line = line(status)
        if line != lastStatus {
            lastStatus = line
            actions.append(.status(line))
        }
        return actions
    }

    private mutating func readyIfDue(_ status: String) -> [Action] {
        guard isReadyDue, isStarted, isRoundEnded, !isReloading, !isStopping else { return [] }
        isReadyDue = false
        lastStatus = line(status)
        guard case .starting = phase else { return [.ready(status: lastStatus)] }
        phase = .running
        return [.ready(status: lastStatus), .becameReady]
    }

    private func line(_ status: String) -> String {
        guard let refusal else { return status }
        return "\(status). The last reload was refused, the configuration before it is in force: \(refusal)"
    }
}
