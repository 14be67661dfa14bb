package import Platform
package import Probes
import S3
import Samples
import Synchronization
import Text
package import Transport

/// `vaultwatch backup run`: source → structure check → AES-256-GCM → bucket → read back whole and verified. Only then a
/// backup counts, and the record says so.
package struct BackupRun: Sendable {
    /// A backup that was made and verified.
    package struct Outcome: Sendable {
        /// The keys under which the object is stored.
        package var keys: [String] = []
        /// Of the object, in bytes.
        package var size: Int64 = 0
        /// 64 hexadecimal digits.
        package var sha256 = ""
        /// What the source says of itself.
        package var facts = SourceReader.Facts()
        /// What it holds.
        package var snapshot: SnapshotFacts?
        /// How long reading, sending and reading back took.
        package var durations: [BackupProgress.Phase: Duration] = [:]
        /// What the operator should know although it succeeded.
        package var warnings: [String] = []
    }

    let configuration: RecoveryConfiguration
    let network: Network
    let platform: Platform
    let environment: [String: String]
    let report: BackupProgress.Report

    /// - Parameters:
    ///   - environment: for S3's keys and for `pg_dump`.
    ///   - report: told how far it has come.
    package init(
        _ configuration: RecoveryConfiguration, network: Network, platform: Platform, environment: [String: String],
        report: @escaping BackupProgress.Report = { _ in }
    ) {
        self.configuration = configuration
        self.network = network
        self.platform = platform
        self.environment = environment
        self.report = report
    }

    /// Threads that encrypt, hash and wait for disks: one for each part that is sent, so that none waits for another.
    private static let threads = 3

    /// Makes a backup and records how it ended.
    /// - Parameters:
    ///   - names: the sets; none for those that are due.
    ///   - acceptsReset: whether a snapshot may hold far less than the one before.
    /// - Throws: `BackupFailure`, after it was recorded.
    package func run(sets names: [String] = [], acceptsReset: Bool = false) async throws(BackupFailure) -> Outcome {
        _ = try configuration.sets(named: names)
        let lock = try configuration.lock()
        defer { withExtendedLifetime(lock) {} }
        // Whoever cannot write records still needs a backup; its end says what is wrong.
        try? record(.backupStarted)
        let executor = WorkExecutor("backup", threads: BackupRun.threads)
        let result: Result<Outcome, BackupFailure> = await withTaskExecutorPreference(executor) {
            do throws(BackupFailure) { return .success(try await self.make(names, acceptsReset)) } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let outcome):
            var details = RecordedEvent.Details()
            details.backups = outcome.keys
            details.issues = outcome.warnings.isEmpty ? nil : outcome.warnings
            details.duration = outcome.durations.values.reduce(Duration.zero, +).seconds * 1000
            try record(.backupCompleted, details)
            return outcome
        case .failure(let failure):
            var details = RecordedEvent.Details()
            details.error = failure.message
            do throws(BackupFailure) { try record(.backupFailed, details) } catch {
                throw BackupFailure(failure.kind, "\(failure.message)\n\(error.message)")
            }
            throw failure
        }
    }

    private func record(
        _ kind: RecordedEvent.Kind, _ details: RecordedEvent.Details = RecordedEvent.Details()
    ) throws(BackupFailure) {
        guard let path = configuration.recordFile else { return }
        do throws(FileError) {
            try RecordFile.append(RecordedEvent(kind, at: platform.time.wall(), details: details), to: path)
        } catch {
            throw BackupFailure(
                .record, "the record file \(error): the daemon does not learn of this run (\(kind.rawValue))")
        }
    }

    // MARK: Steps

    private func make(_ names: [String], _ acceptsReset: Bool) async throws(BackupFailure) -> Outcome {
        let key = try await configuration.encryption.currentKey(platform.files)
        let writer = configuration.writer(network, platform, environment)
        let pending = PendingUploads(folder: configuration.staging.directory, bucket: configuration.bucket.bucket)
        var outcome = Outcome()
        await abort(pending, writer, &outcome)

        let catalogue = BackupCatalogue(writer.client)
        var stored: [StoredBackup] = []
        for set in configuration.sets { stored += try await catalogue.backups(of: set) }
        let begun = platform.time.wall()
        let unverified = await readBackLate(pending, stored, writer.client, key)
        stored.removeAll { unverified.contains($0.key) }
        let past = stored.filter { $0.time <= begun + BackupCatalogue.futureTolerance }
        let sets = configuration.due(
            names, now: begun, times: Dictionary(grouping: stored, by: \.set).mapValues { $0.map(\.time) })
        try checkSpace(largest: past.map(\.size).max())

        outcome.keys = sets.map { $0.key(at: begun, of: configuration.source) }
        let (sealed, digest) = try await read(key, &outcome)
        try await examine(
            sealed.content, previous: past.max { $0.time < $1.time }, writer.client, acceptsReset, &outcome)
        do throws(BackupFailure) {
            try await send(sealed, digest, begun, writer, pending, &outcome)
        } catch {
            // Also after a cancellation, which would end the requests at once.
            await Task { [files = platform.files] in _ = await pending.abort(writer, files) }.value
            throw error
        }
        try await readBack(writer.client, key, pending, &outcome)
        // There is a good one in their place now.
        pending.forget(
            unverified.filter { key in sets.contains { key.hasPrefix($0.options.prefix) } }, platform.files)
        return outcome
    }

    /// Aborts what a run that was killed has left.
    private func abort(_ pending: PendingUploads, _ writer: S3Writer, _ outcome: inout Outcome) async {
        for error in await pending.abort(writer, platform.files) {
            outcome.warnings.append("an upload of an earlier run cannot be aborted: \(error.message)")
        }
        // A run that was killed between the beginning of an upload and its note. No run takes a day, so that those of
        // other machines which are under way are not among them. Some servers list none, or not to everybody.
        let yesterday = platform.time.wall() - BackupRun.abandonedAge
        for set in configuration.sets {
            let open = (try? await writer.openUploads(prefix: set.options.prefix, before: yesterday)) ?? []
            for upload in open where BackupKey(upload.key, prefix: set.options.prefix) != nil {
                try? await writer.abort(upload)
            }
        }
    }

    /// Reads back what an earlier run has stored and not read back, since it was killed or found it damaged.
    /// - Returns: the keys of what is still no backup.
    private func readBackLate(
        _ pending: PendingUploads, _ stored: [StoredBackup], _ client: S3Client, _ key: [UInt8]
    ) async -> Set<String> {
        let noted = pending.unverified(platform.files)
        if noted.isEmpty { return [] }
        var left = noted.intersection(stored.map(\.key))
        let verifier = BackupVerifier(client, keys: [key])
        for name in left.sorted() where (try? await verifier.verify(name, report: report)) != nil { left.remove(name) }
        pending.forget(noted.subtracting(left), platform.files)
        return left
    }

    /// From which age on an upload in parts is abandoned.
    private static let abandonedAge = Duration.seconds(86_400)

    /// Without an earlier backup the need is unknown, and a few megabytes are asked for.
    private static let leastFreeBytes: Int64 = 64 << 20

    private func checkSpace(largest: Int64?) throws(BackupFailure) {
        let folder = configuration.staging.directory
        let free: Int64
        do throws(FileError) { free = try OpenFile.freeBytes(in: folder) } catch {
            throw BackupFailure(.space, "staging.directory \(error)")
        }
        // Backups grow.
        let need = max(BackupRun.leastFreeBytes, (largest ?? 0).addingSaturated((largest ?? 0) / 4))
        guard free >= need else {
            throw BackupFailure(
                .space,
                "\(folder) has \(Words.size(Double(free))) free, and a backup may need \(Words.size(Double(need))); make room, or name another staging.directory"
            )
        }
    }

    private func read(
        _ key: [UInt8], _ outcome: inout Outcome
    ) async throws(BackupFailure) -> (BackupSealer.Sealed, S3Payload) {
        let began = platform.time.monotonic()
        let folder = configuration.staging.directory
        let random = platform.random
        let limit = configuration.source.limitBytes
        let reader = SourceReader(
            configuration.source, network: network, platform: platform, environment: environment)
        let (sealer, facts) = try await reader.read { () throws(BackupFailure) in
            let file: OpenFile
            do throws(FileError) { file = try OpenFile(unnamedIn: folder) } catch {
                throw BackupFailure(.space, "a temporary file in \(error)")
            }
            return try BackupSealer(key: key, iv: random.initialisationVector(), file: file, limitBytes: limit) {
                bytes in
                self.report(BackupProgress(phase: .source, key: "", done: bytes))
            }
        }
        let sealed = try sealer.finish()
        let payload: S3Payload
        do throws(FileError) {
            payload = try S3Payload(FileSlice(file: sealed.file, offset: 0, count: sealed.size))
        } catch { throw BackupFailure(.space, "a temporary file in \(error)") }
        outcome.facts = facts
        outcome.size = sealed.size
        outcome.sha256 = payload.sha256
        outcome.durations[.source] = platform.time.monotonic() - began
        return (sealed, payload)
    }

    /// Refuses what is no whole backup, and what holds so much less than the one before that a restore would lose it.
    private func examine(
        _ content: BackupContent, previous: StoredBackup?, _ client: S3Client, _ acceptsReset: Bool,
        _ outcome: inout Outcome
    ) async throws(BackupFailure) {
        let isSnapshot =
            if case .raft = configuration.source { true } else { false }
        if let fault = BackupComparison.fault(content, isSnapshot: isSnapshot) {
            throw BackupFailure(.content, "\(fault); nothing was stored")
        }
        outcome.snapshot = content.snapshot
        if outcome.facts.vaultVersion == nil {
            outcome.warnings.append(
                "Vault's version is unknown and not in the metadata"
                    + (isSnapshot ? "" : "; name the nodes under source.postgres.vault"))
        }
        guard let facts = content.snapshot, let previous else { return }
        let metadata: [String: String]
        do throws(S3Error) { metadata = try await client.head(previous.key).user } catch {
            outcome.warnings.append("not compared with the backup before: \(error.message)")
            return
        }
        guard let suspicion = BackupComparison.suspicion(facts, previous: metadata) else { return }
        guard acceptsReset else {
            throw BackupFailure(
                .suspicious,
                "the snapshot is whole, but \(suspicion); nothing was stored. If that is right, as after a restore: vaultwatch backup run --accept-reset"
            )
        }
        outcome.warnings.append(suspicion)
    }
}
