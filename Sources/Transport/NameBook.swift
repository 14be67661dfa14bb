import Platform
import Samples
import Text

/// A host's name and port, as libcurl keys what it knows of names.
struct Endpoint: Hashable, Sendable {
    var name: String
    var port: Int
}

/// What a loop has asked of the resolver, and what it has told libcurl. Pure bookkeeping.
struct NameBook {
    /// Beyond it libcurl is told to forget all: where redirects lead, names may be without number.
    static let pinLimit = 2048

    /// The names that are being looked up, and when to ask once more: the resolver may do with older addresses then.
    private var asked: [String: Instant] = [:]
    /// What libcurl has, for as long as the loop's thread runs.
    private var pinned: [Endpoint: [String]] = [:]

    /// Whether libcurl has addresses of all that a transfer connects to, however old.
    func hasPinned(_ endpoint: Endpoint) -> Bool { pinned[endpoint] != nil }

    /// Whether to ask for the name now.
    mutating func asks(_ name: String, _ now: Instant) -> Bool {
        guard let retry = asked[name] else {
            asked[name] = now + NameResolver.patience
            return true
        }
        guard retry <= now else { return false }
        asked[name] = Instant(nanoseconds: .max)
        return true
    }

    /// Name servers gave no answer: the next question comes at this time.
    mutating func askAgain(_ name: String, at time: Instant) { asked[name] = time }

    mutating func answered(_ name: String) { asked[name] = nil }

    /// When to ask once more.
    func retry(_ name: String) -> Instant? { asked[name].flatMap { $0.nanoseconds == .max ? nil : $0 } }

    /// Lines of CURLOPT_RESOLVE(3) for what has changed since libcurl was last told.
    mutating func lines(for transfer: CurlTransfer) -> [String] {
        var lines: [String] = []
        if pinned.count > NameBook.pinLimit {
            lines = pinned.keys.map { "-\($0.name):\($0.port)" }
            pinned = [:]
        }
        for endpoint in transfer.endpoints {
            guard let addresses = transfer.addresses[endpoint.name], pinned[endpoint] != addresses else { continue }
            pinned[endpoint] = addresses
            let list = addresses.map { $0.contains(":") ? "[\($0)]" : $0 }.joined(separator: ",")
            lines.append("\(endpoint.name):\(endpoint.port):\(list)")
        }
        return lines
    }
}
