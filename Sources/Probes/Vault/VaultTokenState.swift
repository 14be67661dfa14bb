import Platform
import Samples
import Text

/// What is known about the agent's token for one cluster, and which request to send next. Pure: it takes the time, and
/// returns the request.
struct VaultTokenState: Sendable {
    /// A request that is due.
    enum Question: Sendable, Hashable {
        /// Revokes a token that the agent itself logged in for and has replaced.
        case revoke(Secret)
        case lookup
        case renew
        /// Obtains another token to replace one that will soon expire for good.
        case login
        /// The secret id's lifetime, by the role that the login returned.
        case secretID(role: String)
        /// The longest lease that the token's mount grants.
        case longestLife
        case auditDevices
    }

    /// Why there is no working token.
    enum Trouble: String, Sendable, Hashable {
        /// Vault reports that it does not know the token.
        case refused
        /// The AppRole login was refused.
        case login
        /// The file with the token cannot be read.
        case configuration
    }

    /// The token in use.
    struct Token: Sendable {
        let secret: Secret
        /// Whether the agent logged in for it; a token from a file is managed by another program.
        let isOwn: Bool
        let obtained: Instant
        var type: String?
        var isRenewable: Bool?
        var isPeriodic = false
        /// How long it lives from one renewal to the next; nil if unknown or unlimited.
        var lease: Duration?
        var ends: Instant?
        var expiry: Timestamp?
        var issued: Timestamp?
        /// When its explicit maximum is reached.
        var latestEnd: Timestamp?
        /// Whether the last renewal was cut short: the end cannot be extended any more.
        var isEndFixed = false
        var remainingUses: Int64?
        var isLookedUp = false
        /// Whether Vault confirmed that it does not know the token.
        var isRefused = false

        /// Batch tokens cannot be renewed or revoked.
        var isBatch: Bool { type == "batch" }
    }

    /// The secret id's state, if the policy allows looking it up.
    struct SecretID: Sendable, Hashable {
        var isUsable: Bool
        var expiry: Timestamp?
        var life: Duration?
        var remainingUses: Int64?
    }

    private static let devicesLimit = 32

    private(set) var token: Token?
    private(set) var trouble: Trouble?
    /// Nil before the first use, and while unknown.
    private(set) var valid: Bool?
    private(set) var logins = 0
    private(set) var loginFailures: [String: Int] = [:]
    private(set) var renewals = 0
    private(set) var renewalFailures: [String: Int] = [:]
    private(set) var secretID: SecretID?
    /// Nil if the policy does not allow listing them.
    private(set) var auditDevices: [String]?
    /// Whether audited requests get no answer; nil while unknown.
    private(set) var isAuditBlocked: Bool?
    private(set) var lastLoginFailure: ProbeFailure?
    private var role: String?
    private var longestLife: Duration?
    /// Each with the time from which no request uses it any more.
    private var replaced: [(secret: Secret, from: Instant)] = []
    private var isBlockSuspected = false
    /// Consecutive look-ups without an answer.
    private var silentLookups = 0
    /// No login before this time: neither a wrong secret id nor a token that is repeatedly refused may fill the token
    /// store.
    private(set) var loginFrom: Instant?
    private var loginGap: Duration = .seconds(1)
    private var lookupFrom: Instant?
    private var renewFrom: Instant?
    private var secretIDFrom: Instant?
    private var longestLifeFrom: Instant?
    private var auditFrom: Instant?

    // MARK: The next request

    /// - Parameter interval: time until the next opportunity to send a request.
    func next(at now: Instant, interval: Duration) -> Question? {
        if let old = replaced.first, now >= old.from { return .revoke(old.secret) }
        guard let token else { return nil }
        let mayLookUp = lookupFrom.map { now >= $0 } ?? true
        if mayLookUp, isBlockSuspected { return .lookup }
        if token.isRefused { return nil }
        if mayLookUp, !token.isLookedUp { return .lookup }
        if isRenewalDue(token, at: now, interval: interval) { return .renew }
        if token.isOwn, isLoginDue(token, at: now, interval: interval) { return .login }
        if token.isOwn, let role, secretIDFrom.map({ now >= $0 }) ?? true { return .secretID(role: role) }
        if !token.isOwn, token.isLookedUp, token.isRenewable == true, !token.isPeriodic, token.latestEnd == nil,
            longestLifeFrom.map({ now >= $0 }) ?? true
        {
            return .longestLife
        }
        // A token with a limited number of uses is kept for the canary.
        if token.isLookedUp, token.remainingUses == nil, auditFrom.map({ now >= $0 }) ?? true { return .auditDevices }
        return nil
    }

    private func isRenewalDue(_ token: Token, at now: Instant, interval: Duration) -> Bool {
        guard token.isRenewable == true, !token.isEndFixed, let lease = token.lease, let ends = token.ends else {
            return false
        }
        if let renewFrom, now < renewFrom { return false }
        // At half of its lifetime, or sooner if the next opportunity would be too late.
        return ends - now <= lease / 2 || ends - (now + interval) < lease / 3
    }

    private func isLoginDue(_ token: Token, at now: Instant, interval: Duration) -> Bool {
        guard token.isRenewable != true || token.isEndFixed, let lease = token.lease, let ends = token.ends else {
            return false
        }
        return (loginFrom.map { now >= $0 } ?? true) && (ends - now <= lease / 10 || ends < now + interval)
    }

    // MARK: Answers

    /// The token currently in the file.
    mutating func read(_ secret: Secret, at now: Instant) {
        if trouble == .configuration {
            trouble = nil
            valid = nil
        }
        guard token?.secret != secret else { return }
        token = Token(secret: secret, isOwn: false, obtained: now)
        trouble = nil
        valid = nil
        lookupFrom = nil
        renewFrom = nil
        longestLifeFrom = nil
        longestLife = nil
        auditFrom = nil
    }

    mutating func unreadable() {
        valid = false
        trouble = .configuration
    }

    mutating func loggedIn(_ grant: GrantAnswer, _ secret: Secret, at now: Moment) {
        logins += 1
        if let old = token, old.isOwn, !old.isRefused, !old.isBatch, old.ends.map({ $0 > now.monotonic }) ?? true,
            replaced.count < 8
        {
            replaced.append((old.secret, now.monotonic + .seconds(30)))
        }
        // A token that lived long was not lost to a fault that the next login would run into again.
        let isEarly = token.map { $0.isRefused && now.monotonic - $0.obtained < .seconds(300) } ?? false
        if !isEarly { loginGap = .seconds(1) }
        var token = Token(secret: secret, isOwn: true, obtained: now.monotonic)
        token.type = grant.type
        token.isRenewable = grant.isRenewable
        token.grant(grant.leaseDuration, at: now)
        self.token = token
        role = grant.role ?? role
        valid = true
        trouble = nil
        lastLoginFailure = nil
        lookupFrom = nil
        renewFrom = nil
        loginFrom = nil
    }

    mutating func loginFailed(_ failure: ProbeFailure, at now: Instant) {
        logins += 1
        loginFailures[failure.reason, default: 0] += 1
        lastLoginFailure = failure
        // A login without an answer, or a node's own failure, says nothing about the secret id.
        if ["denied", "not_found", "configuration"].contains(failure.reason) {
            valid = false
            trouble = .login
        } else if token == nil {
            valid = nil
        }
        deferLogin(from: now)
    }

    private mutating func deferLogin(from now: Instant) {
        loginFrom = now + loginGap
        loginGap = min(loginGap * 2, .seconds(60))
    }

    /// Vault accepted the token.
    mutating func accepted() {
        valid = true
        trouble = nil
        token?.isRefused = false
    }

    /// Vault answered an audited request.
    mutating func answered() {
        isAuditBlocked = false
        isBlockSuspected = false
        silentLookups = 0
    }

    /// An audited request got no answer: a look-up, which is audited too, will show whether any does.
    mutating func unanswered() {
        isBlockSuspected = true
        lookupFrom = nil
    }

    mutating func lookedUp(_ answer: TokenAnswer, at now: Moment) {
        accepted()
        answered()
        lookupFrom = now.monotonic + .seconds(15)
        guard var token else { return }
        token.isLookedUp = true
        token.type = answer.type
        token.isRenewable = answer.isRenewable ?? false
        token.remainingUses = answer.remainingUses.flatMap { $0 > 0 ? $0 : nil }
        let period = VaultTokenState.span(answer.period)
        token.isPeriodic = period != nil
        let ttl = VaultTokenState.span(answer.ttl)
        token.lease = max(period ?? VaultTokenState.span(answer.creationTTL) ?? ttl ?? .zero, ttl ?? .zero)
        token.ends = ttl.map { now.monotonic + $0 }
        token.expiry = ttl.map { now.wall + $0 }
        if ttl == nil { token.lease = nil }
        token.issued = answer.creationTime.flatMap { VaultTokenState.span($0) }.map { Timestamp(milliseconds: 0) + $0 }
        token.latestEnd = token.issued.flatMap { issued in
            VaultTokenState.span(answer.explicitMaxTTL).map { issued + $0 }
        }
        self.token = token
    }

    /// Vault does not know the token. It is looked up again later, in case another node answered.
    mutating func refused(at now: Instant) {
        answered()
        valid = false
        trouble = .refused
        lookupFrom = now + .seconds(60)
        guard token?.isRefused == false else { return }
        token?.isRefused = true
        // One that was refused soon after its login is replaced at once the first time, and then with increasing
        // delays.
        if let token, token.isOwn, now - token.obtained < .seconds(300) {
            loginFrom = loginGap > .seconds(1) ? token.obtained + loginGap : nil
            loginGap = min(loginGap * 2, .seconds(60))
        }
    }

    /// - Parameters:
    ///   - isSilent: whether no answer came, although the node answers requests that are not audited.
    ///   - isTaken: see `TransportError.isTaken`. If the network may have lost something, one more look-up will tell.
    mutating func lookupFailed(isSilent: Bool, isTaken: Bool, at now: Instant) {
        lookupFrom = now + .seconds(15)
        guard isSilent else {
            answered()
            return
        }
        silentLookups += 1
        if isBlockSuspected, isTaken || silentLookups > 1 { isAuditBlocked = true }
    }

    /// - Parameter isCut: whether Vault reports that it granted less than requested.
    mutating func renewed(_ grant: GrantAnswer, isCut: Bool, at now: Moment) {
        renewals += 1
        accepted()
        answered()
        renewFrom = nil
        guard var token else { return }
        let asked = token.lease
        token.grant(grant.leaseDuration, at: now)
        token.isRenewable = grant.isRenewable ?? token.isRenewable
        if let granted = token.lease, let asked, granted < asked * 0.95 || isCut {
            token.isEndFixed = !token.isPeriodic || granted < asked * 0.95
            token.lease = asked
        }
        self.token = token
    }

    /// The renewal failed. A token that cannot be renewed at all expires at the time already known.
    mutating func renewalFailed(_ reason: String, isFinal: Bool, at now: Instant) {
        renewalFailures[reason, default: 0] += 1
        if isFinal { token?.isRenewable = false }
        let left = token?.ends.map { max($0 - now, .zero) } ?? .zero
        renewFrom = now + min(max(left / 8, .seconds(5)), .seconds(60))
    }

    /// Gives up the agent's own tokens.
    /// - Returns: the tokens to be revoked.
    mutating func relinquish() -> [Secret] {
        var secrets = replaced.map(\.secret)
        if let own = token, own.isOwn {
            if !own.isRefused, !own.isBatch { secrets.append(own.secret) }
            token = nil
        }
        replaced = []
        return secrets
    }

    mutating func revoked(_ secret: Secret) { replaced.removeAll { $0.secret == secret } }

    /// - Parameter answer: nil if the policy does not allow looking it up.
    mutating func learned(_ answer: SecretID?, at now: Instant) {
        if let answer { secretID = answer }
        secretIDFrom = now + (answer == nil ? .seconds(6 * 3600) : .seconds(3600))
    }

    mutating func learned(longestLife seconds: Int64?, at now: Instant) {
        longestLife = VaultTokenState.span(seconds) ?? longestLife
        longestLifeFrom = now + .seconds(6 * 3600)
    }

    /// - Parameter devices: nil if the policy does not allow listing them, or no answer came.
    mutating func learned(auditDevices devices: [String]?, isDenied: Bool, at now: Instant) {
        if devices != nil || isDenied { auditDevices = devices.map { Array($0.prefix(VaultTokenState.devicesLimit)) } }
        auditFrom = now + (isDenied ? .seconds(3600) : .seconds(60))
    }

    // MARK: Derived values

    /// When the token from a file expires whatever the agent does; nil if it can be renewed indefinitely, and for the
    /// agent's own, which a login replaces.
    var end: Timestamp? {
        guard let token, !token.isOwn, let expiry = token.expiry else { return nil }
        if token.isRenewable == false || token.isEndFixed { return expiry }
        let byMount = token.isPeriodic ? nil : token.issued.flatMap { issued in longestLife.map { issued + $0 } }
        return [token.latestEnd, byMount].compactMap { $0 }.min().map { max($0, expiry) }
    }

    /// From the token's issue to `end`.
    var life: Duration? {
        guard let end, let issued = token?.issued else { return nil }
        return end - issued
    }

    /// A duration in seconds from outside; nil if absent or out of range.
    static func span(_ seconds: Int64?) -> Duration? {
        guard let seconds, seconds > 0, seconds < Int64(1) << 33 else { return nil }
        return .seconds(seconds)
    }
}

extension VaultTokenState.Token {
    /// Applies the lease that a login or a renewal grants, in seconds.
    fileprivate mutating func grant(_ seconds: Int64?, at now: Moment) {
        let span = VaultTokenState.span(seconds)
        lease = span
        ends = span.map { now.monotonic + $0 }
        expiry = span.map { now.wall + $0 }
    }
}
