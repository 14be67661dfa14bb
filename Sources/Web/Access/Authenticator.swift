import FoundationEssentials
import HTTPServer
import Platform
import Synchronization

/// Authenticates requests, by basic authentication (RFC 7617) or a bearer token (RFC 6750).
///
/// bcrypt is slow on purpose. Checks therefore run one at a time on a thread of their own, few may wait, and valid
/// credentials are cached until the next reload creates another authenticator.
final class Authenticator: Sendable {
    enum Outcome: Sendable, Hashable {
        case known(Caller)
        /// No credentials, or wrong ones.
        case unknown
        /// Too many checks are waiting for this address.
        case busyAddress
        /// Too many checks are waiting.
        case busy
    }

    private struct Check {
        let address: String
        var waiters: [CheckedContinuation<Outcome, Never>] = []
    }

    private struct State {
        /// Callers by the hash of valid credentials.
        var known: [[UInt8]: Caller] = [:]
        /// By the hash of the credentials, so that concurrent requests with the same ones share a check.
        var checks: [[UInt8]: Check] = [:]
    }

    private let access: WebAccess
    private let hash: CredentialHash
    private let tokens: [(name: String, hash: [UInt8])]
    private let pool: any WorkPool
    private let state = Mutex(State())

    /// Maximum number of cached credentials.
    private static let knownLimit = 256
    /// Maximum number of checks that wait or run: with bcrypt's usual cost about a second's work.
    private static let checkLimit = 16
    /// The same limit for one address.
    private static let checkLimitPerAddress = 4
    /// Maximum number of requests that wait for one check.
    private static let waiterLimit = 64

    /// - Parameter pool: where passwords are checked; nil for a thread of its own.
    init(_ access: WebAccess, platform: Platform, pool: (any WorkPool)? = nil) {
        self.access = access
        let hash = CredentialHash(random: platform.random)
        self.hash = hash
        tokens = access.tokens.sorted { $0.key < $1.key }.compactMap { name, token in
            hash(Array(token.utf8)).map { (name, $0) }
        }
        self.pool = pool ?? platform.workPool("bcrypt", threads: 1)
    }

    /// - Parameter request: one that did not come over a Unix socket.
    func caller(of request: ServerRequest) async -> Outcome {
        guard let header = request[header: "authorization"], header.utf8.count <= 4096,
            let space = header.firstIndex(of: " ")
        else { return .unknown }
        let credentials = String(header[header.index(after: space)...])
        switch header[..<space].lowercased() {
        case "bearer": return bearer(credentials)
        case "basic": return await basic(credentials, request.remote)
        default: return .unknown
        }
    }

    private func bearer(_ token: String) -> Outcome {
        guard let given = hash(Array(token.utf8)) else { return .unknown }
        var found: String?
        // All are compared, so that the time does not reveal which one matched.
        for (name, hash) in tokens where ConstantTime.isSame(hash, given) { found = found ?? name }
        return found.map { .known(Caller($0, by: .token)) } ?? .unknown
    }

    private func basic(_ text: String, _ address: String) async -> Outcome {
        guard !(access.users.isEmpty && access.closingUsers.isEmpty), let data = Data(base64Encoded: text) else {
            return .unknown
        }
        let bytes = Array(data)
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), !bytes.contains(0), let key = hash(bytes) else {
            return .unknown
        }
        let user = String(decoding: bytes[..<colon], as: UTF8.self)
        let password = Array(bytes[(colon + 1)...])
        return await withCheckedContinuation { continuation in
            let (outcome, isNew) = state.withLock { state -> (Outcome?, Bool) in
                if let caller = state.known[key] { return (.known(caller), false) }
                if let check = state.checks[key] {
                    guard check.waiters.count < Authenticator.waiterLimit else { return (.busy, false) }
                    state.checks[key]?.waiters.append(continuation)
                    return (nil, false)
                }
                guard state.checks.count < Authenticator.checkLimit else { return (.busy, false) }
                let own = state.checks.values.count { $0.address == address }
                guard own < Authenticator.checkLimitPerAddress else { return (.busyAddress, false) }
                state.checks[key] = Check(address: address, waiters: [continuation])
                return (nil, true)
            }
            if let outcome { continuation.resume(returning: outcome) }
            guard isNew else { return }
            let isSubmitted = pool.submit { [self] in
                end(key, isRight(user, password) ? .known(Caller(user, by: .password)) : .unknown)
            }
            if !isSubmitted { end(key, .busy) }
        }
    }

    private func isRight(_ user: String, _ password: [UInt8]) -> Bool {
        let hashes = [access.closingUsers[user], access.users[user]].compactMap(\.self)
        guard hashes.isEmpty else { return hashes.contains { Bcrypt.verify(password, $0) } }
        // For an unknown user some hash is checked anyway, so that the time does not reveal whether the user exists.
        if let other = access.users.values.first ?? access.closingUsers.values.first {
            _ = Bcrypt.verify(password, other)
        }
        return false
    }

    private func end(_ key: [UInt8], _ outcome: Outcome) {
        let waiters = state.withLock { state -> [CheckedContinuation<Outcome, Never>] in
            if case .known(let caller) = outcome {
                if state.known.count >= Authenticator.knownLimit { state.known = [:] }
                state.known[key] = caller
            }
            return state.checks.removeValue(forKey: key)?.waiters ?? []
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }
}
