import Samples
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Writes log lines for callers that must not wait for the reader: what a pipe, a socket or a terminal accepts at once
/// is written at once; the rest waits for the sink's own thread, and beyond `limitBytes` lines are dropped and counted.
package final class LogSink: Sendable {
    /// Standard error.
    package static let standardError = LogSink(2)

    private struct State {
        /// -1: only the thread writes, since the file system may block.
        var direct: Int32 = -1
        var isSocket = false
        var isOpened = false
        /// Waiting lines; of the first one, `written` bytes are already written.
        var queue: [[UInt8]] = []
        var written = 0
        var bytes = 0
        var hasThread = false
        var lost = 0
        var untold = 0
    }

    private let descriptor: Int32
    private let limitBytes: Int
    private let threads: any ThreadStarter
    private let state = Mutex(State())

    /// - Parameters:
    ///   - descriptor: must stay open as long as the sink exists.
    ///   - limitBytes: for waiting lines. Default 1 MiB.
    package init(_ descriptor: Int32, limitBytes: Int = 1 << 20, threads: any ThreadStarter = SystemThreads()) {
        self.descriptor = descriptor
        self.limitBytes = limitBytes
        self.threads = threads
    }

    deinit {
        let direct = state.withLock { $0.direct }
        if direct >= 0, direct != descriptor { close(direct) }
    }

    /// Lines dropped so far.
    package var lost: Int { state.withLock { $0.lost } }

    /// Lines dropped since the last call, once lines are accepted again: to be reported.
    package func takeLost() -> Int {
        state.withLock { state in
            guard state.untold > 0, state.bytes <= limitBytes / 2 else { return 0 }
            defer { state.untold = 0 }
            return state.untold
        }
    }

    /// Writes a line and a line break, now or later; never waits.
    package func write(_ line: String) {
        state.withLock { state in
            if !state.isOpened { open(&state) }
            let line = Array(line.utf8)
            guard state.bytes + line.count <= limitBytes else {
                LogSink.lose(1, &state)
                return
            }
            state.queue.append(line)
            state.bytes += line.count
            guard !state.hasThread else { return }
            writeAtOnce(&state)
            guard !state.queue.isEmpty else { return }
            // If the thread can't be started, the next line tries again.
            state.hasThread = (try? threads.start("log", stackBytes: 65536) { self.drain() }) != nil
        }
    }

    /// Waits until everything is written, at most a second: for the end of the process.
    package func flush() {
        let end = SystemTime().monotonic() + .seconds(1)
        while state.withLock({ $0.hasThread }), SystemTime().monotonic() < end { usleep(1000) }
    }

    private static func lose(_ count: Int, _ state: inout State) {
        state.lost += count
        state.untold += count
    }

    /// O_NONBLOCK belongs to the open file description, which other processes may share: so pipes and terminals are
    /// reopened, and sockets, which can't be, get a flag in each call.
    private func open(_ state: inout State) {
        state.isOpened = true
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        switch status.st_mode & S_IFMT {
        case S_IFSOCK: (state.direct, state.isSocket) = (descriptor, true)
        case S_IFIFO, S_IFCHR:
            state.direct = Glibc.open(
                "/proc/self/fd/\(descriptor)", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        default: break
        }
    }

    private func writeAtOnce(_ state: inout State) {
        guard state.direct >= 0 else { return }
        while let line = state.queue.first {
            let count = LogSink.write(line, from: state.written, to: state.direct, isSocket: state.isSocket)
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            advance(count, &state)
        }
    }

    /// - Parameter count: what write(2) returned for the first line.
    private func advance(_ count: Int, _ state: inout State) {
        if count >= 0 {
            state.written += count
            guard state.written >= state.queue[0].count else { return }
        } else {
            // The reader is gone.
            LogSink.lose(1, &state)
        }
        state.bytes -= state.queue.removeFirst().count
        state.written = 0
    }

    private static func write(_ line: [UInt8], from start: Int, to descriptor: Int32, isSocket: Bool) -> Int {
        line[start...].withUnsafeBytes { bytes in
            isSocket
                ? send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
                : Glibc.write(descriptor, bytes.baseAddress, bytes.count)
        }
    }

    /// The thread's body: keeps writing the first line, as long as that takes, and ends when none is left.
    private func drain() {
        while true {
            let next = state.withLock { state -> (line: [UInt8], from: Int, to: Int32, isSocket: Bool)? in
                guard let line = state.queue.first else {
                    state.hasThread = false
                    return nil
                }
                return (line, state.written, state.direct >= 0 ? state.direct : descriptor, state.isSocket)
            }
            guard let next else { return }
            var ready = pollfd(fd: next.to, events: Int16(POLLOUT), revents: 0)
            _ = poll(&ready, 1, -1)
            let count = LogSink.write(next.line, from: next.from, to: next.to, isSocket: next.isSocket)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            state.withLock { advance(count, &$0) }
        }
    }
}
