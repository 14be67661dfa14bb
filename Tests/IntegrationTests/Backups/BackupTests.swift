import Foundation
import Lab
import Platform
import Samples
import Synchronization
import Testing
import TestServers

/// `vaultwatch backup` as people and timers run it: against Vault nodes that answer as recorded, and a bucket.
@Suite(.serialized) struct BackupTests {
    /// With a server that verifies every signature.
    @Test(.timeLimit(.minutes(3))) func roundTripOnABucketThatVerifiesSignatures() async throws {
        let snapshot = SnapshotSource.snapshot(secrets: 3)
        let source = try await SnapshotSource.start(snapshot)
        let moto = try await Moto.start(openRequests: 1_000_000)
        let keys = try await moto.user(bucket: WritableBucket.name)
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: moto.endpoint, keys: keys)

        let check = try await Binary.run(["check", "config", world.folder.file("recovery.yml")])
        #expect(check.exit == .exited(0) && check.output.contains("fine"), "\(check.error)")

        let made = try await world.run(["run", "--output=json"])
        try #require(made.exit == 0, "\(made.error)")
        let body = try #require(
            try JSONSerialization.jsonObject(with: Data(made.output.utf8)) as? [String: Any])
        let stored = try #require(body["keys"] as? [String])
        // The first ever run makes both.
        #expect(stored.count == 2 && stored[0].hasPrefix("daily/") && stored[1].hasPrefix("monthly/"))
        #expect(body["vault_version"] as? String == "1.15.6")
        let facts = try #require(body["snapshot"] as? [String: Any])
        #expect(facts["secrets"] as? Int == 3 && facts["index"] as? Int == 51 && facts["threshold"] as? Int == 3)
        #expect(world.events == ["started", "completed"])
        #expect(world.leftovers == [])

        let list = try await world.run(["list"])
        #expect(stored.allSatisfy { list.output.contains($0) }, "\(list.output)\(list.error)")
        let verified = try await world.run(["verify"])
        #expect(verified.exit == 0 && verified.output.contains("good"), "\(verified.error)")

        let path = world.folder.file("vault.snap")
        let fetched = try await world.run(["fetch", "--to=\(path)"])
        #expect(fetched.exit == 0, "\(fetched.error)")
        #expect(FileManager.default.contents(atPath: path).map { [UInt8]($0) } == snapshot)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        // A file that exists is not overwritten.
        #expect(try await world.run(["fetch", "--to=\(path)"]).exit == 12)

        // The daemon's own check agrees: Python's library opens it, and its SHA-256 is that of the metadata.
        let sum = try #require(body["sha256"] as? String)
        #expect(sum.utf8.count == 64)
        await moto.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(1))) func wrongKeysOfTheBucketAreToldAndRecorded() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        bucket.fail { _, _ in .status(403, "SignatureDoesNotMatch") }
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        let made = try await world.run(["run"])
        #expect(made.exit == 14 && made.error.contains("SignatureDoesNotMatch"), "\(made.error)")
        #expect(world.events == ["started", "failed"])
        // Nothing was asked of Vault: there was nowhere to put it.
        #expect(source.tokens == [[], []])
        await bucket.stop()
        await source.stop()
    }

    /// Each class of byte, and another key.
    @Test(
        .timeLimit(.minutes(2)),
        arguments: ["iv", "tag", "ciphertext", "last byte", "truncated", "other key", "no checksum"])
    func damageIsFoundByVerify(place: String) async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        let made = try await world.run(["run", "--set=daily"])
        try #require(made.exit == 0, "\(made.error)")
        let key = try #require(bucket.objects.keys.first)
        bucket.change(key) { object in
            switch place {
            case "iv": object.bytes[0] ^= 1
            case "tag": object.bytes[16] ^= 1
            case "ciphertext": object.bytes[object.bytes.count / 2] ^= 1
            case "last byte": object.bytes[object.bytes.count - 1] ^= 0x80
            case "truncated": object.bytes.removeLast(100)
            case "no checksum":
                object.metadata = [:]
                object.bytes[40] ^= 1
            default: break
            }
        }
        if place == "other key" {
            try world.write(key: "other-key", source: BackupWorld.raft(source), endpoint: bucket.url)
        }
        let verified = try await world.run(["verify", "--set=daily"])
        #expect(verified.exit == 15, "\(verified.error)")
        #expect(verified.error.contains(place == "other key" ? "encrypted with another key" : "damaged"))
        let fetched = try await world.run(["fetch", key, "--to=\(world.folder.file("x"))"])
        #expect(fetched.exit == 15)
        #expect(!FileManager.default.fileExists(atPath: world.folder.file("x")))
        await bucket.stop()
        await source.stop()
    }

    private func nextSecond() async {
        let second = Int(Date().timeIntervalSince1970)
        #expect(await waitUntil { Int(Date().timeIntervalSince1970) > second })
    }

    /// What the bucket stored is not what was sent: the run says so, although the bucket said 200.
    @Test(.timeLimit(.minutes(1))) func readBackFindsWhatTheBucketBroke() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        bucket.fail { call, _ in call == .put ? .corrupt : nil }
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        let made = try await world.run(["run"])
        #expect(made.exit == 15, "\(made.error)")
        #expect(world.events == ["started", "failed"])
        // What was not read back whole is no backup of its month either: the next run makes both. Their names have seconds.
        bucket.heal()
        await nextSecond()
        let again = try await world.run(["run", "--output=json"])
        try #require(again.exit == 0, "\(again.error)")
        let body = try #require(try JSONSerialization.jsonObject(with: Data(again.output.utf8)) as? [String: Any])
        let keys = try #require(body["keys"] as? [String])
        #expect(keys.count == 2 && keys[1].hasPrefix("monthly/"), "\(keys)")
        // From then on the month has one.
        await nextSecond()
        let third = try await world.run(["run", "--output=json"])
        let last = try #require(try JSONSerialization.jsonObject(with: Data(third.output.utf8)) as? [String: Any])
        #expect((last["keys"] as? [String])?.count == 1)
        #expect(world.leftovers == [])
        await bucket.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(1))) func leaderThatChangesMeanwhileIsFollowed() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        // Vault fails over in the middle of the snapshot: read again, from the new leader.
        source.become(.dies(after: 300))
        let made = try await world.run(["run", "--set=daily"])
        #expect(made.exit == 0, "\(made.error)")
        #expect(source.tokens == [[SnapshotSource.token], [SnapshotSource.token]])
        #expect(world.events == ["started", "completed"])
        // Between the question and the snapshot: a redirect, to a node that is configured.
        source.become(.redirects(to: source.nodes[0].url))
        let second = try await world.run(["run", "--set=daily"])
        #expect(second.exit == 0, "\(second.error)")
        await bucket.stop()
        await source.stop()
    }

    /// The token goes to no node that is not configured.
    @Test(.timeLimit(.minutes(1))) func foreignNodeGetsNoToken() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3), nodes: 1)
        let foreign = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3), nodes: 1)
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        source.become(.redirects(to: foreign.nodes[0].url))
        let made = try await world.run(["run"])
        #expect(made.exit == 10 && made.error.contains("is no node under source.raft"), "\(made.error)")
        #expect(foreign.tokens == [[]])
        await foreign.stop()
        await bucket.stop()
        await source.stop()
    }

    @Test(
        .timeLimit(.minutes(1)),
        arguments: [
            (403, "permission denied", "needs read on sys/storage/raft/snapshot"),
            (404, "unsupported path", "source.postgres"),
        ]) func refusalSaysWhatToDo(status: Int, message: String, advice: String) async throws
    {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        source.become(.status(status, message))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        let made = try await world.run(["run"])
        #expect(made.exit == 10 && made.error.contains(advice), "\(made.error)")
        #expect(!made.error.contains(SnapshotSource.token))
        await bucket.stop()
        await source.stop()
    }

    /// What Vault gives is looked at before it is stored.
    @Test(.timeLimit(.minutes(1))) func brokenSnapshotIsNotStored() async throws {
        let source = try await SnapshotSource.start(Array(SnapshotSource.snapshot(secrets: 3).dropLast(40)))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        let made = try await world.run(["run"])
        #expect(made.exit == 11, "\(made.error)")
        #expect(bucket.objects.isEmpty)
        await bucket.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(1))) func snapshotThatLostItsSecretsNeedsAWord() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3, index: 100))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        #expect(try await world.run(["run", "--set=monthly"]).exit == 0)
        for (snapshot, word) in [
            (SnapshotSource.snapshot(secrets: 0, index: 101), "no secret"),
            (SnapshotSource.snapshot(secrets: 3, index: 99), "below the 100"),
        ] {
            source.give(snapshot)
            let made = try await world.run(["run", "--set=daily"])
            #expect(made.exit == 17 && made.error.contains(word), "\(made.error)")
            #expect(bucket.objects.count == 1)
        }
        let accepted = try await world.run(["run", "--set=daily", "--accept-reset"])
        #expect(accepted.exit == 0 && accepted.error.contains("below the 100"), "\(accepted.error)")
        #expect(bucket.objects.count == 2)
        #expect(world.events.suffix(2) == ["started", "completed"])
        await bucket.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(1))) func pruneKeepsTheCalendarAndTheNewest() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(
            source: BackupWorld.raft(source), endpoint: bucket.url,
            sets: "  - {name: daily, prefix: daily/, period: daily, retention: 3, floor: 2}")
        #expect(try await world.run(["run"]).exit == 0)
        let newest = try #require(bucket.objects.keys.first)
        var keys: [String] = []
        for days in 1...5 {
            let stamp = Date(timeIntervalSinceNow: -86_400 * Double(days)).ISO8601Format().prefix(10)
            keys.append("daily/\(stamp)/vault-snapshot-\(stamp.filter(\.isNumber))-020000.enc")
            bucket.add(keys[days - 1])
        }
        bucket.add("daily/readme.txt")
        let locked = Bucket.Lock(mode: "GOVERNANCE", until: SystemTime().wall() + .seconds(86_400))
        bucket.change(keys[4]) { $0.lock = locked }

        let dry = try await world.run(["prune", "--dry-run", "--output=json"])
        #expect(dry.exit == 0, "\(dry.error)")
        #expect(bucket.objects.count == 7)
        #expect(dry.output.components(separatedBy: "would be deleted").count == 3, "\(dry.output)")
        #expect(dry.output.contains("Object Lock retains it until"))

        // The newest is damaged: nothing is deleted.
        let whole = try #require(bucket.objects[newest])
        bucket.change(newest) { $0.bytes[100] ^= 1 }
        let refused = try await world.run(["prune"])
        #expect(refused.exit == 0 && refused.output.contains("nothing is deleted"), "\(refused.output)")
        #expect(bucket.objects.count == 7)

        bucket.change(newest) { $0 = whole }
        let pruned = try await world.run(["prune"])
        #expect(pruned.exit == 0, "\(pruned.error)")
        #expect(Set(bucket.objects.keys) == Set([newest, "daily/readme.txt", keys[0], keys[1], keys[4]]))
        await bucket.stop()
        await source.stop()
    }

    @Test(.timeLimit(.minutes(1))) func unknownSetAndEmptyBucketAreTold() async throws {
        let source = try await SnapshotSource.start(SnapshotSource.snapshot(secrets: 3))
        let bucket = try await WritableBucket.start()
        let world = try BackupWorld(source: BackupWorld.raft(source), endpoint: bucket.url)
        let unknown = try await world.run(["run", "--set=hourly"])
        #expect(unknown.exit == 19 && unknown.error.contains("expected daily and monthly"), "\(unknown.error)")
        #expect(try await world.run(["verify"]).exit == 19)
        #expect(try await world.run(["fetch", "--to=\(world.folder.file("x"))"]).exit == 19)
        #expect(try await world.run(["prune", "--dry-run"]).exit == 0)
        #expect(try await world.run(["verify", "daily/none.enc"]).exit == 19)
        await bucket.stop()
        await source.stop()
    }
}
