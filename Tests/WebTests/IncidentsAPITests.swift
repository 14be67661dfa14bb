import Alerts
import Foundation
import Samples
import Testing

@testable import Web

/// Faults under way, over the API and as a page.
struct IncidentsAPITests {
    private static func alert(_ name: String, _ summary: String) -> Alert {
        Alert(
            labels: ["alertname": name, "cluster": "prod", "severity": "high"],
            annotations: ["summary": summary, "action": "look & see"], startsAt: Scripted.now, updatedAt: Scripted.now)
    }

    private func scripted(_ consequences: Int) -> Scripted {
        var scripted = Scripted()
        scripted.sources.incidents = {
            [
                Notification.Incident(
                    id: 7, startsAt: Scripted.now, cause: Self.alert("PostgresDown", "pg-1 <is> down"),
                    consequences: (0..<consequences).map { Self.alert("A\($0)", "follows \($0)") }),
                Notification.Incident(
                    id: nil, startsAt: Scripted.now, cause: Self.alert("BackupOverdue", "late"), consequences: []),
            ]
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

    @Test func thePageShowsCausesFirstAndABoundedNumberOfConsequences() async {
        let (status, text) = await scripted(130).get("/incidents")
        #expect(status == 200)
        #expect(text.contains("<h2>pg-1 &lt;is&gt; down</h2>") && text.contains("<li>follows 99</li>"))
        #expect(!text.contains("<li>follows 100</li>") && text.contains("<p>and 30 more</p>"))
        #expect(text.contains("<b>Action:</b> look &amp; see</p>"))
        #expect(await Scripted().get("/incidents").text.contains("<p>None.</p>"))
    }
}
