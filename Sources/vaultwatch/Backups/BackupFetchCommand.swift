import ArgumentParser
import Platform
import Probes
import Recovery
import S3
import Text

struct BackupFetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Download a backup, check it, and write it decrypted to a file.",
        discussion: """
            The file appears, readable by its owner alone, after the SHA-256, the tag and the content were found right; a
            file that exists is not overwritten. What it is good for:
              vault operator raft snapshot restore -force vault.snap
              pg_restore -1 --exit-on-error --no-owner --no-privileges -d NEW_DATABASE vault.dump
            Examples:
              vaultwatch backup fetch --to=vault.snap
              vaultwatch backup fetch daily/2026-11-26/vault-snapshot-20261126-020000.enc --to=/root/vault.snap
            """)

    @OptionGroup var recovery: RecoveryOptionGroup

    @Argument(help: "The key of the backup. Default: the newest of all sets.")
    var key: String?

    @Option(help: "The file to write; its folder needs room for the backup twice.")
    var to: String

    @OptionGroup var output: DataOptions

    struct Body: Encodable {
        var key: String
        var file: String
        var sizeBytes: Int64
        var format: String

        enum CodingKeys: String, CodingKey {
            case key, file
            case sizeBytes = "size_bytes"
            case format
        }
    }

    func run() async throws {
        let context = try BackupContext(recovery)
        let progress = BackupProgressLine()
        let (given, path) = (key, to)
        let body = try await context.run(output, progress) { () throws(BackupFailure) in
            let client = context.configuration.client(context.network, context.platform, context.environment)
            let key = try await BackupFetchCommand.key(given, context, BackupCatalogue(client))
            let fetcher = BackupFetcher(
                client, keys: try await context.configuration.encryption.allKeys(context.platform.files),
                folder: parentFolder(of: path))
            let fetched = try await fetcher.fetch(key, report: { progress.report($0) })
            try BackupFetcher.save(fetched, as: path)
            return Body(
                key: key, file: path, sizeBytes: fetched.plainSize, format: fetched.verdict.content.format.rawValue)
        }
        if output.isJSON {
            try JSONOutput.print(body)
        } else {
            print(
                "\(body.file): \(Words.size(Double(body.sizeBytes))), a whole \(body.format), from \(body.key.onOneLine)"
            )
        }
    }

    private static func key(
        _ given: String?, _ context: BackupContext, _ catalogue: BackupCatalogue
    ) async throws(BackupFailure) -> String {
        if let given { return given }
        let configuration = context.configuration
        guard let newest = try await catalogue.newest(of: configuration.sets, now: context.platform.time.wall()) else {
            throw BackupFailure(.notFound, "there is no backup in s3://\(configuration.bucket.bucket)")
        }
        return newest.key
    }
}
