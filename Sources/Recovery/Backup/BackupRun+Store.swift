import Platform
import Probes
import S3
import Samples
import Text
import Transport

extension BackupRun {
    /// Stores the object under each key.
    func send(
        _ sealed: BackupSealer.Sealed, _ payload: S3Payload, _ begun: Timestamp, _ writer: S3Writer,
        _ pending: PendingUploads, _ outcome: inout Outcome
    ) async throws(BackupFailure) {
        let began = platform.time.monotonic()
        var metadata = ["checksum": payload.sha256, "timestamp": begun.rfc3339]
        metadata["vault_version"] = outcome.facts.vaultVersion
        if let facts = sealed.content.snapshot {
            metadata[BackupComparison.indexField] = String(facts.index)
            metadata[BackupComparison.secretsField] = String(facts.secrets)
        }
        var done: [String] = []
        for key in outcome.keys {
            var upload = S3Upload(
                key: key, file: sealed.file, size: sealed.size, sha256: payload.sha256, metadata: metadata)
            if let lock = configuration.objectLock {
                upload.lock = S3Upload.Lock(
                    mode: lock.mode.rawValue.uppercased(), until: platform.time.wall() + lock.retain)
            }
            report(BackupProgress(phase: .upload, key: key, done: 0, total: sealed.size))
            do throws(S3Error) {
                try await writer.store(
                    upload, begun: { try pending.note($0) },
                    progress: { [report] in
                        report(BackupProgress(phase: .upload, key: key, done: $0, total: sealed.size))
                    })
            } catch {
                if error.transport == .cancelled { throw .interrupted }
                let before = done.isEmpty ? "" : "; it is stored as \(Words.list(done))"
                throw BackupFailure(.store, error.message + before)
            }
            done.append(key)
        }
        do throws(FileError) { try pending.noteStored(done, platform.files) } catch {
            throw BackupFailure(.space, "staging.directory \(error)")
        }
        outcome.durations[.upload] = platform.time.monotonic() - began
    }

    /// Reads each object back whole. What is damaged stays for a look at it: the daemon pages for it too.
    func readBack(
        _ client: S3Client, _ key: [UInt8], _ pending: PendingUploads, _ outcome: inout Outcome
    ) async throws(BackupFailure) {
        let began = platform.time.monotonic()
        let verifier = BackupVerifier(client, keys: [key])
        for name in outcome.keys {
            let verdict = try await verifier.verify(
                name, expected: outcome.sha256, size: outcome.size, report: report)
            pending.forget([name], platform.files)
            for field in ["checksum", "timestamp"] where verdict.metadata[field] == nil {
                outcome.warnings.append("\(name): the server did not keep the metadata \(field)")
            }
            guard configuration.objectLock != nil else { continue }
            // Servers without Object Lock ignore its headers.
            if let kept = try? await client.head(name), kept.retainedUntil == nil {
                outcome.warnings.append("\(name): the server did not keep the lock; it can be deleted at any time")
            }
        }
        outcome.durations[.readBack] = platform.time.monotonic() - began
    }
}

extension BackupSource {
    var limitBytes: Int {
        switch self {
        case .raft(let source): source.limitBytes
        case .postgres(let source): source.limitBytes
        }
    }
}
