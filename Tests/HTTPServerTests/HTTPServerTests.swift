import Foundation
import Lab
import Synchronization
import TestServers
import Testing

@testable import HTTPServer

struct HTTPServerTests {
    /// The test's handler says what it saw.
    private let echo: HTTPServer.Handler = { request in
        let lines = [
            request.method, request.path, request.parameters.map { "\($0.name)=\($0.value)" }.joined(separator: "&"),
            request.remote,
        ]
        return ServerResponse(
            headers: [("X-Body", String(request.body.count))], body: .bytes(Array(lines.joined(separator: "|").utf8)))
    }

    @Test func requestsArriveDecoded() async throws {
        try await withServer(handler: echo) { address, _ in
            let answer = try await RawClient.exchange(
                address, "GET /a%20b/c+d?x=1%2B1&y=a+b&z&bad=%zz#f HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer.text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.text.hasSuffix("\r\n\r\nGET|/a b/c+d|x=1+1&y=a b&z=&bad=%zz|127.0.0.1"))
            #expect(answer.ending == .closed)
            let absolute = try await RawClient.exchange(
                address, "GET http://other/p?q=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(absolute.text.hasSuffix("GET|/p|q=1|127.0.0.1"))
            let form = try await RawClient.exchange(
                address,
                "POST /f?a=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5\r\n\r\nb=%26"
            )
            #expect(form.text.hasSuffix("POST|/f|a=1&b=&|127.0.0.1"))
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withServer(handler: { request in
            // The first answer takes longest.
            for _ in 0..<(request.path == "/1" ? 500 : 0) { await Task.yield() }
            return .text(request.path)
        }) { address, _ in
            let client = try RawClient(address)
            client.write(
                (1...20).map { "GET /\($0) HTTP/1.1\r\nHost: x\r\n\(($0 == 20) ? "Connection: close\r\n" : "")\r\n" }
                    .joined())
            let answer = await client.readAll()
            let bodies = answer.text.components(separatedBy: "\r\n\r\n").dropFirst().map {
                $0.components(separatedBy: "HTTP/1.1")[0]
            }
            #expect(bodies == (1...20).map { "/\($0)" })
        }
    }

    /// However many connections there are, their bodies together are bounded, and what was answered makes room again.
    @Test func allBodiesTogetherAreBounded() async throws {
        var limits = ServerOptions.Limits()
        limits.allBodyBytes = 10
        func post(_ count: Int) -> String {
            "POST /f HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(count)\r\n\r\n"
                + String(repeating: "b", count: count)
        }
        try await withServer(limits, handler: echo) { address, _ in
            let waiting = try RawClient(address)
            waiting.write(String(post(8).dropLast()))
            // It has been read once another one finds no room.
            var refused = ""
            let isFull = try await waitUntil {
                refused = try await RawClient.exchange(address, post(6)).text
                return refused.hasPrefix("HTTP/1.1 503")
            }
            #expect(isFull, "\(refused)")
            #expect(try await RawClient.exchange(address, post(2)).text.hasPrefix("HTTP/1.1 200"))
            waiting.write("b")
            #expect(await waiting.readAll().text.hasPrefix("HTTP/1.1 200"))
            #expect(try await RawClient.exchange(address, post(10)).text.hasPrefix("HTTP/1.1 200"))
        }
    }

    /// Each refusal is counted by its reason.
    @Test func refusalsAreTold() async throws {
        let told = Mutex<[ServerRefusal]>([])
        let small = limits {
            $0.bodyBytes = 4
            $0.allBodyBytes = 3
            $0.headerBytes = 200
            $0.connections = 1
        }
        func post(_ count: Int, _ more: String = "") -> String {
            "POST /f HTTP/1.1\r\nHost: x\r\n\(more)Content-Length: \(count)\r\n\r\n"
                + String(repeating: "b", count: count)
        }
        try await withServer(small, onRefusal: { reason in told.withLock { $0.append(reason) } }, handler: echo) {
            address, _ in
            for request in [
                post(5), post(4), post(1, "X: \(String(repeating: "x", count: 300))\r\n"), "what is this\r\n\r\n",
            ] {
                _ = try await RawClient.exchange(address, request)
            }
            #expect(told.withLock { $0 } == [.body, .bodies, .header, .malformed])
        }
    }

    @Test func headHasTheLengthButNoBody() async throws {
        try await withServer(handler: echo) { address, _ in
            let answer = try await RawClient.exchange(
                address, "HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer.text.lowercased().contains("content-length: 20\r\n"))
            #expect(answer.text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func oldClientsAreServedOnce() async throws {
        try await withServer(handler: echo) { address, _ in
            let answer = try await RawClient.exchange(address, "GET /old HTTP/1.0\r\n\r\n")
            #expect(answer.text.hasSuffix("GET|/old||127.0.0.1"))
            #expect(answer.ending == .closed)
        }
    }

    @Test(arguments: [
        ("\u{1}\u{2}garbage\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("GET /" + String(repeating: "a", count: 5000) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: " + String(repeating: "a", count: 5000) + "\r\n\r\n", 431),
        (
            "GET / HTTP/1.1\r\nHost: x\r\n"
                + (0..<30).map { "A\($0): \(String(repeating: "a", count: 200))\r\n" }.joined() + "\r\n", 431
        ),
        ("GET / HTTP/1.1\r\nHost: x\r\n" + String(repeating: "A: b\r\n", count: 200) + "\r\n", 431),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\n", 413),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
                + String(repeating: "b", count: 101) + "\r\n0\r\n\r\n", 413
        ),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
    ])
    func badRequestsAreRefused(_ request: String, _ status: Int) async throws {
        try await withServer(
            limits {
                $0.headerBytes = 4096; $0.bodyBytes = 100
            }, handler: echo
        ) { address, _ in
            let answer = try await RawClient.exchange(address, request)
            #expect(
                answer.text.hasPrefix("HTTP/1.1 \(status) ") || answer.text.hasPrefix("HTTP/1.0 \(status) "),
                "\(answer)")
            #expect(answer.text.lowercased().contains("connection: close"))
        }
    }

    @Test func bodiesUpToTheLimitArrive() async throws {
        try await withServer(limits { $0.bodyBytes = 300_000 }, handler: echo) { address, _ in
            let client = try RawClient(address)
            client.write(
                "POST /b HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 300000\r\n\r\n"
            )
            let interim = await client.read { $0.contains("\r\n\r\n") }
            #expect(interim.text.hasPrefix("HTTP/1.1 100 "))
            client.write([UInt8](repeating: 65, count: 300_000))
            let answer = await client.readAll()
            #expect(answer.text.contains("X-Body: 300000\r\n"))
        }
    }

    /// A client that sends one byte now and then never makes a request.
    @Test func slowRequestsAreCutOff() async throws {
        try await withServer(limits { $0.requestTimeout = .milliseconds(200) }, handler: echo) { address, _ in
            let client = try RawClient(address)
            client.write("GET / HTTP/1.1\r\nHost:")
            #expect(await client.readAll() == ("", .closed))
            let silent = try RawClient(address)
            #expect(await silent.readAll() == ("", .closed))
            let halfBody = try RawClient(address)
            halfBody.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
            #expect(await halfBody.readAll() == ("", .closed))
        }
    }

    @Test func idleConnectionsAreClosed() async throws {
        try await withServer(limits { $0.idleTimeout = .milliseconds(100) }, handler: echo) { address, _ in
            let client = try RawClient(address)
            client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = await client.readAll()
            #expect(answer.text.hasSuffix("GET|/||127.0.0.1"))
            #expect(answer.ending == .closed)
        }
    }

    /// A client that asks for much and reads nothing does not keep its answer in memory for ever.
    @Test func clientsThatDoNotReadAreCutOff() async throws {
        try await withServer(
            limits { $0.sendTimeout = .milliseconds(200) },
            handler: { _ in
                ServerResponse(body: .stream { [UInt8](repeating: 0, count: 1 << 20) })
            }
        ) { address, server in
            let client = try RawClient(address)
            client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            while server.connectionCount == 0 { await Task.yield() }
            while server.connectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
            withExtendedLifetime(client) {}
        }
    }

    @Test func streamsAreChunkedPieceByPiece() async throws {
        let pieces = Mutex(["one ", "two ", "three"])
        try await withServer(handler: { _ in
            ServerResponse(body: .stream { pieces.withLock { $0.isEmpty ? nil : Array($0.removeFirst().utf8) } })
        }) { address, _ in
            let (output, status) = try await run("/usr/bin/curl", ["-s", "-S", "http://\(address)/"])
            #expect(output == "one two three")
            #expect(status == 0)
        }
    }

    @Test func streamsOfAnySizeFlowInConstantMemory() async throws {
        let left = Mutex(200)
        try await withServer(handler: { _ in
            ServerResponse(
                headers: [("Content-Length", String(200 << 20))],
                body: .stream {
                    let goesOn = left.withLock { left in
                        left -= 1
                        return left >= 0
                    }
                    return goesOn ? [UInt8](repeating: 1, count: 1 << 20) : nil
                })
        }) { address, _ in
            let (output, _) = try await run(
                "/usr/bin/curl", ["-s", "-o", "/dev/null", "-w", "%{http_code} %{size_download}", "http://\(address)/"])
            #expect(output == "200 \(200 << 20)")
        }
    }

    @Test func simulatedFailures() async throws {
        try await withServer(handler: { request in
            switch request.path {
            case "/abort": ServerResponse(body: .abort)
            case "/partial": ServerResponse(headers: [("Content-Length", "1000")], body: .partial(Array("half".utf8)))
            case "/hang": ServerResponse(body: .hang)
            default: ServerResponse(status: 472, body: .bytes([]))
            }
        }) { address, server in
            let get = { (path: String) in "GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n" }
            #expect(try await RawClient.exchange(address, get("/abort")).ending == .reset)
            let partial = try await RawClient.exchange(address, get("/partial"))
            #expect(partial.text.contains("Content-Length: 1000"))
            #expect(partial.text.hasSuffix("\r\n\r\nhalf"))
            #expect(partial.ending == .closed)
            let odd = try await run("/usr/bin/curl", ["-s", "-w", "%{http_code}", "http://\(address)/odd"])
            #expect(odd.output == "472")
            let hung = try await run("/usr/bin/curl", ["-s", "-m", "0.3", "http://\(address)/hang"])
            #expect(hung.status == 28)
            // The hung one is gone with its client.
            while server.connectionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test func aClientThatLeavesCancelsItsHandler() async throws {
        let entered = AsyncStream.makeStream(of: Void.self)
        let cancelled = AsyncStream.makeStream(of: Void.self)
        try await withServer(handler: { _ in
            entered.continuation.finish()
            try? await Task.sleep(for: .seconds(3600))
            cancelled.continuation.yield()
            cancelled.continuation.finish()
            return .text("late")
        }) { address, _ in
            let client = try RawClient(address)
            client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            for await _ in entered.stream {}
            client.hangUp()
            for await _ in cancelled.stream {}
        }
    }

    /// What an answer's bytes are counted by stays until they are read, and goes with the connection.
    @Test func anAnswerKeepsItsLeaseUntilItIsRead() async throws {
        final class Lease: Sendable {
            let released: AsyncStream<Void>.Continuation
            init(_ released: AsyncStream<Void>.Continuation) { self.released = released }
            deinit { released.finish() }
        }
        final class Held: Sendable {
            private let lease = Mutex<WeakLease>(WeakLease())
            struct WeakLease { weak var value: Lease? }
            func set(_ value: Lease) { lease.withLock { $0.value = value } }
            var isThere: Bool { lease.withLock { $0.value != nil } }
        }
        let released = AsyncStream.makeStream(of: Void.self)
        let answered = AsyncStream.makeStream(of: Void.self)
        let held = Held()
        try await withServer(handler: { request in
            guard request.path == "/large" else { return .text("small") }
            // More than the sockets' buffers take.
            var response = ServerResponse(body: .bytes([UInt8](repeating: 0x78, count: 32 << 20)))
            let lease = Lease(released.continuation)
            held.set(lease)
            response.lease = lease
            answered.continuation.finish()
            return response
        }) { address, _ in
            let client = try RawClient(address)
            client.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            for await _ in answered.stream {}
            // By the time that others are answered the large answer is on its way as well.
            for _ in 0..<3 {
                #expect(try await run("/usr/bin/curl", ["-s", "http://\(address)/small"]).output == "small")
            }
            #expect(held.isThere)
            client.hangUp()
            for await _ in released.stream {}
            #expect(!held.isThere)
        }
    }

    @Test func stopLetsRunningRequestsEnd() async throws {
        let entered = AsyncStream.makeStream(of: Void.self)
        let release = AsyncStream.makeStream(of: Void.self)
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)])) { _ in
            entered.continuation.finish()
            for await _ in release.stream {}
            return .text("done")
        }
        let address = try await server.start()[0]
        let running = try RawClient(address)
        let idle = try RawClient(address)
        running.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        for await _ in entered.stream {}
        async let stopped: Void = server.stop(within: .seconds(30))
        #expect(await idle.readAll() == ("", .closed))
        release.continuation.finish()
        let answer = await running.readAll()
        #expect(answer.text.hasSuffix("done"))
        #expect(answer.text.lowercased().contains("connection: close"))
        await stopped
        #expect(throws: (any Error).self) { try RawClient(address) }
    }

    @Test func stopDoesNotWaitForEver() async throws {
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)])) { _ in
            ServerResponse(body: .hang)
        }
        let address = try await server.start()[0]
        let client = try RawClient(address)
        client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        while server.connectionCount == 0 { await Task.yield() }
        await server.stop(within: .milliseconds(50))
        #expect(await client.readAll().text == "")
    }

    @Test func killResetsEveryConnection() async throws {
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: 0)]), handler: echo)
        let address = try await server.start()[0]
        let client = try RawClient(address)
        client.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        _ = await client.read { $0.hasSuffix("127.0.0.1") }
        await server.kill()
        #expect(await client.readAll().ending == .reset)
        #expect(throws: (any Error).self) { try RawClient(address) }
    }

    @Test func aTakenPortIsNamed() async throws {
        try await withServer(handler: echo) { address, _ in
            let second = HTTPServer(ServerOptions(listen: [.tcp(host: "127.0.0.1", port: address.port)]), handler: echo)
            let error = await #expect(throws: ServerError.self) { try await second.start() }
            #expect(
                error?.message == """
                    127.0.0.1:\(address.port): Address already in use; stop the program that listens there, or choose another address \
                    with --web.listen-address (listen_addresses in web)
                    """)
        }
    }

    @Test func anEmptyHostMeansAllInterfaces() async throws {
        let server = HTTPServer(ServerOptions(listen: [.tcp(host: "", port: 0)]), handler: echo)
        let port = try await server.start()[0].port
        let answer = try await RawClient.exchange(
            .init(host: "127.0.0.1", port: port), "GET /v4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.text.contains("GET|/v4||"))
        await server.stop()
    }

    @Test func inheritedSocketsAreServed() async throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(bound == 0 && listen(descriptor, 8) == 0)
        let server = HTTPServer(ServerOptions(listen: [.descriptor(descriptor)]), handler: echo)
        let inherited = try await server.start()[0]
        #expect(inherited.host == "127.0.0.1" && inherited.port > 0)
        let answer = try await RawClient.exchange(inherited, "GET /s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(answer.text.hasSuffix("GET|/s||127.0.0.1"))
        await server.stop()
    }

    /// Random bytes, random cuts: the server answers or closes, and goes on.
    @Test func fuzzedRequestsDoNoHarm() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("fuzzedRequestsDoNoHarm seed \(seed)")
        try await withServer(
            limits {
                $0.requestTimeout = .milliseconds(300); $0.idleTimeout = .milliseconds(300)
            }, handler: echo
        ) { address, _ in
            var state = seed
            func next(_ bound: Int) -> Int {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int(state >> 33) % bound
            }
            let good = Array(
                "POST /a?b=c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                    .utf8)
            await withTaskGroup { group in
                for _ in 0..<150 {
                    var bytes = good
                    for _ in 0..<(1 + next(5)) { bytes[next(bytes.count)] = UInt8(next(256)) }
                    let request = Array(bytes.prefix(next(bytes.count) + 1))
                    group.addTask {
                        guard let client = try? RawClient(address) else { return }
                        client.write(request)
                        #expect(await client.readAll().ending != .timedOut)
                    }
                }
            }
            let answer = try await RawClient.exchange(
                address, "GET /alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(answer.text.hasSuffix("GET|/alive||127.0.0.1"))
        }
    }
}
