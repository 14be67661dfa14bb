package import Logging
#if canImport(Glibc)
    import Glibc
#endif

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
    /// This machine's name, for links to the agent if no URL is configured.
    package var hostname: String

    /// A platform from its parts.
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

    /// The machine's clocks, random generator and file system.
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
