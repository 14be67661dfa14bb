import Samples
import Text

/// What is known about an estate so far, for writing a first configuration.
struct EstateDraft: Equatable {
    struct Node: Equatable {
        var name: String
        var url: String
    }

    struct Server: Equatable {
        var name: String
        var host: String
        var port = 5432
        /// Nil if it could not be queried.
        var offersTLS: Bool?
    }

    struct Bucket: Equatable {
        var name: String
        var endpoint: String?
        var region: String
        var sets: [Set] = []

        struct Set: Equatable {
            var name: String
            var prefix: String
            /// `daily` or `monthly`.
            var period: String
            /// How many backups there are now.
            var count: Int
        }
    }

    var cluster = "production"
    var nodes: [Node] = []
    var caFile: String?
    var servers: [Server] = []
    var database = "vault"
    var bucket: Bucket?
    var mailAddress: String?
    var smarthost: String?

    static let secrets = "/etc/vaultwatch/secrets"
    static let examples = "/usr/share/doc/vaultwatch/examples"

    /// Adds a node unless its address is known; names are made unique.
    mutating func add(node url: String, name: String?) {
        guard !nodes.contains(where: { $0.url == url }) else { return }
        nodes.append(Node(name: unique(name ?? EstateDraft.label(of: url), among: nodes.map(\.name)), url: url))
    }

    /// Adds a server unless it is known.
    mutating func add(server host: String, port: Int) {
        guard !servers.contains(where: { $0.host == host && $0.port == port }) else { return }
        servers.append(
            Server(name: unique(EstateDraft.label(of: host), among: servers.map(\.name)), host: host, port: port))
    }

    private func unique(_ name: String, among taken: [String]) -> String {
        if !taken.contains(name) { return name }
        var number = 2
        while taken.contains("\(name)-\(number)") { number += 1 }
        return "\(name)-\(number)"
    }

    /// The host of a URL without its domain; an IP address is not shortened.
    static func label(of url: String) -> String {
        let authority = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? Substring(url)
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        let host = authority.prefix { $0 != ":" && $0 != "/" }
        let isAddress = host.allSatisfy { $0.isNumber || $0 == "." }
        return String(isAddress ? host : host.prefix { $0 != "." })
    }

    /// The sets of backups, derived from a bucket's keys: the part of a key before its first component with a digit. A
    /// set whose neighbours are two weeks or more apart is monthly.
    /// - Parameter objects: keys with their modification times.
    static func sets(_ objects: [(key: String, modified: Timestamp)]) -> [Bucket.Set] {
        var times: [String: [Timestamp]] = [:]
        for object in objects {
            var prefix = ""
            for part in object.key.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
                if part.contains(where: \.isNumber) { break }
                prefix += part + "/"
            }
            if !prefix.isEmpty { times[prefix, default: []].append(object.modified) }
        }
        return times.sorted { $0.key < $1.key }.map { prefix, times in
            let sorted = times.sorted()
            let days = sorted.first.flatMap { first in sorted.last.map { ($0 - first).seconds / 86400 } } ?? 0
            let isMonthly =
                prefix.contains("month")
                || !prefix.contains("dai") && sorted.count > 1 && days / Double(sorted.count - 1) > 14
            let name = prefix.dropLast().split(separator: "/").joined(separator: "-")
            return Bucket.Set(
                name: name, prefix: prefix, period: isMonthly ? "monthly" : "daily", count: sorted.count)
        }
    }
}
