import FoundationEssentials
import Journal
import Platform
import PromQL
import Rules
import Samples
import Store
import Synchronization
import Text

/// One evaluation of a rule group, for a worker thread: it owns the group's state while it runs, and returns it
/// changed.
struct GroupEvaluation: Sendable {
    /// Maximum time for a rule's expression and templates; beyond it the rule fails.
    static let ruleLimit = Duration.seconds(10)
    /// Maximum time for all rules of the group together; beyond it the remaining ones fail.
    static let groupLimit = Duration.seconds(30)

    /// The results, and what is to be done with them.
    struct Outcome: Sendable {
        let evaluator: GroupEvaluator
        /// Steps of the clock that the evaluator's state has been shifted by.
        let steps: Duration
        let result: GroupResult
        let began: Moment
        let ended: Instant
        /// How long each rule took, in seconds.
        let ruleSeconds: [Double]
        /// What the journal must hold where an alert has changed its state.
        let state: [JournalChange]
        /// Rules that failed, in another way than the time before.
        let newFailures: [(rule: String, error: String)]
    }

    private let evaluator: GroupEvaluator
    private let steps: Duration
    private let context: RuleContext
    private let store: Store
    private let clock: ClockStepDetector
    private let time: any TimeSource
    private let isCancelled = Signal()

    private final class Signal: Sendable {
        private let isSet = Atomic(false)
        func set() { isSet.store(true, ordering: .relaxed) }
        var value: Bool { isSet.load(ordering: .relaxed) }
    }

    init(
        evaluator: GroupEvaluator, steps: Duration, context: RuleContext, store: Store, clock: ClockStepDetector,
        time: any TimeSource
    ) {
        self.evaluator = evaluator
        self.steps = steps
        self.context = context
        self.store = store
        self.clock = clock
        self.time = time
    }

    /// Cancels it: its results are dropped.
    func cancel() { isCancelled.set() }

    /// Evaluates the rules and appends their series to the store.
    /// - Returns: nil if it was cancelled.
    func run() -> Outcome? {
        let (began, steps) = clock.check()
        var evaluator = evaluator
        if steps != self.steps { evaluator.shift(by: steps - self.steps) }
        let failedBefore = Set(evaluator.rules.compactMap(\.lastError))
        let starts = Starts()
        var result = evaluator.evaluate(at: began.wall, limited(began.monotonic, starts))
        let ruleSeconds = starts.seconds(until: time.monotonic())
        guard !isCancelled.value else { return nil }
        // The clock may have stepped meanwhile, and the store's samples with it.
        let now = clock.check()
        if now.steps != steps {
            let step = now.steps - steps
            evaluator.shift(by: step)
            result.samples = result.samples.map { Sample($0.labels, $0.value, at: $0.timestamp + step) }
        }
        store.append(result.samples)
        return Outcome(
            evaluator: evaluator, steps: now.steps, result: result, began: began, ended: time.monotonic(),
            ruleSeconds: ruleSeconds,
            // The state is written with the alerts, in one transaction: a restart finds both or neither.
            state: result.isChanged ? GroupEvaluation.state(of: evaluator, now.now.wall) : [],
            newFailures: result.failures.filter { !failedBefore.contains($0.error) })
    }

    /// When the rules began, one after the other.
    private final class Starts: Sendable {
        private let times = Mutex<[Instant]>([])
        func add(_ time: Instant) { times.withLock { $0.append(time) } }
        func seconds(until end: Instant) -> [Double] {
            let times = times.withLock { $0 }
            return zip(times, times.dropFirst() + [end]).map { ($1 - $0).seconds }
        }
    }

    private func limited(_ began: Instant, _ starts: Starts) -> RuleContext {
        let (time, isCancelled) = (time, isCancelled)
        let groupEnd = began + GroupEvaluation.groupLimit
        var context = context
        context.startRule = {
            let now = time.monotonic()
            starts.add(now)
            let end = min(now + GroupEvaluation.ruleLimit, groupEnd)
            return { isCancelled.value || time.monotonic() > end }
        }
        return context
    }

    // MARK: State

    /// The prefix of a group's key in the journal.
    static let stateKeyPrefix = "rules/"

    /// A group's state as a restart needs it.
    static func state(of evaluator: GroupEvaluator, _ now: Timestamp) -> [JournalChange] {
        guard let bytes = try? JSONEncoder().encode(evaluator.saved(at: now)) else { return [] }
        return [.state(key: stateKeyPrefix + evaluator.group.key, Array(bytes))]
    }

    /// Decodes what `state` wrote.
    static func saved(_ bytes: [UInt8]) -> Result<GroupEvaluator.Saved, any Error> {
        Result { try JSONDecoder().decode(GroupEvaluator.Saved.self, from: Data(bytes)) }
    }
}
