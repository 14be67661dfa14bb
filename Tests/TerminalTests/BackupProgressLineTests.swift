import Recovery
import Testing

@testable import vaultwatch

struct BackupProgressLineTests {
    @Test func barSaysWhatHowMuchAndOfWhat() {
        var progress = BackupProgress(
            phase: .upload, key: "daily/2026-11-30/vault-snapshot-20261130-020000.enc", done: 12 << 20, total: 48 << 20)
        #expect(
            BackupProgressLine.text(progress, bar: true)
                == "[######------------------] uploading vault-snapshot-20261130-020000.enc: 12 MiB of 48 MiB, 25 %")
        progress.done = 96 << 20
        #expect(BackupProgressLine.text(progress, bar: true).hasPrefix("[########################]"))
        #expect(
            BackupProgressLine.text(progress, bar: false)
                == "uploading vault-snapshot-20261130-020000.enc: 96 MiB of 48 MiB, 100 %")
    }

    /// A snapshot has no length.
    @Test func sourceWithoutALengthHasNoBar() {
        let progress = BackupProgress(phase: .source, key: "", done: 3 << 20, total: nil)
        #expect(BackupProgressLine.text(progress, bar: true) == "reading and encrypting: 3 MiB")
    }
}
