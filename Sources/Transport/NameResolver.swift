import CCurl
import Glibc
import Platform
import Samples
import Synchronization

/// Why a name has no address.
struct NameError: Error, Sendable, Hashable, CustomStringConvertible {
    let name: String
    /// As gai_strerror(3) puts it.
    let reason: String
    /// Whether the name servers reported that the name does not exist; otherwise they did not answer.
    var isFinal = false

    var description: String { "\(name): \(reason)" }
}

/// Resolves host names with getaddrinfo(3) on threads of its own, since that blocks for as long as dead name servers
/// make it: 30 s and more.
///
/// A name is looked up once for all its callers. At most `threadLimit` lookups run at once; further ones wait, except
/// for names in /etc/hosts, which need no name server. A name that was resolved in the last hour keeps its addresses
/// while name servers do not answer.
final class NameResolver: Sendable {
    typealias Answer = Result<[String], NameError>

    /// Maximum number of threads; part of the count at `CurlTransportOptions.concurrentConnects`.
    static let threadLimit = 16
    /// How long addresses are cached: a name that moves is followed after that.
    static let freshness = Duration.seconds(2)
    /// How long a failure is cached.
    static let failureFreshness = Duration.seconds(1)
    /// How long a lookup may take before the last addresses are used instead.
    static let patience = Duration.seconds(1)
    /// How long the last addresses are used while name servers are dead.
    static let endurance = Duration.seconds(3600)
    /// Maximum number of names being looked up or waiting; one more fails.
    static let queueLimit = 1024
    /// Maximum number of callers that wait for one name; one more fails.
    static let waiterLimit = 256
    private static let addressLimit = 8
    private static let memoryLimit = 4096

    private struct Lookup {
        var began: Instant
        var waiting: [@Sendable (Answer) -> Void]
    }

    private struct Known {
        /// The last addresses found.
        var addresses: [String] = []
        var foundAt: Instant?
        var failure: (error: NameError, at: Instant)?
    }

    private struct State {
        var lookups: [String: Lookup] = [:]
        /// Names without a thread yet.
        var queue: [String] = []
        var threads = 0
        var known: [String: Known] = [:]
    }

    private enum Step {
        case answer(Answer)
        case wait
        case look
        /// All threads are busy.
        case queued
    }

    private let platform: Platform
    private let look: @Sendable (String) -> Answer
    private let state = Mutex(State())

    /// - Parameter look: blocks; getaddrinfo(3) except in tests.
    init(_ platform: Platform, look: @escaping @Sendable (String) -> Answer = NameResolver.system) {
        self.platform = platform
        self.look = look
    }

    /// Whether the host already is an address.
    static func isNumeric(_ host: String) -> Bool {
        var space = in6_addr()
        return host.contains(":") || inet_pton(AF_INET, host, &space) == 1 || inet_pton(AF_INET6, host, &space) == 1
    }

    /// - Parameter completion: gets numeric addresses in the order to try them, or an error; called once, before this
    ///   returns or on another thread. A lookup that hangs calls it when it ends: callers need a deadline of their own.
    func lookUp(_ name: String, _ completion: @escaping @Sendable (Answer) -> Void) {
        let now = platform.time.monotonic()
        switch state.withLock({ step(name, now, completion, &$0) }) {
        case .answer(let answer): completion(answer)
        case .wait: break
        case .look: startThread(name)
        case .queued: askHosts(name)
        }
    }

    private func step(
        _ name: String, _ now: Instant, _ completion: @escaping @Sendable (Answer) -> Void, _ state: inout State
    )
        -> Step
    {
        let known = state.known[name]
        if let found = known?.foundAt, now - found < NameResolver.freshness {
            return .answer(.success(known?.addresses ?? []))
        }
        if let failure = known?.failure, now - failure.at < NameResolver.failureFreshness {
            return .answer(NameResolver.answer(failure.error, known, now))
        }
        if let lookup = state.lookups[name] {
            if now - lookup.began >= NameResolver.patience, let old = NameResolver.old(known, now) {
                return .answer(.success(old))
            }
            guard lookup.waiting.count < NameResolver.waiterLimit else {
                return .answer(.failure(NameResolver.busy(name)))
            }
            state.lookups[name]?.waiting.append(completion)
            return .wait
        }
        guard state.lookups.count < NameResolver.queueLimit else { return .answer(.failure(NameResolver.busy(name))) }
        state.lookups[name] = Lookup(began: now, waiting: [completion])
        guard state.threads < NameResolver.threadLimit else {
            state.queue.append(name)
            return .queued
        }
        state.threads += 1
        return .look
    }

    private static func busy(_ name: String) -> NameError {
        NameError(name: name, reason: "name lookup busy: too many lookups have no answer of their name servers")
    }

    /// The addresses last found, if they are not too old.
    private static func old(_ known: Known?, _ now: Instant) -> [String]? {
        guard let known, let found = known.foundAt, now - found < endurance else { return nil }
        return known.addresses
    }

    private static func answer(_ error: NameError, _ known: Known?, _ now: Instant) -> Answer {
        if !error.isFinal, let old = old(known, now) { return .success(old) }
        return .failure(error)
    }

    // MARK: - Threads

    private func startThread(_ name: String) {
        do throws(ThreadError) {
            // glibc's modules for name services need little; only pages that are used take memory.
            try platform.threads.start("name-lookup", stackBytes: 512 << 10) {
                var next: String? = name
                while let name = next {
                    self.finish(name, self.look(name))
                    next = self.takeNext()
                }
            }
        } catch {
            let isAlone = state.withLock { state in
                state.threads -= 1
                if state.threads > 0 { state.queue.append(name) }
                return state.threads == 0
            }
            if isAlone { finish(name, .failure(NameError(name: name, reason: "\(error)"))) }
        }
    }

    /// The next name without a result; nil ends the thread.
    private func takeNext() -> String? {
        state.withLock { state in
            while !state.queue.isEmpty {
                let name = state.queue.removeFirst()
                if state.lookups[name] != nil { return name }
            }
            state.threads -= 1
            return nil
        }
    }

    private func finish(_ name: String, _ found: Answer) {
        let now = platform.time.monotonic()
        let (answer, waiting) = state.withLock { state -> (Answer, [@Sendable (Answer) -> Void]) in
            if state.known.count >= NameResolver.memoryLimit { state.known = [:] }
            var known = state.known[name] ?? Known()
            let answer: Answer
            switch found {
            case .success(let addresses):
                known = Known(addresses: addresses, foundAt: now)
                answer = found
            case .failure(let error):
                known.failure = (error, now)
                if error.isFinal { known.foundAt = nil }
                answer = NameResolver.answer(error, known, now)
            }
            state.known[name] = known
            return (answer, state.lookups.removeValue(forKey: name)?.waiting ?? [])
        }
        for waiter in waiting { waiter(answer) }
    }

    // MARK: - /etc/hosts

    /// A name in /etc/hosts must not wait for threads blocked by dead name servers.
    private func askHosts(_ name: String) {
        let files = platform.files
        Task {
            guard let bytes = try? await files.readInTime("/etc/hosts", limit: 4 << 20) else { return }
            let addresses = NameResolver.addresses(of: name, inHosts: String(decoding: bytes, as: UTF8.self))
            if !addresses.isEmpty { finish(name, .success(addresses)) }
        }
    }

    /// Source: hosts(5).
    static func addresses(of name: String, inHosts text: String) -> [String] {
        let wanted = name.lowercased()
        var found: [String] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            guard let address = words.first.map(String.init), isNumeric(address), !found.contains(address),
                words.dropFirst().contains(where: { $0.lowercased() == wanted })
            else { continue }
            found.append(address)
        }
        return Array(found.prefix(addressLimit))
    }

    /// getaddrinfo(3).
    static let system: @Sendable (String) -> Answer = { name in
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0 else {
            return .failure(
                NameError(
                    name: name, reason: String(cString: gai_strerror(code)), isFinal: code == EAI_NONAME || code == -5))
        }
        defer { freeaddrinfo(list) }
        var found: [String] = []
        var next = list
        while let entry = next, found.count < addressLimit {
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            if getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
                == 0
            {
                let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                if !found.contains(address) { found.append(address) }
            }
            next = entry.pointee.ai_next
        }
        return found.isEmpty
            ? .failure(NameError(name: name, reason: "has no address", isFinal: true)) : .success(found)
    }
}
