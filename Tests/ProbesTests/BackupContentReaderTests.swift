import HTTPServer
import Testing

@testable import Probes

/// What a backup's content is, from recordings of Vault 1.8 and PostgreSQL 15.
struct BackupContentReaderTests {
    private func read(_ bytes: [UInt8], piece: Int = 1000) -> BackupContent {
        var reader = BackupContentReader()
        bytes.withUnsafeBufferPointer { all in
            for start in stride(from: 0, to: all.count, by: piece) {
                reader.take(UnsafeBufferPointer(rebasing: all[start..<min(start + piece, all.count)]))
            }
        }
        return reader.finish()
    }

    private func gzip(_ bytes: [UInt8]) throws -> [UInt8] { try #require(Gzip.compress(bytes)) }

    private static let sound: [(name: String, format: BackupContent.Format)] = [
        ("raft.snapshot.snap", .raftSnapshot), ("postgresql.vault.dump", .postgresCustom),
        ("piped.dump", .postgresCustom), ("plain.dump", .postgresCustom), ("inserts.dump", .postgresCustom),
        ("vault.tar", .postgresTar), ("vault.sql", .postgresSQL), ("inserts.sql", .postgresSQL),
        ("all.sql", .postgresSQL),
    ]

    /// In pieces of any size, and packed once more.
    @Test(arguments: sound) func whatIsSound(name: String, format: BackupContent.Format) throws {
        let bytes = BackupRecording.bytes(name)
        var expected = BackupContent(format: format)
        // What a snapshot says of itself is compared in `SnapshotFactsTests`.
        expected.snapshot = read(bytes, piece: bytes.count).snapshot
        #expect((expected.snapshot != nil) == (format == .raftSnapshot))
        for piece in [1, 2, 7, 511, 512, 513, 4096, 1 << 20] {
            #expect(read(bytes, piece: piece) == expected, "in pieces of \(piece)")
        }
        if format != .raftSnapshot { #expect(read(try gzip(bytes)) == expected) }
    }

    @Test(arguments: [
        ("other.dump", BackupContent.Fault.noVaultTable), ("other.sql", .noVaultTable), ("empty.dump", .emptyTable),
        ("empty0.dump", .emptyTable), ("empty.sql", .emptyTable), ("empty.tar", .emptyTable),
    ]) func dumpsOfNothing(name: String, fault: BackupContent.Fault) {
        #expect(read(BackupRecording.bytes(name)).fault == fault)
    }

    /// Each point at which a transfer may break off.
    @Test(arguments: sound) func whatIsCutOffIsNeverSound(name: String, format: BackupContent.Format) throws {
        let bytes = BackupRecording.bytes(name)
        try #require(bytes.count > 5000)
        var end = bytes.count
        if format == .postgresSQL {
            // After the last mark there are comments alone.
            let mark = Array("dump complete".utf8)
            end = try #require((0..<bytes.count).last { bytes[$0...].starts(with: mark) }) + mark.count
        }
        if format == .postgresTar {
            // Two empty blocks are the end, whatever follows.
            end = try #require((0..<bytes.count).last { bytes[$0] != 0 }) / 512 * 512 + 1536
        }
        var passed: [Int] = []
        for count in stride(from: 0, to: end, by: format == .postgresSQL ? 5 : 1)
        where read(Array(bytes[..<count])).isValid != false { passed.append(count) }
        #expect(passed.isEmpty, "\(passed.prefix(5))")
    }

    /// A flipped bit changes what is unpacked, which three sums would tell. What changes nothing may pass: the header's
    /// time, and bits that fill up a byte.
    @Test(arguments: [UInt8(1), 0x80, 0xff]) func whatIsDamagedIsNeverSound(flip: UInt8) throws {
        let bytes = BackupRecording.bytes("raft.snapshot.snap")
        try #require(bytes.count == 10_954)
        func unpacked(_ bytes: [UInt8]) -> [UInt8] {
            var all: [UInt8] = []
            let inflater = Inflater(.gzip)
            _ = bytes.withUnsafeBufferPointer { inflater.take($0) { all += $0 } }
            return all
        }
        let whole = unpacked(bytes)
        try #require(whole.count == 15_360)
        var passed: [Int] = []
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= flip
            if read(damaged, piece: 4096).isValid == true, unpacked(damaged) != whole { passed.append(index) }
        }
        #expect(passed.isEmpty, "\(passed.prefix(5))")
    }

    /// No damage to a dump traps, and none makes it something else that is sound.
    @Test func damagedDumpsDoNoHarm() {
        for (name, format) in Self.sound where format != .raftSnapshot {
            let bytes = BackupRecording.bytes(name)
            for index in stride(from: 0, to: bytes.count, by: 7) {
                var damaged = bytes
                damaged[index] ^= 0xff
                let content = read(damaged, piece: 8192)
                if content.isValid == true, content.format != format { Issue.record("\(name), byte \(index)") }
            }
        }
    }

    private static let words: [(text: String, fault: BackupContent.Fault)] = [
        ("", .empty), ("\n <!doctype HTML><title>login</title>" + String(repeating: "A", count: 9000), .html),
        ("<html>", .html), ("<?xml version='1.0'?><Error/>", .xml), ("<Error><Code>NoSuchKey</Code></Error>", .xml),
        ("{\"errors\":[\"1 error occurred: permission denied\"]}", .json), ("{\"message\": \"not found\"}", .json),
        ("404 page not found\n", .text), ("pg_dump: Fehler: Zeitüberschreitung der Verbindung", .text),
    ]

    /// What a failed job uploads in place of a backup, packed or not.
    @Test(arguments: words) func wordsAreNoBackup(text: String, fault: BackupContent.Fault) throws {
        let bytes = Array(text.utf8)
        #expect(read(bytes).fault == fault && read(bytes).isValid == false)
        #expect(read(try gzip(bytes)).fault == fault, "packed")
    }

    @Test func bytesThatAreNoBackup() throws {
        #expect(read([UInt8](repeating: 7, count: 28)).fault == .tooSmall)
        #expect(read([0x1f, 0x8b]).fault == .tooSmall)
        #expect(read([UInt8](repeating: 0, count: 5000)).fault == .zeros)
        #expect(read(try gzip([UInt8](repeating: 0, count: 5000))).fault == .zeros)
        #expect(read(Array("PGDMP".utf8) + [UInt8](repeating: 0xff, count: 500)).fault == .corrupt)
    }

    /// What is not known is not condemned: other bytes, other compressions, other encryptions, long texts.
    @Test func whatIsNotKnown() {
        func format(_ bytes: [UInt8]) -> BackupContent.Format? {
            let content = read(bytes)
            return content.isValid == nil ? content.format : nil
        }
        let filler = [UInt8](repeating: 9, count: 600)
        #expect(format((0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 3) }) == .unknown)
        #expect(format([0x28, 0xb5, 0x2f, 0xfd] + filler) == .compressed)
        #expect(format(Array("age-encryption.org/v1\n".utf8) + filler) == .encrypted)
        #expect(format(Array(String(repeating: "key: value\n", count: 1000).utf8)) == .unknown)
    }

    @Test func whatUnpacksToFarTooMuchIsNotUnpacked() throws {
        let bomb = try gzip([UInt8](repeating: 0x41, count: 64 << 20))
        #expect(bomb.count < 500_000)
        #expect(read(bomb).fault == .bomb)
        #expect(read(try gzip([UInt8](repeating: 0, count: 64 << 20))).fault == .zeros)
    }

    @Test func whatFollowsGzipIsRead() throws {
        let dump = BackupRecording.bytes("vault.sql")
        let joined = try gzip(Array(dump[..<5000])) + gzip(Array(dump[5000...]))
        #expect(read(joined) == BackupContent(format: .postgresSQL), "gzip files may be joined")
        #expect(read(try gzip(dump) + [1, 2, 3]).fault == .corrupt)
    }

    // MARK: Archives that were put together otherwise

    private func tar(_ members: [(name: String, bytes: [UInt8])], end: Int = 2) -> [UInt8] {
        var out: [UInt8] = []
        for (name, bytes) in members {
            var header = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, at: Int) { header.replaceSubrange(at..<at + text.utf8.count, with: text.utf8) }
            func octal(_ number: Int, _ digits: Int) -> String {
                let text = String(number, radix: 8)
                return String(repeating: "0", count: digits - text.count) + text
            }
            put(name, at: 0)
            put(octal(bytes.count, 11), at: 124)
            put("0", at: 156)
            put("ustar", at: 257)
            put("        ", at: 148)
            put(octal(header.reduce(0) { $0 + Int($1) }, 6), at: 148)
            header[154] = 0
            out += header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        }
        return out + [UInt8](repeating: 0, count: 512 * end)
    }

    private static let meta = Array("{\"Version\":1,\"Index\":29,\"Term\":3,\"Size\":3}".utf8)

    private func sums(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
        members.flatMap { member -> [UInt8] in
            let digest = SHA256Stream()
            member.bytes.withUnsafeBufferPointer { digest.take($0) }
            return Array("\(digest.finish() ?? "")  \(member.name)\n".utf8)
        }
    }

    @Test func aSnapshotsMembers() {
        let meta = (name: "meta.json", bytes: Self.meta)
        let state = (name: "state.bin", bytes: Array("abc".utf8))
        let sums = (name: "SHA256SUMS", bytes: sums([meta, state]))
        let sealed = (name: "SHA256SUMS.sealed", bytes: [UInt8](repeating: 1, count: 185))
        #expect(read(tar([meta, state, sums])) == BackupContent(format: .raftSnapshot))
        #expect(
            read(tar([meta, state, sealed])) == BackupContent(format: .raftSnapshot), "the sums are under the seal")
        func fault(_ members: [(name: String, bytes: [UInt8])], end: Int = 2) -> BackupContent.Fault? {
            read(tar(members, end: end)).fault
        }
        #expect(
            fault([meta, state]) == .members && fault([state, sums]) == .members && fault([meta, sums]) == .members)
        #expect(fault([(name: "notes.txt", bytes: [1])]) == .members)
        #expect(fault([meta, (name: "state.bin", bytes: Array("abd".utf8)), sums]) == .sums)
        #expect(
            fault([meta, (name: "state.bin", bytes: Array("abcd".utf8)), sealed]) == .sums, "the size of the state")
        #expect(fault([meta, state, (name: "SHA256SUMS", bytes: self.sums([meta]))]) == .sums)
        #expect(fault([meta, (name: "state.bin", bytes: []), sums]) == .empty)
        #expect(fault([(name: "meta.json", bytes: Array("{}".utf8)), state, sums]) == .corrupt)
        #expect(fault([meta, state, state, sums]) == .corrupt, "a member twice")
        #expect(fault([meta, state, sums], end: 1) == .truncated)
    }

    @Test func aBaseBackup() {
        let members = ["backup_label", "PG_VERSION", "base/1/112"].map {
            (name: $0, bytes: [UInt8](repeating: 65, count: 9))
        }
        #expect(read(tar(members)) == BackupContent(format: .postgresBase))
    }
}
