import Alerts
import Dispatching
import Foundation
import HTTPServer
import Samples
import Synchronization
import Testing

@testable import Web

/// Faults under way, over the API and as a page.
struct IncidentsAPITests {
    private static func alert(_ name: String, _ summary: String) -> Alert {
        Alert(
            labels: ["alertname": name, "cluster": "prod", "severity": "high"],
            annotations: ["summary": summary, "action": "look & see"], startsAt: Scripted.now, updatedAt: Scripted.now)
    }

    /// An acknowledged one.
    static let incident = Alerts.Notification.Incident(
        id: 7, startsAt: Scripted.now, cause: alert("PostgresDown", "pg-1 is down"), consequences: [],
        acknowledgement: Acknowledgement(by: "ann", comment: "<on it>", at: Scripted.now))

    private func scripted(_ consequences: Int) -> Scripted {
        scripted([
            Alerts.Notification.Incident(
                id: 7, startsAt: Scripted.now, cause: Self.alert("PostgresDown", "pg-1 <is> down"),
                consequences: (0..<consequences).map { Self.alert("A\($0)", "follows \($0)") }),
            Alerts.Notification.Incident(
                id: nil, startsAt: Scripted.now, cause: Self.alert("BackupOverdue", "late"), consequences: []),
        ])
    }

    private func scripted(_ incidents: [Alerts.Notification.Incident]) -> Scripted {
        var scripted = Scripted()
        scripted.sources.snapshot = { () throws(QueryError) in
            var snapshot = EstateSnapshot(now: Scripted.now)
            snapshot.underWay = incidents
            return snapshot
        }
        return scripted
    }

    @Test func theAPINamesCauseAndConsequences() async throws {
        struct Answer: Decodable {
            struct Item: Decodable { var labels: [String: String] }
            struct Incident: Decodable {
                var id: String?
                var severity: String
                var startsAt: String
                var cause: Item
                var consequences: [Item]
            }
            struct Content: Decodable { var incidents: [Incident] }
            var status: String
            var data: Content
        }
        let (status, text) = await scripted(2).get("/api/v1/vaultwatch/incidents")
        #expect(status == 200)
        let answer = try JSONDecoder().decode(Answer.self, from: Data(text.utf8))
        #expect(answer.status == "success" && answer.data.incidents.map(\.id) == ["7", nil])
        let first = try #require(answer.data.incidents.first)
        #expect(first.severity == "high" && first.startsAt == "2026-01-02T03:04:05Z")
        #expect(first.cause.labels["alertname"] == "PostgresDown")
        #expect(first.consequences.map { $0.labels["alertname"] } == ["A0", "A1"])
    }

    @Test func anAcknowledgementIsShown() async {
        let api = await scripted([Self.incident]).get("/api/v1/vaultwatch/incidents").text
        #expect(
            api.contains(#""acknowledgement":{"by":"ann","at":"2026-01-02T03:04:05Z","comment":"\u003con it\u003e"}"#))
    }

    // MARK: Acknowledging

    private final class Asked: Sendable {
        private let words = Mutex<[String]>([])
        var all: [String] { words.withLock { $0 } }
        func add(_ selection: IncidentSelection, _ comment: String?, _ by: String) {
            let what =
                switch selection {
                case .id(let id): "id \(id)"
                case .alert(let fingerprint): "alert \(String(fingerprint, radix: 16))"
                case .number(let number): "number \(number)"
                case .matchers(let matchers): "matchers \(matchers.map(\.description).joined(separator: ","))"
                case .groups: "groups"
                }
            words.withLock { $0.append("\(what) \(comment ?? "-") \(by)") }
        }
    }

    private func acknowledging(_ found: [Alerts.Notification.Incident] = [incident]) -> (Scripted, Asked) {
        var scripted = Scripted()
        let asked = Asked()
        scripted.options.externalURL = "https://vw.example.org/watch/"
        scripted.options.access.allowsAnonymousChanges = true
        scripted.options.access.pagerDutySecret = "GExy0F4QW8lJQEXAMPLE"
        scripted.sources.acknowledge = { selection, comment, caller in
            asked.add(selection, comment, caller.description)
            return found
        }
        scripted.sources.acknowledgeFromPagerDuty = { key, _, comment, by in
            asked.add(.id(0), comment, "\(by) \(key)")
            return found
        }
        return (scripted, asked)
    }

    private func post(
        _ scripted: Scripted, _ method: String, _ path: String, _ body: String, _ type: String = "application/json",
        _ headers: [(String, String)] = []
    ) async -> ServerResponse {
        await scripted.respond(
            method, "/watch" + path, headers: [("Content-Type", type)] + headers, body: body, peerUser: nil)
    }

    @Test func incidentsAreSelectedByIdAlertOrMatchers() async {
        let (scripted, asked) = acknowledging()
        let path = "/api/v1/vaultwatch/acknowledgements"
        for body in [
            #"{"incident":"318","comment":"on it"}"#, #"{"alert":"00ff00ff00ff00ff"}"#,
            #"{"matchers":[{"name":"node","value":"vault-2","isRegex":false}]}"#,
        ] {
            #expect(await post(scripted, "POST", path, body).status == 200, "\(body)")
        }
        #expect(await post(scripted, "DELETE", path, #"{"incident":"318"}"#).status == 200)
        #expect(
            asked.all.map { $0.components(separatedBy: " anonymous")[0] } == [
                "id 318 on it", "alert ff00ff00ff00ff ", #"matchers node="vault-2" "#, "id 318 -",
            ])
        for body in [
            "", "{}", #"{"incident":"x"}"#, #"{"incident":318}"#, #"{"alert":"xyz"}"#, #"{"incident":"1","alert":"1"}"#,
            #"{"matchers":[]}"#, #"{"matchers":[{"name":"node","value":".*","isRegex":true}]}"#,
            #"{"matchers":[{"name":"node","value":"(","isRegex":true}]}"#, #"{"incident":"99999999999999999999"}"#,
        ] {
            #expect(await post(scripted, "POST", path, body).status == 400, "\(body)")
        }
        #expect(await post(scripted, "POST", path, #"{"incident":"1"}"#, "text/plain").status == 415)
        let (empty, _) = acknowledging([])
        #expect(await post(empty, "POST", path, #"{"incident":"1"}"#).status == 404)
    }

    @Test func theFormOfThePageWorksWithoutScript() async {
        let (scripted, asked) = acknowledging()
        let form = "application/x-www-form-urlencoded"
        let done = await post(scripted, "POST", "/acknowledge", "incident=7&comment=on+it%21", form)
        #expect(done.status == 303)
        #expect(done.headers.first { $0.0 == "Location" }?.1 == "/watch/incidents")
        _ = await post(scripted, "POST", "/acknowledge", "alert=00ff00ff00ff00ff&undo=1", form)
        #expect(
            asked.all.map { $0.components(separatedBy: " anonymous")[0] } == ["id 7 on it!", "alert ff00ff00ff00ff -"])
        #expect(await post(scripted, "POST", "/acknowledge", "comment=x", form).status == 400)
        #expect(await post(scripted, "GET", "/acknowledge", "").status == 405)
        for headers in [[("Origin", "https://evil.example")], [("Sec-Fetch-Site", "cross-site")]] {
            #expect(await post(scripted, "POST", "/acknowledge", "incident=7", form, headers).status == 403)
        }
        #expect(asked.all.count == 2)
    }

    // MARK: PagerDuty

    /// As PagerDuty documents it, shortened.
    private static func webhook(_ type: String) -> String {
        #"""
        {"event":{"id":"01CDQEL9WM8G8RT9O0YTD8XDVV","event_type":"\#(type)","resource_type":"incident","occurred_at":"2026-01-02T03:04:00.000Z","agent":{"html_url":"https://acme.pagerduty.com/users/PLH1HKV","id":"PLH1HKV","self":"https://api.pagerduty.com/users/PLH1HKV","summary":"Tenex Engineer","type":"user_reference"},"client":null,"data":{"id":"PGR0VU2","type":"incident","number":2,"status":"acknowledged","incident_key":"d3640fbd41094207a1c11e58e46b1662","title":"A little bump in the road"}}}
        """#
    }

    /// The header for each body, made with `openssl dgst -sha256 -hmac GExy0F4QW8lJQEXAMPLE`.
    private static let signatures = [
        webhook("incident.acknowledged"): "v1=33675912be850a854829b2e6126644dd6646e39b271fe1b3e1018082693f456d",
        webhook("incident.unacknowledged"): "v1=f0e6e5f60f7a132ca456b86b8976c0164199e2de977b93107c20322cef0fbbe8",
        webhook("incident.resolved"): "v1=a2742ae5ba6285ae2fa2911c8e398370ce3642167cc028bfa0ba997aeef948d5",
        webhook("incident.annotated"): "v1=f86600932647d64e765fb124a79e553fba1acc52dfc890ecc23d6c58133a9f5c",
        ping: "v1=cc47ad15d75653d44cc52a69adad931ea0eab2390ea7d8d0cfd3cc224a98aa4e",
        "[]": "v1=3015ee4050ec4a7e2670073a922636dc6dac9a8a4428dfc7b7ff60465287d297",
    ]
    private static let ping = #"{"event":{"event_type":"pagey.ping"}}"#
    /// Of the first one with the secret `other`, and of it with a space at its end.
    private static let wrong = [
        "v1=dba0a73e42404440f57518a78ec3c2d2d2f61046f8027aeea6cc6587a494297d",
        "v1=16350f85e83c06c09ca8507c3c9288c82f6597b1a93d8922f661bc96cb64b545",
    ]

    @Test func pagerDutysWebhookNeedsItsSignatureAlone() async {
        var (scripted, asked) = acknowledging()
        scripted.options.access.allowsAnonymousChanges = false
        let path = "/api/v1/vaultwatch/pagerduty"
        func send(_ body: String, _ signature: String?, _ scripted: Scripted) async -> Int {
            await post(
                scripted, "POST", path, body, "application/json",
                signature.map { [("X-PagerDuty-Signature", $0)] } ?? []
            ).status
        }
        let body = Self.webhook("incident.acknowledged")
        let right = Self.signatures[body] ?? ""
        for wrong in [
            nil, "", "v1=", "v1=00", right.dropFirst(3).description, right.dropLast().description + "0x",
            String(repeating: "v1=00,", count: 20) + right,
        ] + Self.wrong {
            #expect(await send(body, wrong, scripted) == 401, "\(wrong ?? "none")")
        }
        #expect(asked.all.isEmpty)
        #expect(await send(body, right, scripted) == 200)
        #expect(await send(body, "v1=00, " + right.uppercased().replacing("V1=", with: "v1="), scripted) == 200)
        let lapsed = Self.webhook("incident.unacknowledged")
        #expect(await send(lapsed, Self.signatures[lapsed], scripted) == 200)
        let key = "d3640fbd41094207a1c11e58e46b1662"
        let who = "Tenex Engineer (PagerDuty) \(key)"
        #expect(asked.all == ["id 0 in PagerDuty \(who)", "id 0 in PagerDuty \(who)", "id 0 - \(who)"])
        // Perhaps the other agent of a pair told its end: who looked after it there does so no longer.
        let resolved = Self.webhook("incident.resolved")
        #expect(await send(resolved, Self.signatures[resolved], scripted) == 200)
        #expect(asked.all.last == "id 0 - \(who)")
        // What does not concern us is no error, or PagerDuty would send it again.
        for other in [Self.webhook("incident.annotated"), Self.ping] {
            #expect(await send(other, Self.signatures[other], scripted) == 200)
        }
        #expect(await send("[]", Self.signatures["[]"], scripted) == 400)
        #expect(asked.all.count == 4)
        scripted.options.access.pagerDutySecret = nil
        #expect(await send(body, right, scripted) == 404)
    }
}
