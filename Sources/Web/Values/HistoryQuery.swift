package import Samples

/// Which entries of the history a request asks for.
package struct HistoryQuery: Sendable, Hashable {
    /// The earliest time, included.
    package var from: Timestamp
    /// The latest time, included.
    package var to: Timestamp
    /// `HistoryEntry.Kind` as text; empty: all.
    package var kinds: Set<String>
    /// Receivers' names; empty: all.
    package var receivers: Set<String>
    /// Text in the subject or the detail, upper and lower case alike; empty: all.
    package var contains: String
    /// The newest so many, 0 to 10,000.
    package var limit: Int
    /// The number of an incident; nil: all.
    package var incident: Int? = nil

    /// The newest entries of all time unless something is given.
    package init(
        from: Timestamp = Timestamp(milliseconds: .min), to: Timestamp = Timestamp(milliseconds: .max),
        kinds: Set<String> = [], receivers: Set<String> = [], contains: String = "", limit: Int = 100,
        incident: Int? = nil
    ) {
        self.from = from
        self.to = to
        self.kinds = kinds
        self.receivers = receivers
        self.contains = contains
        self.limit = limit
        self.incident = incident
    }
}
