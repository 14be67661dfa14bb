import CSystemd
import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// The meaning of a signal for the daemon.
package enum Request: Sendable, Hashable {
    /// SIGHUP
    case reload
    /// SIGTERM or SIGINT
    case stop
}

/// The process's signals as a stream of requests.
package struct Signals: Sendable {
    /// SIGHUP, SIGTERM and SIGINT, in order. At most 16 are buffered; then the oldest is dropped.
    package let requests: AsyncStream<Request>

    /// A command that wants signals as requests must access this first: earlier signals have their default action.
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
            // Without a reader signals would be lost: restore the default action, which ends the process.
            for number in [SIGHUP, SIGTERM, SIGINT] { signal(number, SIG_DFL) }
        }
    }
}

extension Signals {
    /// Catches signals for a command that is no daemon, and returns their numbers, in order. At most 16 are buffered;
    /// then the oldest is dropped. A process has either this or `shared`.
    /// - Returns: nil with errno if they can't be caught; then they have their default actions.
    package static func stream(of numbers: [Int32]) -> AsyncStream<Int32>? {
        let descriptor = vw_signals_open(numbers, Int32(numbers.count))
        guard descriptor >= 0 else { return nil }
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(16))
        do {
            // Reading blocks, so it has a thread of its own. It lives as long as the process.
            try SystemThreads().start("signals") {
                while true {
                    let number = vw_signals_read(descriptor)
                    guard number > 0 else { return }
                    continuation.yield(number)
                }
            }
        } catch {
            for number in numbers { signal(number, SIG_DFL) }
            errno = error.code
            return nil
        }
        return stream
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
                // The third request ends the process without waiting for the drain.
                if stopRequests >= 3 { _exit(130) }
                continuation.yield(.stop)
            default: return
            }
        }
    }
}
