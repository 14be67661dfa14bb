import Lab
import Platform
import Probes
import Samples
import Testing

@testable import Recovery

struct RecordFileTests {
    private let event = RecordedEvent(
        .backupFailed, at: Timestamp(milliseconds: 1_795_671_000_000), details: RecordedEvent.Details())

    private func lines(_ path: String) throws -> [String] {
        String(decoding: try SystemFiles().read(path, limit: 1 << 20), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// A failure that is recorded after the disk was full must be read.
    @Test func aLineThatWasCutSpoilsNoOther() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = try folder.write("r.jsonl", "{\"event\": \"vault_back")
        try RecordFile.append(event, to: path)
        try RecordFile.append(event, to: path)
        let found = try lines(path)
        #expect(found.count == 4 && found[0] == "{\"event\": \"vault_back" && found[3].isEmpty)
        #expect(found[1].hasPrefix("{") && found[1] == found[2])
    }

    @Test func aNewFileBeginsWithItsFirstLine() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        try RecordFile.append(event, to: folder.path + "/r.jsonl")
        #expect(try lines(folder.path + "/r.jsonl").first?.hasPrefix("{") == true)
    }
}
