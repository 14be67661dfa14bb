import Platform
import Samples
import Synchronization
import Text
import Transport

/// Probes a service, and says whether it is down, answers as expected, or answers something else.
final class ServiceProbe: RunnableProbe {
    private struct Memory {
        var histogram = LatencyHistogram()
        /// Failures since the last success.
        var failures = 0
    }

    /// A service that fails is probed again at once until it has failed this often in a row: a single lost packet or a
    /// connection that a restart refuses is no outage.
    static let confirmations = 3
    /// When a certificate's end is worth a warning.
    private static let certificateNotice = Duration.seconds(14 * 86400)

    let target: ProbeTarget
    private let options: ServiceOptions
    private let check: any ServiceCheck
    private let platform: Platform
    private let memory = Mutex(Memory())

    init(options: ServiceOptions, check: any ServiceCheck, platform: Platform) {
        target = ProbeTarget(.service, options.name)
        self.options = options
        self.check = check
        self.platform = platform
    }

    var interval: Duration { options.interval }
    // The limits of the check's own requests come first, with a better reason.
    var timeout: Duration { options.timeout + .seconds(1) }

    func run() async -> ProbeReport { report(await check.look()) }

    func timedOut() -> ProbeReport {
        report(
            ServiceFinding(down: ProbeFailure("timeout", "no answer within \(Words.duration(timeout))")))
    }

    private func report(_ finding: ServiceFinding) -> ProbeReport {
        let now = platform.time.wall()
        let memory = self.memory.withLock { memory in
            if let timing = finding.timing, finding.isUp { memory.histogram.observe(timing.total) }
            memory.failures = finding.failure == nil ? 0 : memory.failures.addingSaturated(1)
            return memory
        }
        let kind = options.check.kind
        var set = SampleSet(["service": options.name, "kind": kind], at: now)
        set.add(
            "service_info", 1, ["address": options.check.address, "severity": options.severity.rawValue])
        set.add("service_up", finding.isUp)
        if finding.isUp { set.add("service_as_expected", finding.failure == nil) }
        if let failure = finding.failure { set.add("service_failure", 1, ["reason": failure.reason]) }
        set.add("service_consecutive_failures", memory.failures)
        if let timing = finding.timing {
            let phases = [
                ("resolve", timing.resolve), ("connect", timing.connect), ("tls", timing.tls),
                ("processing", timing.processing), ("transfer", timing.transfer),
            ]
            set.add("service_last_duration_seconds", timing.total)
            for (phase, seconds) in phases { set.add("service_probe_duration_seconds", seconds, ["phase": phase]) }
        }
        set.add("service_request_duration_seconds", memory.histogram)
        set.add("service_certificate_expiry_timestamp_seconds", finding.certificateExpiry)
        set.add("service_certificate_lifetime_seconds", finding.certificateLifetime?.seconds)
        for fact in finding.facts { set.add(fact.name, fact.value, fact.labels) }
        return ProbeReport(
            samples: set.samples, failure: finding.failure, status: status(finding, now),
            confirm: finding.failure != nil && memory.failures < ServiceProbe.confirmations ? [target] : [])
    }

    private func status(_ finding: ServiceFinding, _ now: Timestamp) -> TargetStatus {
        var warnings = finding.warnings
        if let expiry = finding.certificateExpiry, expiry - now < ServiceProbe.certificateNotice {
            warnings.append("the certificate ends \(expiry.rfc3339)")
        }
        if let failure = finding.failure {
            return TargetStatus(
                .critical, finding.isUp ? "wrong answer" : "down", detail: failure.description, warnings: warnings)
        }
        return TargetStatus(warnings.isEmpty ? .ok : .warning, "answers", detail: finding.detail, warnings: warnings)
    }
}
