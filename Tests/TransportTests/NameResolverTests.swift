import Foundation
import Lab
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Testing

@testable import Transport

/// A clock that a test moves.
private final class Clock: TimeSource {
    private let now = Mutex(Instant(nanoseconds: 0))
    func monotonic() -> Instant { now.withLock { $0 } }
    func wall() -> Timestamp { Timestamp(milliseconds: 0) }
    func schedule(at deadline: Instant, _ body: @escaping @Sendable () -> Void) -> TimerID { 0 }
    func cancel(_ timer: TimerID) {}
    func pass(_ duration: Duration) { now.withLock { $0 = $0 + duration } }
}

/// Name servers that answer when a test lets them.
private final class NameServers: Sendable {
    private struct State {
        var answers: [String: NameResolver.Answer] = [:]
        var asked: [String] = []
        var inside = 0
        var most = 0
    }

    private let state = Mutex(State())

    var asked: [String] { state.withLock { $0.asked } }
    /// The most lookups that ran at once.
    var most: Int { state.withLock { $0.most } }

    func say(_ name: String, _ answer: NameResolver.Answer?) { state.withLock { $0.answers[name] = answer } }

    /// Blocks until there is an answer, as getaddrinfo(3) does for half a minute.
    func look(_ name: String) -> NameResolver.Answer {
        state.withLock { state in
            state.asked.append(name)
            state.inside += 1
            state.most = max(state.most, state.inside)
        }
        defer { state.withLock { $0.inside -= 1 } }
        while true {
            if let answer = state.withLock({ $0.answers[name] }) { return answer }
            usleep(1000)
        }
    }
}

/// Answers in the order they come.
private final class Answers: Sendable {
    private let all = Mutex<[NameResolver.Answer]>([])
    var list: [NameResolver.Answer] { all.withLock { $0 } }
    func take(_ answer: NameResolver.Answer) { all.withLock { $0.append(answer) } }
}

struct NameResolverTests {
    private let servers = NameServers()
    private let clock = Clock()
    private static let silence = NameError(name: "a.example", reason: "Temporary failure in name resolution")

    private func resolver(hosts: String = "") -> NameResolver {
        let platform = Platform(
            time: clock, random: SystemRandom(), files: MemoryFiles(["/etc/hosts": hosts]), log: Logger(label: "test"))
        return NameResolver(platform, look: servers.look)
    }

    private func answer(_ resolver: NameResolver, _ name: String) async -> NameResolver.Answer {
        await withCheckedContinuation { continuation in resolver.lookUp(name) { continuation.resume(returning: $0) } }
    }

    @Test func aNameIsLookedUpOnceForAllWhoAsk() async {
        let resolver = resolver()
        let answers = Answers()
        for _ in 0..<200 { resolver.lookUp("a.example", answers.take) }
        servers.say("a.example", .success(["192.0.2.1", "2001:db8::1"]))
        #expect(await waitUntil { answers.list.count == 200 })
        #expect(answers.list.allSatisfy { $0 == .success(["192.0.2.1", "2001:db8::1"]) })
        #expect(servers.asked == ["a.example"])
        // For a moment the answer serves; then the name is looked up again.
        #expect(await answer(resolver, "a.example") == .success(["192.0.2.1", "2001:db8::1"]))
        #expect(servers.asked.count == 1)
        clock.pass(NameResolver.freshness)
        servers.say("a.example", .success(["192.0.2.7"]))
        #expect(await answer(resolver, "a.example") == .success(["192.0.2.7"]))
        #expect(servers.asked.count == 2)
    }

    @Test func deadNameServersHoldABoundedNumberOfThreads() async {
        let resolver = resolver(
            hosts: "127.0.0.1 localhost\n192.0.2.9\tnear.example near # ours\n2001:db8::9 NEAR.example\n")
        let answers = Answers()
        for index in 0..<200 { resolver.lookUp("dead-\(index).example", answers.take) }
        #expect(await waitUntil { servers.asked.count == NameResolver.threadLimit })
        // A name that needs no name server has its addresses all the same.
        #expect(await answer(resolver, "near.example") == .success(["192.0.2.9", "2001:db8::9"]))
        for index in 0..<200 { servers.say("dead-\(index).example", .success(["192.0.2.1"])) }
        #expect(await waitUntil { answers.list.count == 200 })
        #expect(servers.most <= NameResolver.threadLimit)
        #expect(!servers.asked.contains("near.example"))
    }

    @Test func whatMayWaitIsBounded() async {
        let resolver = resolver()
        let (waiting, refused) = (Answers(), Answers())
        for _ in 0..<NameResolver.waiterLimit { resolver.lookUp("dead.example", waiting.take) }
        resolver.lookUp("dead.example", refused.take)
        for index in 1..<NameResolver.queueLimit { resolver.lookUp("dead-\(index).example", waiting.take) }
        resolver.lookUp("one-more.example", refused.take)
        #expect(refused.list.count == 2)
        for case .failure(let error) in refused.list { #expect("\(error)".contains("name lookup busy"), "\(error)") }
        #expect(waiting.list.isEmpty)
        servers.say("dead.example", .success(["192.0.2.1"]))
        for index in 1..<NameResolver.queueLimit { servers.say("dead-\(index).example", .success(["192.0.2.1"])) }
        #expect(await waitUntil { waiting.list.count == NameResolver.waiterLimit + NameResolver.queueLimit - 1 })
    }

    /// Name servers that die take nothing away from who has been found before.
    @Test func theLastAddressesServeWhileNameServersAreDead() async {
        let resolver = resolver()
        servers.say("a.example", .success(["192.0.2.1"]))
        #expect(await answer(resolver, "a.example") == .success(["192.0.2.1"]))
        clock.pass(.seconds(60))
        servers.say("a.example", .failure(NameResolverTests.silence))
        #expect(await answer(resolver, "a.example") == .success(["192.0.2.1"]))
        // A lookup that hangs serves the old addresses after a second, to whoever asks then.
        clock.pass(.seconds(60))
        servers.say("a.example", nil)
        let first = Answers()
        resolver.lookUp("a.example", first.take)
        clock.pass(NameResolver.patience)
        #expect(await answer(resolver, "a.example") == .success(["192.0.2.1"]))
        #expect(first.list.isEmpty)
        // Not for ever.
        clock.pass(NameResolver.endurance)
        servers.say("a.example", .failure(NameResolverTests.silence))
        #expect(await waitUntil { first.list == [.failure(NameResolverTests.silence)] })
    }

    /// What name servers deny is gone.
    @Test func aNameThatIsNoMoreIsNotRemembered() async {
        let resolver = resolver()
        servers.say("a.example", .success(["192.0.2.1"]))
        #expect(await answer(resolver, "a.example") == .success(["192.0.2.1"]))
        clock.pass(.seconds(60))
        let denial = NameError(name: "a.example", reason: "Name or service not known", isFinal: true)
        servers.say("a.example", .failure(denial))
        #expect(await answer(resolver, "a.example") == .failure(denial))
        clock.pass(.seconds(60))
        servers.say("a.example", .failure(NameResolverTests.silence))
        #expect(await answer(resolver, "a.example") == .failure(NameResolverTests.silence))
    }

    @Test func aLookupWithoutAThreadFailsAndTheNextTries() async {
        let platform = Platform(
            time: clock, random: SystemRandom(), files: MemoryFiles(), log: Logger(label: "test"), threads: NoThreads())
        let resolver = NameResolver(platform, look: servers.look)
        for _ in 0..<2 {
            guard case .failure(let error) = await answer(resolver, "a.example") else {
                Issue.record("there is no thread")
                return
            }
            #expect(error.reason == "the thread \"name-lookup\" cannot be started: Resource temporarily unavailable")
            clock.pass(NameResolver.failureFreshness)
        }
    }

    private struct NoThreads: ThreadStarter {
        func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
            throw ThreadError(name: name, code: EAGAIN)
        }
    }
}

/// Transfers whose names are looked up by a resolver of the test's.
struct NameLookupTests {
    private let servers = NameServers()

    private func transport(_ options: CurlTransportOptions = CurlTransportOptions()) -> CurlTransport {
        let platform = Platform.real(log: Logger(label: "test"))
        return CurlTransport(
            name: "curl", options: options, platform: platform, resolver: NameResolver(platform, look: servers.look))
    }

    private func request(_ name: String, _ server: RawServer) -> HTTPRequest {
        HTTPRequest(url: server.url.replacing("127.0.0.1", with: name))
    }

    @Test func theAddressesOfANameAreTriedInOrder() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        // Nothing listens on the first.
        servers.say("vault.example", .success(["::1", "127.0.0.1"]))
        let response = try await transport().send(request("vault.example", server))
        #expect(response.text == "x")
        #expect(response.timing.total >= response.timing.resolve)
    }

    @Test func aNameThatThereIsNotIsNamed() async throws {
        servers.say("no.example", .failure(NameError(name: "no.example", reason: "Name or service not known")))
        let transport = transport()
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(url: "http://no.example:8200/"))
        }
        #expect(error?.reason == .dns)
        #expect(error?.isUnsent == true)
        #expect(error?.message == "http://no.example:8200: no.example: Name or service not known")
    }

    /// A message is not given up because one question to the name servers was lost; a name that they do not know fails
    /// at once all the same.
    @Test func aMessageAsksForANameAgain() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        var options = CurlTransportOptions()
        options.asksNamesAgain = true
        let transport = transport(options)
        servers.say("page.example", .failure(NameError(name: "page.example", reason: "Temporary failure")))
        async let response = transport.send(request("page.example", server))
        let isAskedAgain = await waitUntil { servers.asked.count == 2 }
        #expect(isAskedAgain)
        servers.say("page.example", .success(["127.0.0.1"]))
        #expect(try await response.text == "x")
        servers.say("no.example", .failure(NameError(name: "no.example", reason: "not known", isFinal: true)))
        let error = await #expect(throws: TransportError.self) {
            try await transport.send(HTTPRequest(url: "http://no.example:8200/"))
        }
        #expect(error?.reason == .dns)
        #expect(servers.asked.count { $0 == "no.example" } == 1)
    }

    /// A hundred targets with dead names take no place from others, and fail by themselves.
    @Test func deadNamesDelayNoOtherTarget() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        let transport = transport()
        var mail = MailRequest(
            host: "mail.example", port: 25, from: "a@example.org", recipients: ["b@example.org"], message: [])
        mail.timeout = .milliseconds(300)
        let message = mail
        let mailed = Task { await reason { () async throws(TransportError) in try await transport.send(message) } }
        let dead = (0..<100).map { index in
            Task {
                var request = HTTPRequest(url: "http://dead-\(index).example:8200/")
                request.connectTimeout = .milliseconds(300)
                request.timeout = .seconds(60)
                return await reason { () async throws(TransportError) in try await transport.send(request) }
            }
        }
        #expect(await waitUntil { servers.asked.count >= NameResolver.threadLimit })
        for _ in 0..<20 { #expect(try await transport.send(HTTPRequest(url: server.url)).text == "x") }
        for task in dead { #expect(await task.value == .timeout) }
        #expect(await mailed.value == .timeout)
        #expect(servers.most <= NameResolver.threadLimit)
        for name in servers.asked { servers.say(name, .success(["127.0.0.1"])) }
        for index in 0..<100 { servers.say("dead-\(index).example", .success(["127.0.0.1"])) }
        servers.say("mail.example", .success(["127.0.0.1"]))
    }

    /// A kept connection needs no name server.
    @Test func aKeptConnectionGoesOnWithoutNameServers() async throws {
        let server = try RawServer.http { _ in RawServer.ok("x") }
        servers.say("vault.example", .success(["127.0.0.1"]))
        let transport = transport()
        let request = request("vault.example", server)
        #expect(try await transport.send(request).timing.reusedConnection == false)
        servers.say("vault.example", nil)
        for _ in 0..<5 { #expect(try await transport.send(request).timing.reusedConnection) }
        #expect(servers.asked.count == 1)
    }

    /// It is asked for through the proxy, which knows it.
    @Test func behindAProxyOnlyItsNameIsLookedUp() async throws {
        let proxy = try RawServer.http { _ in RawServer.ok("proxied") }
        servers.say("proxy.example", .success(["127.0.0.1"]))
        var request = HTTPRequest(url: "http://dead.example:8200/")
        request.proxy = proxy.url.replacing("127.0.0.1", with: "proxy.example")
        #expect(try await transport().send(request).text == "proxied")
        #expect(servers.asked == ["proxy.example"])
    }

    @Test(arguments: [
        ("http://10.0.0.1:8200/", nil, []), ("http://[::1]:8200/", nil, []), ("http://localhost/", nil, []),
        ("https://vault.example/", nil, ["vault.example:443"]),
        ("https://vault.example/", "proxy:3128", ["proxy:3128"]), ("https://vault.example/", "proxy", ["proxy:1080"]),
        ("https://vault.example/", "https://u:p@proxy", ["proxy:443"]),
        ("https://vault.example/", "socks5h://proxy:1081", ["proxy:1081"]),
        ("https://vault.example/", "socks5://proxy:1081", ["proxy:1081", "vault.example:443"]),
    ])
    func whatLibcurlWouldLookUpIsLookedUpForIt(_ url: String, _ proxy: String?, _ expected: [String]) {
        var request = HTTPRequest(url: url)
        request.proxy = proxy
        #expect(CurlTransfer.endpoints(.http(request), origin: "").map { "\($0.name):\($0.port)" } == expected)
    }

    /// Wherever redirects lead, libcurl's memory of names stays bounded.
    @Test func namesWithoutNumberAreForgotten() {
        var book = NameBook()
        var most = 0
        for index in 0..<10_000 {
            let request = HTTPRequest(url: "http://r\(index).example/")
            let transfer = CurlTransfer(
                .http(request), origin: "", timeout: .seconds(1), now: SystemTime().monotonic()
            ) { _ in }
            transfer.addresses["r\(index).example"] = ["192.0.2.1"]
            let lines = book.lines(for: transfer)
            #expect(lines.last == "r\(index).example:80:192.0.2.1")
            let again = book.lines(for: transfer)
            #expect(again.isEmpty || again.count > NameBook.pinLimit)
            most = max(most, lines.count, again.count)
        }
        #expect(most > NameBook.pinLimit && most < NameBook.pinLimit + 3)
    }
}
