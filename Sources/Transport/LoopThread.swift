import CCurl

/// A thread of our own for a C library, outside Swift's cooperative pool, whose threads must never block.
enum LoopThread {
    /// Starts a detached thread that takes no signals and runs `body` once.
    /// - Parameter name: as `ps -L` shows it, at most 15 bytes.
    /// - Returns: false when the system has no thread left.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Box(body))
        let code = vw_thread_start(
            name,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        if code != 0 { box.release() }
        return code == 0
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

/// Wakes a thread that waits in poll or epoll; eventfd(2).
final class Wakeup: Sendable {
    let descriptor: Int32

    init() { descriptor = vw_wakeup_create() }
    deinit { if descriptor >= 0 { close(descriptor) } }

    func signal() { vw_wakeup(descriptor) }
    func drain() { vw_wakeup_drain(descriptor) }
}
