import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// This process's use of resources.
package struct ProcessUsage: Sendable, Hashable {
    /// User and system time.
    package var cpuSeconds: Double?
    /// Resident memory; nil where the system does not report it.
    package var residentBytes: Double?
    /// Open file descriptors; nil where the system does not report them.
    package var openFiles: Int?
    /// Log lines that were lost because their reader was too slow.
    package var lostLogLines = 0
    /// Log fields that were truncated because they were too long.
    package var cutLogFields = 0
    /// Threads that the system refused to start.
    package var threadFailures = 0

    /// Unknown usage.
    package init() {}

    /// Source: getrusage(2), proc(5).
    package static func current() -> ProcessUsage {
        var result = ProcessUsage()
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
            let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
            result.cpuSeconds = user + system
        }
        result.lostLogLines = LogSink.standardError.lost
        result.cutLogFields = LineLogHandler.cutFields
        result.threadFailures = SystemThreads.failures
        result.residentBytes = residentPages().map { Double($0) * Double(sysconf(Int32(_SC_PAGESIZE))) }
        if let directory = opendir("/proc/self/fd") {
            var count = 0
            while readdir(directory) != nil { count += 1 }
            closedir(directory)
            // Without `.`, `..` and the descriptor that reads the folder.
            result.openFiles = max(0, count - 3)
        }
        return result
    }

    private static func residentPages() -> Int? {
        let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 128)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let words = String(decoding: bytes[..<count], as: UTF8.self).split(separator: " ")
        return words.count > 1 ? Int(words[1]) : nil
    }
}
