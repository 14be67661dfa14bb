import Alerts
import Dispatching
import Foundation
import HTTPServer
import Platform
import Synchronization
import TestServers
import Testing

@testable import Web

/// Who may do what: the login, the host, and other sites' pages.
struct AccessTests {
    private final class Seen: Sendable {
        private let callers = Mutex<[String]>([])
        func add(_ caller: Caller) { callers.withLock { $0.append(caller.description) } }
        var all: [String] { callers.withLock { $0 } }
    }

    private static let token = "0123456789abcdef0123456789abcdef"
    /// bcrypt of "hunter2", cost 4; from perl's crypt.
    private static let hash = "$2b$04$abcdefghijklmnopqrstuuV3duMsC0HpUex6N9qapiuOHHWkwRXVm"
    private static let silence =
        #"{"matchers":[{"name":"alertname","value":".+","isRegex":true}],"startsAt":"2026-01-02T03:00:00Z","endsAt":"9999-01-01T00:00:00Z","createdBy":"x","comment":"x"}"#
    /// Everything that changes something.
    private static let changes: [(method: String, path: String, body: String)] = [
        ("POST", "/-/reload", ""), ("PUT", "/-/reload", ""), ("POST", "/api/v2/silences", silence),
        ("DELETE", "/api/v2/silence/00000000-0000", ""),
        ("POST", "/api/v2/alerts", #"[{"labels":{"alertname":"VaultSealed"},"endsAt":"2026-01-01T00:00:00Z"}]"#),
        ("POST", "/api/v1/vaultwatch/acknowledgements", #"{"incident":"7"}"#),
        ("DELETE", "/api/v1/vaultwatch/acknowledgements", #"{"incident":"7"}"#),
        ("POST", "/acknowledge?incident=7", ""),
        (
            "POST", "/api/v1/vaultwatch/drills",
            #"{"scenario":"vault_failure","cluster":"prod","until":"2026-01-02T04:00:00Z"}"#
        ),
        ("DELETE", "/api/v1/vaultwatch/drills", #"{"cluster":"prod"}"#),
    ]

    /// Nobody may change anything without a login.
    private func scripted(_ change: (inout WebAccess) -> Void = { _ in }) -> (Scripted, Seen) {
        var scripted = Scripted()
        let seen = Seen()
        scripted.options.access = WebAccess()
        scripted.options.access.hosts = KnownHosts(["vw", "*.example.org"])
        change(&scripted.options.access)
        scripted.sources.reload = { caller in
            seen.add(caller)
            return nil
        }
        scripted.sources.setSilence = { (_, caller) throws(SilenceError) in
            seen.add(caller)
            return "id"
        }
        scripted.sources.expireSilence = { (_, caller) throws(SilenceError) in seen.add(caller) }
        scripted.sources.postAlerts = { _, _, caller in
            seen.add(caller)
            return [:]
        }
        scripted.sources.acknowledge = { _, _, caller in
            seen.add(caller)
            return [IncidentsAPITests.incident]
        }
        scripted.sources.startDrill = { (_, caller) throws(QueryError) in seen.add(caller) }
        scripted.sources.endDrill = { cluster, caller in
            seen.add(caller)
            return Drill(
                scenario: "vault_failure", cluster: cluster, startsAt: Scripted.now,
                endsAt: Scripted.now, createdBy: "x")
        }
        scripted.sources.userName = { $0 == 7 ? "ann" : "uid \($0)" }
        return (scripted, seen)
    }

    private func basic(_ credentials: String) -> (String, String) {
        ("Authorization", "Basic " + Data(credentials.utf8).base64EncodedString())
    }

    private func respond(
        _ scripted: Scripted, _ change: (method: String, path: String, body: String),
        _ headers: [(String, String)] = [], peerUser: UInt32? = nil
    ) async -> ServerResponse {
        await scripted.respond(
            change.method, change.path, headers: [("Content-Type", "application/json")] + headers, body: change.body,
            peerUser: peerUser)
    }

    @Test func nothingChangesWithoutALogin() async throws {
        let (scripted, seen) = scripted {
            $0.users = ["ann": AccessTests.hash]
            $0.tokens = ["robot": AccessTests.token]
        }
        let wrong = [
            [], [("Authorization", "")], [("Authorization", "Bearer")], [("Authorization", "Bearer wrong")],
            [("Authorization", "Bearer " + AccessTests.token.dropLast())], [basic("ann:wrong")], [basic("bob:hunter2")],
            [basic("ann")], [("Authorization", "Basic !!")], [("Authorization", AccessTests.token)],
            [("Authorization", "Basic " + String(repeating: "A", count: 5000))],
        ]
        for change in AccessTests.changes {
            for headers in wrong {
                let response = await respond(scripted, change, headers)
                #expect(response.status == 401, "\(change) \(headers)")
                #expect(response.text.contains("web.users") && response.text.contains("--http.config.file"))
                let ways = response.headers.filter { $0.name == "WWW-Authenticate" }.map(\.value)
                #expect(ways == ["Basic realm=\"vaultwatch\"", "Bearer realm=\"vaultwatch\""])
                if change.path.hasPrefix("/api/v2/") { _ = try canonicalJSON(response.text) }
            }
        }
        #expect(seen.all.isEmpty)
        // Reading needs none, nor does one that is wrong keep anybody from it.
        for path in ["/", "/metrics", "/api/v2/silences", "/api/v2/alerts", "/api/v2/status", "/-/healthy"] {
            #expect(await scripted.get(path).status == 200, "\(path)")
            #expect(await scripted.get(path, headers: [basic("ann:wrong")]).status == 200, "\(path)")
        }
    }

    @Test func whoHasALoginMayChangeThings() async {
        let (scripted, seen) = scripted {
            $0.users = ["ann": AccessTests.hash]
            $0.tokens = ["robot": AccessTests.token, "other": String(AccessTests.token.reversed())]
        }
        for change in AccessTests.changes {
            for headers in [
                [basic("ann:hunter2")], [("Authorization", "Bearer " + AccessTests.token)],
                [("authorization", "bearer " + AccessTests.token)],
            ] {
                #expect(await respond(scripted, change, headers).isDone, "\(change)")
            }
        }
        let one = ["ann", "robot (token)", "robot (token)"]
        #expect(seen.all == Array(repeating: one, count: AccessTests.changes.count).flatMap(\.self))
    }

    /// The kernel knows who has opened the socket; what the request says of host, origin and login does not matter.
    @Test func whoComesOverTheSocketMayChangeThings() async {
        let (scripted, seen) = scripted { $0.closingUsers = ["bob": AccessTests.hash] }
        let odd = [("Host", "evil.example"), ("Origin", "https://evil.example"), basic("ann:wrong")]
        for change in AccessTests.changes {
            #expect(await respond(scripted, change, odd, peerUser: 7).isDone)
        }
        #expect(Set(seen.all) == ["ann (socket)"])
        #expect(await scripted.respond("GET", "/api/v2/silences", peerUser: 8).status == 200)
        #expect(await scripted.respond("GET", "/-/reload", peerUser: 7).status == 405)
        var prefixed = scripted
        prefixed.options.externalURL = "https://ops.example/vault/watch"
        for path in ["/-/reload", "/vault/watch/-/reload"] {
            #expect(await prefixed.respond("POST", path, peerUser: 8).status == 200)
        }
        #expect(seen.all.last == "uid 8 (socket)")
    }

    /// A header of a trusted proxy stands in for the login of a change, and for nothing else.
    @Test func theUserOfATrustedProxyMayChangeThings() async {
        func asked(
            _ remote: String, _ headers: [(String, String)], _ change: (inout WebAccess) -> Void = { _ in }
        ) async -> (status: Int, callers: [String]) {
            let (scripted, seen) = scripted {
                $0.users = ["bob": AccessTests.hash]
                $0.userHeader = "X-Forwarded-User"
                $0.trustedProxies = ["10.0.0.0/8", "::1"].compactMap(AddressRange.init)
                change(&$0)
            }
            let response = await scripted.service.respond(
                to: ServerRequest(
                    method: "POST", target: "/-/reload", headers: headers.map { (name: $0.0, value: $0.1) },
                    remote: remote))
            return (response.status, seen.all)
        }
        let ann = ("x-forwarded-user", "ann")
        for proxy in ["10.1.2.3", "::1"] {
            let answer = await asked(proxy, [ann])
            #expect(answer.status == 200 && answer.callers == ["ann (proxy)"], "\(proxy)")
        }
        for (remote, headers) in [
            ("192.0.2.7", [ann]), ("", [ann]), ("::2", [ann]), ("10.1.2.3", []), ("10.1.2.3", [ann, ann]),
            ("10.1.2.3", [("X-Forwarded-User", " ")]), ("10.1.2.3", [("X-Forwarded-User", "a\u{7}b")]),
            ("10.1.2.3", [("X-Forwarded-User", String(repeating: "a", count: 257))]), ("10.1.2.3", [("X-User", "ann")]),
        ] {
            let answer = await asked(remote, headers)
            #expect(answer.status == 401 && answer.callers.isEmpty, "\(remote) \(headers)")
        }
        // A login of the request itself comes first.
        #expect(await asked("10.1.2.3", [ann, basic("bob:hunter2")]).callers == ["bob"])
        // Another site's page sends the proxy's cookie too.
        #expect(await asked("10.1.2.3", [ann, ("Sec-Fetch-Site", "cross-site")]).status == 403)
        // Where everything needs a login, the header is none.
        let closed = await asked("10.1.2.3", [ann]) { $0.closingUsers = ["eve": AccessTests.hash] }
        #expect(closed.status == 401 && closed.callers.isEmpty)
        // Without the two settings the header means nothing.
        let unset = await asked("10.1.2.3", [ann]) { $0.userHeader = nil }
        #expect(unset.status == 401 && unset.callers.isEmpty)
    }

    /// The page of a user of a proxy has forms, whose token is theirs.
    @Test func pagesShowTheUserOfATrustedProxy() async throws {
        let (scripted, seen) = scripted {
            $0.userHeader = "X-Forwarded-User"
            $0.trustedProxies = ["10.0.0.0/8"].compactMap(AddressRange.init)
        }
        func ask(_ method: String, _ target: String, _ user: String, _ body: String = "") async -> ServerResponse {
            await scripted.service.respond(
                to: ServerRequest(
                    method: method, target: target,
                    headers: [
                        (name: "X-Forwarded-User", value: user), (name: "Accept", value: "text/html"),
                        (name: "Content-Type", value: "application/x-www-form-urlencoded"),
                    ], body: Array(body.utf8), remote: "10.0.0.1"))
        }
        let page = await ask("GET", "/silences/new", "ann")
        #expect(page.text.contains("ann (proxy)"))
        let token = try #require(page.text.components(separatedBy: "name=token value=\"").dropFirst().first)
            .prefix { $0 != "\"" }
        let form = "token=\(token)&matchers=a%3Db&comment=x&length=1h&do=create"
        #expect(await ask("POST", "/silences/new", "eve", form).status == 403)
        #expect(await ask("POST", "/silences/new", "ann", form).status == 303)
        #expect(seen.all == ["ann (proxy)"])
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.2", false), ("192.0.2.128/25", "192.0.2.129", true),
        ("192.0.2.128/25", "192.0.2.127", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("::1", "::1", true), ("::1", "127.0.0.1", false),
        ("0.0.0.0/0", "::1", false), ("10.0.0.0/8", "", false), ("::ffff:10.0.0.0/104", "10.1.2.3", true),
        ("::ffff:10.0.0.0/104", "11.1.2.3", false), ("10.0.0.0/8", "::ffff:10.1.2.3", true),
        ("10.0.0.0/8", "10.0.0", false),
    ])
    func ranges(_ range: String, _ address: String, _ isIn: Bool) throws {
        #expect(try #require(AddressRange(range)).contains(address) == isIn)
    }

    @Test(arguments: [
        "", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8/8", "a.example", "10/8",
    ])
    func noRanges(_ text: String) { #expect(AddressRange(text) == nil) }

    /// Who the web configuration file lets in may do everything; who has a right to changes may read what they change.
    @Test func usersOfTheWebConfigurationFile() async {
        let (scripted, seen) = scripted {
            $0.closingUsers = ["bob": AccessTests.hash]
            $0.tokens = ["robot": AccessTests.token]
        }
        #expect(await scripted.get("/api/v2/silences").status == 401)
        #expect(await scripted.respond("GET", "/metrics").header("www-authenticate") == "Basic")
        #expect(await scripted.get("/metrics", headers: [basic("bob:hunter2")]).status == 200)
        let bearer = ("Authorization", "Bearer " + AccessTests.token)
        #expect(await scripted.get("/api/v2/silences", headers: [bearer]).status == 200)
        for change in AccessTests.changes {
            #expect(await respond(scripted, change).status == 401)
            #expect(await respond(scripted, change, [basic("bob:hunter2")]).isDone)
        }
        #expect(Set(seen.all) == ["bob"])
    }

    /// It waives the login and nothing else.
    @Test func anonymousChanges() async {
        let (scripted, seen) = scripted {
            $0.allowsAnonymousChanges = true
            $0.tokens = ["robot": AccessTests.token]
        }
        for change in AccessTests.changes {
            #expect(await respond(scripted, change).isDone)
            #expect(await respond(scripted, change, [("Host", "evil.example")]).status == 403)
            for headers in [
                [("Host", "vw"), ("Origin", "http://evil.example")], [("Sec-Fetch-Site", "cross-site")],
                [("Host", "vw"), ("Origin", "null")], [("Sec-Fetch-Site", "same-site")],
            ] {
                #expect(await respond(scripted, change, headers).status == 403)
            }
        }
        #expect(Set(seen.all) == ["anonymous"])
        // Who says who they are is known by it.
        _ = await respond(
            scripted, AccessTests.changes[0], [("Authorization", "Bearer " + AccessTests.token), ("Host", "vw")])
        #expect(seen.all.last == "robot (token)")
    }

    /// DNS rebinding: the attacker's own name leads to the agent, so that Origin and Host agree.
    @Test func hostsThatAreNotOurs() async {
        let (scripted, seen) = scripted { $0.allowsAnonymousChanges = true }
        let rebound = [
            ("Host", "evil.example:9321"), ("Origin", "http://evil.example:9321"), ("Sec-Fetch-Site", "same-origin"),
        ]
        for change in AccessTests.changes { #expect(await respond(scripted, change, rebound).status == 403) }
        #expect(seen.all.isEmpty)
        let refusal = await scripted.get("/api/v1/query?query=1", headers: rebound)
        #expect(
            refusal.status == 403 && refusal.text.contains("evil.example") && refusal.text.contains("allowed_hosts"))
        for path in ["/", "/api/v2/alerts", "/api/v1/rules", "/api/v1/vaultwatch/history"] {
            #expect(await scripted.get(path, headers: rebound).status == 403, "\(path)")
        }
        // What monitors the agent finds it under any name.
        for path in ["/metrics", "/-/healthy", "/-/ready"] {
            #expect(await scripted.get(path, headers: rebound).status == 200, "\(path)")
        }
        let script = await scripted.get("/", headers: [("Host", "<script>")])
        #expect(script.status == 403 && !script.text.contains("script>"))
    }

    @Test(arguments: [
        ("vw", true), ("VW:9321", true), ("vw.", true), ("localhost:1", true), ("127.0.0.1:9321", true),
        ("10.1.2.3", true), ("[::1]:9321", true), ("[2001:db8::1]", true), ("a.example.org", true),
        ("b.a.example.org:9321", true), ("example.org", false), ("evilexample.org", false), ("vw.evil.example", false),
        ("", false), ("10.1.2.3.evil.example", false), ("256.1.1.1", false), ("1.2.3", false), ("[::1", false),
        ("vw@evil.example", false), ("localhost.evil.example", false),
    ])
    func hosts(_ header: String, _ isKnown: Bool) {
        #expect(KnownHosts(["vw", "*.example.org"]).accept(header) == isKnown)
        #expect(KnownHosts(["*"]).accept(header))
    }

    /// `<img src="http://vw:9321/api/v1/query_range?…">` on any page.
    @Test func pagesOfOtherSitesLoadNothingExpensive() async {
        let (scripted, _) = scripted()
        func status(_ path: String, _ site: String?, _ mode: String, _ dest: String) async -> Int {
            let headers = [("Host", "vw"), ("Sec-Fetch-Mode", mode), ("Sec-Fetch-Dest", dest)]
            return await scripted.get(path, headers: headers + (site.map { [("Sec-Fetch-Site", $0)] } ?? [])).status
        }
        let paths = [
            "/api/v1/query?query=1", "/api/v1/query_range?query=1&start=0&end=1&step=1", "/api/v1/series?match[]=up",
            "/api/v1/labels", "/api/v1/label/a/values", "/api/v1/vaultwatch/history", "/api/v2/alerts/groups",
        ]
        for path in paths {
            for (mode, dest) in [
                ("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"), ("navigate", "iframe"),
            ] {
                #expect(await status(path, "cross-site", mode, dest) == 403, "\(path) \(mode) \(dest)")
                #expect(await status(path, "same-origin", mode, dest) != 403, "\(path) \(mode) \(dest)")
            }
            // A link in a mail, and what is no browser.
            #expect(await status(path, "cross-site", "navigate", "document") != 403, "\(path)")
            #expect(await scripted.get(path).status != 403)
        }
        #expect(await status("/", "cross-site", "navigate", "document") == 200)
        // A form on another page.
        let form = [("Host", "vw"), ("Content-Type", "application/x-www-form-urlencoded")]
        #expect(
            await scripted.respond(
                "POST", "/api/v1/query", headers: form + [("Origin", "http://evil.example")], body: "query=1"
            ).status == 403)
        #expect(
            await scripted.respond(
                "POST", "/api/v1/query", headers: form + [("Origin", "http://vw")], body: "query=1"
            ).status != 403)
    }

    /// A proxy in front, which users know by the external URL, may say another host to the agent.
    @Test func theExternalURLIsAnOriginOfOurs() async {
        var (scripted, seen) = scripted { $0.allowsAnonymousChanges = true }
        scripted.options.externalURL = "https://watch.example.org/"
        let change = AccessTests.changes[2]
        #expect(
            await respond(scripted, change, [("Host", "vw:9321"), ("Origin", "https://watch.example.org")]).status
                == 200)
        #expect(
            await respond(scripted, change, [("Host", "vw:9321"), ("Origin", "http://watch.example.org")]).status
                == 403)
        #expect(seen.all.count == 1)
    }

    // MARK: Passwords

    /// Runs nothing until it is told to, and counts what it was given.
    private final class HeldPool: WorkPool {
        private struct State {
            var held: [@Sendable () -> Void]? = []
            var count = 0
        }
        private let state = Mutex(State())

        var count: Int { state.withLock(\.count) }

        func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
            let isHeld = state.withLock { state in
                state.count += 1
                state.held?.append(work)
                return state.held != nil
            }
            if !isHeld { work() }
            return true
        }

        func release() {
            let held = state.withLock { state in
                defer { state.held = nil }
                return state.held ?? []
            }
            for work in held { work() }
        }
    }

    private func authenticator(_ pool: HeldPool) -> Authenticator {
        var access = WebAccess()
        access.users = ["ann": AccessTests.hash]
        access.tokens = ["robot": AccessTests.token]
        return Authenticator(access, platform: Scripted().platform, pool: pool)
    }

    private func request(_ credentials: String, _ address: String) -> ServerRequest {
        let (name, value) = basic(credentials)
        return ServerRequest(target: "/", headers: [(name, value)], remote: address)
    }

    /// bcrypt is slow on purpose: guesses from one address, or from many, wait in bounded numbers and keep nobody from a
    /// token.
    @Test func guessesWaitInBoundedNumbers() async {
        let pool = HeldPool()
        let authenticator = authenticator(pool)
        await withTaskGroup(of: Authenticator.Outcome.self) { group in
            func guess(_ address: String, _ number: Int) {
                group.addTask { await authenticator.caller(of: self.request("ann:guess \(number)", address)) }
            }
            for number in 0..<20 { guess("192.0.2.1", number) }
            for _ in 0..<16 { #expect(await group.next() == .busyAddress) }
            for address in 2..<20 { guess("192.0.2.\(address)", address * 100) }
            for _ in 0..<6 { #expect(await group.next() == .busy) }
            let token = ServerRequest(target: "/", headers: [("Authorization", "Bearer " + AccessTests.token)])
            #expect(await authenticator.caller(of: token) == .known(Caller("robot", by: .token)))
            #expect(pool.count == 16)
            pool.release()
            for _ in 0..<16 { #expect(await group.next() == .unknown) }
        }
        let right = request("ann:hunter2", "192.0.2.1")
        #expect(await authenticator.caller(of: right) == .known(Caller("ann", by: .password)))
    }

    /// A Prometheus that pushes from many connections at once is asked for one check, and for none from then on.
    @Test func aPasswordIsCheckedOnce() async {
        let pool = HeldPool()
        let authenticator = authenticator(pool)
        let right = request("ann:hunter2", "192.0.2.1")
        await withTaskGroup(of: Authenticator.Outcome.self) { group in
            for _ in 0..<30 { group.addTask { await authenticator.caller(of: right) } }
            while pool.count == 0 { await Task.yield() }
            pool.release()
            for await outcome in group { #expect(outcome == .known(Caller("ann", by: .password))) }
        }
        #expect(await authenticator.caller(of: right) == .known(Caller("ann", by: .password)))
        #expect(pool.count == 1)
        #expect(await authenticator.caller(of: request("ann:hunter3", "192.0.2.1")) == .unknown)
        #expect(await authenticator.caller(of: request("bob:hunter2", "192.0.2.1")) == .unknown)
        #expect(pool.count == 3)
    }

    @Test func secretsAreNotPrinted() {
        var access = WebAccess()
        access.users = ["ann": AccessTests.hash]
        access.tokens = ["robot": AccessTests.token]
        var text = "\(access)"
        dump(access, to: &text)
        #expect(!text.contains(AccessTests.token) && !text.contains("$2b$"))
    }
}

extension ServerResponse {
    /// Success, or the way back to a page.
    fileprivate var isDone: Bool { [200, 303].contains(status) }
}
