import CSystemd
import Platform
import Samples
#if canImport(Glibc)
    import Glibc
#endif

/// What the agent tells systemd about itself, over `$NOTIFY_SOCKET`. Without that variable nothing is sent.
/// Source: sd_notify(3), systemd.service(5) on `Type=notify-reload`.
package struct ServiceManager: Sendable {
    private let send: @Sendable (String) -> Void

    package init() {
        send = { state in _ = state.withCString { sd_notify(0, $0) } }
    }

    /// - Parameter send: takes one message in place of the socket.
    init(send: @escaping @Sendable (String) -> Void) { self.send = send }

    /// The configuration is verified, listeners are bound, the first poll round has ended.
    package func ready(status: String) { send("READY=1\nSTATUS=\(line(status))\nMAINPID=\(getpid())") }

    /// One line for a human, shown by `systemctl status`.
    package func status(_ text: String) { send("STATUS=\(line(text))") }

    /// A reload begins; `ready` ends it.
    /// - Parameter monotonic: the present time, which `Type=notify-reload` wants in microseconds.
    package func reloading(monotonic: Instant) { send("RELOADING=1\nMONOTONIC_USEC=\(monotonic.nanoseconds / 1000)") }

    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(line(status))") }

    /// Every loop has advanced since the last time.
    package func alive() { send("WATCHDOG=1") }

    /// Asks for more time before the start or stop counts as failed.
    package func extendTimeout(by duration: Duration) { send("EXTEND_TIMEOUT_USEC=\(duration.milliseconds * 1000)") }

    /// How often systemd wants to hear `alive`, halved as sd_watchdog_enabled(3) advises; nil when it does not.
    package static func watchdogInterval() -> Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds / 2))
    }

    /// Listening sockets that systemd opened for us, sd_listen_fds(3); they start at descriptor 3.
    package static func listeningSockets() -> [Int32] {
        // The environment keeps them: who asks again gets the same answer.
        let count = sd_listen_fds(0)
        return count > 0 ? (0..<count).map { 3 + $0 } : []
    }

    /// A message's lines are its fields: a value must not hold a line's end.
    private func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }.prefix(400))
    }
}
