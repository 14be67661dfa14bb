import Testing

@testable import Probes

struct SnapshotFactsTests {
    /// A row as in state.bin, with a short key and value.
    private func row(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let fields = [0x0a, UInt8(key.utf8.count)] + Array(key.utf8) + [0x12] + length(value.count) + value
        return length(fields.count) + fields
    }

    private func length(_ count: Int) -> [UInt8] {
        count < 128 ? [UInt8(count)] : [UInt8(count & 0x7f | 0x80), UInt8(count >> 7)]
    }

    private var state: [UInt8] {
        row("core/keyring", [UInt8](repeating: 0, count: 300)) + row("core/mounts", [1])
            + row("core/seal-config", Array(#"{"secret_shares":5,"secret_threshold":3}"#.utf8))
            + row("logical/u-1/tenants/a", []) + row("logical/u-1/tenants/b", [9])
            + row("logical/u-2/casesensitivity", [1]) + row("logical/u-2/packer/buckets/1", [1])
            + row("sys/token/id/h1", [2]) + row("sys/expire/id/auth/x", [2])
    }

    private func read(_ bytes: [UInt8], pieces: Int) -> SnapshotStateReader {
        var reader = SnapshotStateReader()
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            bytes[start..<min(start + pieces, bytes.count)].withUnsafeBufferPointer { reader.take($0) }
        }
        return reader
    }

    @Test(arguments: [1, 2, 3, 5, 17, 64, 1000]) func rowsAreCountedHoweverTheyArrive(pieces: Int) {
        let reader = read(state, pieces: pieces)
        #expect(reader.isClean)
        #expect(reader.facts.keys == 9 && reader.facts.secrets == 2)
        #expect(reader.facts.tokens == 1 && reader.facts.leases == 1)
        #expect(reader.facts.essentials == SnapshotFacts.essentialKeys)
        #expect(reader.facts.seal?.threshold == 3 && reader.facts.seal?.shares == 5)
    }

    @Test func whatEndsWithinARowIsNotClean() {
        let whole = state
        for cut in [1, 2, 3, 10, whole.count - 1] {
            #expect(!read(Array(whole.dropLast(cut)), pieces: 50).isClean || cut == 0)
        }
        #expect(!read([], pieces: 1).isClean)
    }

    @Test(
        arguments: [
            [0x05, 0x08, 1, 2, 3, 4], [0x02, 0x0a, 0x7f],
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            [0x06, 0x0a, 0xff, 0xff, 0xff, 0xff, 0xff],
        ] as [[UInt8]]) func whatIsNoRowBreaksItOff(bytes: [UInt8])
    {
        #expect(!read(bytes + state, pieces: 7).isClean)
    }
}
