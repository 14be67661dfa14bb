import FoundationEssentials
import Lab
import Logging
import Platform
import Probes
import Samples
import Simulation
import Synchronization
import Testing
import Transport

@testable import Recovery

/// A restore test in virtual time: production and staging are simulated Vaults, hooks and the database are scripted.
final class RestoreRig: Sendable {
    /// How staging behaves.
    struct Behaviour: Sendable {
        /// Whether the hook `start` makes a Vault at all.
        var starts = true
        /// Whether `start` makes one that somebody has initialised.
        var isInitialised = false
        /// The exit status of the hook `reach`.
        var reach: Int32 = 1
        /// Whether `stop` fails.
        var stopFails = false
        /// Whether another Vault than that of the hooks serves at staging's address.
        var isAnother = false
        /// Changes the staging Vault as it starts.
        var vault: @Sendable (inout SimulatedVaultCluster) -> Void = { _ in }
        /// Changes the object in the bucket.
        var object: @Sendable (inout [UInt8]) -> Void = { _ in }
    }

    private struct State {
        var production: SimulatedVaultCluster
        var staging: SimulatedVaultCluster?
        var hooks: [String] = []
        var sql: [String] = []
    }

    let time = VirtualTime()
    let folder: TemporaryDirectory
    private let behaviour: Behaviour
    private let random = SeededRandom(seed: 7)
    private let state: Mutex<State>
    private let bucket: Bucket
    private let key: String

    static let production = "https://127.0.1.10:8200"
    static let staging = "https://127.0.1.30:8200"

    init(_ behaviour: Behaviour = Behaviour()) throws {
        self.behaviour = behaviour
        folder = try TemporaryDirectory()
        var options = SimulatedVaultCluster.Options()
        options.storageType = "raft"
        var production = SimulatedVaultCluster(
            options, nodes: [("vault-1", Self.production, "https://127.0.1.10:8201")], at: time.wall())
        _ = production.perform(.unseal, on: 0, at: time.now(), random: random)
        var another: SimulatedVaultCluster?
        if behaviour.isAnother {
            options.id = "00000000-0000-4000-8000-00000000000a"
            var vault = SimulatedVaultCluster(
                options, nodes: [("other", Self.staging, "https://127.0.1.30:8201")], at: time.wall())
            _ = vault.perform(.unseal, on: 0, at: time.now(), random: random)
            another = vault
            options.id = SimulatedVaultCluster.Options().id
        }
        state = Mutex(State(production: production, staging: another))
        var bucket = Bucket(vault: options)
        key = bucket.takeBackup(at: time.wall() - .seconds(3600))
        self.bucket = bucket
        for (index, key) in options.keys.enumerated() { try folder.write("key-\(index + 1)", key + "\n", mode: 0o600) }
        try folder.write("role-id", options.roleID)
        try folder.write("secret-id", options.secretID, mode: 0o600)
        try folder.write("backup-key", String(repeating: "ab", count: 32), mode: 0o600)
        try folder.write(
            "vaultwatch.yml",
            """
            vault:
              clusters: [{name: main, nodes: [{name: vault-1, url: "\(Self.production)"}], token_file: /nobody/reads/this}]
            postgres:
              servers: [{name: pg, host: 127.0.1.40, port: 5432, database: vault, user: u, password_file: /nor/this}]
            """)
    }

    deinit { folder.remove() }

    /// What the hooks did, in order.
    var hooks: [String] { state.withLock { $0.hooks } }
    /// Whether the staging Vault runs.
    var isRunning: Bool { state.withLock { $0.staging != nil } }
    /// The staging Vault's leases that were revoked.
    var revokedLeases: [String] { state.withLock { $0.staging?.revokedLeases ?? [] } }

    func configuration(_ restoreTest: String) throws -> RecoveryConfiguration {
        let path = try folder.write(
            "recovery.yml",
            """
            source: {raft: {name: main, nodes: [{name: vault-1, url: "\(Self.production)"}], token: t}}
            bucket: {bucket: b, anonymous: true}
            sets: [{name: daily, prefix: daily/, period: daily}, {name: monthly, prefix: monthly/, period: monthly}]
            encryption: {key_file: backup-key}
            staging:
              directory: \(folder.path)
              restore_test: {\(restoreTest), daemon_config: vaultwatch.yml}
            """)
        return try RecoveryConfiguration.load(path, files: SystemFiles(), environment: [:])
    }

    /// The configuration of a test that passes.
    static func passing(
        keys: [Int] = [1, 2, 3], canary: String = "path: smtp/canary/admin", url: String = staging,
        more: String = "isolated: true"
    ) -> String {
        let files = keys.map { "key-\($0)" }.joined(separator: ", ")
        return
            "kind: raft, url: \"\(url)\", key_files: [\(files)], canary: {\(canary), role_id_file: role-id, secret_id_file: secret-id}, "
            + "start: {argv: [start]}, stop: {argv: [stop]}, reach: {argv: [reach]}, \(more)"
    }

    /// Runs a test to its end.
    /// - Parameter stopIn: the phase at whose beginning it is told to stop.
    func run(
        _ restoreTest: String = passing(), choice: RestoreTest.Choice = .newest(set: nil),
        stopIn: RestorePhase? = nil
    ) async throws -> RestoreTestReport {
        let configuration = try configuration(restoreTest)
        let options = try #require(configuration.staging.restoreTest)
        let platform = Platform(
            time: time, random: random, files: SystemFiles(),
            log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let tools = RestoreTest.Tools(
            platform: platform, http: Wires(rig: self), postgres: NoDatabase(), programs: Hooks(rig: self),
            source: Source(rig: self), environment: [:])
        let running = Mutex<Task<RestoreTestReport, Never>?>(nil)
        let isOver = Mutex(false)
        let test = RestoreTest(configuration, options, tools) { progress in
            if let stopIn, progress == .began(stopIn) { running.withLock { $0?.cancel() } }
        }
        let begin = OneShot<Void>()
        let work = Task {
            await begin.value()
            let report = await test.run(choice)
            isOver.withLock { $0 = true }
            return report
        }
        running.withLock { $0 = work }
        begin.fulfil(())
        while !isOver.withLock({ $0 }) {
            if let next = time.nextDeadline { await time.advance(through: next) } else { await Task.yield() }
        }
        return await work.value
    }

    // MARK: What it talks to

    fileprivate func answer(_ request: HTTPRequest) -> Result<HTTPResponse, TransportError> {
        var headers: [String: String] = [:]
        for (name, value) in request.headers { headers[name.lowercased()] = value }
        let base = request.url.hasPrefix(Self.staging) ? Self.staging : Self.production
        let lab = LabRequest(
            method: request.method, uri: String(request.url.dropFirst(base.count)), headers: headers,
            body: request.bodyFile.map { bytes($0) } ?? request.body)
        let now = time.now()
        let reply = state.withLock { state -> LabReply in
            if base == Self.production {
                return state.production.answer(lab, node: 0, at: now, random: random).reply
            }
            guard state.staging != nil else { return .reset }
            return state.staging?.answer(lab, node: 0, at: now, random: random).reply ?? .reset
        }
        switch reply {
        case .response(let answer):
            return .success(
                HTTPResponse(
                    status: answer.status, headers: answer.headers.map { ($0.key.lowercased(), $0.value) },
                    body: answer.body))
        case .hang: return .failure(TransportError(.timeout, "no answer"))
        default: return .failure(TransportError(.reset, "connection reset"))
        }
    }

    private func bytes(_ slice: FileSlice) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(slice.count))
        let count = try? bytes.withUnsafeMutableBytes { try slice.file.read(into: $0, at: slice.offset) }
        return Array(bytes.prefix(count ?? 0))
    }

    fileprivate func hook(_ arguments: [String], _ environment: [String: String]) -> ProgramOutcome {
        let name = arguments.first ?? ""
        let now = time.now()
        return state.withLock { state in
            state.hooks.append(arguments.joined(separator: " "))
            switch name {
            case "stop":
                if behaviour.stopFails, state.staging != nil {
                    return ProgramOutcome(status: 1, words: "unit vault-test not loaded")
                }
                if !behaviour.isAnother { state.staging = nil }
            case "start" where behaviour.starts:
                var options = SimulatedVaultCluster.Options()
                options.storageType = "raft"
                options.initialised = behaviour.isInitialised
                options.id = "5741d500-0000-4000-8000-000000000000"
                (options.secrets, options.canary, options.leases) = ([:], [:], [])
                var vault = SimulatedVaultCluster(
                    options, nodes: [("staging", Self.staging, "https://127.0.1.30:8201")], at: now.wall)
                behaviour.vault(&vault)
                state.staging = vault
            case "reach": return ProgramOutcome(status: behaviour.reach, words: "")
            default: break
            }
            return ProgramOutcome(status: 0, words: "")
        }
    }

    private struct Source: RestoreSource {
        let rig: RestoreRig

        func newest(of set: String?) async throws(RestoreFailure) -> StoredBackup { try await named(rig.key) }

        func named(_ key: String) async throws(RestoreFailure) -> StoredBackup {
            guard let object = rig.bucket.objects[key] else { throw RestoreFailure(.noBackup, "there is no \(key)") }
            return StoredBackup(
                key: key, set: "daily", time: rig.time.wall() - .seconds(3600), size: Int64(object.bytes.count))
        }

        func fetch(
            _ backup: StoredBackup, within limit: Duration, progress: @escaping @Sendable (Int64) -> Void
        ) async throws(RestoreFailure) -> FetchedBackup {
            guard var bytes = rig.bucket.objects[backup.key]?.bytes else {
                throw RestoreFailure(.noBackup, "there is no \(backup.key)")
            }
            rig.behaviour.object(&bytes)
            do {
                let file = try OpenFile(unnamedIn: rig.folder.path)
                try bytes.withUnsafeBytes { try file.write($0, at: 0) }
                let check = BackupContentCheck(keys: [])
                check.take(bytes)
                return FetchedBackup(
                    file: file, size: Int64(bytes.count), sha256: check.finish()?.sha256 ?? "",
                    checksum: rig.bucket.objects[backup.key]?.metadata["checksum"], vaultVersion: "1.8.0")
            } catch { throw RestoreFailure(.space, "\(error)") }
        }

        func decrypt(_ backup: FetchedBackup) async throws(RestoreFailure) -> (file: OpenFile, size: Int64) {
            do throws(BackupFailure) {
                let opened = try BackupOpener.open(
                    backup.file, size: backup.size, keys: [rig.bucket.encryptionKey], in: rig.folder.path)
                return (opened.file, opened.size)
            } catch { throw RestoreFailure(error, verification: .decryption) }
        }
    }

    private struct Hooks: RestorePrograms {
        let rig: RestoreRig

        func run(
            _ arguments: [String], environment: [String: String], input: OpenFile?, timeout: Duration
        ) async -> ProgramOutcome { rig.hook(arguments, environment) }
    }

    private struct Wires: HTTPClient {
        let rig: RestoreRig

        func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
            try rig.answer(request).get()
        }

        func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
            async throws(TransportError) -> HTTPResponse
        {
            throw TransportError(.other, "not scripted")
        }
    }

    private struct NoDatabase: PostgresConnector {
        func connection(to options: PostgresOptions) -> any PostgresConnection { Refusing() }

        private struct Refusing: PostgresConnection {
            func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows {
                throw PostgresError(.connect, "no database in this test")
            }

            func close() async {}
        }
    }
}
