import ArgumentParser
import Platform
import Recovery
import S3
import Samples
import Text

struct BackupListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the backups in the bucket, the newest first.",
        discussion: """
            Examples:
              vaultwatch backup list
              vaultwatch backup list --set=monthly --output=json
            """)

    @OptionGroup var recovery: RecoveryOptionGroup

    @Option(name: .customLong("set"), help: "Only this set; repeatable.")
    var sets: [String] = []

    @OptionGroup var output: DataOptions

    struct Row: Encodable {
        var set: String
        var key: String
        var time: String
        var ageSeconds: Double
        var sizeBytes: Int64
        var storageClass: String?

        enum CodingKeys: String, CodingKey {
            case set, key, time
            case ageSeconds = "age_seconds"
            case sizeBytes = "size_bytes"
            case storageClass = "storage_class"
        }
    }

    func run() async throws {
        let context = try BackupContext(recovery)
        let names = sets
        let stored = try await context.run(output, BackupProgressLine(isQuiet: true)) { () throws(BackupFailure) in
            let catalogue = BackupCatalogue(
                context.configuration.client(context.network, context.platform, context.environment))
            var found: [StoredBackup] = []
            for set in try context.configuration.sets(named: names) { found += try await catalogue.backups(of: set) }
            return found
        }
        let now = context.platform.time.wall()
        if output.isJSON {
            try JSONOutput.print(
                stored.map {
                    Row(
                        set: $0.set, key: $0.key, time: $0.time.rfc3339, ageSeconds: (now - $0.time).seconds,
                        sizeBytes: $0.size, storageClass: $0.storageClass)
                })
            return
        }
        guard !stored.isEmpty else {
            print("no backups in s3://\(context.configuration.bucket.bucket)")
            return
        }
        let rows = stored.map { backup in
            [
                backup.set, backup.time.rfc3339, Words.duration(now - backup.time), Words.size(Double(backup.size)),
                backup.key + (backup.storageClass.map { " (\($0))" } ?? ""),
            ]
        }
        print(TextTable(["SET", "TIME", "AGE", "SIZE", "KEY"], texts: rows).render(.current()), terminator: "")
    }
}
