import Foundation
import Glibc
import Lab
import Platform
import Samples
import Testing
import TestServers

/// Runs that do not reach their end: nothing is left, and the next one succeeds.
@Suite(.serialized) struct BackupInterruptionTests {
    /// Larger than 64 MiB, so that it goes in parts.
    private static let large = SnapshotSource.snapshot(secrets: 3, filler: 70)

    private func world(_ source: SnapshotSource, _ bucket: WritableBucket) throws -> BackupWorld {
        try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
    }

    @Test(
        .timeLimit(.minutes(3)),
        arguments: ["source", "list", "head", "create", "part", "complete", "get"])
    func killedRunLeavesNothing(phase: String) async throws {
        let source = try await SnapshotSource.start(Self.large)
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        if phase == "source" {
            source.become(.hang)
        } else {
            // In the second part, so that one is there.
            bucket.fail { call, before in call.rawValue == phase && (phase != "part" || before == 1) ? .hang : nil }
        }
        let child = try await world.start(["run", "--set=daily"])
        let reached = await waitUntil(atMost: .seconds(60)) {
            phase == "source"
                ? source.tokens.contains { !$0.isEmpty } : bucket.calls.contains { $0.rawValue == phase }
        }
        try #require(reached, "\(String(decoding: child.standardError(limit: 4096), as: UTF8.self))")
        #expect(child.signal(SIGKILL))
        #expect(await child.wait() == .signalled(SIGKILL))
        // Only the note of what is to be aborted.
        let noted = ["part", "complete"].contains(phase)
        #expect(world.leftovers == (noted ? ["pending-uploads.jsonl"] : []) || phase == "get" || phase == "create")
        source.become(.whole)
        bucket.heal()
        let next = try await world.run(["run", "--set=monthly"])
        #expect(next.exit == 0, "\(next.error)")
        #expect(world.leftovers == [])
        if phase != "create" { #expect(bucket.openIDs.isEmpty) }
        #expect(world.events == ["started", "started", "completed"])
        await bucket.stop()
        await source.stop()
    }

    /// A timer that is stopped, or Ctrl-C: what was begun is taken back, and the failure is recorded.
    @Test(.timeLimit(.minutes(2)), arguments: [SIGTERM, SIGINT]) func stoppedRunTakesBackWhatItBegan(
        signal: Int32
    ) async throws {
        let source = try await SnapshotSource.start(Self.large)
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        bucket.fail { call, before in call == .part && before == 1 ? .hang : nil }
        let child = try await world.start(["run", "--set=daily"])
        #expect(await waitUntil(atMost: .seconds(60)) { bucket.calls.count { $0 == .part } > 1 })
        #expect(child.signal(signal))
        #expect(await child.wait() == .exited(18))
        #expect(bucket.openIDs.isEmpty && bucket.objects.isEmpty && world.leftovers == [])
        #expect(world.events == ["started", "failed"])
        await bucket.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(2))) func secondRunIsRefused() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        source.become(.hang)
        let child = try await world.start(["run"])
        #expect(await waitUntil(atMost: .seconds(30)) { source.tokens.contains { !$0.isEmpty } })
        let second = try await world.run(["run"])
        #expect(second.exit == 16 && second.error.contains("another run is under way"), "\(second.error)")
        #expect(try await world.run(["prune"]).exit == 16)
        await child.terminate()
        // A run that was refused is no failed backup.
        #expect(world.events == ["started", "failed"])
        await bucket.stop()
        await source.stop()
    }

    /// A file may not grow further: as on a full disk.
    @Test(.timeLimit(.minutes(2))) func fullDiskIsTold() async throws {
        let source = try await SnapshotSource.start(Self.large)
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        let made = try await world.run(["run", "--set=daily"], shell: "ulimit -f 20000;")
        #expect(made.exit == 12 && made.error.contains("a temporary file in"), "\(made.error)")
        #expect(bucket.objects.isEmpty && world.leftovers == [])
        #expect(world.events == ["started", "failed"])
        #expect(try await world.run(["run", "--set=daily"]).exit == 0)
        await bucket.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(2)), arguments: ["part", "complete"])
    func bucketThatFailsInTheMiddleKeepsNoParts(phase: String) async throws {
        let source = try await SnapshotSource.start(Self.large)
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        bucket.fail { call, before in
            call.rawValue == phase && (phase != "part" || before >= 2) ? .status(403, "AccessDenied") : nil
        }
        let made = try await world.run(["run", "--set=daily"])
        #expect(made.exit == 14 && made.error.contains("AccessDenied"), "\(made.error)")
        #expect(bucket.openIDs.isEmpty && bucket.objects.isEmpty && world.leftovers == [])
        #expect(world.events == ["started", "failed"])
        await bucket.stop()
        await source.stop()
    }

    /// Uploads that nobody has noted: of backups, below the sets' prefixes, and older than any run.
    @Test(.timeLimit(.minutes(1))) func abandonedUploadsAreAborted() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        let now = SystemTime().wall()
        let old = now - .seconds(2 * 86_400)
        let name = "vault-snapshot-20261101-020000.enc"
        bucket.abandon("daily/2026-11-01/\(name)", id: "left", begun: old)
        bucket.abandon("daily/2026-11-01/\(name)", id: "under way", begun: now)
        bucket.abandon("daily/film.mp4", id: "no backup", begun: old)
        bucket.abandon("other/\(name)", id: "elsewhere", begun: old)
        #expect(try await world.run(["run", "--set=daily"]).exit == 0)
        #expect(bucket.openIDs == ["under way", "no backup", "elsewhere"])
        await bucket.stop()
        await source.stop()
    }

    /// One failure of a part is no failure of the run.
    @Test(.timeLimit(.minutes(2))) func partIsSentAgain() async throws {
        let source = try await SnapshotSource.start(Self.large)
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        bucket.fail { call, before in call == .part && before == 1 ? .reset : nil }
        let made = try await world.run(["run", "--set=daily"])
        #expect(made.exit == 0, "\(made.error)")
        #expect(bucket.calls.count { $0 == .part } == 6)
        await bucket.stop()
        await source.stop()
    }

    /// Neither in arguments nor in the environment, the output, the records or a file.
    @Test(.timeLimit(.minutes(2))) func secretsAreNowhere() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try world(source, bucket)
        bucket.fail { call, _ in call == .put ? .hang : nil }
        let child = try await world.start(["run", "--set=daily"])
        #expect(await waitUntil(atMost: .seconds(30)) { bucket.calls.contains(.put) })
        var text = BackupWorld.exposed(by: child.pid)
        #expect(text.contains("recovery.yml"))
        #expect(child.signal(SIGTERM))
        await child.wait()
        text += String(decoding: child.standardError(limit: 1 << 20), as: UTF8.self)
        text += String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self)
        text += (try? String(contentsOfFile: world.records, encoding: .utf8)) ?? ""
        for secret in [SnapshotSource.token, BackupWorld.secret, BackupWorld.key] { #expect(!text.contains(secret)) }
        #expect(world.leftovers == [])
        await bucket.stop()
        await source.stop()
    }
}
