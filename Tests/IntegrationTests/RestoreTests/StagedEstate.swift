import Foundation
import Lab
import Logging
import Platform
import Testing

/// A simulated estate with its staging side, where restores take tenths of a second, and the configurations for it.
final class StagedEstate: Sendable {
    let estate: Estate
    let endpoints: EstateEndpoints
    let folder: TemporaryDirectory
    /// The file that `restore-test` records to.
    let records: String
    /// The daemon's configuration, which reads `records`.
    let daemonConfig: String

    private init(_ estate: Estate) throws {
        self.estate = estate
        folder = try TemporaryDirectory()
        endpoints = try estate.endpoints()
        records = folder.file("recovery.jsonl")
        daemonConfig = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                endpoints, rules: Binary.root + "/rules/*.yml", listen: "127.0.0.1:\(try freePort())",
                storage: folder.path + "/state", records: records))
    }

    static func start(postgres: Bool = false) async throws -> StagedEstate {
        var options = EstateOptions()
        var staging = StagingVault.Options()
        staging.restoreTimes = staging.restoreTimes.divided(by: 20)
        options.staging = staging
        if postgres {
            options.postgres = LocalPostgres.Options(replica: false)
        } else {
            options.postgres = nil
            options.cluster.storageType = "raft"
        }
        let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        return try StagedEstate(await Estate.start(options, platform: platform))
    }

    func stop() async {
        await estate.stop()
        folder.remove()
    }

    /// The estate's recovery.yml, changed.
    func configuration(kind: String? = nil, _ changes: [(String, String)] = []) throws -> String {
        var text = try #require(
            RecoveryDemoConfiguration.text(
                endpoints, daemonConfig: daemonConfig, directory: folder.path, recordFile: records, kind: kind))
        for (old, new) in changes {
            #expect(text.contains(old), "\(old) is not in the configuration")
            text = text.replacingOccurrences(of: old, with: new)
        }
        return try folder.write("recovery-\(UUID().uuidString).yml", text)
    }

    /// Runs `vaultwatch restore-test`.
    func restore(_ file: String, _ arguments: [String] = []) async throws -> (
        status: Int32?, output: String, error: String
    ) {
        let (exit, output, error) = try await Binary.run(["restore-test", "--recovery.file=\(file)"] + arguments)
        if case .exited(let status) = exit { return (status, output, error) }
        return (nil, output, error)
    }

    /// The last line of the record file: event and details.
    func lastRecord() throws -> (event: String, details: [String: Any]) {
        let text = try String(contentsOfFile: records, encoding: .utf8)
        let line = try #require(text.split(separator: "\n").last)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        return (object["event"] as? String ?? "", object["details"] as? [String: Any] ?? [:])
    }

    /// Databases of restore tests on the scratch server.
    func scratchDatabases() async throws -> [String] { try await estate.scratchDatabases("vaultwatch_restore_") }

    /// No line of the program's output, record or files may hold one of these.
    func expectNoSecrets(_ texts: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let files = endpoints.staging?.unsealKeyFiles ?? []
        let secrets = try (files + [endpoints.secretIDFile, endpoints.bucket.encryptionKeyFile]).map {
            try String(contentsOfFile: $0, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        for text in texts + [(try? String(contentsOfFile: records, encoding: .utf8)) ?? ""] {
            for secret in secrets { #expect(!text.contains(secret), sourceLocation: sourceLocation) }
        }
    }
}
