package import Samples
package import TimeZones
package import Web

/// What every page is made with beside its data: addresses, time and zone, who reads it, and how the estate stands.
package struct PageContext: Sendable {
    /// The prefix of every link, without a slash at its end.
    package var prefix = ""
    /// The URL under which users reach the agent; empty where none is configured.
    package var externalURL = ""
    /// The page's own address without the prefix, query included.
    package var target = "/"
    /// The page's own time.
    package var now = Timestamp(milliseconds: 0)
    /// The zone of the times that are shown.
    package var zone = TimeZoneData.utc
    /// Who reads it; nil where nobody is known.
    package var viewer: Caller?
    /// Whether a change of theirs would be taken.
    package var mayChange = false
    /// What a form must carry in the field `token`, by its path.
    package var token: @Sendable (_ action: String) -> String = { _ in "" }
    /// The estate's name; empty where it has none.
    package var site = ""
    /// The agent's version.
    package var version = ""
    /// The agent's machine; empty where it is not known.
    package var host = ""
    /// When the agent started.
    package var startedAt = Timestamp(milliseconds: 0)
    /// The snapshot's revision: a page of the same revision shows the same.
    package var revision: UInt64 = 0
    /// How many incidents go on.
    package var openIncidents = 0
    /// How grave the gravest of them is.
    package var gravity = Gravity.good

    /// A page of nobody, at the beginning of time.
    package init() {}

    /// Writes times.
    var clock: Clock { Clock(zone: zone, now: now) }
}

/// How bad something is, as colours and icons show it.
package enum Gravity: String, Sendable, Hashable, CaseIterable, Comparable {
    case good, standby, unknown, warning, critical

    /// `critical` is the greatest.
    package static func < (a: Gravity, b: Gravity) -> Bool {
        let order = Gravity.allCases
        return (order.firstIndex(of: a) ?? 0) < (order.firstIndex(of: b) ?? 0)
    }

    /// The icon that stands for it.
    var icon: Icon {
        switch self {
        case .good: .good
        case .standby: .standby
        case .unknown: .unknown
        case .warning: .warning
        case .critical: .critical
        }
    }
}
