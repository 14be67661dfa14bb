import Platform
import Samples
import Text

/// Keys as a service hands them out, mostly for some hours.
struct SessionKeys: Sendable, Hashable {
    var accessKeyID: Secret
    var secretAccessKey: Secret
    var sessionToken: Secret?
    /// nil where they have no end that is known.
    var expires: Timestamp?

    /// nil where a key is missing or too long to be one.
    init?(_ accessKeyID: String?, _ secretAccessKey: String?, token: String?, expires: Timestamp?) {
        guard let accessKeyID, let secretAccessKey, SessionKeys.isPlausible(accessKeyID),
            SessionKeys.isPlausible(secretAccessKey), token.map(SessionKeys.isPlausible) ?? true
        else { return nil }
        self.accessKeyID = Secret(value: accessKeyID)
        self.secretAccessKey = Secret(value: secretAccessKey)
        sessionToken = token.map { Secret(value: $0) }
        self.expires = expires
    }

    /// Keys become headers: printable ASCII, and session tokens are the longest with some thousand bytes.
    private static func isPlausible(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 16_384 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}

/// When the keys of a session serve, and when they are asked for anew. Pure.
struct SessionState: Sendable {
    enum Step {
        case use(SessionKeys)
        case refresh
        case refuse(S3Error)
    }

    private(set) var keys: SessionKeys?
    private var obtained: Timestamp?
    private var isRefused = false
    private var attempted: Instant?
    private var failure: S3Error?

    /// Asked for anew this long before the end, or in the last quarter of a shorter session: a metadata service has new
    /// keys five minutes before the old ones end. Source: Amazon EC2 User Guide, "Retrieve security credentials from
    /// instance metadata".
    static let margin = Duration.seconds(600)
    /// A request that begins with the keys' last seconds would arrive too late.
    static let lastSeconds = Duration.seconds(5)
    /// Between attempts while the old keys serve, and while none do.
    static let pause = (served: Duration.seconds(60), unserved: Duration.seconds(10))

    func next(_ now: Moment) -> Step {
        let valid = keys.flatMap { keys in
            isRefused || (keys.expires.map { $0 - now.wall <= SessionState.lastSeconds } ?? false) ? nil : keys
        }
        if let valid, !isDue(valid, now.wall) { return .use(valid) }
        if let attempted,
            now.monotonic - attempted < (valid == nil ? SessionState.pause.unserved : SessionState.pause.served)
        {
            if let valid { return .use(valid) }
            if let failure { return .refuse(failure) }
        }
        return .refresh
    }

    /// Of keys without an end the source is asked each time: a file, whose rotation counts at once.
    private func isDue(_ keys: SessionKeys, _ now: Timestamp) -> Bool {
        guard let expires = keys.expires else { return true }
        let lifetime = obtained.map { (expires - $0).seconds } ?? 0
        return (expires - now).seconds <= min(SessionState.margin.seconds, max(0, lifetime / 4))
    }

    /// Takes up what the source said.
    mutating func refreshed(_ result: Result<SessionKeys, S3Error>, _ now: Moment) {
        switch result {
        case .success(let new):
            keys = new
            obtained = now.wall
            isRefused = false
            failure = nil
            attempted = new.expires == nil ? nil : now.monotonic
        case .failure(let error):
            failure = error
            attempted = now.monotonic
        }
    }

    /// S3 does not take these keys any more.
    /// - Returns: whether asking for others may help.
    mutating func refused(_ old: SessionKeys, _ now: Moment) -> Bool {
        guard keys == old else { return keys != nil }
        // Keys that were just fetched will not be others now.
        guard attempted.map({ now.monotonic - $0 >= SessionState.pause.unserved }) ?? false else { return false }
        isRefused = true
        return true
    }
}
