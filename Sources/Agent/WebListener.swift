import Config
import Console
package import HTTPServer
import Platform
import Synchronization
import Telemetry
package import Web

/// The edge of the agent: what listens, and takes other settings while it does.
package protocol WebListener: Sendable {
    /// Binds the addresses and answers from then on.
    /// - Returns: the bound addresses: `127.0.0.1:9321`.
    /// - Throws: naming the address or file.
    func start() async throws -> [String]
    /// Checks other settings and reads their certificates. The listen addresses stay as they are.
    /// - Returns: puts the settings in force. Open connections are kept.
    /// - Throws: naming the file; the settings in force stay.
    func prepare(_ settings: WebSettings) throws -> @Sendable () -> Void
    /// Takes no more connections and lets running requests end.
    func stop() async
}

/// Where the agent listens, and whom it answers.
package struct WebSettings: Sendable {
    /// The addresses and inherited sockets to listen on.
    package var listen: [ServerOptions.Listen]
    /// Nil for plain HTTP.
    package var tls: ServerTLS?
    /// Access, headers and external URL.
    package var options: WebService.Options

    /// Settings from their parts.
    package init(listen: [ServerOptions.Listen], tls: ServerTLS?, options: WebService.Options) {
        self.listen = listen
        self.tls = tls
        self.options = options
    }
}

/// The HTTP server with the pages and APIs.
final class WebServer: WebListener {
    /// The service in force; requests under way end with the one that they began with.
    private final class Current: Sendable {
        let service: Mutex<WebService>
        init(_ service: WebService) { self.service = Mutex(service) }
    }

    private let current: Current
    private let server: HTTPServer
    private let sources: WebSources
    private let platform: Platform
    private let registry: Registry

    /// How long requests may take to end after the stop, less than the web service's stop limit.
    private static let grace = Duration.seconds(3)

    init(_ settings: WebSettings, sources: WebSources, platform: Platform, registry: Registry) {
        self.sources = sources
        self.platform = platform
        self.registry = registry
        let current = Current(
            WebServer.service(settings.options, sources, platform, registry))
        self.current = current
        server = HTTPServer(ServerOptions(listen: settings.listen, tls: settings.tls)) { request in
            await current.service.withLock { $0 }.respond(to: request)
        }
    }

    func start() async throws -> [String] { try await server.start().map(\.description) }

    func prepare(_ settings: WebSettings) throws -> @Sendable () -> Void {
        let useTLS = try server.prepareTLS(settings.tls)
        let service = WebServer.service(settings.options, sources, platform, registry)
        return { [current] in
            useTLS()
            current.service.withLock { $0 = service }
        }
    }

    private static func service(
        _ options: WebService.Options, _ sources: WebSources, _ platform: Platform, _ registry: Registry
    ) -> WebService {
        WebService(
            options, sources: sources, pages: Console(sources: sources, random: platform.random).pages,
            platform: platform, registry: registry)
    }

    func stop() async { await server.stop(within: WebServer.grace) }
}
