import Alerts
import Foundation
import HTTPServer
import Samples
import Synchronization
import Testing

@testable import Web

struct HistoryAPITests {
    private static func item(_ number: Int) -> HistoryEntry {
        let at = Timestamp(milliseconds: 1_767_323_045_000 - Int64(number) * 1000)
        let kind: HistoryEntry.Kind = number % 3 == 0 ? .sent : .failed
        let receiver = number % 2 == 0 ? "ops" : "boss"
        return HistoryEntry(
            at: at, kind: kind, subject: "A\(number)", receiver: receiver, integration: "email/0",
            detail: "say \"\(number)\"")
    }

    /// Answers with so many entries as are asked for, and keeps what was asked.
    private func scripted(_ asked: @escaping @Sendable (HistoryQuery) -> Void = { _ in }) -> Scripted {
        var scripted = Scripted()
        scripted.sources.history = { (query) throws(QueryError) in
            asked(query)
            if query.to < query.from { throw QueryError(.unavailable, "journal: closed") }
            return { (0..<query.limit).map { HistoryAPITests.item($0) } }
        }
        return scripted
    }

    /// What the API writes is read as it was, by the commands that measure and report: with one incident or several.
    @Test(arguments: [[], [318], [318, 319]]) func entriesComeBackWhole(incidents: [Int]) async throws {
        struct Answer: Decodable { var data: [HistoryEntry] }
        let entry = HistoryEntry(
            at: Timestamp(milliseconds: 1_767_323_045_123), kind: .firing, subject: "{alertname=\"A\"}",
            receiver: "ops",
            integration: "email/0", detail: "what it is", incidents: incidents)
        var scripted = Scripted()
        scripted.sources.history = { _ throws(QueryError) in { [entry] } }
        let answer = await scripted.get("/api/v1/vaultwatch/history")
        #expect(try JSONDecoder().decode(Answer.self, from: Data(answer.text.utf8)).data == [entry])
        #expect(try JSONDecoder().decode(HistoryEntry.self, from: JSONEncoder().encode(entry)) == entry)
    }

    @Test func parametersBecomeAQuery() async throws {
        let asked = Mutex<[HistoryQuery]>([])
        let answer = await scripted { query in asked.withLock { $0.append(query) } }.get(
            "/api/v1/vaultwatch/history?start=10&end=20&kind=sent&kind=failed&receiver=boss&contains=A29&limit=7")
        #expect(answer.status == 200)
        #expect(
            asked.withLock { $0 } == [
                HistoryQuery(
                    from: Timestamp(milliseconds: 10_000), to: Timestamp(milliseconds: 20_000),
                    kinds: ["sent", "failed"],
                    receivers: ["boss"], contains: "A29", limit: 7)
            ])
        _ = try canonicalJSON(answer.text)
    }

    @Test(arguments: [("", 100), ("?limit=5", 5), ("?limit=0", 0)])
    func limits(_ query: String, _ count: Int) async throws {
        let answer = await scripted().get("/api/v1/vaultwatch/history" + query)
        #expect(answer.status == 200)
        #expect(answer.text.components(separatedBy: #""kind":"#).count - 1 == count)
        _ = try canonicalJSON(answer.text)
    }

    /// RFC 4180: lines end in CR and LF, and quotes are doubled. A cell that a spreadsheet would evaluate is text.
    @Test func theSameAsATable() async {
        var scripted = scripted()
        let at = Timestamp(milliseconds: 1_767_323_045_000)
        scripted.sources.history = { (_) throws(QueryError) in
            {
                [
                    HistoryEntry(
                        at: at, kind: .note, subject: "{alertname=\"A\", node=\"b\"}",
                        detail: "ann: two\nlines\r\u{1b}",
                        incidents: [318, 319]),
                    HistoryEntry(
                        at: at, kind: .sent, subject: "=HYPERLINK(1)", receiver: "@ops", integration: "email/0",
                        detail: " \n-1+1"),
                ]
            }
        }
        let answer = await scripted.respond("GET", "/api/v1/vaultwatch/history?format=csv")
        #expect(answer.status == 200 && answer.header("Content-Type") == "text/csv; charset=utf-8; header=present")
        #expect(answer.header("Content-Disposition") == "attachment; filename=\"vaultwatch-history.csv\"")
        #expect(
            answer.text
                == [
                    "at,kind,subject,receiver,integration,detail,incidents",
                    "2026-01-02T03:04:05Z,note,\"{alertname=\"\"A\"\", node=\"\"b\"\"}\",,,\"ann: two\nlines  \",318 319",
                    "2026-01-02T03:04:05Z,sent,'=HYPERLINK(1),'@ops,email/0,\"' \n-1+1\",", "",
                ].joined(separator: "\r\n"))
    }

    @Test func aTableHasALimit() async {
        var scripted = scripted()
        scripted.sources.answerLimitBytes = 1 << 20
        let small = await scripted.get("/api/v1/vaultwatch/history?format=csv&limit=10000")
        #expect(small.status == 200 && small.text.components(separatedBy: "\r\n").count == 10_002)
        scripted.sources.answerLimitBytes = 1000
        let large = await scripted.get("/api/v1/vaultwatch/history?format=csv&limit=10000")
        #expect(large.status == 422 && large.text.contains("ask for fewer entries"))
    }

    @Test(arguments: [
        ("?limit=many", 400), ("?limit=-1", 400), ("?limit=10001", 400), ("?start=yesterday", 400),
        ("?start=2&end=1", 503), ("?format=xlsx", 400), ("?format=csv&limit=many", 400),
        ("?format=csv&start=2&end=1", 503),
    ])
    func refusals(_ query: String, _ status: Int) async throws {
        let answer = await scripted().get("/api/v1/vaultwatch/history" + query)
        #expect(answer.status == status)
        #expect(answer.text.contains(#""status":"error""#))
    }
}
