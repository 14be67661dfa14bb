import CSystemd
import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// What signals ask of the daemon.
package enum Request: Sendable, Hashable {
    /// SIGHUP
    case reload
    /// SIGTERM or SIGINT
    case stop
}

/// The process's signals as a stream of requests.
package struct Signals: Sendable {
    /// SIGHUP, SIGTERM and SIGINT, as they come. At most 16 wait; then the oldest is dropped.
    package let requests: AsyncStream<Request>

    /// Must be used first of all by a command that wants signals as requests: one that comes before has its default
    /// action.
    package static let shared = Signals()

    /// Catches SIGHUP, SIGTERM and SIGINT, ignores SIGPIPE, and starts the thread that reads them.
    private init() {
        signal(SIGPIPE, SIG_IGN)
        let descriptor = vw_signals_open([SIGHUP, SIGTERM, SIGINT], 3)
        let (stream, continuation) = AsyncStream.makeStream(of: Request.self, bufferingPolicy: .bufferingNewest(16))
        requests = stream
        guard descriptor >= 0 else { return }
        // Reading blocks, so it has a thread of its own. It lives as long as the process.
        let reader = Reader(descriptor: descriptor, continuation: continuation)
        do { try SystemThreads().start("signals") { reader.run() } } catch {
            // Without a reader a signal would be swallowed: its default action ends the process at least.
            for number in [SIGHUP, SIGTERM, SIGINT] { signal(number, SIG_DFL) }
        }
    }
}

private final class Reader: Sendable {
    private let descriptor: Int32
    private let continuation: AsyncStream<Request>.Continuation

    init(descriptor: Int32, continuation: AsyncStream<Request>.Continuation) {
        self.descriptor = descriptor
        self.continuation = continuation
    }

    func run() {
        var stopRequests = 0
        while true {
            switch vw_signals_read(descriptor) {
            case SIGHUP: continuation.yield(.reload)
            case SIGTERM, SIGINT:
                stopRequests += 1
                // The third request does not wait for the drain.
                if stopRequests >= 3 { _exit(130) }
                continuation.yield(.stop)
            default: return
            }
        }
    }
}
