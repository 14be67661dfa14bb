import Synchronization

/// Hands on the news that a kept connection broke. The transport exists before the agent that wants to hear.
final class LostConnections: Sendable {
    private let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

    func listen(_ listener: @escaping @Sendable (String) -> Void) { self.listener.withLock { $0 = listener } }
    func tell(_ origin: String) { listener.withLock { $0 }?(origin) }

    /// Whether a configured URL has this origin; a port that the scheme implies may be left out on either side.
    static func same(_ url: String, _ origin: String) -> Bool { normal(url) == normal(origin) }

    private static func normal(_ url: String) -> String {
        let isTLS = url.hasPrefix("https://")
        let rest = url.dropFirst(isTLS ? 8 : 7)
        var host = String(rest.prefix { $0 != "/" }).lowercased()
        let port = host.split(separator: ":").last.map(String.init)
        if host.hasSuffix("]") || !host.contains(":") || port.flatMap({ Int($0) }) == nil {
            host += isTLS ? ":443" : ":80"
        }
        return (isTLS ? "https://" : "http://") + host
    }
}
