package import Samples

/// Selects the entries of the history that a request asks for.
package struct HistoryQuery: Sendable, Hashable {
    /// The earliest time, included.
    package var from: Timestamp
    /// The latest time, included.
    package var to: Timestamp
    /// `HistoryEntry.Kind` as text; empty: all.
    package var kinds: Set<String>
    /// Receivers' names; empty: all.
    package var receivers: Set<String>
    /// Text in the subject or the detail, case-insensitive; empty: all.
    package var contains: String
    /// Maximum number of entries, the newest; 0 to 10,000.
    package var limit: Int
}
