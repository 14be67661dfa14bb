/// The last change of a metric: a series of it came, ended or got another value.
package struct MetricChange: Sendable, Hashable {
    /// Another one for each change; they never repeat.
    package let number: UInt64
    /// The newest time of a changed sample so far, in milliseconds since the epoch: who read the metric as of an earlier
    /// time has not seen all changes.
    package let newest: Int64

    /// A change.
    package init(number: UInt64, newest: Int64) {
        self.number = number
        self.newest = newest
    }
}
