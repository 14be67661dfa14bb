import CGlibc
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Starts operating-system threads, for C libraries and for work that blocks or computes, which must not occupy the few
/// threads of Swift's cooperative pool. Tests pass one that fails.
package protocol ThreadStarter: Sendable {
    /// Starts a detached thread that runs `body` once and ends.
    /// - Parameters:
    ///   - name: shown by `ps -L` and in a debugger; cut to 15 bytes.
    ///   - stackBytes: the size of the stack; nil for the system's default, usually 8 MiB. Only pages that are used take
    ///     memory.
    ///   - body: runs with every signal blocked, so that handlers run on other threads.
    /// - Throws: `ThreadError` if the thread can't be created; `body` is then released without being called.
    func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError)
}

extension ThreadStarter {
    /// Starts a thread with the system's default stack size.
    package func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        try start(name, stackBytes: nil, body)
    }
}

/// A thread could not be created: a limit such as systemd's `TasksMax=` is reached, or there is no memory for its stack.
package struct ThreadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The thread's name.
    package let name: String
    /// The error number, errno(3): `EAGAIN` at a limit.
    package let code: Int32

    /// An error for a thread.
    package init(name: String, code: Int32) {
        self.name = name
        self.code = code
    }

    package var description: String { "the thread \"\(name)\" cannot be started: \(String(cString: strerror(code)))" }
}

/// Threads of the operating system, detached. Source: pthread_create(3).
package struct SystemThreads: ThreadStarter {
    private static let refused = Atomic<Int>(0)

    /// How many threads the system has refused to start for this process so far.
    package static var failures: Int { refused.load(ordering: .relaxed) }

    /// A starter; it has no state.
    package init() {}

    /// Starts a thread; a stack smaller than 64 KiB is enlarged to that.
    package func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        if let stackBytes {
            let code = pthread_attr_setstacksize(&attributes, max(stackBytes, 65536))
            guard code == 0 else { throw ThreadError(name: name, code: code) }
        }
        // The new thread inherits the mask. With SIGPIPE blocked, a write to a closed socket fails with EPIPE.
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
                // Named by the thread itself, since a detached thread may have ended before its creator could name it.
                vw_thread_set_name(body.name)
                body.run()
                return nil
            }, box.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard code == 0 else {
            SystemThreads.refused.add(1, ordering: .relaxed)
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
