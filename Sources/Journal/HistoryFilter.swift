package import Samples

/// Which entries of the history are wanted.
package struct HistoryFilter: Sendable, Hashable {
    /// The earliest time, included.
    package var from = Timestamp(milliseconds: .min)
    /// The latest time, included.
    package var to = Timestamp(milliseconds: .max)
    /// `HistoryEntry.Kind` as text; empty: all.
    package var kinds: Set<String> = []
    /// Receivers' names; empty: all.
    package var receivers: Set<String> = []
    /// Text in the subject or the detail, upper and lower case alike; empty: all.
    package var contains = ""
    /// The number of an incident that they belong to; nil: all.
    package var incident: Int?
    /// The newest so many. Default 100, at most `HistoryFilter.maxLimit`.
    package var limit = 100

    /// The largest limit.
    package static let maxLimit = 10_000
    /// The most bytes that the entries of one answer take; older ones are left out. 8 MiB: the largest limit, with
    /// entries as long as they usually are.
    package static let maxBytes = 8 << 20

    /// The newest 100 entries.
    package init() {}
}
