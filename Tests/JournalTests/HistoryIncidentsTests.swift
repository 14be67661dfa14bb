import Alerts
import Foundation
import Platform
import Samples
import Testing

@testable import Journal

/// History entries contain the numbers of the incidents that they belong to.
struct HistoryIncidentsTests {
    private static func entry(_ subject: String, _ incidents: [Int]) -> JournalChange {
        .history(HistoryEntry(at: Timestamp(milliseconds: 1000), kind: .note, subject: subject, incidents: incidents))
    }

    private static func subjects(_ journal: Journal, _ incident: Int?) async throws -> [String] {
        var filter = HistoryFilter()
        filter.incident = incident
        return try await journal.history(filter).map(\.subject).sorted()
    }

    @Test func theHistoryOfOneIncidentIsReadByItsNumber() async throws {
        let folder = JournalTests.Folder()
        let journal = JournalTests.open(folder)
        try await journal.write([
            Self.entry("none", []), Self.entry("both", [318, 31]), Self.entry("long", [3180]), Self.entry("one", [31]),
        ])
        #expect(try await Self.subjects(journal, 31) == ["both", "one"])
        #expect(try await Self.subjects(journal, 318) == ["both"])
        #expect(try await Self.subjects(journal, 8) == [])
        #expect(try await Self.subjects(journal, nil).count == 4)
        let both = try #require(try await journal.history().first { $0.subject == "both" })
        #expect(both.incidents == [318, 31] && both.kind == .note)
    }

    /// A file of an older version gets the column when it is opened, and such a version can still write to it and read
    /// it, since its statements name their columns.
    @Test func filesOfTheVersionBeforeAreReadAndItReadsOurs() async throws {
        let folder = JournalTests.Folder()
        let recording = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/journal-1.db")
        try FileManager.default.copyItem(atPath: recording.path, toPath: folder.file)
        // Read before the file was opened for writing.
        let reader = JournalReader(path: folder.file)
        var filter = HistoryFilter()
        #expect(try reader.history(filter).count == 13)
        filter.incident = 1
        #expect(try reader.history(filter).isEmpty)
        let journal = JournalTests.open(folder)
        _ = try await journal.load()
        #expect(try await journal.history().allSatisfy { $0.incidents.isEmpty })
        try await journal.write([Self.entry("new", [1])])
        #expect(try await Self.subjects(journal, 1) == ["new"])
        await journal.close()
        let older = try Database(path: folder.file)
        #expect(try older.number("PRAGMA user_version") == 1)
        try older.run(
            "INSERT INTO history (at, kind, subject, receiver, integration, detail) VALUES (?, 'sent', 'old', '', '', '')",
            .integer(2000))
        let rows = try older.statement("SELECT at, kind, subject, receiver, integration, detail FROM history")
        var count = 0
        while try rows.step() { count += 1 }
        #expect(count == 15)
        let again = JournalTests.open(folder)
        _ = try await again.load()
        #expect(try await again.history().first { $0.subject == "old" }?.incidents == [])
        #expect(folder.broken.isEmpty)
    }

    @Test func aMessageAboutManyNamesTheFirst() {
        let entry = HistoryEntry(at: Timestamp(milliseconds: 0), kind: .sent, subject: "", incidents: Array(1...99))
        #expect(entry.incidents == Array(1...20) && entry.incident == 1)
    }
}
