import Platform
import Probes
import Simulation
import Testing
import Text
import Transport

@testable import Recovery
@testable import S3

struct BackupSealerTests {
    private static let key = [UInt8](repeating: 0xab, count: 32)

    private func bytes(_ file: OpenFile, _ size: Int64) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(size))
        let count = try bytes.withUnsafeMutableBytes { buffer in
            Result { () throws(FileError) in try file.read(into: buffer, at: 0) }
        }.get()
        #expect(count == Int(size))
        return bytes
    }

    /// Seals in pieces of a size, so that each boundary falls somewhere.
    private func seal(_ plain: [UInt8], pieces: Int, iv: [UInt8] = Array(0..<16)) throws -> BackupSealer.Sealed {
        let sealer = try BackupSealer(
            key: Self.key, iv: iv, file: try OpenFile(unnamedIn: "/tmp"), limitBytes: 1 << 30)
        for start in stride(from: 0, to: plain.count, by: pieces) {
            try sealer.take(Array(plain[start..<min(start + pieces, plain.count)]))
        }
        return try sealer.finish()
    }

    /// The object that another library made of the same snapshot, key and IV.
    @Test(arguments: [1, 7, 4096, 70_000, 1 << 20])
    func recordedSampleIsMadeByteForByte(pieces: Int) throws {
        let sealed = try seal(try recording("raft.snapshot.snap"), pieces: pieces)
        #expect(try bytes(sealed.file, sealed.size) == recording("raft.snapshot.enc"))
        let payload = try S3Payload(FileSlice(file: sealed.file, offset: 0, count: sealed.size))
        #expect(payload.sha256 == "9b6e5a99f48349adca4ec0ed29fe14645fdd10bad1a9ebe7c259b90016f278a0")
        #expect(payload.md5Base64.count == 24 && payload.sha256Base64.count == 44)
        #expect(sealed.content.format == .raftSnapshot && sealed.content.fault == nil)
    }

    @Test func contentOfASnapshotIsWhatItHolds() throws {
        let facts = try #require(try seal(try recording("raft.snapshot.snap"), pieces: 999).content.snapshot)
        #expect(facts.essentials == SnapshotFacts.essentialKeys)
        #expect(facts.index == 29 && facts.keys == 24 && facts.secrets == 0)
        #expect(facts.seal?.shares == 5 && facts.seal?.threshold == 3)
        #expect(facts.tokens == 1 && facts.leases == 0)
    }

    @Test func dumpIsADump() throws {
        let content = try seal(try recording("postgresql.vault.dump"), pieces: 1000).content
        #expect(content.format == .postgresCustom && content.fault == nil && content.snapshot == nil)
    }

    /// Whatever was sealed opens with its key, and with no other.
    @Test(arguments: [1, 15, 16, 17, 65_536, 300_000])
    func whatWasSealedOpens(size: Int) throws {
        let random = SeededRandom(seed: UInt64(size))
        let plain = (0..<size).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let sealed = try seal(plain, pieces: 50_000, iv: random.initialisationVector())
        let other = [UInt8](repeating: 1, count: 32)
        let opened = try BackupOpener.open(sealed.file, size: sealed.size, keys: [other, Self.key], in: "/tmp")
        #expect(opened.keyIndex == 1 && opened.size == Int64(size))
        #expect(try bytes(opened.file, opened.size) == plain)
        #expect(throws: BackupFailure.self) {
            try BackupOpener.open(sealed.file, size: sealed.size, keys: [other], in: "/tmp")
        }
    }

    @Test func moreThanTheLimitIsRefused() throws {
        let sealer = try BackupSealer(
            key: Self.key, iv: Array(0..<16), file: try OpenFile(unnamedIn: "/tmp"), limitBytes: 10)
        try sealer.take([UInt8](repeating: 0, count: 10))
        let failure = #expect(throws: BackupFailure.self) { try sealer.take([0]) }
        #expect(failure?.kind == .content)
    }

    @Test func keyOfAnotherLengthIsRefused() throws {
        let file = try OpenFile(unnamedIn: "/tmp")
        let failure = #expect(throws: BackupFailure.self) {
            _ = try BackupSealer(key: [1, 2, 3], iv: Array(0..<16), file: file, limitBytes: 10)
        }
        #expect(failure?.kind == .key)
    }

    /// Every class of byte: IV, tag, ciphertext, its last byte, a cut tail, an added one.
    @Test(arguments: ["iv", "tag", "ciphertext", "last", "truncated", "appended", "header only", "empty"])
    func damageIsFound(place: String) throws {
        var object = try recording("raft.snapshot.enc")
        let right = try #require(check(object)).sha256
        switch place {
        case "iv": object[3] ^= 1
        case "tag": object[20] ^= 0x80
        case "ciphertext": object[5000] ^= 4
        case "last": object[object.count - 1] ^= 1
        case "truncated": object.removeLast(17)
        case "appended": object.append(0)
        case "header only": object = Array(object.prefix(32))
        default: object = []
        }
        let result = try #require(check(object))
        for expected in [right, nil] {
            let failure = #expect(throws: BackupFailure.self) {
                try BackupVerifier.judge(result, "k", expected: expected, size: nil, [:], keys: 1)
            }
            #expect(failure?.kind == .verification)
        }
    }

    @Test func anotherKeyIsToldFromDamage() throws {
        let object = try recording("raft.snapshot.enc")
        let result = try #require(check(object, key: [UInt8](repeating: 1, count: 32)))
        let failure = #expect(throws: BackupFailure.self) {
            try BackupVerifier.judge(result, "k", expected: nil, size: nil, ["checksum": result.sha256], keys: 1)
        }
        #expect(failure?.message.contains("encrypted with another key") == true)
    }

    private func check(_ object: [UInt8], key: [UInt8] = key) -> BackupContentCheck.Result? {
        let check = BackupContentCheck(keys: [key])
        check.take(object)
        return check.finish()
    }
}
