import Foundation
import Lab
import Platform
import TestServers
import Testing

/// `vaultwatch restore-test` with snapshots of integrated storage: the real program, a simulated bucket and staging Vault.
@Suite(.serialized) struct SnapshotRestoreTests {
    private struct Report: Decodable {
        struct Phase: Decodable {
            let phase: String
            let seconds: Double
        }
        let passed: Bool
        let backup: String
        let phases: [Phase]
        let recovery_seconds: Double
        let backup_age_seconds: Double
        let proves: [String]
    }

    @Test func theNewestBackupComesBackToAReadableSecret() async throws {
        let staged = try await StagedEstate.start()
        let file = try staged.configuration()
        let (status, output, error) = try await staged.restore(file, ["--output=json"])
        #expect(status == 0, "\(output)\(error)")
        let report = try JSONDecoder().decode(Report.self, from: Data(output.utf8))
        #expect(report.passed && report.backup.hasPrefix("daily/") || report.backup.hasPrefix("monthly/"))
        for phase in ["fetch", "checksum", "decrypt", "structure", "start", "restore", "unseal", "active", "canary"] {
            #expect(report.phases.contains { $0.phase == phase }, "\(phase)")
        }
        #expect(report.recovery_seconds > 0 && report.recovery_seconds < 60)
        #expect(report.proves.contains("the unseal keys at hand open the copy"))
        let record = try staged.lastRecord()
        #expect(record.event == "vault_backup_test_success")
        #expect((record.details["phases_ms"] as? [String: Double])?["canary"] != nil)
        #expect(record.details["restore_kind"] as? String == "raft")
        #expect(staged.estate.staging?.isRunning == false, "the hook stop ended it")
        try staged.expectNoSecrets([output, error])
        // For people: the same in words.
        let text = try await staged.restore(file, ["--set=daily"])
        #expect(text.status == 0 && text.output.contains("passed: the copy itself gave the secret"), "\(text)")
        #expect(text.output.contains("needs 3 of 5 unseal keys"))
        await staged.stop()
    }

    /// Each failure by its name, with its exit status, its record and no copy left.
    private func expect(
        _ status: Int32, _ words: String, _ staged: StagedEstate, _ changes: [(String, String)] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await staged.restore(try staged.configuration(changes))
        #expect(result.status == status, "\(result.output)\(result.error)", sourceLocation: sourceLocation)
        #expect(result.output.contains(words), "\(result.output)", sourceLocation: sourceLocation)
        #expect(try staged.lastRecord().event == "vault_backup_test_failure", sourceLocation: sourceLocation)
        #expect(staged.estate.staging?.isRunning == false, sourceLocation: sourceLocation)
        try staged.expectNoSecrets([result.output, result.error], sourceLocation: sourceLocation)
    }

    @Test func eachFailureIsToldByItsName() async throws {
        let staged = try await StagedEstate.start()
        let staging = try #require(staged.endpoints.staging)
        // Staging that is production, and one that nobody calls isolated.
        try await expect(
            30, "which is watched", staged, [("url: \(staging.url)", "url: \(staged.endpoints.nodes[0].url)")])
        try await expect(30, "isolated: true", staged, [("    isolated: true\n", "")])
        try await expect(30, "daemon's configuration", staged, [("vaultwatch.yml", "none.yml")])
        // A staging that reaches production, and one that cannot tell.
        let reach = "    reach: {argv: [\"%\"]}\n    # Nothing"
        try await expect(
            30, "it is not isolated", staged, [("    # Nothing", reach.replacingOccurrences(of: "%", with: "true"))])
        try await expect(
            34, "cannot tell", staged,
            [("    # Nothing", "    reach: {argv: [sh, -c, exit 7]}\n    # Nothing")])
        // The keys: another's, and too few.
        let wrong = try staged.folder.write("wrong-key", String(repeating: "5c", count: 33) + "\n", mode: 0o600)
        try await expect(35, "do not open this backup", staged, [(staging.unsealKeyFiles[1], wrong)])
        try await expect(35, "needs 3 of 5", staged, [(", \(staging.unsealKeyFiles[2])", "")])
        try await expect(35, "same unseal key", staged, [(staging.unsealKeyFiles[2], staging.unsealKeyFiles[0])])
        // The credential, the secret.
        let other = try staged.folder.write("other-secret-id", "0000\n", mode: 0o600)
        try await expect(37, "secret_id does not end", staged, [(staged.endpoints.secretIDFile, other)])
        // The hooks.
        try await expect(34, "the hook start failed", staged, [("sh, -c, 'curl -sSf", "sh, -c, 'exit 3; curl -sSf")])
        // The bucket, and what is in it.
        let key = try staged.folder.write("other-key", String(repeating: "07", count: 32) + "\n", mode: 0o600)
        try await expect(32, "tag matches with none", staged, [(staged.endpoints.bucket.encryptionKeyFile, key)])
        staged.estate.changeBucket { $0.corruptNewest() }
        try await expect(31, "its metadata says", staged)
        staged.estate.changeBucket { $0.saveInstead(Array("PGDMP".utf8) + [1, 14, 0]) }
        try await expect(33, "ends too early", staged)
        staged.estate.failBucket(.accessDenied)
        try await expect(14, "AccessDenied", staged)
        await staged.stop()
    }

    /// Issue: `backup run` makes a backup that `restore-test` brings back to a readable secret, with a verifying S3.
    @Test func whatBackupRunMadeComesBack() async throws {
        let staged = try await StagedEstate.start()
        let moto = try await Moto.start()
        let bucket = "restored-\(UUID().uuidString.lowercased())"
        _ = try await ChildProcess.run("curl", ["-sSf", "-X", "PUT", "\(moto.endpoint)/\(bucket)"])
        let file = try staged.configuration([
            ("endpoint: \(staged.endpoints.bucket.endpoint)", "endpoint: \(moto.endpoint)"),
            ("bucket: \(staged.endpoints.bucket.name)", "bucket: \(bucket)"),
        ])
        let none = try await staged.restore(file)
        #expect(none.status == 19, "an empty bucket: \(none)")
        let made = try await Binary.run(["backup", "run", "--recovery.file=\(file)"])
        #expect(made.exit == .exited(0), "\(made.output)\(made.error)")
        let (status, output, error) = try await staged.restore(file)
        #expect(status == 0, "\(output)\(error)")
        #expect(output.contains("vault-snapshot-"))
        await moto.stop()
        await staged.stop()
    }

    /// The daemon watches the record: a test that fails is a message.
    @Test func aFailureIsAPage() async throws {
        let staged = try await StagedEstate.start()
        let good = try staged.configuration()
        let wrong = try staged.folder.write("wrong-key", String(repeating: "5c", count: 33) + "\n", mode: 0o600)
        let keys = try #require(staged.endpoints.staging?.unsealKeyFiles)
        #expect(try await staged.restore(try staged.configuration([(keys[0], wrong)])).status == 35)
        let agent = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(staged.daemonConfig)"])
        func told(_ words: String) async -> Bool {
            await waitUntil(atMost: .seconds(60)) {
                staged.estate.inbox.messages().contains { "\($0)".contains(words) }
            }
        }
        #expect(await told("The last restore test failed"))
        #expect(await agent.terminate(grace: .seconds(30)) == .exited(0))
        #expect(try await staged.restore(good).status == 0)
        let text = try String(contentsOfFile: staged.records, encoding: .utf8)
        #expect(text.split(separator: "\n").count == 2, "\(text)")
        await staged.stop()
    }

    /// A test that is told to stop removes its copy and records nothing.
    @Test func aSignalEndsItAndRemovesTheCopy() async throws {
        let staged = try await StagedEstate.start()
        // An election that lasts.
        staged.estate.staging?.change { $0.restoreTimes.election = .seconds(60) }
        let child = try await ChildProcess.start(
            Binary.path, ["restore-test", "--recovery.file=\(try staged.configuration())"])
        #expect(await waitUntil(atMost: .seconds(30)) { staged.estate.staging?.isRunning == true })
        #expect(child.signal(SIGTERM))
        #expect(await child.wait() == .exited(18))
        #expect(staged.estate.staging?.isRunning == false)
        #expect(!FileManager.default.fileExists(atPath: staged.records))
        await staged.stop()
    }

    /// One that was killed can't remove it: what the unit runs after it does.
    @Test func theUnitRemovesTheCopyOfAKilledTest() async throws {
        let staged = try await StagedEstate.start()
        staged.estate.staging?.change { $0.restoreTimes.election = .seconds(60) }
        let file = try staged.configuration()
        let child = try await ChildProcess.start(Binary.path, ["restore-test", "--recovery.file=\(file)"])
        #expect(await waitUntil(atMost: .seconds(30)) { staged.estate.staging?.isRunning == true })
        #expect(child.signal(SIGKILL))
        await child.wait()
        #expect(staged.estate.staging?.isRunning == true)
        let (status, _, error) = try await staged.restore(file, ["--clean-up"])
        #expect(status == 0, "\(error)")
        #expect(staged.estate.staging?.isRunning == false)
        await staged.stop()
    }
}
