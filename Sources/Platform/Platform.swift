import Logging

/// Everything that makes two runs differ, in one value: time, randomness, files, threads, and the log.
/// Production uses `Platform.real()`; tests put their own parts in.
package struct Platform: Sendable {
    package var time: any TimeSource
    package var random: any RandomSource
    package var files: any FileAccess
    package var log: Logger
    package var threads: any ThreadStarter

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

    /// The machine's own clocks, its random generator, its file system, and standard error.
    package static func real(log: Logger) -> Platform {
        Platform(time: SystemTime(), random: SystemRandom(), files: SystemFiles(), log: log)
    }
}
