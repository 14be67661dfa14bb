import Foundation
import NIOCore
import Testing

@testable import HTTPServer

/// Who gives a place up when none is left.
struct ConnectionTableTests {
    private func serve(
        _ change: (inout ServerOptions.Limits) -> Void, handler: @escaping HTTPServer.Handler = { .text($0.path) },
        _ test: (HTTPServer.Address, HTTPServer) async throws -> Void
    ) async throws {
        try await withServer(limits(change), handler: handler, test)
    }

    private func get(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }

    /// A connection that has had an answer and stays open.
    private func idle(_ address: HTTPServer.Address, from source: String = "127.0.0.1") async throws -> RawClient {
        let client = try RawClient(address, from: source)
        client.write(get("/idle"))
        #expect(await client.read { $0.hasSuffix("/idle") }.text.hasSuffix("/idle"))
        return client
    }

    @Test func theLongestIdleClientGivesItsPlaceUp() async throws {
        try await serve {
            $0.connections = 3
        } _: { address, _ in
            let silent = try RawClient(address)
            let first = try await idle(address)
            let second = try await idle(address)
            #expect(try await RawClient.exchange(address, get("/x").close).text.hasSuffix("/x"))
            // Idle ones go before one that a request is expected on.
            #expect(await first.readAll().ending != .timedOut)
            second.write(get("/again"))
            #expect(await second.read { $0.hasSuffix("/again") }.text.hasSuffix("/again"))
            silent.write(get("/late").close)
            #expect(await silent.readAll().text.hasSuffix("/late"))
        }
    }

    /// Clients that never send a request keep their connections no longer than others need them.
    @Test func aSilentClientGivesItsPlaceUp() async throws {
        try await serve {
            $0.connections = 2
        } _: { address, server in
            let silent = [try RawClient(address), try RawClient(address)]
            while server.connectionCount < 2 { await Task.yield() }
            #expect(try await RawClient.exchange(address, get("/x").close).text.hasSuffix("/x"))
            #expect(await silent[0].readAll() == ("", .closed))
        }
    }

    /// What is being answered is not cut off for others.
    @Test func clientsThatAreServedKeepTheirPlaces() async throws {
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await serve {
            $0.connections = 1
        } handler: { _ in
            enter.yield()
            for await _ in released {}
            return .text("done")
        } _: { address, _ in
            let served = try RawClient(address)
            served.write(get("/").close)
            for await _ in entered { break }
            #expect(try await RawClient.exchange(address, get("/refused").close).text == "")
            release.finish()
            #expect(await served.readAll().text.hasSuffix("done"))
        }
    }

    /// One address can use up its own connections alone.
    @Test func anAddressHasPlacesOfItsOwn() async throws {
        try await serve {
            $0.connections = 20
            $0.connectionsPerAddress = 5
        } _: { address, server in
            let other = try await idle(address, from: "127.0.0.2")
            var many: [RawClient] = []
            for _ in 0..<30 { many.append(try await idle(address)) }
            while server.connectionCount > 6 { await Task.yield() }
            other.write(get("/still"))
            #expect(await other.read { $0.hasSuffix("/still") }.text.hasSuffix("/still"))
            many[29].write(get("/newest"))
            #expect(await many[29].read { $0.hasSuffix("/newest") }.text.hasSuffix("/newest"))
            #expect(await many[0].readAll().ending != .timedOut)
        }
    }

    /// The network does not lock out this machine's own users.
    @Test func socketsHavePlacesOfTheirOwn() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "connections-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        try await serve {
            $0.connections = 1
        } handler: { request in
            guard request.peerUser == nil else { return .text("uid \(request.peerUser ?? 0)") }
            enter.yield()
            for await _ in released {}
            return .text("done")
        } _: { address, server in
            let path = folder.path + "/s"
            try await server.listen(on: try UnixSocket.listen(path, group: "nobody has this group"))
            let served = try RawClient(address)
            served.write(get("/").close)
            for await _ in entered { break }
            let client = try RawClient(socket: path)
            client.write(get("/").close)
            #expect(await client.readAll().text.hasSuffix("uid \(getuid())"))
            release.finish()
            #expect(await served.readAll().text.hasSuffix("done"))
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/s"))
        try FileManager.default.removeItem(at: folder)
    }

    @Test func networksAreOneClient() throws {
        func source(_ address: String) throws -> ConnectionTable.Source {
            .init(try SocketAddress(ipAddress: address, port: 1))
        }
        #expect(try source("2001:db8::1") == source("2001:db8::ffff:1"))
        #expect(try source("2001:db8::1") != source("2001:db8:0:1::1"))
        #expect(try source("192.0.2.1") != source("192.0.2.2"))
        #expect(try source("::ffff:192.0.2.1") == source("192.0.2.1"))
        #expect(try source("::ffff:192.0.2.1") != source("::ffff:192.0.2.2"))
    }
}

extension String {
    /// The same request, after which the connection is closed.
    fileprivate var close: String { replacingOccurrences(of: "Host: x\r\n", with: "Host: x\r\nConnection: close\r\n") }
}
