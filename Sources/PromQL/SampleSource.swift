import Samples

/// Where expressions find their samples: the store, a rule test's input, a scripted list.
package protocol SampleSource: Sendable {
    /// All series that match every matcher, each with its points in `start < t <= end` (milliseconds),
    /// in the order of time, stale markers included; series without such points are left out.
    /// Series come in no particular order.
    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series]
}
