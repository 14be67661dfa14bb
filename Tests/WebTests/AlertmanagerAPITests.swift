import Alerts
import Foundation
import HTTPServer
import Platform
import Samples
import Synchronization
import TestServers
import Testing
import TimeZones

@testable import Dispatching
@testable import Web

struct AlertmanagerAPITests {
    /// The real dispatcher behind the API, with one alert that fires.
    private final class Desk: Sendable {
        let dispatcher: Mutex<Dispatcher>
        let posted = Mutex<[Alert]>([])

        init() {
            dispatcher = Mutex(
                Dispatcher(
                    DispatchOptions(
                        route: Route(receiver: "team-x"),
                        receivers: [.init(name: "team-x", integrations: [.init(.init(.email, 0), sendResolved: true)])])
                )
            )
        }
    }

    private func scripted(realTime: Bool = false) -> (Scripted, Desk) {
        var scripted = Scripted()
        scripted.isRealTime = realTime
        let desk = Desk()
        let platform = scripted.platform
        func fire(_ labels: Labels) {
            let wall = platform.time.wall()
            let alert = Alert(
                labels: labels, annotations: ["summary": "It <burns>"], startsAt: wall, updatedAt: wall,
                generatorURL: "http://x/graph")
            _ = desk.dispatcher.withLock { $0.receive([alert], now: platform.time.now()) }
        }
        fire(["alertname": "VaultSealed", "severity": "critical", "node": "v1"])
        fire(["alertname": "ReplicaLag", "severity": "high"])
        scripted.sources.alertStatuses = { desk.dispatcher.withLock { $0.alertStatuses(platform.time.now()) } }
        scripted.sources.groupStatuses = { desk.dispatcher.withLock { $0.groupStatuses(platform.time.now()) } }
        scripted.sources.silences = { desk.dispatcher.withLock { $0.allSilences } }
        scripted.sources.receivers = { [("team-x", [:])] }
        scripted.sources.setSilence = { (silence, _) throws(SilenceError) in
            try desk.dispatcher.withLock { (dispatcher) throws(SilenceError) in
                try dispatcher.setSilence(silence, random: platform.random, now: platform.time.now()).stored[0].id
            }
        }
        scripted.sources.expireSilence = { (id, _) throws(SilenceError) in
            try desk.dispatcher.withLock { (dispatcher) throws(SilenceError) in
                _ = try dispatcher.expireSilence(id, now: platform.time.now())
            }
        }
        scripted.sources.postAlerts = { alerts, _, _ in
            desk.posted.withLock { $0 += alerts }
            return [:]
        }
        scripted.sources.alertingConfiguration = { "route:\n  receiver: team-x\n" }
        scripted.sources.startedAt = Scripted.now
        return (scripted, desk)
    }

    /// Any name in UTF-8, as in Alertmanager since 0.27; an empty one is none.
    @Test func namesOfLabelsInAnyScript() async throws {
        let (scripted, desk) = scripted()
        let labels = #"{"alertname":"x","a.b🙂":"1","ein satz":"2"}"#
        let taken = await post(scripted, "/api/v2/alerts", #"[{"labels":\#(labels)}]"#)
        #expect(taken.status == 200, "\(taken.text)")
        #expect(desk.posted.withLock { $0.map(\.labels) } == [["alertname": "x", "a.b🙂": "1", "ein satz": "2"]])
        #expect(await post(scripted, "/api/v2/alerts", #"[{"labels":{"":"1"}}]"#).status == 400)
        for body in [[0xff, 0x22], [0xc3, 0x28, 0x22]] as [[UInt8]] {
            let bytes = Array(#"[{"labels":{"a"#.utf8) + body + Array(#":"1"}}]"#.utf8)
            let answer = await scripted.service.respond(
                to: .init(
                    method: "POST", target: "/api/v2/alerts",
                    headers: [(name: "Content-Type", value: "application/json")], body: bytes))
            #expect(answer.status == 400)
        }
        let filter = "%7B%22a.b%F0%9F%99%82%22%3D%221%22%7D"
        #expect(await scripted.get("/api/v2/alerts?filter=" + filter).status == 200)
    }

    /// Several sets of matchers and annotations are kept and shown; a client that knows of neither loses none.
    @Test func silencesOfSeveralSets() async throws {
        let (scripted, desk) = scripted()
        func body(_ fields: String) -> String {
            #"{\#(fields),"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T05:04:05Z","createdBy":"a","comment":"c"}"#
        }
        func matcher(_ name: String, _ value: String) -> String {
            #"{"name":"\#(name)","value":"\#(value)","isRegex":false,"isEqual":true}"#
        }
        let first = matcher("node", "v1"), second = matcher("alertname", "ReplicaLag")
        for sets in ["[[\(first)],[\(second)]]", #"[{"matchers":[\#(first)]},{"matchers":[\#(second)]}]"#] {
            let made = await post(
                scripted, "/api/v2/silences",
                body(#""matcherSets":\#(sets),"annotations":{"ticket":"OPS-7"}"#))
            #expect(made.status == 200, "\(made.text)")
        }
        let silences = desk.dispatcher.withLock(\.allSilences)
        #expect(silences.count == 1)
        let one = try #require(silences.first)
        #expect(silences.allSatisfy { $0.matcherSets == one.matcherSets && $0.annotations == ["ticket": "OPS-7"] })
        #expect(one.matches(["node": "v1"]) && one.matches(["alertname": "ReplicaLag"]) && !one.matches(["node": "v2"]))
        let states = await scripted.get("/api/v2/alerts")
        #expect(states.text.components(separatedBy: #""state":"suppressed""#).count == 3)
        let shown = await scripted.get("/api/v2/silence/" + one.id)
        #expect(shown.text.contains(#""matcherSets":[[{"#) && shown.text.contains(#""annotations":{"ticket":"OPS-7"}"#))
        #expect(shown.text.contains(#""matchers":[{"isEqual":true,"isRegex":false,"name":"node","value":"v1"}]"#))
        let old = await post(scripted, "/api/v2/silences", body(#""id":"\#(one.id)","matchers":[\#(first)]"#))
        #expect(old.text.contains(one.id))
        let kept = desk.dispatcher.withLock { $0.silence(one.id) }
        #expect(kept?.matcherSets == one.matcherSets && kept?.annotations == one.annotations)
        let stored = try Silence(encoded: one.encoded())
        #expect(stored == one)
        for wrong in [
            #""matcherSets":[]"#, #""matcherSets":[[\#(first)],[]]"#, #""matcherSets":[[\#(matcher("", "x"))]]"#,
        ] {
            #expect(await post(scripted, "/api/v2/silences", body(wrong)).status == 400)
        }
        let found = await scripted.get("/api/v2/silences?filter=alertname%3DReplicaLag")
        #expect(found.text.components(separatedBy: #""comment""#).count == 2)
    }

    @Test func receiversAreSelectedByTheirLabels() async throws {
        var (scripted, _) = scripted()
        scripted.sources.receivers = { [("team-x", ["team": "x"])] }
        let all = await scripted.get("/api/v2/receivers")
        #expect(all.text.contains(#"{"name":"team-x","labels":{"team":"x"}}"#))
        for (matcher, count) in [("team%3D%22x%22", 1), ("team%3D%22y%22", 0), ("team!%3D%22y%22", 1)] {
            let query = "?receiver_matchers=" + matcher
            let receivers = await scripted.get("/api/v2/receivers" + query)
            #expect(receivers.text.components(separatedBy: #""name""#).count - 1 == count)
            let alerts = await scripted.get("/api/v2/alerts" + query)
            #expect(alerts.text.contains("VaultSealed") == (count == 1))
            let groups = await scripted.get("/api/v2/alerts/groups" + query)
            #expect(groups.text.contains("VaultSealed") == (count == 1))
        }
        for path in ["receivers", "alerts", "alerts/groups"] {
            #expect(await scripted.get("/api/v2/\(path)?receiver_matchers=team%3D~%22(%22").status == 400)
        }
    }

    /// Alerts that fire, those that have fired, and names that no alert has; nothing is changed.
    @Test func aSilencesPreview() async throws {
        var (scripted, desk) = scripted()
        scripted.sources.history = { (query) throws(QueryError) in
            guard query.from == Scripted.now - .seconds(24 * 3600), query.kinds == ["firing", "ended"] else {
                return { [] }
            }
            @Sendable func entry(_ subject: String, _ minutes: Int) -> HistoryEntry {
                HistoryEntry(at: Scripted.now - .seconds(60 * minutes), kind: .firing, subject: subject)
            }
            return {
                [
                    entry(#"{alertname="Old", node="v1"}"#, 5), entry(#"{alertname="Old", node="v1"}"#, 9),
                    entry(#"{alertname="VaultSealed", node="v1", severity="critical"}"#, 10),
                    entry(#"{alertname="Other", node="v2"}"#, 11), entry(#"{alertname="Cut", node="v1…"#, 12),
                ]
            }
        }
        func preview(_ matchers: String) async -> (status: Int, text: String) {
            await post(scripted, "/api/v1/vaultwatch/silences/preview", #"{"matchers":[\#(matchers)]}"#)
        }
        let right = await preview(#"{"name":"node","value":"v1","isRegex":false,"isEqual":true}"#)
        #expect(
            right.text
                == #"{"status":"success","data":{"now":[{"labels":{"alertname":"VaultSealed","node":"v1","severity":"critical"},"at":"2026-01-02T03:04:05Z","state":"unprocessed"}],"past":[{"labels":{"alertname":"Old","node":"v1"},"at":"2026-01-02T02:59:05Z","state":"ended"}],"firing":2,"unknownLabels":[]}}"#,
            "\(right.text)")
        let wrong = await preview(#"{"name":"nodee","value":"v1","isRegex":false,"isEqual":true}"#)
        #expect(wrong.text.contains(#""now":[],"past":[],"firing":2,"unknownLabels":["nodee"]"#))
        #expect(await preview(#"{"name":"a","value":"(","isRegex":true}"#).status == 400)
        #expect(await preview(#"{"name":"a","value":".*","isRegex":true}"#).status == 400)
        #expect(await scripted.get("/api/v1/vaultwatch/silences/preview").status == 405)
        #expect(desk.dispatcher.withLock(\.allSilences).isEmpty)
    }

    private func post(_ scripted: Scripted, _ target: String, _ body: String) async -> (status: Int, text: String) {
        let response = await scripted.respond(
            "POST", target, headers: [("Content-Type", "application/json")], body: body)
        return (response.status, response.text)
    }

    /// The valid alerts of a batch are kept, what was refused is counted, and the answer says why.
    @Test func whatIsRefusedIsTold() async throws {
        let (base, desk) = scripted()
        var scripted = base
        let counted = Mutex(0)
        scripted.sources.postAlerts = { alerts, invalid, _ in
            desk.posted.withLock { $0 += alerts }
            counted.withLock { $0 += invalid }
            return alerts.count > 1 ? [.limit: 1] : [:]
        }
        func alert(_ name: String) -> String { #"{"labels":{"alertname":"\#(name)"}}"# }
        let long = String(repeating: "x", count: 17 << 10)
        var answer = await post(scripted, "/api/v2/alerts", "[\(alert("A")),\(alert(long)),{\"labels\":{}}]")
        #expect(answer.status == 400)
        #expect(
            answer.text
                == #""alert 1: labels larger than 16 KiB; alert 2: at least one label pair required""#)
        #expect(desk.posted.withLock { $0.map(\.name) } == ["A"])
        #expect(counted.withLock { $0 } == 2)
        answer = await post(scripted, "/api/v2/alerts", "[\(alert("B")),\(alert("C"))]")
        #expect(answer.status == 429)
        #expect(
            answer.text
                == #""1 alert refused: as many posted alerts as max_alerts in external_alerts allows are held""#)
    }

    @Test func alertsAsAlertmanagerTellsThem() async throws {
        let (scripted, _) = scripted()
        let answer = await scripted.get("/api/v2/alerts?filter=alertname%3D%22VaultSealed%22")
        #expect(
            try canonicalJSON(answer.text)
                == canonicalJSON(
                    #"""
                    [{"annotations":{"summary":"It <burns>"},"endsAt":"2026-01-02T03:09:05Z","fingerprint":"FP","receivers":[{"name":"team-x"}],"startsAt":"2026-01-02T03:04:05Z",
                    "status":{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"unprocessed"},"updatedAt":"2026-01-02T03:04:05Z","generatorURL":"http://x/graph",
                    "labels":{"alertname":"VaultSealed","node":"v1","severity":"critical"}}]
                    """#.replacingOccurrences(
                        of: "FP",
                        with: (try #require(
                            try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [[String: Any]]
                        ).first?["fingerprint"] as? String) ?? "")))
        #expect(!answer.text.contains("<burns>"))
        func count(_ query: String) async throws -> Int {
            let answer = await scripted.get("/api/v2/alerts?\(query)")
            return try #require(try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [Any]).count
        }
        #expect(try await count("") == 2)
        #expect(try await count("filter=severity=~%22crit.*%22") == 1)
        #expect(try await count("filter=severity!=critical&filter=alertname=VaultSealed") == 0)
        #expect(try await count("receiver=team-.*") == 2)
        #expect(try await count("receiver=team") == 0)
        #expect(try await count("unprocessed=false") == 0)
        #expect(await scripted.get("/api/v2/alerts?filter=%7B%7B").status == 400)
        #expect(await scripted.get("/api/v2/alerts?receiver=(").status == 400)
        let groups = await scripted.get("/api/v2/alerts/groups")
        #expect(groups.text.hasPrefix(#"[{"alerts":[{"#))
        #expect(groups.text.contains(#""labels":{},"receiver":{"name":"team-x"}"#))
        #expect(await scripted.get("/api/v2/receivers").text == #"[{"name":"team-x"}]"#)
        _ = try canonicalJSON(await scripted.get("/api/v2/status").text)
    }

    @Test func silencesFromBirthToDeath() async throws {
        let (scripted, _) = scripted()
        let made = await post(
            scripted, "/api/v2/silences",
            #"{"matchers":[{"name":"severity","value":"crit.*","isRegex":true,"isEqual":true}],"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T05:04:05.5+01:00","createdBy":"ann","comment":"work"}"#
        )
        #expect(made.status == 200)
        let id = try #require(
            (try JSONSerialization.jsonObject(with: Data(made.text.utf8)) as? [String: String])?["silenceID"])
        let shown = await scripted.get("/api/v2/silence/\(id)")
        #expect(
            try canonicalJSON(shown.text)
                == canonicalJSON(
                    #"""
                    {"id":"ID","status":{"state":"active"},"updatedAt":"2026-01-02T03:04:05Z","comment":"work","createdBy":"ann","endsAt":"2026-01-02T04:04:05.500Z","startsAt":"2026-01-02T03:04:05Z",
                    "matchers":[{"isEqual":true,"isRegex":true,"name":"severity","value":"crit.*"}]}
                    """#.replacingOccurrences(of: "ID", with: id)))
        #expect(
            await scripted.get("/api/v2/alerts?filter=alertname=VaultSealed").text.contains(
                #""silencedBy":["\#(id)"],"state":"suppressed""#))
        #expect(await scripted.get("/api/v2/alerts?silenced=false").text.contains("VaultSealed") == false)
        #expect(await scripted.get("/api/v2/silences?filter=severity=%22crit.*%22").text.contains(id))
        #expect(await scripted.get("/api/v2/silences?filter=severity=high").text == "[]")
        #expect(await scripted.respond("DELETE", "/api/v2/silence/\(id)").status == 200)
        #expect(await scripted.get("/api/v2/silence/\(id)").text.contains(#""state":"expired""#))
        #expect(await scripted.respond("DELETE", "/api/v2/silence/\(id)").status == 500)
        #expect(await scripted.respond("DELETE", "/api/v2/silence/00000000-0000").status == 404)
        #expect(await scripted.get("/api/v2/silence/00000000-0000").status == 404)
    }

    @Test(arguments: [
        ("", 400), ("[]", 400), ("{}", 400),
        (
            #"{"matchers":[],"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:04:05Z","createdBy":"a","comment":"c"}"#,
            400
        ),
        (
            #"{"matchers":[{"name":"a","value":"(","isRegex":true}],"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:04:05Z","createdBy":"a","comment":"c"}"#,
            400
        ),
        (
            #"{"matchers":[{"name":"a","value":"","isRegex":false}],"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:04:05Z","createdBy":"a","comment":"c"}"#,
            400
        ),
        (
            #"{"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2026-01-02T05:04:05Z","endsAt":"2026-01-02T04:04:05Z","createdBy":"a","comment":"c"}"#,
            400
        ),
        (
            #"{"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2020-01-02T05:04:05Z","endsAt":"2020-01-02T06:04:05Z","createdBy":"a","comment":"c"}"#,
            400
        ),
        (
            #"{"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"now","endsAt":"2026-01-02T04:04:05Z","createdBy":"a","comment":"c"}"#,
            400
        ),
        (
            #"{"id":"nobody","matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-02T04:04:05Z","createdBy":"a","comment":"c"}"#,
            404
        ),
    ])
    func badSilences(_ body: String, _ status: Int) async throws {
        let (scripted, _) = scripted()
        let answer = await post(scripted, "/api/v2/silences", body)
        #expect(answer.status == status)
        #expect(answer.text.hasPrefix("\""))
        #expect(await scripted.get("/api/v2/silences").text == "[]")
    }

    /// An extension: recurring silences. A client without support for schedules keeps them.
    @Test func silencesMayRecur() async throws {
        let (scripted, desk) = scripted()
        let schedule =
            #"[{"days_of_month":["-1"],"location":"Europe/Berlin","months":["1:3"],"times":[{"end_time":"24:00","start_time":"22:30"}],"weekdays":["monday:friday","sunday"],"years":["2026"]}]"#
        let body =
            #"{"matchers":[{"name":"a","value":"b","isRegex":false}],"startsAt":"2026-01-02T03:04:05Z","endsAt":"2026-01-03T04:04:05Z","createdBy":"a","comment":"c""#
        #expect(await post(scripted, "/api/v2/silences", body + #","schedule":\#(schedule)}"#).status == 200)
        let kept = try #require(desk.dispatcher.withLock { $0.allSilences.first })
        #expect(kept.schedule.first?.weekdays == [.init(1, 5), .init(0, 0)])
        #expect(kept.schedule.first?.zone.name == "Europe/Berlin")
        let shown = try canonicalJSON(await scripted.get("/api/v2/silence/\(kept.id)").text)
        #expect(shown.contains(#""schedule":"# + schedule.replacingOccurrences(of: "/", with: "\\/")), "\(shown)")
        let changed = await post(
            scripted, "/api/v2/silences",
            body.replacingOccurrences(of: #"{"matchers""#, with: #"{"id":"\#(kept.id)","matchers""#) + "}")
        #expect(changed.status == 200)
        #expect(desk.dispatcher.withLock { $0.allSilences.map(\.schedule) } == [kept.schedule])
        for wrong in [
            #"[{"weekdays":["funday"]}]"#, #"[{"times":[{"start_time":"9","end_time":"10"}]}]"#,
            #"[{"location":"Mars/X"}]"#, "7",
        ] {
            let answer = await post(scripted, "/api/v2/silences", body + #","schedule":\#(wrong)}"#)
            #expect(answer.status == 400, "\(wrong)")
        }
    }

    @Test func othersMaySendAlerts() async throws {
        let (scripted, desk) = scripted()
        #expect(await post(scripted, "/api/v2/alerts", #"[{"labels":{"":"nameless"}}]"#).status == 400)
        let mixed = await post(
            scripted, "/api/v2/alerts",
            #"""
            [{"labels":{"alertname":"A","empty":""},"annotations":{"summary":"s"},"generatorURL":"http://g"},
             {"labels":{}},{"labels":{"other-name":"x"}},
             {"labels":{"alertname":"B"},"startsAt":"2026-01-02T03:00:00Z","endsAt":"2026-01-02T02:00:00Z"},
             {"labels":{"alertname":"C"},"startsAt":"0001-01-01T00:00:00Z","endsAt":"2026-01-02T03:00:00Z"}]
            """#)
        #expect(mixed.status == 400)
        #expect(
            mixed.text.contains("alert 1: at least one label pair required")
                && mixed.text.contains("alert 3: start time must be before end time"))
        let taken = desk.posted.withLock { $0 }
        #expect(taken.map(\.name) == ["A", "", "C"])
        #expect(
            taken[0]
                == Alert(
                    labels: ["alertname": "A"], annotations: ["summary": "s"], startsAt: Scripted.now,
                    updatedAt: Scripted.now, generatorURL: "http://g"))
        #expect(taken[2].startsAt == taken[2].endsAt)
        #expect(await post(scripted, "/api/v2/alerts", #"[{"labels":{"alertname":"A"}}]"#).status == 200)
        #expect(await post(scripted, "/api/v2/alerts", "nonsense").status == 400)
    }

    /// amtool as a client, against the real clock.
    @Test func amtoolUnderstandsUs() async throws {
        let (scripted, _) = scripted(realTime: true)
        try await scripted.serve { url in
            func amtool(_ arguments: String...) async throws -> (output: String, status: Int32) {
                let (output, status) = try await run("/usr/bin/amtool", ["--alertmanager.url=\(url)"] + arguments)
                // amtool prints this where the server's version is not its own.
                return (
                    output.split(separator: "\n").filter { !$0.hasPrefix("Warning: amtool version") }.joined(
                        separator: "\n"), status
                )
            }
            let alerts = try await amtool("alert", "query", "--unprocessed", "-o", "json")
            #expect(alerts.output.contains("VaultSealed") && alerts.output.contains("ReplicaLag"), "\(alerts.output)")
            let filtered = try await amtool("alert", "query", "--unprocessed", "-o", "extended", "severity=critical")
            #expect(
                filtered.output.contains("VaultSealed") && !filtered.output.contains("ReplicaLag"), "\(filtered.output)"
            )
            let added = try await amtool(
                "silence", "add", "alertname=VaultSealed", "node=~v.*", "--comment=maintenance", "--author=ann",
                "--duration=1h")
            let id = added.output.trimmingCharacters(in: .whitespacesAndNewlines)
            #expect(added.status == 0 && id.count == 36, "\(added.output)")
            let silences = try await amtool("silence", "query", "-o", "extended")
            #expect(silences.output.contains(id) && silences.output.contains("maintenance"), "\(silences.output)")
            let silenced = try await amtool("alert", "query", "--silenced", "-o", "simple")
            #expect(silenced.output.contains("VaultSealed"), "\(silenced.output)")
            let updated = try await amtool("silence", "update", "--duration=2h", "--comment=longer", id)
            #expect(updated.status == 0, "\(updated.output)")
            let expired = try await amtool("silence", "expire", id)
            #expect(expired.status == 0, "\(expired.output)")
            #expect(try await amtool("silence", "query", "-q").output == "")
            #expect(try await amtool("silence", "query", "--expired", "-q").output.contains(id))
            let sent = try await amtool(
                "alert", "add", "alertname=Posted", "severity=low", "--annotation=summary=hello")
            #expect(sent.status == 0, "\(sent.output)")
            let show = try await amtool("config", "show")
            #expect(show.output.contains("receiver: team-x"), "\(show.output)")
        }
    }
}
