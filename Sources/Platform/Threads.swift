import CThread
#if canImport(Glibc)
    import Glibc
#endif

/// Starts threads of the system, for C libraries and for work that blocks or computes: neither may hold one of the
/// cooperative pool's few threads. Tests put in one that refuses.
package protocol ThreadStarter: Sendable {
    /// Starts a detached thread that runs `body` once and ends.
    /// - Parameters:
    ///   - name: shown by `ps -L` and in a debugger; cut to 15 bytes.
    ///   - stackBytes: nil for the system's default, 8 MiB as a rule, of which only touched pages take memory.
    ///   - body: runs with every signal blocked, so that handlers run on other threads.
    /// - Throws: `ThreadError` when the system refuses; `body` is then released without being called.
    func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError)
}

extension ThreadStarter {
    /// A thread with the system's default stack.
    package func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        try start(name, stackBytes: nil, body)
    }
}

/// The system has no thread left (a limit such as systemd's `TasksMax=`), or no memory for its stack.
package struct ThreadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of the thread that was to be started.
    package let name: String
    /// As in errno(3): `EAGAIN` at a limit.
    package let code: Int32

    package init(name: String, code: Int32) {
        self.name = name
        self.code = code
    }

    package var description: String { "the thread \"\(name)\" cannot be started: \(String(cString: strerror(code)))" }
}

/// pthread_create(3).
package struct SystemThreads: ThreadStarter {
    package init() {}

    package func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackBytes {
            let code = pthread_attr_setstacksize(&attributes, max(stackBytes, 65536))
            guard code == 0 else { throw ThreadError(name: name, code: code) }
        }
        // The thread inherits the mask. With SIGPIPE blocked, a write to a closed socket fails with EPIPE.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        let box = Unmanaged.passRetained(ThreadBody(name: name, run: body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                let body = Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue()
                // By the thread itself: seen from outside, a detached thread may have ended already.
                vw_thread_set_name(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            box.release()
            throw ThreadError(name: name, code: code)
        }
    }
}

private final class ThreadBody: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
        self.name = name
        self.run = run
    }
}
