package import Samples

extension RouteTree.Node {
    /// Why the route is muted at a time, and by which intervals; nil where it is not.
    /// - Parameter intervals: all time intervals, by name.
    package func mute(
        at time: Timestamp, _ intervals: [String: [TimeWindow]]
    ) -> (reason: SuppressionReason, intervals: [String])? {
        func holds(_ name: String) -> Bool { intervals[name]?.contains { $0.contains(time) } ?? false }
        let muting = muteTimeIntervals.filter(holds)
        if !muting.isEmpty { return (.muteTime, muting) }
        if !activeTimeIntervals.isEmpty, !activeTimeIntervals.contains(where: holds) {
            return (.outsideActiveTime, activeTimeIntervals)
        }
        return nil
    }
}
