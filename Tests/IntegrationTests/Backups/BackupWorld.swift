import Foundation
import Lab
import Platform
import Testing
import TestServers

/// A folder with a recovery configuration, and the program that works on it.
final class BackupWorld: Sendable {
    let folder: TemporaryDirectory
    let staging: String
    let records: String
    static let key = String(repeating: "ab", count: 32)
    static let secret = "s3-secret-of-the-backup"

    /// - Parameters:
    ///   - source: the YAML below `source:`.
    ///   - sets: the YAML below `sets:`; without it a daily and a monthly one.
    init(source: String, endpoint: String, sets: String? = nil, keys: (id: String, secret: String)? = nil) throws {
        folder = try TemporaryDirectory()
        staging = folder.file("staging")
        records = folder.file("records.jsonl")
        try FileManager.default.createDirectory(atPath: staging, withIntermediateDirectories: true)
        try folder.write("key", BackupWorld.key + "\n", mode: 0o600)
        try folder.write("other-key", String(repeating: "cd", count: 32) + "\n", mode: 0o600)
        try folder.write("token", SnapshotSource.token + "\n", mode: 0o600)
        try folder.write("s3-id", (keys?.id ?? WritableBucket.accessKey) + "\n", mode: 0o600)
        try folder.write("s3-secret", (keys?.secret ?? BackupWorld.secret) + "\n", mode: 0o600)
        try write(key: "key", source: source, endpoint: endpoint, sets: sets)
    }

    func write(key: String, source: String, endpoint: String, sets: String? = nil, name: String = "recovery.yml") throws
    {
        try folder.write(
            name,
            """
            source:
            \(source.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
            bucket:
              bucket: \(WritableBucket.name)
              endpoint: \(endpoint)
              access_key_id_file: s3-id
              secret_access_key_file: s3-secret
            sets:
            \(sets ?? "  - {name: daily, prefix: daily/, period: daily}\n  - {name: monthly, prefix: monthly/, period: monthly}")
            encryption: {key_file: \(key)}
            staging: {directory: staging}
            record_file: records.jsonl
            """)
    }

    /// `source:` of Vault nodes.
    static func raft(_ source: SnapshotSource) -> String {
        let nodes = source.nodes.enumerated().map { "{name: vault-\($0.offset + 1), url: \"\($0.element.url)\"}" }
        return "raft: {name: c, nodes: [\(nodes.joined(separator: ", "))], token_file: token, snapshot_timeout: 20s}"
    }

    /// Starts a command on backups.
    func start(_ arguments: [String], shell: String = "", recovery: String = "recovery.yml") async throws
        -> ChildProcess
    {
        let command = [Binary.path, "backup"] + arguments + ["--recovery.file=\(folder.file(recovery))"]
        return try await ChildProcess.start(
            "/bin/bash", ["-c", "\(shell) exec \"$@\"", "bash"] + command,
            options: .init(environment: ["PATH": "/usr/bin:/bin", "HOME": folder.path]))
    }

    func run(
        _ arguments: [String], shell: String = "", recovery: String = "recovery.yml"
    ) async throws -> (exit: Int32, output: String, error: String) {
        let child = try await start(arguments, shell: shell, recovery: recovery)
        let exit = await child.wait()
        let code: Int32 =
            switch exit {
            case .exited(let code): code
            case .signalled(let number): -number
            }
        return (
            code, String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self),
            String(decoding: child.standardError(limit: 1 << 20), as: UTF8.self)
        )
    }

    /// The kinds of events in the record file, without `vault_backup_`.
    var events: [String] {
        let text = (try? String(contentsOfFile: records, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { line in
            let rest = line.components(separatedBy: "\"event\":\"vault_backup_").dropFirst().first
            return rest?.components(separatedBy: "\"").first
        }
    }

    /// What is left in the folder of temporary files; the lock's file stays.
    var leftovers: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: staging)) ?? []).filter { $0 != "backup.lock" }.sorted()
    }

    /// Command lines and environments of all processes below one, where a secret would be.
    static func exposed(by pid: pid_t) -> String {
        var text = ""
        for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let other = pid_t(name),
                let stat = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let parent = stat.components(separatedBy: ") ").last?.split(separator: " ").dropFirst().first,
                other == pid || parent == "\(pid)"
            else { continue }
            for file in ["cmdline", "environ"] {
                let bytes = FileManager.default.contents(atPath: "/proc/\(name)/\(file)") ?? Data()
                text += String(decoding: bytes, as: UTF8.self).replacing("\0", with: " ") + "\n"
            }
        }
        return text
    }
}
