import Transport

/// Hosts and ports of what is watched, each name with the addresses that it resolves to.
struct WatchedAddresses: Sendable, Hashable {
    /// A port at one of several hosts: names in lower case and addresses.
    struct Endpoint: Sendable, Hashable {
        /// How it is called in messages.
        var label: String
        var hosts: Set<String>
        var port: Int
    }

    /// Vault nodes and load balancers.
    var vault: [Endpoint] = []
    /// PostgreSQL servers.
    var postgres: [Endpoint] = []

    /// The watched Vault at a URL; nil for any other, and for no URL.
    func vault(at endpoint: Endpoint) -> Endpoint? { vault.first { $0.meets(endpoint) } }

    /// The watched database server at an endpoint.
    func postgres(at endpoint: Endpoint) -> Endpoint? { postgres.first { $0.meets(endpoint) } }

    /// Whether a URL, as it stands, names a watched Vault; names are not resolved.
    func contains(url: String) -> Bool {
        guard let parts = WatchedAddresses.parts(url) else { return false }
        return vault(at: Endpoint(label: url, hosts: [parts.host], port: parts.port)) != nil
    }

    /// Host in lower case and port of an http or https URL.
    static func parts(_ url: String) -> (host: String, port: Int)? {
        guard let parts = URLParts(url) else { return nil }
        return (parts.host.lowercased(), parts.port)
    }
}

extension WatchedAddresses.Endpoint {
    /// Whether both are one server by name or address. A machine has several addresses, and what listens on all of them is
    /// known by its cluster id alone.
    func meets(_ other: WatchedAddresses.Endpoint) -> Bool {
        port == other.port && !hosts.isDisjoint(with: other.hosts)
    }
}
