package import Platform
import Probes
import S3
import Samples
import Text
package import Transport

/// `vaultwatch backup prune`: deletes what retention no longer keeps.
///
/// Before anything is deleted, the newest backup is read whole. If it does not pass, nothing is deleted.
package struct BackupPrune: Sendable {
    /// What was done with one set.
    package struct Outcome: Sendable {
        /// What was decided.
        package var plan: PrunePlan
        /// The newest backup that passed verification; nil if none was read, as nothing was due.
        package var verified: String?
        /// Keys that the bucket did not delete, with its reasons.
        package var failed: [String: String] = [:]
    }

    let configuration: RecoveryConfiguration
    let network: Network
    let platform: Platform
    let environment: [String: String]
    let report: BackupProgress.Report

    /// - Parameter environment: for S3's keys.
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

    /// Prunes the sets. Reading a backup whole computes: call it on an executor of its own.
    /// - Parameters:
    ///   - names: none for all.
    ///   - deletes: false only decides.
    /// - Throws: `BackupFailure`.
    package func run(sets names: [String], deletes: Bool) async throws(BackupFailure) -> [Outcome] {
        let sets = try configuration.sets(named: names)
        let lock = try configuration.lock()
        defer { withExtendedLifetime(lock) {} }
        var outcomes: [Outcome] = []
        for set in sets { outcomes.append(try await prune(set, deletes)) }
        return outcomes
    }

    private func prune(_ set: RecoverySet, _ deletes: Bool) async throws(BackupFailure) -> Outcome {
        let writer = configuration.writer(network, platform, environment)
        let backups = try await BackupCatalogue(writer.client).backups(of: set)
        var outcome = Outcome(plan: PrunePlan(set, backups, now: platform.time.wall()))
        guard !outcome.plan.deletions.isEmpty else { return outcome }
        try await verifyNewest(backups, writer.client, &outcome)
        try await respectLocks(writer.client, &outcome)
        let keys = outcome.plan.deletions.map(\.key)
        guard deletes, !keys.isEmpty else { return outcome }
        do throws(S3Error) {
            outcome.failed = try await writer.delete(keys)
        } catch { throw BackupFailure(error) }
        return outcome
    }

    private func verifyNewest(
        _ backups: [StoredBackup], _ client: S3Client, _ outcome: inout Outcome
    ) async throws(BackupFailure) {
        guard let newest = BackupCatalogue.newest(backups, now: platform.time.wall()) else { return }
        let verifier = BackupVerifier(client, keys: try await configuration.encryption.allKeys(platform.files))
        do throws(BackupFailure) {
            _ = try await verifier.verify(newest.key, size: newest.size, report: report)
            outcome.verified = newest.key
        } catch {
            guard error.kind == .verification || error.kind == .notFound else { throw error }
            outcome.plan.refuse("the newest backup is no good (\(error.message))")
        }
    }

    /// Object Lock refuses the deletion of a version; in a bucket with versions S3 would take the order, hide the object and
    /// keep its bytes.
    private func respectLocks(_ client: S3Client, _ outcome: inout Outcome) async throws(BackupFailure) {
        let now = platform.time.wall()
        for backup in outcome.plan.deletions {
            let metadata: S3Metadata
            do throws(S3Error) { metadata = try await client.head(backup.key) } catch { throw BackupFailure(error) }
            if metadata.hasLegalHold {
                outcome.plan.keep(backup.key, "due, but kept: Object Lock has a legal hold on it")
            } else if let until = metadata.retainedUntil, until > now {
                outcome.plan.keep(backup.key, "due, but kept: Object Lock retains it until \(until.rfc3339)")
            }
        }
    }
}

extension RecoveryConfiguration {
    /// The named sets; all without names.
    /// - Throws: `BackupFailure` of the kind `notFound`.
    package func sets(named names: [String]) throws(BackupFailure) -> [RecoverySet] {
        for name in names where !sets.contains(where: { $0.options.name == name }) {
            throw BackupFailure(
                .notFound,
                "there is no set \"\(name)\" in \(path); expected \(Words.list(sets.map(\.options.name)))")
        }
        return names.isEmpty ? sets : sets.filter { names.contains($0.options.name) }
    }
}
