import Foundation
import Lab
import Platform
import Samples
import Simulation
import TestServers
import Testing
import Transport

/// Hours of virtual time through the whole agent, parsing as in production: a calm estate with now and then a fault, and
/// one whose targets answer the worst that they can. `VAULTWATCH_VIRTUAL_HOURS=n` for longer, as `make soak` does; a
/// failing run prints the seed that `VAULTWATCH_SEED=n` replays.
@Suite(.serialized) struct VirtualSoakTests {
    private static let hours =
        ProcessInfo.processInfo.environment["VAULTWATCH_VIRTUAL_HOURS"].flatMap(Int.init) ?? 1
    private static let seed =
        ProcessInfo.processInfo.environment["VAULTWATCH_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...9999)

    private static let short = "storage: {retention: 2m}"

    /// Faults of Vault come and go: each is told, each ends within its time, and memory stays what it was.
    @Test func aDayOfFaults() throws {
        let random = SeededRandom(seed: Self.seed)
        let rig = try StateRig { $0.configuration = Self.short }
        let usage = Growth()
        for hour in 0..<Self.hours {
            for _ in 0..<4 {
                rig.pass(.seconds(300))
                let node = random.below(3)
                let fault = Fault.allCases[random.below(Fault.allCases.count)]
                rig.perform(fault.action, on: node)
                rig.pass(.seconds(240))
                #expect(
                    !Set(rig.firing.keys).isDisjoint(with: fault.alerts),
                    "seed \(Self.seed), hour \(hour): \(fault) of node \(node) gives \(rig.firing.keys.sorted())")
                rig.perform(.start, on: node)
                rig.perform(.unseal, on: node)
                rig.pass(.seconds(360))
                let left = rig.firing.keys.filter { $0 != "Watchdog" && !Self.reports.contains($0) }
                #expect(left.isEmpty, "seed \(Self.seed), hour \(hour): after \(fault) of node \(node) \(left) go on")
            }
            usage.note(hour: hour, of: Self.hours)
        }
        rig.stop()
        usage.check("seed \(Self.seed)")
    }

    /// They speak of the last minutes, not of what is.
    private static let reports: Set<String> = [
        "VaultFailoverSlow", "VaultLeadershipFlapping", "VaultSecretReadsLossy", "VaultErrorRateHigh",
    ]

    private enum Fault: CaseIterable {
        case killed, sealed, hung, failing

        var action: SimulatedVaultCluster.Action {
            switch self {
            case .killed: .kill
            case .sealed: .seal
            case .hung: .hang
            case .failing: .storageError
            }
        }

        var alerts: Set<String> {
            switch self {
            case .killed, .hung: ["VaultNodeUnreachable"]
            case .sealed: ["VaultSealed"]
            case .failing: ["VaultNodeStorageError"]
            }
        }
    }

    /// Beside a healthy cluster there is one whose nodes answer anything, and a database and a bucket that do. The page
    /// of the healthy one comes all the same.
    @Test func hostileHours() throws {
        let random = SeededRandom(seed: Self.seed)
        let pages = Pages()
        let rig = try StateRig { estate in
            estate.configuration = """
                postgres: {servers: [{name: bad, cluster: bad, host: bad-db, database: vault, user: u, sslmode: disable}]}
                backups:
                  - {bucket: bad, endpoint: 'https://bad-bucket', region: r, path_style: true, access_key_id_file: /token, \
                secret_access_key_file: /token, poll_interval: 15s, timeout: 4s, sets: [{name: daily, prefix: daily/, period: daily}]}
                \(Self.short)
                """
            estate.otherClusters = """
                - name: bad
                  nodes: [{name: bad-1, url: "https://bad-1:8200"}, {name: bad-2, url: "https://bad-2:8200"}]
                  token_file: /token
                  canary_path: secret/canary
                """
            estate.receivers = """
                route: {receiver: nobody, routes: [{matchers: ['alertname="VaultSealed"', 'cluster="prod"'], receiver: page, group_wait: 0s, group_interval: 1s}]}
                  receivers: [{name: nobody}, {name: page, webhook_configs: [{url: "https://page/"}]}]
                """
            let time = estate.time
            estate.answer = { request in
                if request.url.hasPrefix("https://page") {
                    pages.add(request.body, time.monotonic())
                    return .success(.response(LabResponse(200)))
                }
                guard request.url.hasPrefix("https://bad") else { return nil }
                return Hostility.answer(random)
            }
            estate.databases["bad-db"] = { _ in Hostility.rows(random) }
        }
        rig.pass(.seconds(60))
        let usage = Growth()
        var latencies: [Duration] = []
        for hour in 0..<Self.hours {
            for _ in 0..<12 {
                for (action, word) in [(SimulatedVaultCluster.Action.seal, "firing"), (.unseal, "resolved")] {
                    let node = rig.leader ?? 0
                    let target = action == .seal ? node : rig.sealed ?? node
                    let began = rig.now
                    rig.perform(action, on: target)
                    rig.pass(.seconds(150))
                    guard let told = pages.first(word, after: began) else {
                        Issue.record("seed \(Self.seed), hour \(hour): no page of \(word)")
                        continue
                    }
                    latencies.append(told - began)
                }
            }
            usage.note(hour: hour, of: Self.hours)
        }
        rig.stop()
        let worst = latencies.max() ?? .zero
        // A poll, and what the page takes; virtual time, so that no machine is too slow for it.
        #expect(worst <= .seconds(12), "seed \(Self.seed): \(worst)")
        usage.check("seed \(Self.seed)")
        print("\(Self.hours) hostile h: \(latencies.count) pages, the latest after \(worst)")
    }
}

/// Pages as the receiver got them.
private final class Pages: @unchecked Sendable {
    private var all: [(text: String, at: Instant)] = []

    func add(_ body: [UInt8], _ at: Instant) { all.append((String(decoding: body, as: UTF8.self), at)) }

    func first(_ status: String, after begin: Instant) -> Instant? {
        all.first { $0.at >= begin && $0.text.contains("\"status\":\"\(status)\"") }?.at
    }
}

/// The resident size of this process at a tenth of the time and at its end. Swift Testing keeps a backtrace of every
/// error that is thrown, up to 2 MiB an hour, so that this finds only what grows fast; `SoakTests` and
/// `HostileEstateTests` hold the real process to 5 %.
private final class Growth {
    private var first = 0
    private var last = 0
    private var hours = 0

    func note(hour: Int, of hours: Int) {
        last = (try? ProcessStatus(of: getpid()).residentBytes) ?? 0
        self.hours = hours
        if hour <= hours / 10 { first = max(first, last) }
    }

    func check(_ comment: Comment) {
        #expect(last > 0)
        #expect(last <= first + (hours * 4) << 20, "\(comment): resident \(first), then \(last)")
        print("resident \(first >> 20) MiB at a tenth, \(last >> 20) MiB at the end")
    }
}

/// What targets may answer.
enum Hostility {
    private static let values = [
        "-9223372036854775808", "9223372036854775807", "18446744073709551616", "1e308", "-1e308", "null", "\"NaN\"",
        "\"\"", "[]", "{}", "true", "-1", "\"\u{fffd}\"",
    ]
    private static let long = "\"" + String(repeating: "v", count: 65_536) + "\""

    /// Seldom a long one: reading those takes most of the time.
    private static func value(_ random: SeededRandom) -> String {
        random.below(500) == 0 ? long : values[random.below(values.count)]
    }

    private static let names = [
        "initialized", "sealed", "standby", "performance_standby", "server_time_utc", "version", "cluster_name",
        "cluster_id", "t", "n", "progress", "type", "storage_type", "ha_enabled", "is_self", "leader_address",
        "active_time", "last_wal", "raft_applied_index", "clock_skew_ms", "data", "errors", "auth", "lease_duration",
        "replication_dr_mode", "replication_performance_mode", "migration", "recovery_seal",
    ]
    private static let texts: [String] = [
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 50_000), "", "<html>", "\u{0}",
        "# TYPE vault_core_unsealed gauge\nvault_core_unsealed{a=\"\(String(repeating: "x", count: 100_000))\"} 1\n",
        String(repeating: "# TYPE a counter\n", count: 10_000),
        "<ListBucketResult>" + String(repeating: "<a>", count: 100_000),
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>",
    ]

    /// An answer, or none.
    static func answer(_ random: SeededRandom) -> Result<LabReply, TransportError> {
        let status = [200, 200, 200, 429, 472, 473, 474, 500, 501, 503, 530, 307, 100, 999, 204][random.below(15)]
        switch random.below(40) {
        case 0: return .success(.hang)
        case 1: return .success(.reset)
        case 2: return .failure(TransportError(.tls, "certificate"))
        case 3: return .success(.response(LabResponse(status, body: Array(texts[random.below(texts.count)].utf8))))
        case 4:
            return .success(
                .response(
                    LabResponse(
                        status,
                        headers: ["Retry-After": "9223372036854775807", "x-amz-bucket-region": "\u{1}", "ETag": ""],
                        body: (0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) })))
        default:
            let fields = names.filter { _ in random.chance(70) }.map {
                "\"\($0)\":\(value(random))"
            }
            return .success(.response(LabResponse(status, body: Array("{\(fields.joined(separator: ","))}".utf8))))
        }
    }

    private static let columns = [
        "number", "version", "recovery", "started", "clock", "position", "active", "idle", "in_transaction", "total",
        "available", "longest", "waiting", "hidden", "name", "state", "sent", "written", "flushed", "replayed", "lag",
        "slot", "type", "retained", "size", "live", "dead", "xid", "multixact", "owner", "remaining", "status",
    ]

    /// Rows of a database.
    static func rows(_ random: SeededRandom) -> Result<PostgresRows, PostgresError> {
        if random.chance(10) { return .failure(PostgresError(.timeout, "silent")) }
        let rows = (0..<random.below(20)).map { _ in
            columns.map { _ -> String? in
                random.chance(20) ? nil : value(random).filter { $0 != "\"" }
            }
        }
        return .success(PostgresRows(columns: columns, rows: rows))
    }
}
