package import Samples
package import TimeZones
package import Web

/// What every page needs besides its data: addresses, time and zone, the user, and the state of the estate.
package struct PageContext: Sendable {
    /// The prefix of every link, without a trailing slash.
    package var prefix = ""
    /// The URL under which users reach the agent; empty if none is configured.
    package var externalURL = ""
    /// The page's own URL without the prefix, including the query.
    package var target = "/"
    /// The time at which the page is rendered.
    package var now = Timestamp(milliseconds: 0)
    /// The time zone of displayed times.
    package var zone = TimeZoneData.utc
    /// The user; nil if not known.
    package var viewer: Caller?
    /// Whether this user may make changes.
    package var mayChange = false
    /// The value of a form's `token` field, by the form's path.
    package var token: @Sendable (_ action: String) -> String = { _ in "" }
    /// The estate's name; empty if it has none.
    package var site = ""
    /// The agent's version.
    package var version = ""
    /// The agent's host; empty if not known.
    package var host = ""
    /// When the agent started.
    package var startedAt = Timestamp(milliseconds: 0)
    /// The snapshot's revision: pages of the same revision have the same content.
    package var revision: UInt64 = 0
    /// Number of open incidents.
    package var openIncidents = 0
    /// The gravity of the most severe of them.
    package var gravity = Gravity.good

    /// A page without a user, at the epoch.
    package init() {}

    /// Formats times.
    var clock: Clock { Clock(zone: zone, now: now) }
}

/// The gravity of a problem, as colours and icons show it.
package enum Gravity: String, Sendable, Hashable, CaseIterable, Comparable {
    case good, standby, unknown, warning, critical

    /// `critical` is the maximum.
    package static func < (a: Gravity, b: Gravity) -> Bool {
        a.rank < b.rank
    }

    private var rank: Int {
        switch self {
        case .good: 0
        case .standby: 1
        case .unknown: 2
        case .warning: 3
        case .critical: 4
        }
    }

    /// Its icon.
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
