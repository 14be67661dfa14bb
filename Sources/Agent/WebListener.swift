import Config
import Console
package import HTTPServer
import Logging
import Platform
import Synchronization
import Telemetry
package import Web

/// The agent's web server: it listens, and its settings can change while it runs.
package protocol WebListener: Sendable {
    /// Binds the addresses and starts to serve requests.
    /// - Returns: the bound addresses: `127.0.0.1:9321`.
    /// - Throws: an error that names the address or file.
    func start() async throws -> [String]
    /// Checks new settings and reads their certificates. The listen addresses stay as they are.
    /// - Returns: puts the settings in force. Open connections are kept.
    /// - Throws: an error that names the file; the settings in force stay.
    func prepare(_ settings: WebSettings) throws -> @Sendable () -> Void
    /// Accepts no more connections and lets running requests end.
    func stop() async
}

/// Where the agent listens, and which clients it admits.
package struct WebSettings: Sendable {
    /// The addresses and inherited sockets to listen on.
    package var listen: [ServerOptions.Listen]
    /// The path of the Unix socket to listen on too; nil for none.
    package var socket: String?
    /// Nil for plain HTTP.
    package var tls: ServerTLS?
    /// Access, headers and external URL.
    package var options: WebService.Options
    /// The secret key of form tokens; nil makes one that lasts as long as the server.
    package var formKey: [UInt8]?

    /// Settings from their parts.
    package init(
        listen: [ServerOptions.Listen], socket: String? = nil, tls: ServerTLS?, options: WebService.Options
    ) {
        self.listen = listen
        self.socket = socket
        self.tls = tls
        self.options = options
    }
}

/// The HTTP server with the pages and APIs.
final class WebServer: WebListener {
    /// The service in force; requests under way end with the one that they started with.
    private final class Current: Sendable {
        let service: Mutex<WebService>
        init(_ service: WebService) { self.service = Mutex(service) }
    }

    private enum SocketState { case closed, opening, open }

    private let current: Current
    private let server: HTTPServer
    private let socketPath: String?
    private let socket = Mutex(SocketState.closed)
    private let socketPool: any WorkPool
    private let sources: WebSources
    private let platform: Platform
    private let registry: Registry
    private let events: EventStreams
    private let formKey: [UInt8]

    /// How long requests may continue after the stop; less than the web service's stop limit.
    private static let grace = Duration.seconds(3)
    /// How long the start waits for the Unix socket, whose folder may be on a hung disk.
    private static let socketPatience = Duration.seconds(2)
    /// The group whose members may use the socket.
    private static let socketGroup = "vaultwatch"

    init(_ settings: WebSettings, sources: WebSources, platform: Platform, registry: Registry) {
        self.sources = sources
        self.platform = platform
        self.registry = registry
        // They survive a reload.
        let events = EventStreams(sources, time: platform.time)
        let formKey = settings.formKey ?? FormToken.key(platform.random)
        (self.events, self.formKey) = (events, formKey)
        let current = Current(
            WebServer.service(settings.options, sources, platform, registry, events, formKey))
        self.current = current
        socketPath = settings.socket
        socketPool = platform.workPool("socket", threads: 1)
        let refusals = registry.counter(
            "vaultwatch_http_refusals_total",
            help: "Connections and requests refused before they were read completely, by reason.",
            labels: ["reason"])
        for reason in ServerRefusal.allCases { refusals.declare(reason.rawValue) }
        var options = ServerOptions(listen: settings.listen, tls: settings.tls)
        options.onRefusal = { refusals.increment($0.rawValue) }
        server = HTTPServer(options) { request in
            await current.service.withLock { $0 }.respond(to: request)
        }
    }

    func start() async throws -> [String] {
        let addresses = try await server.start().map(\.description)
        _ = await Deadline.run(
            { await self.openSocket() }, until: platform.time.monotonic() + WebServer.socketPatience,
            time: platform.time)
        return addresses
    }

    /// Listens on the Unix socket unless it already does. Without the socket only users with a login can change things.
    private func openSocket() async {
        guard let path = socketPath else { return }
        let isNew = socket.withLock { socket in
            defer { if socket == .closed { socket = .opening } }
            return socket == .closed
        }
        guard isNew else { return }
        let opened = await socketPool.run { () -> Result<UnixSocket, ServerError> in
            Result { () throws(ServerError) in try UnixSocket.listen(path, group: WebServer.socketGroup) }
        }
        do throws(ServerError) {
            guard let opened else { throw ServerError("\(path): no thread can be started") }
            try await server.listen(on: try opened.get())
            socket.withLock { $0 = .open }
            platform.log.info("listening on a Unix socket", metadata: ["socket": "\(path)"])
        } catch {
            socket.withLock { $0 = .closed }
            platform.log.warning(
                "no Unix socket, so silences and reloads need a login (web.users, web.tokens); the next reload retries",
                metadata: ["err": "\(error)"])
        }
    }

    func prepare(_ settings: WebSettings) throws -> @Sendable () -> Void {
        let useTLS = try server.prepareTLS(settings.tls)
        let service = WebServer.service(settings.options, sources, platform, registry, events, formKey)
        return { [self] in
            useTLS()
            current.service.withLock { $0 = service }
            Task { await openSocket() }
        }
    }

    private static func service(
        _ options: WebService.Options, _ sources: WebSources, _ platform: Platform, _ registry: Registry,
        _ events: EventStreams, _ formKey: [UInt8]
    ) -> WebService {
        WebService(
            options, sources: sources,
            pages: Console(sources: sources, events: events, time: platform.time).pages, formKey: formKey,
            platform: platform, registry: registry)
    }

    func stop() async {
        // Otherwise they would last until the grace period is over.
        events.end()
        await server.stop(within: WebServer.grace)
    }
}
