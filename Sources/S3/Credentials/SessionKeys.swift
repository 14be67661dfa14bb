import Platform
import Samples
import Text

/// Keys issued by a service, usually for some hours.
struct SessionKeys: Sendable, Hashable {
    var accessKeyID: Secret
    var secretAccessKey: Secret
    var sessionToken: Secret?
    /// nil if they have no known expiry.
    var expires: Timestamp?

    /// nil if a key is missing or implausibly long.
    init?(_ accessKeyID: String?, _ secretAccessKey: String?, token: String?, expires: Timestamp?) {
        guard let accessKeyID, let secretAccessKey, SessionKeys.isPlausible(accessKeyID),
            SessionKeys.isPlausible(secretAccessKey), token.map(SessionKeys.isPlausible) ?? true
        else { return nil }
        self.accessKeyID = Secret(value: accessKeyID)
        self.secretAccessKey = Secret(value: secretAccessKey)
        sessionToken = token.map { Secret(value: $0) }
        self.expires = expires
    }

    /// Keys are used in headers: printable ASCII; session tokens are the longest with a few thousand bytes.
    private static func isPlausible(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 16_384 && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }
    }
}

/// Determines while session keys are valid, and when to renew them. Pure.
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

    /// Renewed this long before they expire, or in the last quarter of a shorter session: a metadata service has new
    /// keys five minutes before the old ones expire. Source: Amazon EC2 User Guide, "Retrieve security credentials from
    /// instance metadata".
    static let margin = Duration.seconds(600)
    /// A request that is sent in the last seconds would arrive too late.
    static let lastSeconds = Duration.seconds(5)
    /// Between attempts while the old keys are valid, and while there are none.
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

    /// For keys without an expiry the source is always read: a file, whose rotation takes effect at once.
    private func isDue(_ keys: SessionKeys, _ now: Timestamp) -> Bool {
        guard let expires = keys.expires else { return true }
        let lifetime = obtained.map { (expires - $0).seconds } ?? 0
        return (expires - now).seconds <= min(SessionState.margin.seconds, max(0, lifetime / 4))
    }

    /// Applies the source's result.
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

    /// S3 no longer accepts these keys.
    /// - Returns: whether requesting new ones may help.
    mutating func refused(_ old: SessionKeys, _ now: Moment) -> Bool {
        guard keys == old else { return keys != nil }
        // Keys that were just fetched would be the same again.
        guard attempted.map({ now.monotonic - $0 >= SessionState.pause.unserved }) ?? false else { return false }
        isRefused = true
        return true
    }
}
