import Platform
import Testing

/// One row of the table: a state of the estate, or of the watcher itself, and the alerts that it must give. All others
/// that fire at any time are false.
struct StateRow: Sendable, CustomTestStringConvertible {
    /// The state in a few words.
    var name: String
    /// Where the input comes from: a recording, a page of the vendor's documentation, a public bug report.
    var source: String
    /// Whether the vendor calls the state healthy: then nothing above `low` may fire.
    var isHealthy = false
    /// Alerts that must fire by the end, and go on.
    var fires: Set<String> = []
    /// Alerts that may fire as well.
    var mayFire: Set<String> = []
    /// How long the state lasts: longer than the longest `for` of the rules that it concerns.
    var lasts: Duration = .seconds(3600)
    /// Brings an estate that works into the state. Runs at the start, on the thread of the run.
    var prepare: @Sendable (StateEstate) -> Void = { _ in }

    var testDescription: String { name }
}
