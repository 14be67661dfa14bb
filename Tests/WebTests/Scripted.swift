import Console
import Alerts
import Exposition
import Foundation
import HTTPServer
import Logging
import Platform
import Samples
import Synchronization
import Telemetry

@testable import Dispatching
@testable import Web

/// A web service with scripted data sources, optionally behind a real server.
struct Scripted: Sendable {
    /// 2026-01-02T03:04:05Z.
    static let now = Timestamp(milliseconds: 1_767_323_045_000)

    struct FixedTime: TimeSource {
        func monotonic() -> Instant { Instant(nanoseconds: 1) }
        func wall() -> Timestamp { Scripted.now }
        func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID {
            body()
            return 0
        }
        func cancel(_ timer: TimerID) {}
    }

    struct FixedRandom: RandomSource {
        func next() -> UInt64 { 0x1234_5678_9abc_def0 }
    }

    var sources = WebSources()
    /// What the tests of the APIs need: everybody may change things.
    var options = {
        var options = WebService.Options()
        options.access.allowsAnonymousChanges = true
        options.access.hosts = KnownHosts(["vw"])
        return options
    }()
    let registry = Registry()
    /// amtool and promtool use the real clock.
    var isRealTime = false

    var platform: Platform {
        var platform = Platform.real(log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        if !isRealTime {
            platform.time = FixedTime()
            platform.random = FixedRandom()
        }
        return platform
    }

    var service: WebService {
        WebService(
            options, sources: sources,
            pages: Console(sources: sources, time: platform.time).pages,
            platform: platform, registry: registry)
    }

    func respond(
        _ method: String = "GET", _ target: String, headers: [(String, String)] = [], body: String = "",
        peerUser: UInt32? = nil
    ) async -> ServerResponse {
        await service.respond(
            to: ServerRequest(
                method: method, target: target, headers: headers.map { (name: $0.0, value: $0.1) },
                body: Array(body.utf8), peerUser: peerUser))
    }

    func get(_ target: String, headers: [(String, String)] = []) async -> (status: Int, text: String) {
        let response = await respond("GET", target, headers: headers)
        return (response.status, response.text)
    }

    func form(_ target: String, _ body: String) async -> (status: Int, text: String) {
        let response = await respond(
            "POST", target, headers: [("Content-Type", "application/x-www-form-urlencoded")], body: body)
        return (response.status, response.text)
    }

    /// Serves over a real socket while the test runs.
    func serve(_ test: (String) async throws -> Void) async throws {
        let service = service
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)])) {
            await service.respond(to: $0)
        }
        let address = try await server.start()[0]
        do {
            try await test("http://\(address)")
        } catch {
            await server.stop(within: .zero)
            throw error
        }
        await server.stop(within: .zero)
    }
}

extension ServerResponse {
    var text: String {
        guard case .bytes(let bytes) = body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// A text that must be JSON, keys sorted, so that two can be compared.
func canonicalJSON(_ text: String) throws -> String {
    let value = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    return String(
        decoding: try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .fragmentsAllowed]),
        as: UTF8.self)
}
