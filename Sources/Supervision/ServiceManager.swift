import CSystemd
package import Platform
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// The messages of sd_notify(3) to systemd, over `$NOTIFY_SOCKET`. Without that variable nothing is sent.
/// Source: sd_notify(3), systemd.service(5) on `Type=notify-reload`.
package struct ServiceManager: Sendable {
    private let send: @Sendable (String) -> Void
    /// How often systemd expects `alive`: half of `WatchdogSec`, as sd_watchdog_enabled(3) advises; nil without a
    /// watchdog.
    package let watchdogInterval: Duration?

    /// The systemd that started this process, if any.
    package init() {
        send = { state in _ = state.withCString { sd_notify(0, $0) } }
        var microseconds: UInt64 = 0
        let isEnabled = sd_watchdog_enabled(0, &microseconds) > 0 && microseconds > 0
        watchdogInterval = isEnabled ? .microseconds(Int64(clamping: microseconds / 2)) : nil
    }

    /// - Parameter send: receives each message instead of the socket.
    package init(watchdogInterval: Duration? = nil, send: @escaping @Sendable (String) -> Void) {
        self.send = send
        self.watchdogInterval = watchdogInterval
    }

    /// The start or the reload is complete.
    package func ready(status: String) { send("READY=1\nSTATUS=\(line(status))\nMAINPID=\(getpid())") }

    /// One line that `systemctl status` shows.
    package func status(_ text: String) { send("STATUS=\(line(text))") }

    /// A reload starts; `ready` ends it.
    /// - Parameter monotonic: the current time, which `Type=notify-reload` requires in microseconds.
    package func reloading(monotonic: Instant) { send("RELOADING=1\nMONOTONIC_USEC=\(monotonic.nanoseconds / 1000)") }

    /// The stop starts.
    package func stopping(status: String) { send("STOPPING=1\nSTATUS=\(line(status))") }

    /// Feeds the watchdog.
    package func alive() { send("WATCHDOG=1") }

    /// The listening sockets that systemd opened for this process, sd_listen_fds(3); they start at descriptor 3.
    package static func listeningSockets() -> [Int32] {
        // The environment is not cleared: later calls get the same answer.
        let count = sd_listen_fds(0)
        return count > 0 ? (0..<count).map { 3 + $0 } : []
    }

    /// A message's lines are its fields: a value must not contain a line feed.
    private func line(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 }.prefix(400))
    }
}
