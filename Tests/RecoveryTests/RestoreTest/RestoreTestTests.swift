import FoundationEssentials
import Lab
import Platform
import Probes
import Samples
import Simulation
import Testing

@testable import Recovery

/// A whole restore test of a snapshot, in virtual time: each trap of a real Vault is a case.
struct RestoreTestTests {
    @Test func theNewestBackupGivesItsSecret() async throws {
        let rig = try RestoreRig()
        let report = try await rig.run()
        #expect(report.hasPassed, "\(report.failure?.description ?? "")")
        #expect(report.seal == SealNumbers(shares: 5, threshold: 3))
        #expect(report.backupAgeSeconds == 3600)
        let phases = report.phases.map(\.phase)
        #expect(
            phases == [
                .guarding, .select, .fetch, .checksum, .decrypt, .structure, .start, .restore, .unseal, .active,
                .canary,
                .cleanup,
            ])
        // Two elections of 8.2 s, and the 5.5 s until it seals itself.
        #expect((21...25).contains(report.recoverySeconds), "\(report.recoverySeconds)")
        #expect(!rig.isRunning)
        #expect(
            rig.hooks == [
                "stop", "reach 127.0.1.10 8200", "reach 127.0.1.10 8200", "reach 127.0.1.40 5432", "start", "stop",
            ])
        let event = report.event(at: rig.time.wall())
        #expect(event.kind == .restoreTestSucceeded)
        #expect(event.details.phases?["active"] ?? 0 > 8000)
        #expect(event.details.backupAge == 3_600_000)
        #expect(event.details.duration == report.recoverySeconds * 1000)
    }

    /// What a failed test leaves: its kind, the phase, a record, and no copy.
    private func expect(
        _ kind: RestoreFailure.Kind, in phase: RestorePhase, _ words: String = "",
        _ behaviour: RestoreRig.Behaviour = .init(), _ configuration: String = RestoreRig.passing(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let rig = try RestoreRig(behaviour)
        let report = try await rig.run(configuration)
        let failure = try #require(report.failure, sourceLocation: sourceLocation)
        #expect(failure.kind == kind && failure.phase == phase, "\(failure)", sourceLocation: sourceLocation)
        #expect(failure.message.contains(words), "\(failure)", sourceLocation: sourceLocation)
        let event = report.event(at: rig.time.wall())
        #expect(event.kind == .restoreTestFailed, sourceLocation: sourceLocation)
        #expect(event.details.failedPhase == phase.rawValue, sourceLocation: sourceLocation)
        #expect(event.details.duration == nil, sourceLocation: sourceLocation)
        #expect(!rig.isRunning, sourceLocation: sourceLocation)
    }

    // MARK: The backup

    @Test func aFlippedByteIsFoundByTheChecksum() async throws {
        try await expect(.checksum, in: .checksum, "SHA-256", .init(object: { $0[$0.count / 2] ^= 1 }))
    }

    @Test func ofAnUnknownBackupThereIsNone() async throws {
        let rig = try RestoreRig()
        let report = try await rig.run(choice: .named("daily/none"))
        #expect(report.failure?.kind == .noBackup && rig.hooks.isEmpty)
    }

    // MARK: The keys

    @Test func twoKeysOfThreeAreTooFew() async throws {
        try await expect(.keys, in: .unseal, "needs 3 of 5", .init(), RestoreRig.passing(keys: [1, 2]))
    }

    @Test func theSameShareTwice() async throws {
        try await expect(.keys, in: .unseal, "holds the same unseal key", .init(), RestoreRig.passing(keys: [1, 1, 2]))
    }

    // MARK: Staging

    @Test func withoutTheStatementOfIsolationNothingIsTouched() async throws {
        try await expect(
            .refused, in: .guarding, "isolated", .init(), RestoreRig.passing(more: "timeout: 10m"))
    }

    @Test func stagingThatIsProductionIsRefusedByItsAddress() async throws {
        let rig = try RestoreRig()
        let report = try await rig.run(RestoreRig.passing(url: RestoreRig.production))
        #expect(report.failure?.kind == .refused && report.failure?.phase == .guarding)
        #expect(report.failure?.message.contains("main/vault-1, which is watched") == true)
        #expect(rig.hooks.isEmpty)
    }

    /// Under another address, production still has its cluster id; so has a copy that somebody forgot.
    @Test func stagingWithProductionsClusterIDIsRefused() async throws {
        let rig = try RestoreRig(
            .init(
                isInitialised: true,
                vault: {
                    $0.options.id = SimulatedVaultCluster.Options().id
                    for key in $0.options.keys.prefix(3) {
                        _ = $0.answer(
                            LabRequest(
                                method: "PUT", uri: "/v1/sys/unseal", body: Array("{\"key\":\"\(key)\"}".utf8)),
                            node: 0, at: .init(monotonic: .init(nanoseconds: 0), wall: .init(milliseconds: 0)),
                            random: SeededRandom(seed: 3))
                    }
                }))
        let report = try await rig.run(
            RestoreRig.passing(more: "isolated: true, token: s.LabRootToken00000000000"))
        #expect(report.failure?.kind == .refused && report.failure?.phase == .start, "\(report.failure as Any)")
        #expect(report.failure?.message.contains("cluster id of one that is watched") == true)
    }

    /// It may be production under an address that nobody compared, while its nodes do not tell their id.
    @Test func aVaultThatTheHooksDoNotStopIsRefused() async throws {
        let rig = try RestoreRig(.init(isAnother: true))
        let report = try await rig.run()
        #expect(report.failure?.kind == .refused && report.failure?.phase == .start, "\(report.failure as Any)")
        #expect(report.failure?.message.contains("still serves") == true)
        #expect(!rig.hooks.contains("start"), "nothing was started")
    }

    @Test func stagingThatReachesProductionIsRefused() async throws {
        let rig = try RestoreRig(.init(reach: 0))
        let report = try await rig.run()
        #expect(report.failure?.kind == .refused && report.failure?.phase == .start)
        #expect(!rig.hooks.contains("start"), "nothing was started")
    }

    @Test func aCheckOfReachThatFailsProvesNothing() async throws {
        try await expect(.staging, in: .start, "cannot tell", .init(reach: 255))
    }

    @Test func aVaultThatDoesNotStartEndsInTime() async throws {
        let rig = try RestoreRig(.init(starts: false))
        let report = try await rig.run(RestoreRig.passing(more: "isolated: true, timeout: 2m"))
        #expect(report.failure?.kind == .timeout && report.failure?.phase == .start)
        #expect(report.failure?.message.contains("2 min") == true)
        #expect(rig.time.monotonic().nanoseconds < 130_000_000_000)
    }

    /// The numbers that it has would stay in its memory through the restore.
    @Test func anInitialisedStagingWithOtherNumbersIsToldBeforeTheRestore() async throws {
        let unsealed: @Sendable (inout SimulatedVaultCluster) -> Void = { vault in
            vault.options.keys = [String(repeating: "ab", count: 32)]
            vault.options.threshold = 1
            _ = vault.answer(
                LabRequest(
                    method: "PUT", uri: "/v1/sys/unseal",
                    body: Array("{\"key\":\"\(String(repeating: "ab", count: 32))\"}".utf8)),
                node: 0, at: .init(monotonic: .init(nanoseconds: 0), wall: .init(milliseconds: 0)),
                random: SeededRandom(seed: 3))
        }
        try await expect(
            .keys, in: .start, "staging has 1 of 1", .init(isInitialised: true, vault: unsealed),
            RestoreRig.passing(more: "isolated: true, token: s.LabRootToken00000000000"))
    }

    // MARK: The secret

    @Test func aSecretThatTheCredentialMayNotReadIsNoPass() async throws {
        try await expect(
            .credential, in: .canary, "403", .init(), RestoreRig.passing(canary: "path: smtp/none/admin"))
    }

    /// A token that was renewed in production since the backup is dead in the copy; that is no failed restore.
    @Test func aCredentialThatEndedIsToldApart() async throws {
        let rig = try RestoreRig()
        try rig.folder.write("secret-id", "another", mode: 0o600)
        let report = try await rig.run()
        #expect(report.failure?.kind == .credential && report.failure?.phase == .canary)
        #expect(report.failure?.message.contains("secret_id does not end") == true)
    }

    // MARK: The end

    /// A copy that stays is a failure of its own: it has all of production's secrets.
    @Test func aCopyThatStaysIsAFailure() async throws {
        let rig = try RestoreRig(.init(stopFails: true))
        let report = try await rig.run()
        #expect(report.failure?.kind == .staging && report.failure?.phase == .cleanup)
        #expect(report.remarks.contains { $0.contains("still holds the copy") })
    }

    @Test(arguments: [RestorePhase.start, .restore, .unseal, .active])
    func aSignalEndsItAndTheCopyIsRemoved(phase: RestorePhase) async throws {
        let rig = try RestoreRig()
        let report = try await rig.run(stopIn: phase)
        #expect(report.failure?.kind == .interrupted, "\(report.failure as Any)")
        #expect(!rig.isRunning && rig.hooks.last == "stop")
    }

    @Test func twoTestsAtATimeAreOne() async throws {
        let rig = try RestoreRig()
        let lock = try FileLock(RestoreTest.lockPath(rig.configuration(RestoreRig.passing())))
        let report = try await rig.run()
        #expect(report.failure?.kind == .busy && rig.hooks.isEmpty)
        withExtendedLifetime(lock) {}
    }

    /// Every kind has an exit status of its own.
    @Test func exitStatusesDiffer() {
        let all = RestoreFailure.Kind.allCases.map(\.exitStatus)
        #expect(Set(all).count == all.count && !all.contains(0) && !all.contains(1))
    }

    /// What a program reads: nothing that is not there, and no value of the secret.
    @Test func theReportAsJSON() async throws {
        let report = try await RestoreRig().run()
        let text = String(decoding: try JSONEncoder().encode(report), as: UTF8.self)
        #expect(text.contains("\"passed\":true") && text.contains("\"leaves_open\""))
        for secret in SimulatedVaultCluster.Options().keys + ["postmaster"] { #expect(!text.contains(secret)) }
    }
}
