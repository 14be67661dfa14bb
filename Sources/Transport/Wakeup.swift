import CCurl

/// Wakes a thread that waits in poll or epoll; eventfd(2).
final class Wakeup: Sendable {
    let descriptor: Int32

    init() { descriptor = vw_wakeup_create() }
    deinit { if descriptor >= 0 { close(descriptor) } }

    func signal() { vw_wakeup(descriptor) }
    func drain() { vw_wakeup_drain(descriptor) }
}
