import Lab
import Platform
import Probes
import Testing
#if canImport(Glibc)
    import Glibc
#endif

@testable import Recovery

struct BackupFetcherTests {
    /// On a file system without unnamed files the plaintext is copied, and the disk may be full by then.
    @Test func aCopyThatFailsLeavesNoPlaintext() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        // What was removed cannot be named again, as an unnamed file on such a file system cannot.
        let plain = try OpenFile(creating: folder.path + "/plain")
        try #require(unlink(folder.path + "/plain") == 0)
        try Array("part of a secret".utf8).withUnsafeBytes { try plain.write($0, at: 0) }
        var reader = BackupContentReader()
        let fetched = BackupFetcher.Fetched(
            encrypted: plain, plain: plain, plainSize: 100,
            verdict: BackupVerifier.Verdict(sha256: "", size: 0, keyIndex: 0, content: reader.finish(), metadata: [:]))
        let path = folder.path + "/vault.snap"
        #expect(throws: BackupFailure.self) { try BackupFetcher.save(fetched, as: path) }
        #expect(access(path, F_OK) != 0)
    }
}
