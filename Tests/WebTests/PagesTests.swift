import Alerts
import Dispatching
import Foundation
import HTTPServer
import Platform
import Samples
import Synchronization
import Testing

@testable import Web

/// Pages and forms behind the service: responses and headers by client and permission.
struct PagesTests {
    private let html = [("Accept", "text/html,application/xhtml+xml")]
    private let form = "application/x-www-form-urlencoded"

    private func header(_ name: String, _ response: ServerResponse) -> String? {
        response.headers.first { $0.name == name }?.value
    }

    @Test(arguments: ["/", "/incidents", "/estate", "/runbooks", "/nowhere", "/incidents/318", "/<script>"])
    func everyPageHasThePolicy(_ path: String) async {
        let response = await Scripted().respond("GET", path, headers: html)
        #expect(
            header("Content-Security-Policy", response)
                == "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types vaultwatch"
        )
        #expect(header("Cache-Control", response) == "no-store")
        #expect(header("Referrer-Policy", response) == "same-origin")
        #expect(response.headers.count { $0.name == "Referrer-Policy" } == 1)
        #expect(!response.text.contains("<style") && !response.text.contains("<script>"))
    }

    @Test func anUnknownPathOffersTheMenu() async {
        let page = await Scripted().respond("GET", "/nowhere", headers: html)
        #expect(page.status == 404)
        #expect(page.text.contains("There is no such page") && page.text.contains("href=\"/incidents\""))
        // Clients other than browsers get plain text.
        let plain = await Scripted().respond("GET", "/nowhere")
        #expect(plain.status == 404 && plain.text == "404 not found\n")
        #expect(await Scripted().respond("GET", "/api/v1/nowhere", headers: html).text == "404 not found\n")
    }

    @Test func assetsAreKeptForEverByTheirName() async throws {
        let page = await Scripted().get("/")
        for (before, type) in [
            ("rel=stylesheet href=\"", "text/css"), ("<script defer src=\"", "text/javascript"),
            ("image/svg+xml\" href=\"", "image/svg+xml"),
        ] {
            let path = try #require(page.text.components(separatedBy: before).last).prefix { $0 != "\"" }
            let asset = await Scripted().respond("GET", String(path))
            #expect(asset.status == 200)
            #expect(header("Content-Type", asset)?.hasPrefix(type) == true)
            #expect(header("Cache-Control", asset) == "public, max-age=31536000, immutable")
            let other = String(path).replacingOccurrences(of: ".", with: ".0", range: path.range(of: "."))
            #expect(await Scripted().respond("GET", other).status == 404)
        }
        #expect(await Scripted().respond("GET", "/favicon.ico").status == 200)
    }

    @Test func assetsAreCompressedOnce() async throws {
        let page = await Scripted().get("/")
        let path = try #require(page.text.components(separatedBy: "rel=stylesheet href=\"").last).prefix { $0 != "\"" }
        let plain = await Scripted().respond("GET", String(path))
        let asset = await Scripted().respond("GET", String(path), headers: [("Accept-Encoding", "gzip, br")])
        #expect(
            asset.headers.count { $0.name == "Content-Encoding" } == 1 && header("Content-Encoding", asset) == "gzip")
        #expect(header("Content-Encoding", plain) == nil && header("Vary", plain) == "Accept-Encoding")
        guard case .bytes(let packed) = asset.body, case .bytes(let whole) = plain.body else {
            Issue.record("no content")
            return
        }
        // The magic number of RFC 1952.
        #expect(packed.starts(with: [0x1f, 0x8b]) && packed.count * 3 < whole.count)
    }

    @Test(arguments: [
        ("/graph?g0.expr=up%20%3D%3D%200&g0.tab=1&g0.range_input=1h", "/query?expr=up%20%3D%3D%200&range=1h"),
        ("/graph", "/query"), ("/alerts", "/incidents"), ("/status", "/agent"), ("/config", "/agent"),
        ("/service-discovery", "/targets"),
    ])
    func oldAddressesLeadOn(_ old: String, _ new: String) async {
        var scripted = Scripted()
        scripted.options.externalURL = "https://vw/watch"
        let response = await scripted.respond("GET", "/watch" + old, headers: html)
        #expect(response.status == 302)
        #expect(header("Location", response) == "/watch" + new)
    }

    @Test func aSlashAtTheEndIsForgiven() async {
        let response = await Scripted().respond("GET", "/incidents/?state=open")
        #expect(response.status == 308)
        #expect(header("Location", response) == "/incidents?state=open")
        // What a header can't carry; a fuzzer found it.
        let odd = await Scripted().respond("GET", "/incidents/?q=a%20b&x=\u{0}\r\né ")
        #expect(header("Location", odd) == "/incidents?q=a%20b&x=%00%0D%0A%C3%A9%20")
    }

    @Test func methodsArePagesAndForms() async {
        #expect(await Scripted().respond("HEAD", "/").status == 200)
        let post = await Scripted().respond("POST", "/")
        #expect(post.status == 405 && header("Allow", post) == "GET, HEAD")
        let get = await Scripted().respond("GET", "/incidents/7/acknowledge")
        #expect(get.status == 405 && header("Allow", get) == "POST")
    }

    @Test func theZoneIsSwitchedByTheAddress() async {
        let response = await Scripted().respond("GET", "/?tz=UTC")
        #expect(header("Set-Cookie", response)?.hasPrefix("tz=UTC; Path=/;") == true)
        #expect(header("Set-Cookie", await Scripted().respond("GET", "/?tz=evil")) == nil)
    }

    // MARK: Forms

    private final class Asked: Sendable {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func add(_ text: String) { list.withLock { $0.append(text) } }
    }

    private func acknowledging() -> (Scripted, Asked) {
        var scripted = Scripted()
        let asked = Asked()
        scripted.sources.acknowledge = { selection, comment, caller in
            if case .number(let number) = selection { asked.add("\(number) \(comment ?? "-") \(caller)") }
            return []
        }
        return (scripted, asked)
    }

    private func token(_ user: String, _ action: String, hoursAgo: Int64 = 0) -> String {
        FormToken.make(
            key: FormToken.key(Scripted.FixedRandom()), user: user, action: action,
            hour: Scripted.now.milliseconds / 3_600_000 - hoursAgo)
    }

    private func post(_ scripted: Scripted, _ path: String, _ body: String, _ headers: [(String, String)] = []) async
        -> ServerResponse
    {
        await scripted.respond("POST", path, headers: [("Content-Type", form)] + headers, body: body)
    }

    @Test func aFormNeedsTheTokenOfItsUserAndAction() async {
        let (scripted, asked) = acknowledging()
        let user = Caller("", by: .none).description
        let path = "/incidents/7/acknowledge"
        let done = await post(scripted, path, "token=\(token(user, path))&comment=on+it")
        #expect(done.status == 303)
        #expect(header("Location", done) == "/incidents/7")
        #expect(await post(scripted, path, "token=\(token(user, path, hoursAgo: 12))").status == 303)
        #expect(asked.all == ["7 on it \(user)", "7  \(user)"])
        for wrong in [
            "", "0", token(user, "/incidents/8/acknowledge"), token("ann", path), token(user, path, hoursAgo: 13),
            token(user, path, hoursAgo: -1), String(token(user, path).dropLast()),
        ] {
            let refused = await post(scripted, path, "token=\(wrong)")
            #expect(refused.status == 403, "\(wrong)")
            #expect(refused.text.contains("the form is too old"))
        }
        #expect(asked.all.count == 2)
    }

    @Test func aFormOfAnotherSiteIsRefused() async {
        let (scripted, asked) = acknowledging()
        let path = "/incidents/7/acknowledge"
        let body = "token=\(token(Caller("", by: .none).description, path))"
        for headers in [[("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site")], [("Origin", "null")]]
        {
            #expect(await post(scripted, path, body, headers).status == 403)
        }
        #expect(asked.all.isEmpty)
    }

    @Test func whoIsNobodyMayNotSendForms() async {
        var (scripted, asked) = acknowledging()
        scripted.options.access.allowsAnonymousChanges = false
        let path = "/incidents/7/acknowledge"
        #expect(await post(scripted, path, "token=\(token("", path))").status == 401)
        #expect(asked.all.isEmpty)
        // The kernel authenticates clients of the socket.
        let response = await scripted.respond(
            "POST", path, headers: [("Content-Type", form)], body: "comment=x", peerUser: 0)
        #expect(response.status == 303)
        #expect(asked.all.count == 1)
    }

    // MARK: Events

    @Test func thereArePlacesFor64Streams() async throws {
        let service = Scripted().service
        let request = ServerRequest(target: "/events", headers: [("Host", "vw")])
        var open: [ServerResponse] = []
        for _ in 0..<64 { open.append(await service.respond(to: request)) }
        #expect(open.allSatisfy { $0.status == 200 })
        #expect(header("Content-Type", open[0]) == "text/event-stream")
        #expect(await service.respond(to: request).status == 503)
        guard case .stream(let next) = open[0].body else {
            Issue.record("no stream")
            return
        }
        #expect(await next().map { String(decoding: $0, as: UTF8.self) } == "id: 0\ndata: snapshot\n\n")
        open.removeLast()
        #expect(await service.respond(to: request).status == 200)
    }

    @Test(
        arguments: [
            ("/a/:b", "/a/x", ["b": "x"]), ("/a/:b", "/a/", nil), ("/a/:b", "/a/x/y", nil),
            ("/a/*b", "/a/x/y", ["b": "x/y"]),
            ("/a/*b", "/a", nil), ("/", "/", [:]), ("/a", "/a/", nil), ("/:x/y", "/1/y", ["x": "1"]),
        ] as [(String, String, [String: String]?)])
    func patterns(_ pattern: String, _ path: String, _ values: [String: String]?) {
        #expect(PathPattern(pattern).match(path) == values)
    }
}
