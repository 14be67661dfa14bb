import Dispatching
import HTTPServer
import Samples
import Synchronization
import Testing

@testable import Web

/// Announcing drills over the API. That it needs a login is tested with every other change, in `AccessTests`.
struct DrillsAPITests {
    private final class Seen: Sendable {
        let drill = Mutex<Drill?>(nil)
    }

    private let seen = Seen()
    private static let path = "/api/v1/vaultwatch/drills"

    private func scripted() -> Scripted {
        var scripted = Scripted()
        scripted.sources.startDrill = { [seen] (drill, _) throws(QueryError) in
            if drill.scenario == "busy" { throw QueryError(.unavailable, "another one") }
            seen.drill.withLock { $0 = drill }
        }
        scripted.sources.endDrill = { [seen] cluster, _ in
            seen.drill.withLock { drill in
                guard drill?.cluster == cluster else { return nil }
                defer { drill = nil }
                return drill
            }
        }
        scripted.sources.drills = { [seen] in seen.drill.withLock { $0.map { [$0] } ?? [] } }
        return scripted
    }

    private func send(_ method: String, _ body: String, type: String = "application/json") async -> (Int, String) {
        let response = await scripted().respond(method, Self.path, headers: [("Content-Type", type)], body: body)
        return (response.status, response.text)
    }

    @Test func aDrillIsAnnouncedListedAndEnded() async {
        let body =
            #"{"scenario":"vault_failure","cluster":"prod","until":"2026-01-02T04:00:00Z","alerts":["service=\"mail\""]}"#
        let (status, text) = await send("POST", body)
        #expect(status == 200, "\(text)")
        let drill = seen.drill.withLock { $0 }
        #expect(drill?.startsAt == Scripted.now)
        #expect(drill?.endsAt.rfc3339 == "2026-01-02T04:00:00Z")
        #expect(drill?.createdBy.hasPrefix("anonymous") == true)
        #expect(drill?.othersText == [#"service="mail""#])
        let (_, list) = await scripted().get(Self.path)
        #expect(
            list.hasPrefix(
                #"{"status":"success","data":[{"scenario":"vault_failure","cluster":"prod","startsAt":"2026-01-02T03:04:05Z","until":"2026-01-02T04:00:00Z","#
            ), "\(list)")
        #expect(await send("DELETE", #"{"cluster":"prod"}"#).0 == 200)
        #expect(await scripted().get(Self.path).text == #"{"status":"success","data":[]}"#)
        let (missing, reason) = await send("DELETE", #"{"cluster":"prod"}"#)
        #expect(missing == 404 && reason.contains("no drill is under way in cluster"))
    }

    @Test(
        arguments: [
            ("{}", "expected {"), ("[]", "expected {"),
            (#"{"scenario":"a","cluster":"c","until":"soon"}"#, "until: expected RFC 3339"),
            (#"{"scenario":"a","cluster":"c","until":"2026-01-02T04:00:00Z","alerts":["="]}"#, "alerts: "),
        ]) func mistakesAreSaid(_ body: String, _ reason: String) async
    {
        let (status, text) = await send("POST", body)
        #expect(status == 400 && text.contains(reason), "\(text)")
    }

    @Test func aRefusalIsPassedOn() async {
        let (status, text) = await send(
            "POST", #"{"scenario":"busy","cluster":"c","until":"2026-01-02T04:00:00Z"}"#)
        #expect(status == 503 && text.contains("another one"))
        #expect(await send("POST", "{}", type: "text/plain").0 == 415)
        #expect(await send("PUT", "{}").0 == 405)
    }
}
