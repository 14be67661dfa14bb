import Alerts
import Foundation
import HTTPServer
import Samples
import Synchronization
import Testing

@testable import Web

/// One incident through the API: its course, notes, states and backups.
struct IncidentDetailTests {
    private static func entry(_ seconds: Int64, _ kind: HistoryEntry.Kind, _ subject: String, _ detail: String = "")
        -> HistoryEntry
    {
        HistoryEntry(
            at: Scripted.now + .seconds(seconds), kind: kind, subject: subject, detail: detail, incidents: [318])
    }

    private static let record: IncidentRecord = {
        let cause = Alert(
            labels: ["alertname": "Down", "severity": "critical"], annotations: ["summary": "<pg-1> is down"],
            startsAt: Scripted.now, updatedAt: Scripted.now)
        let effect = Alert(labels: ["alertname": "NoActive"], startsAt: Scripted.now, updatedAt: Scripted.now)
        var record = IncidentRecord(number: 318, IncidentMember(cause))
        record.members.append(IncidentMember(effect, explainedBy: cause.id))
        record.notes = [IncidentNote(at: Scripted.now, by: "ann", text: "on <it>")]
        record.toldAt = Scripted.now
        return record
    }()

    private static func scripted() -> Scripted {
        var scripted = Scripted()
        let (events, _) = IncidentEvent.course(
            [entry(1, .sent, "g"), entry(0, .firing, "Down")], start: Scripted.now)
        let view = IncidentView(
            record, next: [IncidentStep(at: Scripted.now, kind: .repeats, receiver: "ops", calledOffBy: "x")],
            told: [IncidentTold(receiver: "ops", integration: .init(.slack, 0), state: .refused, error: "HTTP 500")])
        scripted.sources.incident = { (number) throws(QueryError) in
            number == 318 ? IncidentDetail(view, events: events, similar: [record]) : nil
        }
        scripted.sources.snapshot = { () throws(QueryError) in
            var snapshot = EstateSnapshot(now: Scripted.now)
            snapshot.incidents = [view]
            snapshot.ended = [IncidentRecord(number: 7, record.members[1])]
            var incident = Alerts.Notification.Incident(
                id: 5, startsAt: Scripted.now, cause: record.members[0].alert, consequences: [])
            incident.number = 318
            snapshot.underWay = [incident]
            return snapshot
        }
        return scripted
    }

    // MARK: The course

    @Test func theCourseIsInOrderAndEqualEntriesFold() {
        let (events, isCut) = IncidentEvent.course(
            [
                Self.entry(9, .failed, "g", "HTTP 500"), Self.entry(0, .sent, "g"), Self.entry(0, .firing, "A"),
                Self.entry(0, .state, "vault_node prod/v1"), Self.entry(5, .failed, "g", "HTTP 500"),
                Self.entry(7, .failed, "g", "HTTP 500"), Self.entry(7, .failed, "g", "HTTP 500"),
                Self.entry(11, .failed, "g", "HTTP 503"), Self.entry(-60, .agent, "started"),
            ], start: Scripted.now)
        #expect(events.map(\.kind) == [.agent, .state, .alert, .accepted, .refused, .refused])
        #expect(events.map(\.count) == [1, 1, 1, 1, 3, 1] && !isCut)
        #expect(events[0].offset == .seconds(-60) && events[4].until == Scripted.now + .seconds(9))
    }

    @Test func aLongCourseKeepsItsBeginningAndItsEnd() {
        let (events, isCut) = IncidentEvent.course(
            (0..<2000).map { Self.entry(Int64($0), .firing, "A\($0)") }, start: Scripted.now)
        #expect(isCut && events.count == 500)
        #expect(events.first?.entry.subject == "A0" && events.last?.entry.subject == "A1999")
    }

    // MARK: The API

    @Test func anIncidentIsShownWithItsCourse() async throws {
        let (status, text) = await Self.scripted().get("/api/v1/vaultwatch/incidents/318")
        #expect(status == 200)
        let answer = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let data = try #require(answer["data"] as? [String: Any])
        #expect(data["number"] as? Int == 318 && data["severity"] as? String == "critical")
        #expect((data["events"] as? [[String: Any]])?.map { $0["event"] as? String } == ["alert", "accepted"])
        #expect((data["events"] as? [[String: Any]])?.map { $0["incident"] as? Int } == [318, 318])
        #expect((data["told"] as? [[String: Any]])?.first?["error"] as? String == "HTTP 500")
        #expect((data["next"] as? [[String: Any]])?.first?["what"] as? String == "repeats")
        let alerts = try #require(data["alerts"] as? [[String: Any]])
        #expect(alerts[1]["explainedBy"] as? String == Self.record.members[0].alert.fingerprintText)
        #expect((data["similar"] as? [Any])?.count == 1)
        #expect(!text.contains("<pg-1>") && !text.contains("on <it>"))
    }

    @Test(arguments: ["0", "-1", "x", "", "318/x", "318/note/x", "99999999999999999999"])
    func whatIsNoNumberIsNotFound(path: String) async {
        #expect(await Self.scripted().get("/api/v1/vaultwatch/incidents/\(path)").status == 404)
    }

    @Test func anUnknownNumberIsNotFound() async {
        let (status, text) = await Self.scripted().get("/api/v1/vaultwatch/incidents/319")
        #expect(status == 404 && text.contains("there is no incident 319"))
    }

    @Test func theListHasNumbersAndEndedOnesWhereAskedFor() async {
        let scripted = Self.scripted()
        let open = await scripted.get("/api/v1/vaultwatch/incidents").text
        #expect(open.contains(#""number":318"#) && open.contains(#""what":"repeats""#) && !open.contains("ended\":[{"))
        let all = await scripted.get("/api/v1/vaultwatch/incidents?state=all").text
        #expect(all.contains(#""ended":[{"number":7"#))
        #expect(await scripted.get("/api/v1/vaultwatch/incidents?state=x").status == 400)
    }

    // MARK: Notes

    private func note(_ scripted: Scripted, _ body: String, _ type: String = "application/json") async -> ServerResponse
    {
        await scripted.respond(
            "POST", "/api/v1/vaultwatch/incidents/318/note", headers: [("Content-Type", type)], body: body)
    }

    @Test func aNoteIsWrittenInTheNameOfTheLogin() async {
        var scripted = Self.scripted()
        final class Asked: Sendable { let all = Mutex<[String]>([]) }
        let kept = Asked()
        scripted.sources.addNote = { (number, text, caller) throws(QueryError) in
            kept.all.withLock { $0.append("\(number) \(text) \(caller.description)") }
            return Self.record
        }
        let response = await note(scripted, #"{"text":"restarted"}"#)
        #expect(response.status == 200 && response.text.contains(#""notes":[{"at""#))
        #expect(kept.all.withLock { $0 }.first?.hasPrefix("318 restarted") == true)
        #expect(await note(scripted, "{}").status == 400)
        #expect(await note(scripted, #"{"text":"x"}"#, "text/plain").status == 415)
        let long = String(repeating: "x", count: 2001)
        #expect(await note(scripted, #"{"text":"\#(long)"}"#).status == 400)
        #expect(await scripted.get("/api/v1/vaultwatch/incidents/318/note").status == 405)
        #expect(kept.all.withLock { $0.count } == 1)
    }

    @Test func aNoteNeedsALogin() async {
        var scripted = Self.scripted()
        scripted.options.access.allowsAnonymousChanges = false
        #expect([401, 403].contains(await note(scripted, #"{"text":"x"}"#).status))
    }

    // MARK: States and backups

    @Test func theStatesOfATargetAreShown() async {
        var scripted = Scripted()
        scripted.sources.states = { (target, from, to) throws(QueryError) in
            guard target == "vault_node prod/v1", to - from == .seconds(6 * 3600) else { return nil }
            return TargetStates(
                target: target,
                runs: [
                    StateRun(from: from, to: to, state: "sealed", health: .critical),
                    StateRun(from: to, to: nil, state: "standby", health: .ok),
                ])
        }
        let (status, text) = await scripted.get("/api/v1/vaultwatch/states?target=vault_node%20prod/v1")
        #expect(status == 200 && text.contains(#""state":"standby","health":"ok""#))
        #expect(text.contains(#""from":"2026-01-01T21:04:05Z","to":"2026-01-02T03:04:05Z""#))
        #expect(await scripted.get("/api/v1/vaultwatch/states?target=x").status == 404)
        #expect(await scripted.get("/api/v1/vaultwatch/states?start=x").status == 400)
        #expect(await scripted.get("/api/v1/vaultwatch/states").text.contains(#""data":[]"#))
    }

    @Test func backupsAreShownOneByOne() async {
        var scripted = Scripted()
        scripted.sources.backups = {
            let day = BackupCalendarView.Day(
                date: "2026-01-02", start: Scripted.now, state: .verified, key: "daily/x", size: 9,
                madeAt: Scripted.now,
                readAt: Scripted.now, detail: "checksum right")
            let missing = BackupCalendarView.Day(date: "2026-01-01", start: Scripted.now, state: .missing)
            return BackupsView(
                now: Scripted.now + .seconds(60),
                sets: [BackupCalendarView(set: "daily", days: [missing, day], newestGood: Scripted.now)],
                restoreDuration: .seconds(2460))
        }
        let text = await scripted.get("/api/v1/vaultwatch/backups").text
        #expect(text.contains(#""recoveryPointSeconds":60"#) && text.contains(#""recoveryTimeSeconds":2460"#))
        #expect(text.contains(#"{"date":"2026-01-01","state":"missing"}"#) && text.contains(#""size":9"#))
        let nothing = await Scripted().get("/api/v1/vaultwatch/backups").text
        #expect(!nothing.contains("recovery") && nothing.contains(#""sets":[]"#))
    }

    @Test func theHistoryOfAnIncidentIsAskedForByItsNumber() async {
        var scripted = Scripted()
        scripted.sources.history = { (query) throws(QueryError) in
            let entry = HistoryEntry(
                at: Scripted.now, kind: .note, subject: "s", incidents: query.incident.map { [$0, 7] } ?? [])
            return { [entry] }
        }
        let text = await scripted.get("/api/v1/vaultwatch/history?incident=318").text
        #expect(text.contains(#""incident":318,"incidents":[318,7]"#))
        #expect(await !scripted.get("/api/v1/vaultwatch/history").text.contains("incident\""))
        #expect(await scripted.get("/api/v1/vaultwatch/history?incident=x").status == 400)
    }
}
