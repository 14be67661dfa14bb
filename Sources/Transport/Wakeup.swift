import CCurl

/// Wakes a thread that waits in poll or epoll; eventfd(2).
final class Wakeup: Sendable {
    let descriptor: Int32

    /// nil when the process has no descriptor left.
    init?() {
        descriptor = vw_wakeup_create()
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func signal() { vw_wakeup(descriptor) }
    func drain() { vw_wakeup_drain(descriptor) }
}
