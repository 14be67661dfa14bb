import CSystemd
import Platform
import Synchronization
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
        let (stream, continuation) = AsyncStream.makeStream(of: Request.self, bufferingPolicy: .bufferingNewest(16))
        requests = stream
        let stopRequests = Mutex(0)
        _ = Signals.read([SIGHUP, SIGTERM, SIGINT]) { number in
            if number == SIGHUP { return _ = continuation.yield(.reload) }
            let count = stopRequests.withLock { count in
                count += 1
                return count
            }
            // The third request ends the process without waiting for the drain.
            if count >= 3 { _exit(130) }
            continuation.yield(.stop)
        }
    }

    /// Catches signals for a command that is no daemon, and returns their numbers, in order. At most 16 are buffered;
    /// then the oldest is dropped. A process has either this or `shared`.
    /// - Returns: nil with errno if they can't be caught; then they have their default actions.
    package static func stream(of numbers: [Int32]) -> AsyncStream<Int32>? {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(16))
        return read(numbers) { continuation.yield($0) } ? stream : nil
    }

    /// Catches signals and hands them on in order. Reading blocks, so it has a thread of its own, which lives as long as
    /// the process.
    /// - Returns: false with errno if they can't be caught; then they have their default actions.
    private static func read(_ numbers: [Int32], _ handle: @escaping @Sendable (Int32) -> Void) -> Bool {
        let descriptor = vw_signals_open(numbers, Int32(clamping: numbers.count))
        guard descriptor >= 0 else { return false }
        do {
            try SystemThreads().start("signals") {
                while true {
                    let number = vw_signals_read(descriptor)
                    guard number > 0 else { return }
                    handle(number)
                }
            }
            return true
        } catch {
            // Without a reader signals would be lost: the default actions end the process.
            for number in numbers { signal(number, SIG_DFL) }
            errno = error.code
            return false
        }
    }
}
