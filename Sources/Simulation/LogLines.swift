import Synchronization

/// The last lines of a log, from any thread.
package final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    private static let limit = 1000

    /// No lines yet.
    package init() {}

    /// The last lines, at least 500 of them if there were that many.
    package var all: [String] { lines.withLock { $0 } }

    /// Adds a line.
    package func add(_ line: String) {
        lines.withLock { lines in
            if lines.count == LogLines.limit { lines.removeFirst(LogLines.limit / 2) }
            lines.append(line)
        }
    }
}
