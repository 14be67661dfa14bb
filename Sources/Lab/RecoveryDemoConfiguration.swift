package import Samples

/// The `recovery.yml` for a simulated estate with staging: what its operator would write for `vaultwatch backup` and
/// `vaultwatch restore-test`.
package enum RecoveryDemoConfiguration {
    /// - Parameters:
    ///   - daemonConfig: the path of the daemon's configuration.
    ///   - directory: an existing folder for temporary files.
    ///   - recordFile: the file that the daemon's `records` names.
    ///   - kind: `raft`, `postgres` or `recovery_mode`; nil: as the estate stores its data.
    /// - Returns: nil for an estate without staging.
    package static func text(
        _ estate: EstateEndpoints, daemonConfig: String, directory: String, recordFile: String, kind: String? = nil
    ) -> String? {
        guard let staging = estate.staging else { return nil }
        let nodes = estate.nodes.map { "{name: \($0.name), url: \"\($0.url)\"}" }.joined(separator: ", ")
        let ca = estate.caFile.map { ", ca_file: \($0)" } ?? ""
        func connection(_ database: EstateEndpoints.Database) -> String {
            "host: \(database.host), port: \(database.port), database: \(database.database), user: \(database.user), password_file: \(database.passwordFile)"
        }
        let cluster = "name: \(estate.clusterName), nodes: [\(nodes)]\(ca)"
        let source =
            staging.source.map { "postgres: {cluster: \(estate.clusterName), \(connection($0)), vault: {\(cluster)}}" }
            ?? "raft: {\(cluster), token_file: \(estate.backupTokenFile)}"
        let kind = kind ?? (staging.scratch == nil ? "raft" : "postgres")
        let database = kind == "raft" ? "" : staging.scratch.map { "    database: {\(connection($0))}\n" } ?? ""
        let tls = estate.caFile.map { "    ca_file: \($0)\n" } ?? ""
        return """
            # Written by vaultwatch-demo for its simulated estate.
            source:
              \(source)
            bucket:
              bucket: \(estate.bucket.name)
              endpoint: \(estate.bucket.endpoint)
              region: \(estate.bucket.region)
              path_style: true
              access_key_id_file: \(estate.bucket.accessKeyFile)
              secret_access_key_file: \(estate.bucket.secretKeyFile)
            sets:
              - {name: daily, prefix: daily/, period: daily, retention: 30}
              - {name: monthly, prefix: monthly/, period: monthly, retention: 12}
            encryption: {key_file: \(estate.bucket.encryptionKeyFile)}
            record_file: \(recordFile)
            staging:
              directory: \(directory)
              restore_test:
                kind: \(kind)
                url: \(staging.url)
            \(tls)    key_files: [\(staging.unsealKeyFiles.joined(separator: ", "))]
            \(database)    start: {argv: [sh, -c, 'curl -sSf -X POST "\(staging.hooksURL)/start?database=$VAULTWATCH_DATABASE&recovery=$VAULTWATCH_RECOVERY"']}
                stop: {argv: [curl, -sSf, -X, POST, "\(staging.hooksURL)/stop"]}
                canary: {path: \(estate.canaryPath), role_id_file: \(estate.roleIDFile), secret_id_file: \(estate.secretIDFile)}
                # Nothing of this estate is real, so that nothing real can be reached.
                isolated: true
                daemon_config: \(daemonConfig)

            """
    }

    /// What the procedures of such an estate have recorded: last night's backup, last week's restore test, and a drill.
    package static func records(at now: Timestamp) -> String {
        let backup = Bucket.scheduled(before: now)
        let events = [
            (
                "dr_drill_completed", backup - .seconds(40 * 86_400),
                #""scenario":"node-failure","success":true,"rto_met":true"#
            ),
            ("vault_backup_test_success", backup - .seconds(3 * 86_400), #""duration_ms":21900"#),
            ("vault_backup_completed", backup, ""),
        ]
        return events.map { event, time, details in
            "{\"event\":\"\(event)\",\"timestamp\":\"\(time.rfc3339)\",\"details\":{\(details)}}\n"
        }.joined()
    }
}
