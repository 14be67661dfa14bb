import Platform
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Lines that a person types on standard input.
enum TerminalInput {
    private struct State {
        var isReading = false
        /// Whoever waits for the next line.
        var waiter: OneShot<String?>?
    }

    private static let state = Mutex(State())
    private static let limit = 4096

    /// The next line, without its end; nil at the end of the input.
    ///
    /// Reading blocks, so it has a thread of its own. Whoever gives up waiting leaves the thread to the next one: two that
    /// read would take each other's lines.
    static func line() async -> String? {
        let waiter = OneShot<String?>()
        let starts = state.withLock { state in
            state.waiter?.fulfil(nil)
            state.waiter = waiter
            defer { state.isReading = true }
            return !state.isReading
        }
        if starts {
            do {
                try SystemThreads().start("input") { finish(read()) }
            } catch {
                finish(nil)
            }
        }
        return await waiter.value()
    }

    private static func finish(_ line: String?) {
        let waiter = state.withLock { state in
            state.isReading = false
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.fulfil(line)
    }

    /// Byte by byte, so that nothing of the next line is lost; read(2).
    private static func read() -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = Glibc.read(0, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self) }
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            if bytes.count < limit { bytes.append(byte) }
        }
    }
}
