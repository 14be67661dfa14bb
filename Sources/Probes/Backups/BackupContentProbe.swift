import Platform
import Samples
import Synchronization
import Text

/// Downloads the newest backup of a set, verifies its checksum and, if there is a key, decrypts it. Each newest backup
/// is read once, and again after `repeatInterval` while it is still the newest.
final class BackupContentProbe: RunnableProbe {
    private struct Attempt: Sendable {
        var object: BackupObject
        var failure: ProbeFailure
        var at: Instant
    }

    let target: ProbeTarget
    let interval: Duration
    private let options: BackupSetOptions
    private let store: any BackupStore
    private let platform: Platform
    private let newest: NewestBackup
    private let verdicts: BackupVerdicts
    private let lastFailure = Mutex<Attempt?>(nil)

    /// The failure reason for an object in an archive class: retrying soon would not help.
    private static let archived = "archived"

    /// How long to wait before checking again whether an archived backup has been restored.
    private static let archiveInterval = Duration.seconds(6 * 3600)

    /// How long to wait before a failed read is retried.
    private static let retryInterval = Duration.seconds(300)

    init(
        options: BackupSetOptions, store: any BackupStore, newest: NewestBackup, verdicts: BackupVerdicts,
        platform: Platform
    ) {
        self.options = options
        self.store = store
        self.newest = newest
        self.verdicts = verdicts
        self.platform = platform
        interval = options.interval
        target = ProbeTarget(.backupContent, options.name)
    }

    var timeout: Duration { options.verification.timeout + .seconds(5) }

    func timedOut() -> ProbeReport {
        let failure = ProbeFailure(
            "timeout", "reading the backup took longer than \(Words.duration(options.verification.timeout))")
        if let object = newest.current?.object { remember(failure, object) }
        return report(failure)
    }

    func run() async -> ProbeReport {
        // An empty object has nothing to verify; the listing reports it.
        guard let newest = newest.current, newest.object.size > 0 else { return report(nil) }
        let verification = options.verification
        if newest.object.size > Int64(verification.limitBytes) {
            return report(
                nil,
                warning:
                    "\(newest.object.size) bytes are more than verification's limit_bytes of \(verification.limitBytes): not read"
            )
        }
        let now = platform.time.now()
        if let verdict = verdicts[options.name], verdict.object == newest.object,
            now.wall - verdict.at < verification.repeatInterval
        {
            // The metadata may arrive after the content was verified.
            if verdict.isChecksumValid == nil, let checksum = newest.checksum {
                verdicts[options.name]?.isChecksumValid = verdict.sha256 == checksum
            }
            return report(nil)
        }
        if let failed = lastFailure.withLock({ $0 }), failed.object == newest.object,
            now.monotonic - failed.at
                < (failed.failure.reason == BackupContentProbe.archived
                    ? BackupContentProbe.archiveInterval : BackupContentProbe.retryInterval)
        {
            return report(failed.failure)
        }
        do throws(ProbeFailure) {
            verdicts[options.name] = try await verify(newest)
            lastFailure.withLock { $0 = nil }
            return report(nil)
        } catch {
            remember(error, newest.object)
            if error.reason == BackupContentProbe.archived {
                verdicts.ledger.noteArchived(newest.object, of: options.name, at: platform.time.wall())
            }
            return report(error)
        }
    }

    private func remember(_ failure: ProbeFailure, _ object: BackupObject) {
        lastFailure.withLock { $0 = Attempt(object: object, failure: failure, at: platform.time.monotonic()) }
    }

    private func verify(_ newest: NewestBackup.Value) async throws(ProbeFailure) -> BackupVerdict {
        let began = platform.time.monotonic()
        let check = BackupContentCheck(keys: try await keys())
        try await store.read(newest.object.key, limitBytes: options.verification.limitBytes) { check.take($0) }
        guard let result = check.finish() else {
            throw ProbeFailure("other", "libcrypto could not hash or decrypt the backup")
        }
        return BackupVerdict(
            object: newest.object, sha256: result.sha256, isChecksumValid: newest.checksum.map { $0 == result.sha256 },
            isEncryptionValid: result.isEncryptionValid, keyIndex: result.keyIndex, content: result.content,
            bytes: result.bytes,
            duration: platform.time.monotonic() - began, at: platform.time.wall())
    }

    private func keys() async throws(ProbeFailure) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        for (index, secret) in options.verification.encryptionKeys.prefix(BackupVerification.keyLimit).enumerated() {
            let name = options.verification.encryptionKeys.count > 1 ? "encryption key \(index + 1)" : "encryption key"
            let text: String
            do {
                text = try await secret.revealInTime(platform.files)
            } catch {
                throw ProbeFailure("configuration", "\(name): \(error)")
            }
            guard let bytes = BackupVerification.keyBytes(text) else {
                throw ProbeFailure("configuration", "\(name): expected 64 hexadecimal digits, or 32 bytes in Base64")
            }
            keys.append(bytes)
        }
        return keys
    }

    private func report(_ failure: ProbeFailure?, warning: String? = nil) -> ProbeReport {
        var set = SampleSet(["backup_set": options.name], at: platform.time.wall())
        let verdict = verdicts[options.name].flatMap { $0.object == newest.current?.object ? $0 : nil }
        verdict?.add(to: &set)
        if newest.current != nil { set.add("backup_archived", failure?.reason == BackupContentProbe.archived) }
        let status: TargetStatus
        if let verdict {
            let checked = [
                verdict.isChecksumValid.map { $0 ? "checksum right" : "CHECKSUM WRONG" } ?? "no checksum to compare",
                verdict.isEncryptionValid.map { $0 ? BackupContentProbe.opened(verdict) : "DECRYPTION FAILS" }
                    ?? "no key to decrypt with",
                verdict.content.map(BackupContentProbe.phrase) ?? "content not inspected",
            ].joined(separator: ", ")
            status = TargetStatus(
                verdict.isSound ? .ok : .critical, verdict.isSound ? "sound" : "unusable",
                detail: "\(checked), read \(verdict.at.rfc3339)")
        } else if let reason = failure?.description ?? warning {
            status = TargetStatus(.warning, "not verified", detail: reason)
        } else {
            status = TargetStatus(.ok, "waiting", detail: "no backup listed yet")
        }
        // An archived backup is no failure of the probe: restoring it takes hours.
        return ProbeReport(
            samples: set.samples, failure: failure?.reason == BackupContentProbe.archived ? nil : failure,
            status: status)
    }

    private static func opened(_ verdict: BackupVerdict) -> String {
        verdict.keyIndex.map { $0 > 0 ? "encryption valid with key \($0 + 1)" : "encryption valid" }
            ?? "encryption valid"
    }

    private static func phrase(_ content: BackupContent) -> String {
        if let fault = content.fault { return "IT HOLDS \(fault.phrase)" }
        return content.isValid == true ? "a whole \(content.format.rawValue)" : "of format \(content.format.rawValue)"
    }
}
