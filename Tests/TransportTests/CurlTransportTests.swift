import Foundation
import Lab
import Logging
import Platform
import Simulation
import Synchronization
import Testing

@testable import Transport

extension CurlTransport {
    /// A transport as configured in production.
    static func test(_ options: CurlTransportOptions = CurlTransportOptions()) -> CurlTransport {
        CurlTransport(options: options, platform: .real(log: Logger(label: "test")))
    }
}

/// The reason of what an expression throws; nil when it does not throw.
func reason<T>(_ body: () async throws(TransportError) -> T) async -> TransportError.Reason? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error.reason
    }
}

struct CurlTransportTests {
    let transport = CurlTransport.test()

    @Test func answersWithStatusHeadersBodyAndTiming() async throws {
        let server = try RawServer.http { _ in
            "HTTP/1.1 429 Too Many\r\nX-Many:  a b \r\nX-many: c\r\nContent-Length: 5\r\n\r\nhello"
        }
        let response = try await transport.send(HTTPRequest(url: server.url + "/v1/sys/health"))
        #expect(response.status == 429)
        #expect(response.text == "hello")
        #expect(response[header: "X-MANY"] == "a b")
        #expect(response.headers.filter { $0.name == "x-many" }.map(\.value) == ["a b", "c"])
        #expect(response.timing.total > 0)
        #expect(!response.timing.reusedConnection)
        #expect(response.certificateExpiry == nil)
    }

    @Test func keepsTheConnection() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        for turn in 0..<20 {
            let response = try await transport.send(HTTPRequest(url: server.url))
            #expect(response.timing.reusedConnection == (turn > 0))
        }
        #expect(server.connections == 1)
    }

    /// A kept connection breaks after the request was received: the transfer fails instead of being sent a second
    /// time.
    @Test func aRequestWithABodyIsNotSentTwice() async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            if connection.index > 0 {
                connection.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
                return
            }
            connection.write(RawServer.ok("x"))
            _ = connection.readRequest()
            connection.reset()
        }
        var request = HTTPRequest(url: server.url)
        request.method = "POST"
        request.body = Array("{}".utf8)
        #expect(try await transport.send(request).status == 200)
        let second = request
        #expect(await reason { () async throws(TransportError) in try await transport.send(second) } == .reset)
        // A GET is retried.
        #expect(try await transport.send(HTTPRequest(url: server.url)).status == 503)
    }

    @Test func sendsMethodHeadersAndBodyAsGiven() async throws {
        let seen = Mutex("")
        let server = try RawServer { connection in
            var text = ""
            while !text.hasSuffix("{\"a\":1}") {
                let bytes = connection.read()
                if bytes.isEmpty { break }
                text += String(decoding: bytes, as: UTF8.self)
            }
            seen.withLock { $0 = text }
            connection.write(RawServer.ok(""))
        }
        var request = HTTPRequest(url: server.url + "/a/../b?q=%20")
        request.method = "PUT"
        request.body = Array("{\"a\":1}".utf8)
        request.headers = [(name: "X-Vault-Token", value: "t"), (name: "X-Empty", value: "")]
        _ = try await transport.send(request)
        let text = seen.withLock { $0 }
        #expect(text.hasPrefix("PUT /a/../b?q=%20 HTTP/1.1\r\n"))
        #expect(text.contains("X-Vault-Token: t\r\n"))
        #expect(text.contains("X-Empty:\r\n"))
        #expect(text.contains("Content-Length: 7\r\n"))
        #expect(text.contains("User-Agent: vaultwatch\r\n"))
        #expect(!text.contains("Expect:"))
        #expect(!text.contains("urlencoded"))
    }

    @Test(arguments: ["GET", "HEAD", "POST", "DELETE", "LIST"]) func sendsAMethodWithoutBody(_ method: String)
        async throws
    {
        let seen = Mutex("")
        let server = try RawServer.http { request in
            seen.withLock { $0 = request }
            return "HTTP/1.1 204 No Content\r\nContent-Length: \(method == "HEAD" ? 10 << 30 : 0)\r\n\r\n"
        }
        var request = HTTPRequest(url: server.url)
        request.method = method
        #expect(try await transport.send(request).status == 204)
        #expect(seen.withLock { $0 }.hasPrefix("\(method) / HTTP/1.1\r\n"))
    }

    @Test func refusesAHeaderThatWouldSplitTheRequest() async throws {
        var request = HTTPRequest(url: "http://127.0.0.1:1/")
        request.headers = [(name: "X-A", value: "a\r\nX-B: b")]
        #expect(await reason { () async throws(TransportError) in try await transport.send(request) } == .other)
    }

    @Test func namesARefusedConnection() async throws {
        let server = try RawServer { _ in }
        let url = server.url
        server.stop()
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: url)) }
                == .connect)
    }

    @Test func namesAnUnknownHost() async {
        #expect(
            await reason { () async throws(TransportError) in
                try await transport.send(HTTPRequest(url: "http://nowhere.invalid/"))
            } == .dns)
    }

    @Test(arguments: ["", "nothing", "ftp://127.0.0.1/", "http://", "file:///etc/passwd", "http://127.0.0.1:99999/"])
    func refusesWhatIsNoURL(_ url: String) async {
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: url)) }
                == .other)
    }

    /// The server takes the request and never answers.
    @Test func givesUpOnAHangingServer() async throws {
        let server = try RawServer { connection in while !connection.read().isEmpty {} }
        var request = HTTPRequest(url: server.url)
        request.timeout = .milliseconds(100)
        #expect(await reason { () async throws(TransportError) in try await transport.send(request) } == .timeout)
    }

    /// Without a connection the message is known not to have been delivered, whatever the reason.
    @Test func tellsWhetherAnythingHasLeft() async throws {
        let silent = try RawServer { connection in while !connection.read().isEmpty {} }
        for (scheme, isUnsent) in [("https", true), ("http", false)] {
            var request = HTTPRequest(url: "\(scheme)://127.0.0.1:\(silent.port)")
            request.timeout = .milliseconds(200)
            let impatient = request
            let error = await #expect(throws: TransportError.self) { try await transport.send(impatient) }
            #expect(error?.reason == .timeout)
            #expect(error?.isUnsent == isUnsent)
        }
    }

    private func silence(_ url: String) async -> TransportError? {
        var request = HTTPRequest(url: url)
        request.timeout = .milliseconds(200)
        let impatient = request
        return await #expect(throws: TransportError.self) { try await transport.send(impatient) }
    }

    /// A process that hangs has a system that takes connections and what is sent; in the handshake of TLS, too.
    @Test(arguments: ["http", "https"]) func tellsAPeerThatHangs(scheme: String) async throws {
        let silent = try RawServer { connection in while !connection.read().isEmpty {} }
        let error = await silence("\(scheme)://127.0.0.1:\(silent.port)")
        #expect(error?.reason == .timeout && error?.isTaken == true)
    }

    @Test func tellsAPeerThatHangsOnAKeptConnection() async throws {
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write(RawServer.ok("x"))
            while !connection.read().isEmpty {}
        }
        #expect(try await transport.send(HTTPRequest(url: server.url)).text == "x")
        let error = await silence(server.url)
        #expect(error?.reason == .timeout && error?.isTaken == true)
        // An answer that has begun is none that hangs.
        let half = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            while !connection.read().isEmpty {}
        }
        #expect(await silence(half.url)?.isTaken == false)
    }

    /// A queue of connections that is full swallows the next one, as a network does that loses packets. listen(2).
    @Test func aConnectionThatNobodyTakesIsNoHang() async throws {
        let full = try FullServer()
        let error = await silence("http://127.0.0.1:\(full.port)")
        #expect(error?.reason == .timeout && error?.isTaken == false)
    }

    @Test func failuresDoNotSpoilTheTransfersAfterThem() async throws {
        let silent = try RawServer { connection in while !connection.read().isEmpty {} }
        let cut = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        let good = try RawServer.http { _ in RawServer.ok("x") }
        for _ in 0..<3 {
            for url in [silent.url, cut.url, "http://127.0.0.1:1", "http://vault.invalid/"] {
                var request = HTTPRequest(url: url)
                request.timeout = .milliseconds(100)
                #expect(await reason { () async throws(TransportError) in try await transport.send(request) } != nil)
                #expect(try await transport.send(HTTPRequest(url: good.url)).text == "x")
                #expect(try await transport.stream(HTTPRequest(url: good.url)) { _ in }.status == 200)
            }
        }
    }

    @Test func namesAServerThatHangsUp() async throws {
        let silent = try RawServer { connection in _ = connection.readRequest() }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: silent.url)) }
                == .reset)
        let resetting = try RawServer { connection in
            _ = connection.readRequest()
            connection.reset()
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: resetting.url))
            } == .reset)
    }

    @Test func namesGarbage() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("220 mail.example ESMTP\r\n")
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: server.url)) }
                == .http)
    }

    @Test func namesHeadersThatNeverEnd() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n")
            while connection.write("X-A: " + String(repeating: "a", count: 1000) + "\r\n") {}
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: server.url)) }
                == .http)
    }

    @Test func namesABodyCutOff() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: server.url)) }
                == .body)
        let chunked = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
            connection.reset()
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: chunked.url)) }
                == .body)
    }

    @Test func stopsAtTheBodysBound() async throws {
        let declared = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
            while connection.write([UInt8](repeating: 0, count: 65536)) {}
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: declared.url)) }
                == .body)
        let endless = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while connection.write([UInt8](repeating: 0, count: 65536)) {}
        }
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: endless.url)) }
                == .body)
        // Exactly the bound is no error.
        let exact = try RawServer.http { _ in RawServer.ok("12345") }
        var request = HTTPRequest(url: exact.url)
        request.bodyLimitBytes = 5
        #expect(try await transport.send(request).text == "12345")
        request.bodyLimitBytes = 4
        let bounded = request
        #expect(await reason { () async throws(TransportError) in try await transport.send(bounded) } == .body)
    }

    @Test func skipsInterimAnswers() async throws {
        let server = try RawServer.http { _ in
            "HTTP/1.1 103 Early Hints\r\nX-A: early\r\n\r\nHTTP/1.1 200 OK\r\nX-A: late\r\nContent-Length: 1\r\n\r\nx"
        }
        let response = try await transport.send(HTTPRequest(url: server.url))
        #expect(response.status == 200)
        #expect(response.headers.filter { $0.name == "x-a" }.map(\.value) == ["late"])
    }

    /// The URL's password, path and query stay out of every message: a webhook's path is its secret.
    @Test func messagesHoldNoSecret() async throws {
        let server = try RawServer { connection in _ = connection.readRequest() }
        do {
            _ = try await transport.send(
                HTTPRequest(url: "http://me:hunter2@127.0.0.1:\(server.port)/services/T0/B0/xyzzy?token=plugh"))
            Issue.record("the server answered")
        } catch {
            for secret in ["hunter2", "xyzzy", "plugh"] { #expect(!error.message.contains(secret)) }
            #expect(error.message.contains("http://127.0.0.1:\(server.port)"))
        }
    }

    @Test func ignoresTheEnvironmentsProxy() async throws {
        setenv("http_proxy", "http://127.0.0.1:1", 1)
        setenv("all_proxy", "http://127.0.0.1:1", 1)
        defer {
            unsetenv("http_proxy")
            unsetenv("all_proxy")
        }
        let server = try RawServer.http { _ in RawServer.ok("direct") }
        #expect(try await transport.send(HTTPRequest(url: server.url)).text == "direct")
    }

    @Test func goesThroughAProxyWhenTold() async throws {
        let proxy = try RawServer.http { request in RawServer.ok(String(request.prefix { $0 != "\r\n" })) }
        var request = HTTPRequest(url: "http://vault.example:8200/v1")
        request.proxy = proxy.url
        #expect(try await transport.send(request).text == "GET http://vault.example:8200/v1 HTTP/1.1")
    }

    @Test func waitsForAPlaceToConnectAndTakesKeptConnectionsFirst() async throws {
        var options = CurlTransportOptions()
        options.concurrentConnects = 1
        let transport = CurlTransport.test(options)
        let healthy = try RawServer.http { _ in RawServer.ok("x") }
        _ = try await transport.send(HTTPRequest(url: healthy.url))
        // 192.0.2.0/24 answers nobody (RFC 5737): it holds the one place, or fails at once where there is no route.
        var hole = HTTPRequest(url: "http://192.0.2.1/")
        hole.timeout = .seconds(2)
        hole.connectTimeout = .seconds(2)
        let request = hole
        async let lost = reason { () async throws(TransportError) in try await transport.send(request) }
        for _ in 0..<10 { #expect(try await transport.send(HTTPRequest(url: healthy.url)).timing.reusedConnection) }
        let found = await lost
        #expect(found == .timeout || found == .connect)
    }

    /// Connections to one peer are never accepted, as behind a firewall that drops packets; another peer is still
    /// reached.
    @Test func onePeerThatIsOutOfReachLeavesPlacesForOthers() async throws {
        let connections = Mutex(0)
        let silent = try RawServer { connection in
            connections.withLock { $0 += 1 }
            while !connection.read().isEmpty {}
        }
        let healthy = try RawServer.http { _ in RawServer.ok("x") }
        let transport = transport
        // It does not answer the TLS handshake, so the connection is never established.
        let stuck = (0..<40).map { _ in
            Task {
                var request = HTTPRequest(url: "https://127.0.0.1:\(silent.port)")
                request.timeout = .seconds(30)
                request.connectTimeout = .seconds(30)
                let patient = request
                return await reason { () async throws(TransportError) in try await transport.send(patient) }
            }
        }
        #expect(await waitUntil { connections.withLock { $0 } == 4 })
        #expect(try await transport.send(HTTPRequest(url: healthy.url)).text == "x")
        for task in stuck { task.cancel() }
        for task in stuck { #expect(await task.value == .cancelled) }
    }

    @Test func refusesMoreThanItsQueueHolds() async throws {
        var options = CurlTransportOptions()
        options.queueLimit = 2
        let transport = CurlTransport.test(options)
        let server = try RawServer { connection in while !connection.read().isEmpty {} }
        var request = HTTPRequest(url: server.url)
        request.timeout = .milliseconds(300)
        let slow = request
        let reasons = await withTaskGroup(of: TransportError.Reason?.self) { group in
            for _ in 0..<5 {
                group.addTask { await reason { () async throws(TransportError) in try await transport.send(slow) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(reasons.filter { $0 == .other }.count == 3)
        #expect(reasons.filter { $0 == .timeout }.count == 2)
    }

    /// Timeouts come from the configuration.
    @Test(arguments: [Duration.seconds(Int64.max), .seconds(10_000_000_000), .seconds(Int64.min), .zero])
    func takesEveryTimeout(_ timeout: Duration) async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        var request = HTTPRequest(url: server.url)
        request.timeout = timeout
        request.connectTimeout = timeout
        let extreme = request
        let reason = await reason { () async throws(TransportError) in try await transport.send(extreme) }
        #expect(timeout > .zero ? reason == nil : reason == .timeout)
    }

    /// What a server may put where numbers are expected.
    @Test(arguments: ["99999999999999999999", "-1", "9223372036854775807", "0x10", ""])
    func survivesEveryContentLength(_ length: String) async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\nRetry-After: \(length)\r\n\r\nx")
        }
        var request = HTTPRequest(url: server.url)
        request.timeout = .seconds(5)
        let question = request
        _ = await reason { () async throws(TransportError) in try await transport.send(question) }
        _ = await reason { () async throws(TransportError) in try await transport.stream(question) { _ in } }
        let good = try RawServer.http { _ in RawServer.ok("x") }
        #expect(try await transport.send(HTTPRequest(url: good.url)).text == "x")
    }

    @Test func cancellingTheTaskEndsTheTransfer() async throws {
        let asked = AsyncStream.makeStream(of: Void.self)
        let server = try RawServer { connection in
            _ = connection.readRequest()
            asked.continuation.yield()
            while !connection.read().isEmpty {}
        }
        var request = HTTPRequest(url: server.url)
        request.timeout = .seconds(60)
        let slow = request
        let task = Task { await reason { () async throws(TransportError) in try await transport.send(slow) } }
        for await _ in asked.stream { break }
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    /// Cancelled at every possible moment, nothing is lost and nothing ends twice (a second resume would trap).
    @Test func survivesCancellationAtAnyMoment() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        var generator = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: 0...UInt64.max, using: &generator)
        print("seed \(seed)")
        var state = seed
        let url = server.url
        await withTaskGroup(of: TransportError.Reason?.self) { group in
            for _ in 0..<2000 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let spins = Int(state >> 33) % 2000
                group.addTask {
                    let task = Task {
                        await reason { () async throws(TransportError) in
                            try await transport.send(HTTPRequest(url: url))
                        }
                    }
                    for _ in 0..<spins where task.isCancelled {}
                    task.cancel()
                    return await task.value
                }
            }
            var counts: [TransportError.Reason?: Int] = [:]
            for await found in group { counts[found, default: 0] += 1 }
            #expect(counts.keys.allSatisfy { $0 == nil || $0 == .cancelled })
            #expect(counts.values.reduce(0, +) == 2000)
        }
    }

    @Test func closingEndsWhatIsUnderWayAndRefusesMore() async throws {
        let asked = AsyncStream.makeStream(of: Void.self)
        let server = try RawServer { connection in
            _ = connection.readRequest()
            asked.continuation.yield()
            while !connection.read().isEmpty {}
        }
        let transport = CurlTransport.test()
        let url = server.url
        let task = Task {
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: url)) }
        }
        for await _ in asked.stream { break }
        transport.close()
        #expect(await task.value == .cancelled)
        #expect(
            await reason { () async throws(TransportError) in try await transport.send(HTTPRequest(url: url)) }
                == .cancelled)
    }

    /// Otherwise each request would get the answer to the previous one, and a rejected message would count as accepted.
    @Test func anAnswerThatNobodyAskedForEndsTheConnection() async throws {
        let isAnswered = DispatchSemaphore(value: 0)
        let isShut = Mutex(false)
        let server = try RawServer { connection in
            guard connection.readRequest() != nil else { return }
            guard connection.index == 0 else {
                connection.write("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
                return
            }
            connection.write(RawServer.ok("x"))
            isAnswered.wait()
            connection.write(RawServer.ok("again"))
            if connection.readRequest() == nil { isShut.withLock { $0 = true } }
        }
        #expect(try await transport.send(HTTPRequest(url: server.url)).text == "x")
        isAnswered.signal()
        #expect(await waitUntil { isShut.withLock { $0 } })
        #expect(try await transport.send(HTTPRequest(url: server.url)).status == 503)
    }

    @Test func noticesAnIdleConnectionDying() async throws {
        let lost = AsyncStream.makeStream(of: String.self)
        var options = CurlTransportOptions()
        options.onIdleConnectionLost = { lost.continuation.yield($0) }
        let transport = CurlTransport.test(options)
        let gate = DispatchSemaphore(value: 0)
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write(RawServer.ok("x"))
            gate.wait()
        }
        _ = try await transport.send(HTTPRequest(url: server.url + "/v1"))
        gate.signal()
        for await origin in lost.stream {
            #expect(origin == server.url)
            break
        }
        // The next request opens a new connection and succeeds.
        gate.signal()
        #expect(try await transport.send(HTTPRequest(url: server.url)).status == 200)
    }
}

struct RedirectTests {
    let transport = CurlTransport.test()

    @Test func aRedirectIsAnAnswerUnlessAsked() async throws {
        let server = try RawServer.http { _ in "HTTP/1.1 307 T\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n" }
        #expect(try await transport.send(HTTPRequest(url: server.url)).status == 307)
        var request = HTTPRequest(url: server.url)
        request.redirectLimit = 2
        #expect(try await transport.send(request).status == 307)
    }

    @Test func followsAndLeavesTokensBehind() async throws {
        let seen = Mutex("")
        let other = try RawServer.http { request in
            seen.withLock { $0 = request }
            return RawServer.ok("there")
        }
        let location = other.url
        let server = try RawServer.http { request in
            request.hasPrefix("GET /a ")
                ? "HTTP/1.1 302 T\r\nLocation: /b\r\nContent-Length: 3\r\n\r\nold"
                : request.contains("X-Vault-Token: t")
                    ? "HTTP/1.1 302 T\r\nLocation: \(location)/c\r\nContent-Length: 0\r\n\r\n"
                    : RawServer.ok("token lost")
        }
        var request = HTTPRequest(url: server.url + "/a")
        request.redirectLimit = 3
        request.headers = [(name: "X-Vault-Token", value: "t"), (name: "Accept", value: "text/plain")]
        #expect(try await transport.send(request).text == "there")
        let text = seen.withLock { $0 }
        #expect(text.hasPrefix("GET /c HTTP/1.1"))
        #expect(text.contains("Accept: text/plain"))
        #expect(!text.contains("Token"))

        let collected = Mutex<[UInt8]>([])
        _ = try await transport.stream(request) { piece in collected.withLock { $0 += piece } }
        #expect(String(decoding: collected.withLock { $0 }, as: UTF8.self) == "there")
    }

    /// A key in a body is for the host that the configuration names, and for no other.
    @Test(arguments: [307, 308]) func aBodyWithASecretGoesToNoOtherOrigin(_ status: Int) async throws {
        let stolen = Mutex("")
        let other = try RawServer.http { request in
            stolen.withLock { $0 += request }
            return RawServer.ok("there")
        }
        let location = other.url
        let server = try RawServer.http { request in
            request.hasPrefix("POST /same ")
                ? RawServer.ok("here")
                : "HTTP/1.1 \(status) T\r\nLocation: \(request.hasPrefix("POST /near ") ? "/same" : location)\r\nContent-Length: 0\r\n\r\n"
        }
        var request = HTTPRequest(url: server.url + "/far")
        request.method = "POST"
        request.redirectLimit = 3
        request.body = Array("routing_key=hunter2".utf8)
        request.bodyIsSecret = true
        #expect(try await transport.send(request).status == status)
        #expect(stolen.withLock { $0 }.isEmpty)
        request.url = server.url + "/near"
        #expect(try await transport.send(request).text == "here")
        // A message without one may go.
        request.url = server.url + "/far"
        request.bodyIsSecret = false
        #expect(try await transport.send(request).text == "there")
    }

    @Test(arguments: ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/"])
    func doesNotFollowElsewhere(_ location: String) async throws {
        let server = try RawServer.http { _ in "HTTP/1.1 301 T\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n" }
        var request = HTTPRequest(url: server.url)
        request.redirectLimit = 3
        let followed = request
        #expect(await reason { () async throws(TransportError) in try await transport.send(followed) } == .http)
    }

    @Test func neverFromHTTPSToHTTP() throws {
        var request = HTTPRequest(url: "https://a.example/")
        request.redirectLimit = 1
        let response = HTTPResponse(status: 301, headers: [(name: "location", value: "http://a.example/")])
        #expect(throws: TransportError.self) { try Redirect.next(after: response, to: request) }
    }

    /// A 200 to the GET that a browser would send after the redirect does not mean that the message was received.
    @Test func neverLeavesABodyBehind() throws {
        var request = HTTPRequest(url: "https://a.example/x")
        request.redirectLimit = 1
        request.method = "POST"
        request.body = [1]
        func next(_ status: Int) throws -> HTTPRequest? {
            try Redirect.next(
                after: HTTPResponse(status: status, headers: [(name: "location", value: "y?z=1")]), to: request)
        }
        for status in [301, 302, 303] { #expect(try next(status) == nil) }
        #expect(try next(307)?.body == [1])
        #expect(try next(308)?.method == "POST")
        #expect(try next(308)?.body == [1])
        #expect(try next(308)?.url == "https://a.example/y?z=1")
        #expect(try next(304) == nil)
        request.body = []
        for status in [301, 302, 303] { #expect(try next(status)?.method == "GET") }
    }
}

struct StreamTests {
    let transport = CurlTransport.test()

    /// 64 MiB to a reader that is slower than the sender: the bytes come whole, in order, and never many at once.
    @Test func handsOverInConstantMemory() async throws {
        let size = 64 << 20
        let block = (0..<65536).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\nX-Amz-Meta-A: b\r\n\r\n")
            for _ in 0..<size / block.count where !connection.write(block) { return }
        }
        var request = HTTPRequest(url: server.url)
        request.bodyLimitBytes = size
        request.timeout = .seconds(120)
        let state = Mutex((count: 0, largest: 0, wrong: 0))
        let response = try await transport.stream(request) { piece in
            state.withLock { state in
                if piece.first != block[state.count % block.count] { state.wrong += 1 }
                state.count += piece.count
                state.largest = max(state.largest, piece.count)
            }
        }
        let end = state.withLock { $0 }
        #expect(end.count == size)
        #expect(end.wrong == 0)
        #expect(end.largest <= TransferMailbox.highWaterBytes + 131_072)
        #expect(response.status == 200)
        #expect(response.body.isEmpty)
        #expect(response[header: "x-amz-meta-a"] == "b")
    }

    @Test func theBoundHolds() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while connection.write([UInt8](repeating: 1, count: 65536)) {}
        }
        var request = HTTPRequest(url: server.url)
        request.bodyLimitBytes = 1_000_000
        let bounded = request
        let count = Mutex(0)
        #expect(
            await reason { () async throws(TransportError) in
                try await transport.stream(bounded) { piece in count.withLock { $0 += piece.count } }
            } == .body)
        #expect(count.withLock { $0 } <= 1_000_000)
    }

    @Test func whatTheReceiverThrowsEndsIt() async throws {
        let server = try RawServer { connection in
            _ = connection.readRequest()
            connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while connection.write([UInt8](repeating: 1, count: 65536)) {}
        }
        var request = HTTPRequest(url: server.url)
        request.bodyLimitBytes = .max
        let endless = request
        #expect(
            await reason { () async throws(TransportError) in
                try await transport.stream(endless) { _ in throw TransportError(.auth, "mine") }
            } == .auth)
    }
}

/// Listens, and has no place for one more connection.
private final class FullServer {
    let port: UInt16
    private var sockets: [Int32] = []

    init() throws {
        func stream() -> Int32 {
            socket(
                AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = stream()
        sockets.append(listener)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 0) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        port = UInt16(bigEndian: address.sin_port)
        try #require(isListening)
        for _ in 0..<4 {
            let client = stream()
            sockets.append(client)
            _ = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(client, $0, length) }
            }
        }
    }

    deinit { for socket in sockets { close(socket) } }
}
