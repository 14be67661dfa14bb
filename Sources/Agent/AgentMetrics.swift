import Exposition
import Samples
import Telemetry
import Text

/// The agent's own metrics that belong to no other part. Names follow those of Prometheus and Alertmanager.
struct AgentMetrics: Sendable {
    let reloadSuccessful: Gauge
    let reloadTimestamp: Gauge
    let loopAge: Gauge
    let journalHealthy: Gauge
    let journalBacklog: Gauge
    let journalLost: Gauge
    let journalBytes: Gauge
    let journalAvailable: Gauge
    let journalStalled: Gauge
    let journalBegunAnew: Gauge
    let alerts: Gauge
    let externalAlerts: Gauge
    let externalAlertBytes: Gauge
    let ownAlertBytes: Gauge
    let groups: Gauge
    let silences: Gauge
    let incidentStart: Gauge
    let acknowledged: Gauge
    let pending: Gauge
    let pendingAge: Gauge
    let residentBytes: Gauge
    let cpuSeconds: Gauge
    let openFiles: Gauge
    let lostLogLines: Gauge
    let cutLogFields: Counter
    let threadFailures: Counter
    let startTime: Gauge
    let promisedPoint: Gauge
    let promisedTime: Gauge

    init(_ registry: Registry, version: String, now: Timestamp) {
        registry.gauge(
            "vaultwatch_build_info", help: "Always 1; the label has the agent's version.", labels: ["version"]
        ).set(1, version)
        reloadSuccessful = registry.gauge(
            "vaultwatch_config_last_reload_successful", help: "1 when the last reload of the configuration succeeded.")
        reloadTimestamp = registry.gauge(
            "vaultwatch_config_last_reload_success_timestamp_seconds",
            help: "Time of the last successful load of the configuration, since the epoch.")
        loopAge = registry.gauge(
            "vaultwatch_loop_age_seconds", help: "Time since a loop last advanced.", labels: ["loop"])
        journalHealthy = registry.gauge(
            "vaultwatch_journal_healthy",
            help: "1 if the disk responds in time and everything written to the journal is on it.")
        journalBacklog = registry.gauge(
            "vaultwatch_journal_backlog_rows", help: "Rows of the journal waiting in memory for the disk.")
        journalLost = registry.gauge(
            "vaultwatch_journal_lost_rows",
            help: "Rows of the journal dropped: too many were waiting for the disk, or one was too large.")
        journalStalled = registry.gauge(
            "vaultwatch_journal_stalled_seconds", help: "How long the journal's disk has not answered; 0 while it does."
        )
        journalBytes = registry.gauge("vaultwatch_journal_size_bytes", help: "Size of the journal's file.")
        journalAvailable = registry.gauge(
            "vaultwatch_journal_available_bytes",
            help: "Bytes left on the file system of the journal, as of its last access; absent while unknown.")
        journalBegunAnew = registry.gauge(
            "vaultwatch_journal_begun_anew_timestamp_seconds",
            help: "When the journal was last found corrupt and a new one created, since the epoch; 0 if never.")
        alerts = registry.gauge("vaultwatch_alerts", help: "Alerts by state.", labels: ["state"])
        externalAlerts = registry.gauge(
            "vaultwatch_external_alerts", help: "Alerts that came through the API.")
        externalAlertBytes = registry.gauge(
            "vaultwatch_external_alerts_bytes", help: "Bytes of the alerts that came through the API.")
        ownAlertBytes = registry.gauge(
            "vaultwatch_rule_alerts_bytes", help: "Bytes of the alerts that came from rules.")
        groups = registry.gauge("vaultwatch_dispatcher_groups", help: "Groups of alerts.")
        incidentStart = registry.gauge(
            "vaultwatch_incident_start_timestamp_seconds",
            help:
                "When an open incident began, since the epoch; incident is its number, as in /i/318; the newest 100.",
            labels: ["incident", "alertname", "cluster"])
        acknowledged = registry.gauge(
            "vaultwatch_incident_acknowledged_timestamp_seconds",
            help: "When an open incident was acknowledged, since the epoch; of the newest 100.",
            labels: ["incident", "alertname", "by"])
        silences = registry.gauge("vaultwatch_silences", help: "Silences by state.", labels: ["state"])
        pending = registry.gauge(
            "vaultwatch_notifications_pending", help: "Messages not yet accepted by their receiver.")
        pendingAge = registry.gauge(
            "vaultwatch_notifications_pending_age_seconds",
            help:
                "How long the oldest message not accepted by the receiver has been pending; absent while there is none.",
            labels: ["integration", "receiver"])
        residentBytes = registry.gauge("process_resident_memory_bytes", help: "Resident memory size in bytes.")
        cpuSeconds = registry.gauge("vaultwatch_process_cpu_seconds", help: "User and system CPU time spent.")
        openFiles = registry.gauge("process_open_fds", help: "Number of open file descriptors.")
        cutLogFields = registry.counter(
            "vaultwatch_log_cut_fields_total", help: "Log fields that were longer than 4 KiB and were truncated.")
        cutLogFields.declare()
        lostLogLines = registry.gauge(
            "vaultwatch_log_lost_lines", help: "Log lines lost because their reader was too slow.")
        threadFailures = registry.counter(
            "vaultwatch_thread_start_failures_total", help: "Number of threads that the system refused to start.")
        threadFailures.declare()
        startTime = registry.gauge(
            "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds.")
        promisedPoint = registry.gauge(
            "vaultwatch_recovery_point_objective_seconds",
            help: "How much time of writes may be lost, as the configuration promises; absent if it promises nothing.")
        promisedTime = registry.gauge(
            "vaultwatch_recovery_time_objective_seconds",
            help: "How long a recovery may take, as the configuration promises; absent if it promises nothing.")
        reloadSuccessful.set(1)
        reloadTimestamp.set(now.seconds)
        journalHealthy.set(1)
        journalBegunAnew.set(0)
        startTime.set(now.seconds)
        for state in ["active", "suppressed", "unprocessed"] { alerts.set(0, state) }
        for state in ["active", "pending", "expired"] { silences.set(0, state) }
    }

    /// Shows what is promised for a recovery, so that rules can compare it with what is measured.
    func set(promisedPoint point: Duration?, time: Duration?) {
        if let point { promisedPoint.set(point.seconds) } else { promisedPoint.remove() }
        if let time { promisedTime.set(time.seconds) } else { promisedTime.remove() }
    }

    func set(_ usage: ProcessUsage) {
        if let seconds = usage.cpuSeconds { cpuSeconds.set(seconds) }
        if let bytes = usage.residentBytes { residentBytes.set(bytes) }
        lostLogLines.set(Double(usage.lostLogLines))
        cutLogFields.increment(by: Double(usage.cutLogFields) - cutLogFields.value())
        threadFailures.increment(by: Double(usage.threadFailures) - threadFailures.value())
        if let count = usage.openFiles { openFiles.set(Double(count)) }
    }
}
