import Platform
import Samples
import Synchronization
import Text
import Transport

/// Reads a secret as a client would, which shows whether Vault serves requests and how fast.
final class VaultCanaryProbe: RunnableProbe {
    enum Via: Sendable, Hashable {
        case activeNode
        case loadBalancer(String)

        var label: String {
            switch self {
            case .activeNode: "active_node"
            case .loadBalancer: "load_balancer"
            }
        }
    }

    private struct Tally {
        var reads = 0
        var failures: [String: Int] = [:]
        var histogram = LatencyHistogram()
        var lastSeconds: Double?
        var lastSuccess: Timestamp?
    }

    let target: ProbeTarget
    private let cluster: VaultCluster
    private let via: Via
    private let tally = Mutex(Tally())

    init(cluster: VaultCluster, via: Via) {
        self.cluster = cluster
        self.via = via
        target = ProbeTarget(.vaultCanary, "\(cluster.options.name)/\(via.label)")
    }

    var interval: Duration { cluster.options.interval }
    /// How long a read may take before the token is looked up in parallel.
    private static let patience = Duration.seconds(1)

    /// Login, look-up and read together take no longer than a single request may, so that no turn is missed.
    var timeout: Duration { cluster.options.timeout + .seconds(1) }
    var executor: (any TaskExecutor)? { cluster.http.executor }

    func run() async -> ProbeReport {
        let end = cluster.platform.time.monotonic() + cluster.options.timeout
        return report(await read(until: end))
    }

    func timedOut() -> ProbeReport {
        report(.failure(ProbeFailure("timeout", "canary: no answer within \(Words.duration(timeout))")))
    }

    /// Reads the secret; the value is the duration in seconds.
    private func read(until end: Instant) async -> Result<Double, ProbeFailure> {
        guard let path = cluster.options.canaryPath else {
            return .failure(ProbeFailure("configuration", "no canary path"))
        }
        let base: String
        switch via {
        case .loadBalancer(let url): base = url
        case .activeNode:
            guard let node = cluster.activeNode else {
                return .failure(ProbeFailure("no_active_node", "canary: no node is active"))
            }
            base = node.url
        }
        var token: String
        switch await cluster.session.token(base: base) {
        case .success(let value): token = value
        case .failure(let failure): return .failure(failure)
        }
        let isRead = OneShot<Void>()
        async let kept: Void = keepToken(base, after: isRead, until: end)
        var outcome = await read(path, base, token, until: end)
        isRead.fulfil(())
        // A token that Vault no longer knows is replaced by a login, and the read repeated.
        if case .failure(let failure) = outcome, failure.reason == "token", cluster.session.logsIn,
            left(until: end) > .zero
        {
            switch await cluster.session.token(base: base) {
            case .success(let value):
                token = value
                outcome = await read(path, base, token, until: end)
            case .failure(let failure): outcome = .failure(failure)
            }
        }
        await kept
        return outcome
    }

    /// Runs in parallel with a read that is not answered soon, since neither may wait for the other: if a look-up of
    /// the token is not answered either, an audit device is blocked.
    private func keepToken(_ base: String, after isRead: OneShot<Void>, until end: Instant) async {
        guard via == .activeNode else { return }
        let time = cluster.platform.time
        let patience = min(time.monotonic() + VaultCanaryProbe.patience, end)
        if await Deadline.run({ await isRead.value() }, until: patience, time: time) == nil {
            cluster.session.heard(false)
        }
        await cluster.session.keep(base: base, until: end)
    }

    private func left(until end: Instant) -> Duration { end - cluster.platform.time.monotonic() }

    private func read(_ path: String, _ base: String, _ token: String, until end: Instant) async -> Result<
        Double, ProbeFailure
    > {
        var request = cluster.options.namespacedRequest(base, "/v1/" + path.drop { $0 == "/" }, token: token)
        let left = left(until: end)
        guard left > .zero else {
            return .failure(ProbeFailure("timeout", "canary: not read, since the login took the whole timeout"))
        }
        request.timeout = min(request.timeout, left)
        switch await cluster.http.exchange(request) {
        case .failure(let error):
            if error.isSilence, via == .activeNode { cluster.session.heard(false) }
            return .failure(ProbeFailure(unanswered: error, of: "canary"))
        case .success(let response) where response.status == 200:
            cluster.session.accepted()
            return .success(response.timing.total)
        case .success(let response) where response.status == 403:
            let known = await cluster.session.isKnown(
                token, after: response, base: base, timeout: max(self.left(until: end), .milliseconds(1)))
            return .failure(
                known == false
                    ? ProbeFailure("token", "canary: Vault does not know the token (403)")
                    : ProbeFailure("denied", "canary: \(response.vaultWords) (403)"))
        case .success(let response):
            cluster.session.heard(true)
            let failure = ProbeFailure(response, of: "canary")
            if failure.reason == "audit" || failure.reason == "http", cluster.hasStorageError {
                return .failure(ProbeFailure("storage", "canary: \(response.vaultWords) (\(response.status))"))
            }
            return .failure(failure)
        }
    }

    /// Whether the canary itself is at fault: without a token, the right policy or a secret to read, nothing is known
    /// about what clients experience.
    private static func isOurs(_ failure: ProbeFailure) -> Bool {
        ["token", "denied", "not_found", "configuration"].contains(failure.reason)
    }

    private func report(_ outcome: Result<Double, ProbeFailure>) -> ProbeReport {
        let now = cluster.platform.time.wall()
        let tally = self.tally.withLock { tally in
            tally.reads += 1
            switch outcome {
            case .success(let seconds):
                tally.histogram.observe(seconds)
                tally.lastSeconds = seconds
                tally.lastSuccess = now
            case .failure(let failure): tally.failures[failure.reason, default: 0] += 1
            }
            return tally
        }
        var set = SampleSet(["cluster": cluster.options.name, "via": via.label], at: now)
        set.add("vault_canary_success", outcome.isSuccess)
        set.add("vault_canary_reads_total", tally.reads)
        for (reason, count) in tally.failures.sorted(by: { $0.key < $1.key }) {
            set.add("vault_canary_failures_total", count, ["reason": reason])
        }
        if case .failure(let failure) = outcome {
            set.add("vault_canary_failure", true, ["reason": failure.reason])
        }
        set.add("vault_canary_duration_seconds", tally.histogram)
        set.add("vault_canary_last_duration_seconds", tally.lastSeconds)
        set.add("vault_canary_last_success_timestamp_seconds", tally.lastSuccess)
        if via == .activeNode {
            var own = SampleSet(["cluster": cluster.options.name], at: now)
            cluster.session.add(to: &own)
            set.append(own)
        }
        switch outcome {
        case .success(let seconds):
            let milliseconds = Int64(saturating: (seconds * 1000).rounded())
            return ProbeReport(
                samples: set.samples,
                status: TargetStatus(seconds > 0.1 ? .warning : .ok, "readable", detail: "\(milliseconds) ms"))
        case .failure(let failure):
            return ProbeReport(
                samples: set.samples, failure: failure,
                status: VaultCanaryProbe.isOurs(failure)
                    ? TargetStatus(.warning, "not tested", detail: failure.description)
                    : TargetStatus(.critical, "not readable", detail: failure.description))
        }
    }
}
