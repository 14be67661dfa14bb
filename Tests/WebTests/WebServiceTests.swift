import Exposition
import Foundation
import HTTPServer
import Samples
import Telemetry
import TestServers
import Testing

@testable import Web

struct WebServiceTests {
    @Test func healthAndReadiness() async {
        var scripted = Scripted()
        #expect(await scripted.get("/-/healthy") == (200, "vaultwatch is healthy.\n"))
        var degraded = Scripted()
        degraded.sources.degradations = { ["journal: closed"] }
        #expect(await degraded.get("/-/healthy") == (200, "vaultwatch is healthy.\ndegraded: journal: closed\n"))
        #expect(await scripted.get("/-/ready") == (200, "vaultwatch is ready.\n"))
        scripted.sources.notReady = { "first poll round" }
        #expect(await scripted.get("/-/ready") == (503, "vaultwatch is not ready: first poll round\n"))
        #expect(await scripted.get("/-/healthy").status == 200)
        #expect(await scripted.respond("HEAD", "/-/healthy").status == 200)
        #expect(await scripted.get("/nowhere").status == 404)
    }

    @Test func reloadWantsAPost() async {
        var scripted = Scripted()
        scripted.sources.reload = { _ in "vaultwatch.yml:3:1: unknown key \"foo\"" }
        #expect(await scripted.respond("GET", "/-/reload").status == 405)
        #expect(await scripted.respond("GET", "/-/reload").header("allow") == "POST, PUT")
        let refused = await scripted.respond("POST", "/-/reload")
        #expect(refused.status == 500)
        #expect(refused.text.contains("vaultwatch.yml:3:1"))
        scripted.sources.reload = { _ in nil }
        #expect(await scripted.respond("PUT", "/-/reload").status == 200)
    }

    @Test func pagesOfOtherSitesChangeNothing() async {
        let scripted = Scripted()
        for headers in [
            [("Host", "vw:9321"), ("Origin", "https://evil.example")], [("Host", "vw:9321"), ("Origin", "null")],
            [("Host", "vw:9321"), ("Sec-Fetch-Site", "cross-site")],
            [("Host", "vw:9321"), ("Sec-Fetch-Site", "same-site")],
        ] {
            #expect(await scripted.respond("POST", "/-/reload", headers: headers).status == 403)
            #expect(await scripted.respond("DELETE", "/api/v2/silence/abc", headers: headers).status == 403)
        }
        let own = [("Host", "vw:9321"), ("Origin", "http://vw:9321"), ("Sec-Fetch-Site", "same-origin")]
        #expect(await scripted.respond("POST", "/-/reload", headers: own).status == 200)
        // A form needs no permission to be sent across sites.
        #expect(
            await scripted.respond("POST", "/api/v2/silences", headers: [("Content-Type", "text/plain")], body: "{}")
                .status == 415)
    }

    @Test func metricsInTheFormatAskedFor() async throws {
        var scripted = Scripted()
        let registry = scripted.registry
        scripted.sources.families = { { registry.families().map(FamilySource.init) } }
        let text = await scripted.respond("GET", "/metrics")
        #expect(text.header("content-type") == "text/plain; version=0.0.4; charset=utf-8")
        let open = await scripted.respond(
            "GET", "/metrics", headers: [("Accept", "application/openmetrics-text;version=1.0.0")])
        #expect(open.header("content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(open.text.hasSuffix("# EOF\n"))
        #expect(open.text.contains("vaultwatch_http_requests_total{code=\"200\",handler=\"/metrics\"} 1\n"))
        #expect(open.text.contains("vaultwatch_http_requests_in_flight 1\n"))
        let promtool = try await run("/usr/bin/promtool", ["check", "metrics"], input: Array(text.text.utf8))
        #expect(promtool.output == "" && promtool.status == 0)
    }

    @Test func largeAnswersAreCompressedWhereTheClientTakesIt() async throws {
        var scripted = Scripted()
        scripted.sources.families = {
            {
                [
                    MetricFamily(
                        "many", .gauge, help: "Many.",
                        samples: (0..<2000).map { .init(["__name__": "many", "n": "\($0)"], Double($0)) })
                ].map(FamilySource.init)
            }
        }
        let plain = await scripted.respond("GET", "/metrics").text
        let compressed = await scripted.respond(
            "GET", "/metrics", headers: [("Accept-Encoding", "br;q=1.0, gzip;q=0.8")])
        #expect(compressed.header("content-encoding") == "gzip")
        guard case .bytes(let bytes) = compressed.body else {
            Issue.record("the answer is not bytes")
            return
        }
        #expect(bytes.count < plain.utf8.count / 3)
        #expect(try await run("/usr/bin/gunzip", ["-c"], input: bytes).output == plain)
        for header in ["identity", "gzip;q=0", "br", ""] {
            #expect(
                await scripted.respond("GET", "/metrics", headers: [("Accept-Encoding", header)]).header(
                    "content-encoding") == nil)
        }
        // With a real client.
        try await scripted.serve { url in
            let (output, _) = try await run("/usr/bin/curl", ["-s", "--compressed", "\(url)/metrics"])
            #expect(output == plain)
        }
    }

    /// A page of many targets is sent in pieces, the same as a whole.
    @Test func aLongPageIsSentInPieces() async throws {
        var scripted = Scripted()
        let family = MetricFamily(
            "many", .gauge, help: "Many.",
            samples: (0..<40_000).map { .init(["__name__": "many", "n": "\($0)"], Double($0) / 8) })
        scripted.sources.families = { { [FamilySource(family)] } }
        let whole = ExpositionWriter.page([family])
        #expect(whole.count > 10 * 65_536)
        for encoding in ["identity", "gzip"] {
            let response = await scripted.respond("GET", "/metrics", headers: [("Accept-Encoding", encoding)])
            #expect(response.header("content-encoding") == (encoding == "gzip" ? "gzip" : nil))
            guard case .stream(let next) = response.body else {
                Issue.record("the page is not sent in pieces")
                return
            }
            var sent: [UInt8] = []
            while let piece = await next() {
                #expect(!piece.isEmpty && piece.count < 100_000)
                sent += piece
            }
            #expect(await next() == nil)
            let text = encoding == "gzip" ? try await run("/usr/bin/gunzip", ["-c"], input: sent).output : nil
            #expect(text.map { Array($0.utf8) } ?? sent == whole)
        }
        try await scripted.serve { url in
            for arguments in [["--compressed"], [], ["--http1.0"]] {
                let (output, status) = try await run("/usr/bin/curl", ["-s", "-f"] + arguments + ["\(url)/metrics"])
                #expect(status == 0 && Array(output.utf8) == whole, "\(arguments)")
            }
            let (_, status) = try await run("/usr/bin/curl", ["-s", "-f", "-I", "\(url)/metrics"])
            #expect(status == 0)
        }
    }

    @Test func anExternalURLsPathIsThePrefix() async {
        var scripted = Scripted()
        scripted.options.externalURL = "https://ops.example/vault/watch/"
        #expect(await scripted.get("/vault/watch/-/healthy").status == 200)
        #expect(await scripted.get("/vault/watch/").status == 200)
        #expect(await scripted.get("/vault/watch").status == 200)
        #expect(await scripted.get("/-/healthy").status == 404)
    }

    @Test func requestsAreCountedUnderBoundedNames() async {
        let scripted = Scripted()
        for i in 0..<50 { _ = await scripted.get("/random/\(i)") }
        _ = await scripted.get("/api/v1/label/a/values")
        _ = await scripted.get("/api/v1/label/b/values")
        let counter = scripted.registry.counter(
            "vaultwatch_http_requests_total", help: "", labels: ["handler", "code"])
        #expect(counter.value("other", "404") == 50)
        #expect(counter.value("/api/v1/label/:name/values", "200") == 2)
        #expect(
            scripted.registry.histogram("vaultwatch_http_request_duration_seconds", help: "", labels: ["handler"])
                .count("other") == 50)
    }

    @Test func everyAnswerHasItsGuards() async {
        let scripted = Scripted()
        let response = await scripted.respond("GET", "/-/healthy", headers: [("Host", "<script>")])
        #expect(response.header("date") == "Fri, 02 Jan 2026 03:04:05 GMT")
        #expect(response.header("x-content-type-options") == "nosniff")
        #expect(response.header("cache-control") == "no-store")
        #expect(!response.text.contains("script"))
    }

    @Test func passwordsAreAsked() async throws {
        var scripted = Scripted()
        // bcrypt of "hunter2", cost 4.
        let hash = try #require(try await bcrypt("hunter2"))
        scripted.options.access.closingUsers = ["ann": hash]
        scripted.options.access.headers = [.init(name: "Strict-Transport-Security", value: "max-age=1")]
        let service = scripted.service
        func status(_ credentials: String?) async -> Int {
            let headers =
                credentials.map { [(name: "Authorization", value: "Basic " + Data($0.utf8).base64EncodedString())] }
                ?? []
            return await service.respond(to: ServerRequest(target: "/-/healthy", headers: headers)).status
        }
        #expect(await status("ann:hunter2") == 200)
        #expect(await status("ann:hunter2") == 200)
        #expect(await status("ann:hunter3") == 401)
        #expect(await status("ann:") == 401)
        #expect(await status("bob:hunter2") == 401)
        #expect(await status("ann") == 401)
        #expect(await status(nil) == 401)
        #expect(await scripted.respond("GET", "/metrics").header("www-authenticate") == "Basic")
        #expect(await scripted.respond("GET", "/metrics").header("strict-transport-security") == "max-age=1")
        scripted.options.access.closingUsers = ["ann": "plain text is no hash"]
        #expect(
            await scripted.respond(
                "GET", "/metrics",
                headers: [("Authorization", "Basic " + Data("ann:plain text is no hash".utf8).base64EncodedString())]
            ).status == 401)
    }

    /// From the system's tools, not from the code under test.
    private func bcrypt(_ password: String) async throws -> String? {
        let made = try await run(
            "/usr/bin/perl", ["-e", "print crypt('\(password)', '$2b$04$abcdefghijklmnopqrstuu')"])
        return made.output.count == 60 ? made.output : nil
    }
}
