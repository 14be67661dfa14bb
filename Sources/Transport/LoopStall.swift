import Platform

/// Time in which a loop's thread did not run: the process was stopped, the machine paused, or had no CPU for it. It is not
/// counted against peers, whose answers could not be read.
enum LoopStall {
    /// What is no stall: others run too.
    private static let tolerance = Duration.milliseconds(100)

    /// By how much a deadline may be put off at most.
    static let limit = Duration.seconds(30)

    /// - Parameters:
    ///   - busy: from the last poll's end to this one's begin.
    ///   - polled: how long the poll took.
    ///   - wait: the poll's limit in milliseconds; negative without one.
    static func duration(busy: Duration, polled: Duration, wait: Int32) -> Duration {
        var stall = Duration.zero
        if busy > tolerance { stall += busy }
        let late = polled - .milliseconds(max(0, wait))
        if wait >= 0, late > tolerance { stall += late }
        return stall
    }
}
