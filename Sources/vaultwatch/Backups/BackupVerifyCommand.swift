import ArgumentParser
import Platform
import Probes
import Recovery
import S3
import Samples
import Text

struct BackupVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Read backups whole: SHA-256, AES-256-GCM tag, content.",
        discussion: """
            It proves that a backup is whole and that the keys at hand decrypt it. That Vault's unseal keys open it, only
            vaultwatch restore-test proves. Exits with 15 if a backup is no good.
            Examples:
              vaultwatch backup verify                    the newest backup of each set
              vaultwatch backup verify --set=monthly
              vaultwatch backup verify daily/2026-11-26/vault-snapshot-20261126-020000.enc
            """)

    @OptionGroup var recovery: RecoveryOptionGroup

    @Argument(help: "Keys of backups. Default: the newest of each set.")
    var keys: [String] = []

    @Option(name: .customLong("set"), help: "The set of which the newest is verified; repeatable.")
    var sets: [String] = []

    @OptionGroup var output: DataOptions

    struct Row: Encodable {
        var key: String
        var isValid: Bool
        var error: String?
        var sizeBytes: Int64?
        var sha256: String?
        var format: String?
        /// 1 is the current key.
        var encryptionKey: Int?

        enum CodingKeys: String, CodingKey {
            case key
            case isValid = "valid"
            case error
            case sizeBytes = "size_bytes"
            case sha256, format
            case encryptionKey = "encryption_key"
        }
    }

    func validate() throws {
        if !keys.isEmpty, !sets.isEmpty { throw ValidationError("keys and --set exclude each other") }
    }

    func run() async throws {
        let context = try BackupContext(recovery)
        let progress = BackupProgressLine()
        let (given, names) = (keys, sets)
        let rows = try await context.run(output, progress) { () throws(BackupFailure) in
            try await BackupVerifyCommand.rows(context, given, names, progress)
        }
        if output.isJSON {
            try JSONOutput.print(rows)
        } else {
            for row in rows {
                let facts = [
                    row.sizeBytes.map { Words.size(Double($0)) }, row.format,
                    row.encryptionKey.map { $0 == 1 ? "current key" : "key \($0)" },
                ].compactMap { $0 }.joined(separator: ", ")
                if row.isValid { print("\(row.key.onOneLine): good (\(facts))") }
            }
        }
        let bad = rows.filter { !$0.isValid }
        for row in bad { Terminal.error("vaultwatch backup: \(row.error ?? row.key)") }
        if !bad.isEmpty { throw ExitCode(BackupFailure.Kind.verification.rawValue) }
    }

    private static func rows(
        _ context: BackupContext, _ given: [String], _ names: [String], _ progress: BackupProgressLine
    ) async throws(BackupFailure) -> [Row] {
        let client = context.configuration.client(context.network, context.platform, context.environment)
        let verifier = BackupVerifier(
            client, keys: try await context.configuration.encryption.allKeys(context.platform.files))
        let keys = try await context.configuration.keys(
            given, newestOf: names, BackupCatalogue(client), now: context.platform.time.wall())
        var rows: [Row] = []
        for key in keys {
            do throws(BackupFailure) {
                let verdict = try await verifier.verify(key, report: { progress.report($0) })
                rows.append(
                    Row(
                        key: key, isValid: true, sizeBytes: verdict.size, sha256: verdict.sha256,
                        format: verdict.content.format.rawValue, encryptionKey: verdict.keyIndex + 1))
            } catch {
                guard error.kind == .verification else { throw error }
                rows.append(Row(key: key, isValid: false, error: error.message))
            }
        }
        return rows
    }
}

extension RecoveryConfiguration {
    /// The given keys, or that of the newest backup of each set.
    /// - Throws: `BackupFailure`, also if there is no backup at all.
    func keys(
        _ given: [String], newestOf names: [String], _ catalogue: BackupCatalogue, now: Timestamp
    ) async throws(BackupFailure) -> [String] {
        guard given.isEmpty else { return given }
        var keys: [String] = []
        for set in try sets(named: names) {
            if let newest = try await catalogue.newest(of: [set], now: now) { keys.append(newest.key) }
        }
        guard !keys.isEmpty else {
            throw BackupFailure(
                .notFound, "there is no backup in s3://\(bucket.bucket); vaultwatch backup run makes one")
        }
        return keys
    }
}
