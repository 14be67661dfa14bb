/// One row of the table of faults: what happens, and what on-call is to get.
struct FaultRow: Sendable, CustomStringConvertible {
    /// Who hears of a fault.
    enum Loudness: Int, Comparable, Sendable {
        case nothing, mail, chat, page
        static func < (a: Loudness, b: Loudness) -> Bool { a.rawValue < b.rawValue }
    }

    /// The fault in a few words.
    var name: String
    var loudness: Loudness
    /// What the first line of the first message names.
    var cause: String
    /// From the fault to the first message, at most.
    var within: Duration
    /// How long the fault lasts. As when the faults of a real estate were tried.
    var lasts: Duration = .seconds(75)
    /// How long it takes until all is over for the watcher: the windows of the rules that concern it.
    var recovers: Duration = .seconds(400)
    /// What the estate is like before.
    var prepare: @Sendable (FaultEstate) -> Void = { _ in }
    /// What happens, and how it is mended.
    var begin: @Sendable (FaultRig) -> Void
    var end: @Sendable (FaultRig) -> Void

    var description: String { name }
}
