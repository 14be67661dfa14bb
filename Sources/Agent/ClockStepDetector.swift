import Logging
package import Platform
import Samples
package import Store
import Synchronization
package import Telemetry
import Text

/// Detects steps of the wall clock by comparing it with the monotonic clock, and shifts the samples in memory: a sample
/// that is ten seconds old stays ten seconds old. Otherwise a step forward would leave rules without data, which ends
/// alerts, and a step back would show them data of an hour ago and reject every new sample until the clock has caught
/// up.
///
/// Call `check` before stamping samples. A machine that slept looks like a step as well: its data keep the age they
/// had.
package final class ClockStepDetector: Sendable {
    private struct State {
        var last: Moment?
        var steps = Duration.zero
    }

    private let state = Mutex(State())
    private let store: Store
    private let platform: Platform
    private let counter: Counter

    /// Larger than what slewing, and the delay between reading the two clocks, can cause.
    private static let threshold = Duration.seconds(1)

    /// A detector that shifts the samples of the store at each step.
    package init(store: Store, platform: Platform, registry: Registry) {
        self.store = store
        self.platform = platform
        counter = registry.counter(
            "vaultwatch_clock_steps_total", help: "Steps of the wall clock by more than a second.")
        counter.declare()
    }

    /// - Returns: the time, and the sum of all steps so far.
    @discardableResult
    package func check() -> (now: Moment, steps: Duration) {
        let (now, steps, step) = state.withLock { state -> (Moment, Duration, Duration?) in
            let now = platform.time.now()
            defer { state.last = now }
            guard let last = state.last else { return (now, state.steps, nil) }
            let step = (now.wall - last.wall) - (now.monotonic - last.monotonic)
            guard step > ClockStepDetector.threshold || step < .zero - ClockStepDetector.threshold else {
                return (now, state.steps, nil)
            }
            state.steps += step
            store.shift(by: step)
            return (now, state.steps, step)
        }
        if let step {
            counter.increment()
            platform.log.warning(
                "the wall clock stepped; samples and pending alerts in memory are shifted",
                metadata: ["seconds": "\(step.seconds)"])
        }
        return (now, steps)
    }
}
