import Platform
import Simulation
import Supervision

/// systemd as it sees one life: holds the messages against sd_notify(3).
/// Touched by the thread of its run alone.
final class Systemd: @unchecked Sendable {
    private enum State {
        case starting, running, reloading, stopping
    }

    private var state = State.starting
    private var since: Instant
    private let time: VirtualTime
    private let ledger: Ledger
    private(set) var messages: [String] = []
    private(set) var status = ""
    /// Targets of the present configuration that have not been probed yet.
    var awaited: Set<String> = []

    /// Longer than a target may hang, and than a reload waits for what is under way to two sets of receivers.
    private static let patience = Duration.seconds(60)

    init(time: VirtualTime, ledger: Ledger) {
        self.time = time
        self.ledger = ledger
        since = time.monotonic()
    }

    var manager: ServiceManager {
        ServiceManager(watchdogInterval: .seconds(30)) { [self] in receive($0) }
    }

    var isReady: Bool {
        switch state {
        case .running: true
        default: false
        }
    }

    private func receive(_ message: String) {
        let fields = message.split(separator: "\n").map(String.init)
        if let text = fields.first(where: { $0.hasPrefix("STATUS=") }) { status = String(text.dropFirst(7)) }
        let word = fields[0]
        if !word.hasPrefix("STATUS="), word != "WATCHDOG=1" { messages.append(word) }
        switch (word, state) {
        case ("WATCHDOG=1", _): break
        case ("READY=1", .starting), ("READY=1", .reloading):
            if !awaited.isEmpty { ledger.problem("READY before \(awaited.sorted()) were probed") }
            enter(.running)
        case ("RELOADING=1", .running), ("RELOADING=1", .reloading): enter(.reloading)
        case ("STOPPING=1", .starting), ("STOPPING=1", .running), ("STOPPING=1", .reloading): enter(.stopping)
        case (_, .stopping): ledger.problem("systemd gets \(word) while the agent stops")
        case ("READY=1", _), ("RELOADING=1", _), ("STOPPING=1", _):
            ledger.problem("systemd gets \(word) while it is \(state)")
        default: break
        }
    }

    private func enter(_ state: State) {
        self.state = state
        since = time.monotonic()
        ledger.note("systemd: \(state)", time.now())
    }

    /// READY within a bound; a stop within `TimeoutStopSec`.
    func check() {
        let age = time.monotonic() - since
        switch state {
        case .starting, .reloading:
            if age > Systemd.patience { ledger.problem("not ready \(age) after \(state)") }
        case .stopping:
            if age > .seconds(30) { ledger.problem("stopping for \(age)") }
        case .running: break
        }
    }
}
