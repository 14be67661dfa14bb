import Lab
import Platform
import Samples
import Simulation
import Transport

/// The faults that were tried on a real estate, and others, with what on-call is to get of each.
enum FaultTable {
    static let rows = tried + further

    /// After a crash or a broken connection.
    private static let second = Duration.seconds(1)
    /// After a silent change: a poll and a second.
    private static let poll = Duration.seconds(6)

    // MARK: Tried on a real estate

    private static let tried: [FaultRow] = [
        FaultRow(
            name: "kill -9 of a standby", loudness: .chat, cause: "vault-3", within: second,
            begin: { $0.kill(2) }, end: { $0.startNodes() }),
        FaultRow(
            name: "kill -9 of the active node", loudness: .chat, cause: "vault-1", within: second,
            begin: { $0.kill($0.leader) }, end: { $0.startNodes() }),
        FaultRow(
            name: "seal of the active node", loudness: .page, cause: "vault-1 is sealed", within: poll,
            begin: { $0.rig.perform(.seal, on: $0.leader) }, end: { $0.startNodes() }),
        FaultRow(
            name: "the active node hangs", loudness: .chat, cause: "vault-1 hangs", within: poll,
            begin: { $0.rig.perform(.hang, on: $0.leader) }, end: { $0.startNodes() }),
        FaultRow(
            name: "step-down", loudness: .nothing, cause: "", within: .zero,
            begin: { $0.rig.perform(.stepDown, on: $0.leader) }, end: { _ in }),
        FaultRow(
            name: "PostgreSQL primary stopped", loudness: .page, cause: "PostgreSQL primary pg-1 does not answer",
            within: second,
            begin: { $0.stop("pg-1") }, end: { $0.estate.startPrimary() }),
        FaultRow(
            name: "PostgreSQL primary hangs", loudness: .page, cause: "PostgreSQL primary pg-1 hangs", within: poll,
            begin: { $0.estate.freezePrimary() }, end: { $0.estate.startPrimary() }),
        FaultRow(
            name: "a replica stopped", loudness: .chat, cause: "PostgreSQL replica pg-2", within: second,
            begin: { $0.stop("pg-2") }, end: { $0.estate.stopped = [] }),
        FaultRow(
            name: "all nodes sealed one after the other", loudness: .page, cause: "is sealed", within: poll,
            begin: { rig in
                for node in [2, 1, 0] {
                    rig.rig.perform(.seal, on: node)
                    rig.rig.pass(.seconds(10))
                }
            }, end: { $0.startNodes() }),
        FaultRow(
            name: "all nodes killed", loudness: .page, cause: "vault-", within: second,
            begin: { rig in for node in 0..<3 { rig.kill(node) } }, end: { $0.startNodes() }),
        FaultRow(
            name: "object store hangs", loudness: .mail, cause: "cannot be listed", within: .seconds(1300),
            lasts: .seconds(1500),
            begin: { $0.estate.isStoreSilent = true }, end: { $0.estate.isStoreSilent = false }),
    ]

    // MARK: Further ones

    private static let further: [FaultRow] = [
        FaultRow(
            name: "a node is cut off from PostgreSQL alone", loudness: .chat, cause: "vault-3 cannot reach its storage",
            within: poll,
            begin: { $0.rig.perform(.storageError, on: 2) }, end: { $0.startNodes() }),
        cutOff("the agent is cut off from everything", .unreachable, "network is unreachable"),
        FaultRow(
            name: "the load balancer is down", loudness: .page, cause: "load balancer", within: poll,
            begin: { $0.estate.balance = { _ in nil } },
            end: { $0.estate.balance = FaultEstate.toActive }),
        FaultRow(
            name: "the load balancer is pinned to a standby", loudness: .mail, cause: "load balancer",
            within: .seconds(120), lasts: .seconds(150), recovers: .seconds(700),
            begin: { $0.estate.balance = { _ in 2 } },
            end: { $0.estate.balance = FaultEstate.toActive }),
        FaultRow(
            name: "replication to one replica is cut", loudness: .chat, cause: "pg-2", within: .seconds(100),
            lasts: .seconds(400), recovers: .seconds(700),
            begin: { $0.estate.cut["pg-2"] = $0.rig.now }, end: { $0.estate.cut = [:] }),
        FaultRow(
            name: "a replica is promoted: two primaries", loudness: .page, cause: "2 primaries", within: .seconds(15),
            recovers: .seconds(1200),
            begin: { $0.estate.promoted = ["pg-2"] }, end: { $0.estate.promoted = [] }),
        FaultRow(
            name: "archiving fails, and fills the disk of the primary", loudness: .page,
            cause: "pg-1 cannot archive", within: .seconds(800), lasts: .seconds(2400),
            recovers: .seconds(900),
            begin: { rig in
                rig.estate.archiverFailsSince = rig.rig.now
                rig.estate.estate.after(.seconds(1200)) { _ in rig.estate.databaseBytes = 98 << 30 }
            },
            end: { rig in
                rig.estate.archiverFailsSince = nil
                rig.estate.databaseBytes = 4 << 30
            }),
        FaultRow(
            name: "an audit device blocks", loudness: .page, cause: "audit device", within: .seconds(10),
            begin: { $0.estate.estate.vault.options.audit = .blocked },
            end: { $0.estate.estate.vault.options.audit = .working }),
        FaultRow(
            name: "the watcher's token has ended", loudness: .mail, cause: "vaultwatch's token",
            within: .seconds(400), lasts: .seconds(500),
            begin: { $0.estate.estate.vault.options.tokens["s.LabWatchToken0000000000"] = nil },
            end: { $0.estate.estate.vault.options.tokens["s.LabWatchToken0000000000"] = ["default", "watch"] }),
        FaultRow(
            name: "an authority that the watcher does not trust, after a rotation", loudness: .page,
            cause: "TLS handshake with Vault node vault-", within: poll,
            begin: { rig in
                rig.estate.network = { request in
                    request.url.hasPrefix("https://vault-") || request.url.hasPrefix("https://lb")
                        ? TransportError(.tls, "unable to get local issuer certificate") : nil
                }
            },
            end: { $0.estate.network = { _ in nil } }),
        FaultRow(
            name: "the clock of a node is minutes off", loudness: .mail, cause: "clock of Vault node vault-3",
            within: .seconds(140), lasts: .seconds(300),
            begin: { $0.estate.estate.vault.nodes[2].traits.clockOffset = .seconds(240) },
            end: { $0.estate.estate.vault.nodes[2].traits.clockOffset = .zero }),
        cutOff("no name is resolved any more", .dns, "could not resolve host"),
        FaultRow(
            name: "latency of 500 ms", loudness: .mail, cause: "Reading a secret", within: .seconds(400),
            lasts: .seconds(600),
            begin: { rig in
                rig.estate.estate.delay = {
                    FaultReceivers.isOf($0) ? .milliseconds(2) : .milliseconds(500)
                }
            },
            end: { $0.estate.estate.delay = { _ in .milliseconds(2) } }),
        FaultRow(
            name: "packets are lost: three of ten requests", loudness: .mail, cause: "Reading a secret",
            within: .seconds(1200), lasts: .seconds(1200), recovers: .seconds(5000),
            begin: { rig in
                let random = rig.estate.estate.random
                // A request that is lost, or its answer, is sent again after 0.2, 0.6, 1.4 … s, as TCP does.
                rig.estate.estate.delay = { request in
                    guard request.url.hasPrefix("https://vault-") || request.url.hasPrefix("https://lb") else {
                        return .milliseconds(2)
                    }
                    var delay = Duration.milliseconds(2)
                    var timer = Duration.milliseconds(200)
                    while random.below(100) < 51, delay < .seconds(30) {
                        delay += timer
                        timer = timer * 2
                    }
                    return delay
                }
            },
            end: { $0.estate.estate.delay = { _ in .milliseconds(2) } }),
        FaultRow(
            name: "the service that unseals the nodes is gone", loudness: .chat, cause: "does not reach the service",
            within: .seconds(700), lasts: .seconds(900),
            prepare: { whole in
                whole.estate.vault.options.version = "1.17.6"
                whole.estate.vault.options.features.sealType = "awskms"
                whole.estate.vault.options.features.sealBackends = ["awskms": true]
            },
            begin: { $0.estate.estate.vault.options.features.sealBackends = ["awskms": false] },
            end: { $0.estate.estate.vault.options.features.sealBackends = ["awskms": true] }),
        FaultRow(
            name: "two nodes of another cluster behind one name", loudness: .chat, cause: "2 different clusters",
            within: .seconds(20), lasts: .seconds(300),
            begin: { rig in
                for node in [1, 2] {
                    rig.estate.estate.vault.nodes[node].traits.clusterID = "ffffffff-b6ca-2d00-319e-639e2185b348"
                }
            },
            end: { rig in for node in [1, 2] { rig.estate.estate.vault.nodes[node].traits.clusterID = nil } }),
        FaultRow(
            name: "a backup is missing", loudness: .chat, cause: "newest backup of set daily", within: .seconds(4000),
            lasts: .seconds(4000),
            prepare: { whole in
                whole.bucket.bucket.fill(skipping: 1)
                whole.bucket.bucket.takeBackup(at: StateRig.begin - .seconds(86_100))
                whole.bucket.dueSoon()
            },
            begin: { _ in }, end: { _ = $0.estate.bucket.bucket.takeBackup(at: $0.rig.wall) }),
        backup("truncated", "is corrupt") { bucket in
            guard let key = bucket.newestKey, let object = bucket.objects[key] else { return }
            bucket.put(
                key, bytes: Array(object.bytes.prefix(object.bytes.count / 2)), metadata: object.metadata,
                modified: object.modified)
        },
        backup("damaged", "is corrupt") { $0.corruptNewest() },
        backup("of another key", "cannot be decrypted") { bucket in
            guard let key = bucket.newestKey, let object = bucket.objects[key] else { return }
            var other = Bucket(name: "other", seed: 99)
            other.save(
                key, Backup.snapshot((0..<20_000).map { UInt8(truncatingIfNeeded: ($0 &* $0 &* 31) >> 7) }),
                metadata: object.metadata, modified: object.modified)
            guard let sealed = other.objects[key] else { return }
            bucket.put(key, bytes: sealed.bytes, metadata: sealed.metadata, modified: object.modified)
        },
    ]

    /// The agent reaches its receivers and nothing else.
    private static func cutOff(_ name: String, _ reason: TransportError.Reason, _ words: String) -> FaultRow {
        FaultRow(
            name: name, loudness: .page, cause: "vaultwatch sees nothing", within: poll,
            begin: { rig in
                rig.estate.network = { FaultReceivers.isOf($0) ? nil : TransportError(reason, words) }
                rig.estate.databaseNetwork = reason
            },
            end: { rig in
                rig.estate.network = { _ in nil }
                rig.estate.databaseNetwork = nil
            })
    }

    /// A new backup that is not what it should be.
    private static func backup(_ name: String, _ cause: String, _ change: @escaping @Sendable (inout Bucket) -> Void)
        -> FaultRow
    {
        FaultRow(
            name: "the newest backup is \(name)", loudness: .chat, cause: cause, within: .seconds(600),
            lasts: .seconds(900),
            begin: { rig in
                rig.estate.bucket.bucket.takeBackup(at: rig.rig.wall)
                change(&rig.estate.bucket.bucket)
            },
            end: { $0.estate.bucket.bucket.takeBackup(at: $0.rig.wall) })
    }
}
