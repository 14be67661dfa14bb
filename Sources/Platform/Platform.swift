import Logging
#if canImport(Glibc)
    import Glibc
#endif

/// Everything that makes two runs differ, in one value: time, randomness, files, threads, and the log.
/// Production uses `Platform.real()`; tests put their own parts in.
package struct Platform: Sendable {
    package var time: any TimeSource
    package var random: any RandomSource
    package var files: any FileAccess
    package var log: Logger
    package var threads: any ThreadStarter
    /// This machine's name, for links to the agent where none are configured.
    package var hostname: String

    package init(
        time: any TimeSource, random: any RandomSource, files: any FileAccess, log: Logger,
        threads: any ThreadStarter = SystemThreads(), hostname: String = "localhost"
    ) {
        self.time = time
        self.random = random
        self.files = files
        self.log = log
        self.threads = threads
        self.hostname = hostname
    }

    /// The machine's own clocks, its random generator, its file system, and standard error.
    package static func real(log: Logger) -> Platform {
        Platform(time: SystemTime(), random: SystemRandom(), files: SystemFiles(), log: log, hostname: systemHostname())
    }

    /// gethostname(2).
    private static func systemHostname() -> String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "localhost" : text
    }
}
