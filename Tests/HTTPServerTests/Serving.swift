@testable import HTTPServer

/// Starts a server on a free port, gives its address to the test, and stops it.
func withServer(
    _ limits: ServerOptions.Limits = .init(), onRefusal: @escaping @Sendable (ServerRefusal) -> Void = { _ in },
    handler: @escaping HTTPServer.Handler,
    _ test: (HTTPServer.Address, HTTPServer) async throws -> Void
) async throws {
    var options = ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)])
    options.limits = limits
    options.onRefusal = onRefusal
    let server = HTTPServer(options, handler: handler)
    let address = try await server.start()[0]
    do {
        try await test(address, server)
    } catch {
        await server.stop(within: .zero)
        throw error
    }
    await server.stop(within: .zero)
}

/// The usual limits, but for what is changed.
func limits(_ change: (inout ServerOptions.Limits) -> Void) -> ServerOptions.Limits {
    var limits = ServerOptions.Limits()
    change(&limits)
    return limits
}
