import Exposition
import Samples
import Telemetry
#if canImport(Glibc)
    import Glibc
#endif

/// What the agent says of itself beside what its parts count. Names follow Prometheus' and Alertmanager's own.
struct AgentMetrics: Sendable {
    let reloadSuccessful: Gauge
    let reloadTimestamp: Gauge
    let loopAge: Gauge
    let journalHealthy: Gauge
    let journalBacklog: Gauge
    let journalLost: Gauge
    let journalBytes: Gauge
    let journalStalled: Gauge
    let journalBegunAnew: Gauge
    let alerts: Gauge
    let groups: Gauge
    let silences: Gauge
    let pending: Gauge
    let residentBytes: Gauge
    let cpuSeconds: Gauge
    let openFiles: Gauge
    let startTime: Gauge

    init(_ registry: Registry, version: String, now: Timestamp) {
        registry.gauge("vaultwatch_build_info", help: "1; the agent's version.", labels: ["version"]).set(1, version)
        reloadSuccessful = registry.gauge(
            "vaultwatch_config_last_reload_successful", help: "1 when the last reload of the configuration succeeded.")
        reloadTimestamp = registry.gauge(
            "vaultwatch_config_last_reload_success_timestamp_seconds", help: "When the configuration was last taken.")
        loopAge = registry.gauge(
            "vaultwatch_loop_age_seconds", help: "Time since a loop last advanced.", labels: ["loop"])
        journalHealthy = registry.gauge(
            "vaultwatch_journal_healthy",
            help: "1 when the disk answers in time and everything written to the journal is on it.")
        journalBacklog = registry.gauge(
            "vaultwatch_journal_backlog_rows", help: "Rows that wait in memory for the disk.")
        journalLost = registry.gauge(
            "vaultwatch_journal_lost_rows",
            help: "Rows of the journal given up: too many waited for the disk, or one was too large.")
        journalStalled = registry.gauge(
            "vaultwatch_journal_stalled_seconds", help: "How long the journal's disk has not answered; 0 while it does."
        )
        journalBytes = registry.gauge("vaultwatch_journal_size_bytes", help: "Size of the journal's file.")
        journalBegunAnew = registry.gauge(
            "vaultwatch_journal_begun_anew_timestamp_seconds",
            help: "When the journal's file was last found broken and a new one begun; 0: never.")
        alerts = registry.gauge("vaultwatch_alerts", help: "Alerts by state.", labels: ["state"])
        groups = registry.gauge("vaultwatch_dispatcher_groups", help: "Groups of alerts.")
        silences = registry.gauge("vaultwatch_silences", help: "Silences by state.", labels: ["state"])
        pending = registry.gauge(
            "vaultwatch_notifications_pending", help: "Messages that no receiver has accepted yet.")
        residentBytes = registry.gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.")
        cpuSeconds = registry.gauge("vaultwatch_process_cpu_seconds", help: "User and system CPU time spent.")
        openFiles = registry.gauge("process_open_fds", help: "Number of open file descriptors.")
        startTime = registry.gauge(
            "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds.")
        reloadSuccessful.set(1)
        reloadTimestamp.set(now.seconds)
        journalHealthy.set(1)
        journalBegunAnew.set(0)
        startTime.set(now.seconds)
        for state in ["active", "suppressed", "unprocessed"] { alerts.set(0, state) }
        for state in ["active", "pending", "expired"] { silences.set(0, state) }
    }

    /// Memory, time and descriptors of this process; getrusage(2), proc(5).
    func measureProcess() {
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let user = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
            let system = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
            cpuSeconds.set(user + system)
        }
        if let pages = AgentMetrics.residentPages() {
            residentBytes.set(Double(pages) * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let directory = opendir("/proc/self/fd") {
            var count = 0
            while readdir(directory) != nil { count += 1 }
            closedir(directory)
            // Without `.`, `..` and the one that reads.
            openFiles.set(Double(max(0, count - 3)))
        }
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
