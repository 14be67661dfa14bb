import Foundation
import Samples
import Synchronization
import Testing

@testable import Web

struct HistoryAPITests {
    private static func item(_ number: Int) -> HistoryItem {
        let at = Timestamp(milliseconds: 1_767_323_045_000 - Int64(number) * 1000)
        let kind = number % 3 == 0 ? "sent" : "failed"
        let receiver = number % 2 == 0 ? "ops" : "boss"
        return HistoryItem(
            at: at.rfc3339, kind: kind, subject: "A\(number)", receiver: receiver, integration: "email/0",
            detail: "say \"\(number)\"")
    }

    private func scripted() -> Scripted {
        var scripted = Scripted()
        scripted.sources.history = { (from, to) throws(QueryError) in
            if to < from { throw QueryError(.unavailable, "journal: closed") }
            return { (0..<300).map { HistoryAPITests.item($0) } }
        }
        return scripted
    }

    @Test(arguments: [
        ("", 100), ("?limit=5", 5), ("?kind=sent&limit=1000", 100), ("?kind=sent&kind=failed&limit=1000", 300),
        ("?receiver=boss&limit=1000", 150),
        ("?contains=a29&limit=1000", 11), ("?contains=SAY&receiver=ops&kind=sent", 50), ("?limit=0", 0),
        ("?receiver=nobody", 0),
    ])
    func filters(_ query: String, _ count: Int) async throws {
        let answer = await scripted().get("/api/v1/vaultwatch/history" + query)
        #expect(answer.status == 200)
        #expect(answer.text.components(separatedBy: #""kind":"#).count - 1 == count)
        _ = try canonicalJSON(answer.text)
    }

    @Test(arguments: [
        ("?limit=many", 400), ("?limit=-1", 400), ("?limit=10001", 400), ("?start=yesterday", 400),
        ("?start=2&end=1", 503),
    ])
    func refusals(_ query: String, _ status: Int) async throws {
        let answer = await scripted().get("/api/v1/vaultwatch/history" + query)
        #expect(answer.status == status)
        #expect(answer.text.contains(#""status":"error""#))
    }
}
