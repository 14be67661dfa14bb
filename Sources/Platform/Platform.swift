import Logging

/// The sources of nondeterminism, in one value: time, randomness, files, threads, and the log.
/// Production uses `Platform.real(log:)`; tests pass substitutes.
package struct Platform: Sendable {
    /// The clocks.
    package var time: any TimeSource
    /// Random numbers.
    package var random: any RandomSource
    /// The file system.
    package var files: any FileAccess
    /// Where log events go.
    package var log: Logger
    /// Starts threads.
    package var threads: any ThreadStarter

    /// A platform from its parts.
    package init(
        time: any TimeSource, random: any RandomSource, files: any FileAccess, log: Logger,
        threads: any ThreadStarter = SystemThreads()
    ) {
        self.time = time
        self.random = random
        self.files = files
        self.log = log
        self.threads = threads
    }

    /// The machine's clocks, random generator and file system.
    package static func real(log: Logger) -> Platform {
        Platform(time: SystemTime(), random: SystemRandom(), files: SystemFiles(), log: log)
    }
}
