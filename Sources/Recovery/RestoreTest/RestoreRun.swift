import Platform
package import Probes
import Samples
import Synchronization
import Text

/// What a restore test tells while it runs.
package enum RestoreProgress: Sendable, Hashable {
    /// A phase began.
    case began(RestorePhase)
    /// So many bytes of the backup are here.
    case fetched(bytes: Int64, of: Int64, key: String)
    /// A phase ended.
    case ended(RestorePhase, seconds: Double)
}

/// Keeps the report of one run, measures its phases, and holds them to the deadline.
final class RestoreRun: Sendable {
    let time: any TimeSource
    /// When the whole test must have ended, its cleaning up apart.
    let deadline: Instant
    private let report: Mutex<RestoreTestReport>
    private let observe: @Sendable (RestoreProgress) -> Void
    private let limit: Duration

    /// Time between two questions to a Vault that is not ready.
    private static let interval = Duration.milliseconds(250)

    init(
        kind: RestoreTestOptions.Kind, limit: Duration, time: any TimeSource,
        observe: @escaping @Sendable (RestoreProgress) -> Void
    ) {
        self.time = time
        self.limit = limit
        self.observe = observe
        deadline = time.monotonic() + limit
        report = Mutex(RestoreTestReport(began: time.wall(), kind: kind))
    }

    var result: RestoreTestReport { report.withLock { $0 } }

    func note(_ change: (inout RestoreTestReport) -> Void) { report.withLock { change(&$0) } }

    func tell(_ progress: RestoreProgress) { observe(progress) }

    /// The time that is left.
    var left: Duration { max(.zero, deadline - time.monotonic()) }

    /// Measures a phase. Its duration counts even if it fails.
    func phase<Value: Sendable>(
        _ phase: RestorePhase, _ work: () async throws(RestoreFailure) -> Value
    ) async throws(RestoreFailure) -> Value {
        do throws(RestoreFailure) { try checkTime(phase, "it had not begun") } catch {
            var failure = error
            failure.phase = phase
            throw failure
        }
        observe(.began(phase))
        let began = time.monotonic()
        func end() {
            let seconds = (time.monotonic() - began).seconds
            report.withLock { $0.phases.append(.init(phase: phase, seconds: seconds)) }
            observe(.ended(phase, seconds: seconds))
        }
        do throws(RestoreFailure) {
            let value = try await work()
            end()
            return value
        } catch {
            end()
            var failure =
                Task.isCancelled ? RestoreFailure(.interrupted, "stopped in the phase \(phase.rawValue)") : error
            failure.phase = phase
            throw failure
        }
    }

    /// Asks until there is a value.
    /// - Parameter ask: returns a value, or why there is none yet.
    func poll<Value: Sendable>(
        _ phase: RestorePhase, _ ask: () async throws(RestoreFailure) -> Result<Value, Pending>
    ) async throws(RestoreFailure) -> Value {
        while true {
            switch try await ask() {
            case .success(let value): return value
            case .failure(let pending): try checkTime(phase, pending.reason)
            }
            do { try await time.sleep(for: RestoreRun.interval) } catch {
                throw RestoreFailure(.interrupted, "stopped in the phase \(phase.rawValue)")
            }
        }
    }

    /// Why the answer is not there yet.
    struct Pending: Error {
        let reason: String
    }

    private func checkTime(_ phase: RestorePhase, _ reason: String) throws(RestoreFailure) {
        if Task.isCancelled { throw RestoreFailure(.interrupted, "stopped before the phase \(phase.rawValue)") }
        guard time.monotonic() < deadline else {
            throw RestoreFailure(
                .timeout,
                "the restore test took longer than its timeout of \(Words.duration(limit)): in the phase \(phase.rawValue), \(reason)"
            )
        }
    }
}
