import Platform
import Samples

/// Whether the journal's thread makes progress, and what was last reported about it. A value: times in, events out.
struct JournalProgress: Sendable {
    /// How long one access to the disk may take.
    let limit: Duration
    /// When the thread started its current job.
    private(set) var busySince: Instant?
    /// Why writes fail; nil while they succeed.
    private(set) var failure: JournalError?

    init(limit: Duration) { self.limit = limit }

    /// The thread starts a job.
    mutating func began(_ now: Instant) { busySince = now }

    /// The thread has finished its job.
    /// - Parameters:
    ///   - failure: why the disk did not accept it.
    ///   - isComplete: the backlog is empty.
    /// - Returns: the event to report.
    mutating func ended(_ now: Instant, failure new: JournalError?, isComplete: Bool) -> JournalEvent? {
        guard let began = busySince else { return nil }
        let isLate = now - began > limit
        busySince = nil
        if let new {
            defer { failure = new }
            return failure == new ? nil : .failing(new.description)
        }
        // A disk that exceeds the time limit each time has not recovered.
        guard failure != nil, isComplete, !isLate else { return nil }
        failure = nil
        return .recovered
    }

    /// A caller has waited for the maximum time.
    /// - Returns: the event to report.
    mutating func waitEnded(_ now: Instant) -> JournalEvent? {
        let isKnown = if case .stalled = failure { true } else { false }
        let error = JournalError.stalled(max(stall(now) ?? limit, limit))
        failure = error
        return isKnown ? nil : .failing(error.description)
    }

    /// How long the thread has been at its job, if that exceeds the limit.
    func stall(_ now: Instant) -> Duration? {
        guard let busySince, now - busySince >= limit else { return nil }
        return now - busySince
    }
}
