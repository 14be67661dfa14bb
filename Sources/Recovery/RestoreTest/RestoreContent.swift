import Platform
import Probes

/// A decrypted backup whose structure was read to its end.
struct RestoreContent: Sendable {
    /// In a file without a name.
    let file: OpenFile
    let size: Int64
    /// Of a snapshot; a dump tells once it is in a database.
    let seal: SealNumbers?

    private static let chunkBytes = 256 << 10

    /// Reads everything.
    /// - Throws: `RestoreFailure` for content that is damaged, or of another kind than staging restores.
    init(
        _ file: OpenFile, size: Int64, _ options: RestoreTestOptions, _ programs: any RestorePrograms,
        within limit: Duration
    ) async throws(RestoreFailure) {
        self.file = file
        self.size = size
        let content = try RestoreContent.read(file, size)
        if let fault = content.fault {
            throw RestoreFailure(.structure, "the decrypted backup holds \(fault.phrase)")
        }
        switch (options.kind, content.format) {
        case (.raft, .raftSnapshot):
            guard let facts = content.snapshot, facts.essentials.isSuperset(of: SnapshotFacts.essentialKeys) else {
                throw RestoreFailure(
                    .structure,
                    "the snapshot lacks rows without which no Vault starts: \(SnapshotFacts.essentialKeys.sorted().joined(separator: ", "))"
                )
            }
            seal = facts.sealConfiguration.flatMap { SealNumbers($0) }
        case (.postgres, .postgresCustom), (.recoveryMode, .postgresCustom):
            seal = nil
            // The table of contents is at the front, and a dump that is cut off still lists; this reads to the end.
            let outcome = await programs.run(
                [options.program ?? "pg_restore", "--file=/dev/null"], environment: [:], input: file, timeout: limit)
            guard outcome.status == 0 else {
                throw RestoreFailure(.structure, "pg_restore cannot read the dump: \(outcome.words)")
            }
        case (let kind, let format):
            throw RestoreFailure(
                .structure,
                "the backup is a \(format.rawValue), and staging of kind \(kind.rawValue) restores \(kind == .raft ? "snapshots of integrated storage" : "dumps by pg_dump --format=custom")"
            )
        }
    }

    private static func read(_ file: OpenFile, _ size: Int64) throws(RestoreFailure) -> BackupContent {
        var reader = BackupContentReader()
        var done: Int64 = 0
        var buffer = [UInt8](repeating: 0, count: chunkBytes)
        while done < size {
            do throws(FileError) {
                let count = try file.read(into: &buffer, at: done)
                guard count > 0 else { throw FileError(path: file.path, reason: "shorter than what was written") }
                buffer.withUnsafeBufferPointer { reader.take(UnsafeBufferPointer(rebasing: $0.prefix(count))) }
                done += Int64(count)
            } catch { throw RestoreFailure(.space, "a temporary file in \(error)") }
        }
        return reader.finish()
    }
}
