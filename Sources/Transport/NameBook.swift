import Platform
import Samples
import Text

/// A host's name and port, which is the key of libcurl's DNS cache.
struct Endpoint: Hashable, Sendable {
    var name: String
    var port: Int
}

/// The names that a loop has asked the resolver for, and the addresses pinned in libcurl. Pure bookkeeping.
struct NameBook {
    /// Beyond it all pinned names are dropped: redirects may lead to any number of names.
    static let pinLimit = 2048

    /// The names that are being looked up, and when to ask again: the resolver may by then accept older addresses.
    private var asked: [String: Instant] = [:]
    /// The addresses pinned in libcurl, for as long as the loop's thread runs.
    private var pinned: [Endpoint: [String]] = [:]

    /// Whether libcurl has addresses of an endpoint, however old.
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

    /// Name servers did not answer: schedules the next lookup.
    mutating func askAgain(_ name: String, at time: Instant) { asked[name] = time }

    mutating func answered(_ name: String) { asked[name] = nil }

    /// When to ask again.
    func retry(_ name: String) -> Instant? { asked[name].flatMap { $0.nanoseconds == .max ? nil : $0 } }

    /// Lines for CURLOPT_RESOLVE(3) with the changes since they were last pinned.
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
