import Platform
import Samples

/// Whether the journal's thread makes progress, and what was last reported of it. A value: time comes in, events go
/// out.
struct JournalProgress: Sendable {
    /// How long one access to the disk may take.
    let limit: Duration
    /// Since when the thread has been at its present job.
    private(set) var busySince: Instant?
    /// Why the journal is not written; nil while it is.
    private(set) var failure: JournalError?

    init(limit: Duration) { self.limit = limit }

    /// The thread begins a job.
    mutating func began(_ now: Instant) { busySince = now }

    /// The thread has ended its job.
    /// - Parameters:
    ///   - failure: why the disk did not take it.
    ///   - isComplete: nothing waits for the disk any more.
    /// - Returns: what is to be reported.
    mutating func ended(_ now: Instant, failure new: JournalError?, isComplete: Bool) -> JournalEvent? {
        guard let began = busySince else { return nil }
        let isLate = now - began > limit
        busySince = nil
        if let new {
            defer { failure = new }
            return failure == new ? nil : .failing(new.description)
        }
        // A disk that takes longer than the limit each time has not recovered.
        guard failure != nil, isComplete, !isLate else { return nil }
        failure = nil
        return .recovered
    }

    /// A caller has waited for as long as anyone may.
    /// - Returns: what is to be reported.
    mutating func waitEnded(_ now: Instant) -> JournalEvent? {
        let isKnown = if case .stalled = failure { true } else { false }
        let error = JournalError.stalled(max(stall(now) ?? limit, limit))
        failure = error
        return isKnown ? nil : .failing(error.description)
    }

    /// How long the thread has been at its job, if the limit is over.
    func stall(_ now: Instant) -> Duration? {
        guard let busySince, now - busySince >= limit else { return nil }
        return now - busySince
    }
}
