import CSystemd
import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// What the outside asks of a daemon by signal.
package enum Request: Sendable, Hashable {
    /// SIGHUP
    case reload
    /// SIGTERM or SIGINT
    case stop
}

/// Signals as a stream.
package struct Signals: Sendable {
    package let requests: AsyncStream<Request>

    /// The process's signals. To be touched first of all by a command that wants them as requests: a signal
    /// that comes before has its default action.
    package static let shared = Signals()

    /// Catches SIGHUP, SIGTERM and SIGINT, ignores SIGPIPE, and starts the thread that hears of them.
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
                // Whoever asks three times does not want to wait for the drain.
                if stopRequests >= 3 { _exit(130) }
                continuation.yield(.stop)
            default: return
            }
        }
    }
}
