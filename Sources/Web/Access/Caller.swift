/// The client that makes a change, for the history.
package struct Caller: Sendable, Hashable, CustomStringConvertible {
    /// How a caller was identified.
    package enum Means: Sendable, Hashable {
        /// By the kernel, which knows the user at the other end of a Unix socket.
        case socket
        /// By a password.
        case password
        /// By a bearer token.
        case token
        /// By a trusted proxy, which names the user in a header.
        case proxy
        /// Not at all: changes need no login.
        case none
    }

    /// The user's or the token's name; an address if the caller is anonymous.
    package var name: String
    /// How it was identified.
    package var means: Means

    /// A caller with its name.
    package init(_ name: String, by means: Means) {
        self.name = name
        self.means = means
    }

    /// `ann`, `root (socket)`, `ci (token)`, `ann (proxy)`, `anonymous (192.0.2.7)`
    package var description: String {
        switch means {
        case .socket: "\(name) (socket)"
        case .password: name
        case .token: "\(name) (token)"
        case .proxy: "\(name) (proxy)"
        case .none: name.isEmpty ? "anonymous" : "anonymous (\(name))"
        }
    }
}
