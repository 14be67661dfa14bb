package import Platform
import Probes
package import Transport

/// Restores a backup into the staging Vault and reads a secret there. It passes only if the copy itself answered.
package struct RestoreTest: Sendable {
    /// What a restore test works with.
    package struct Tools: Sendable {
        /// Clocks, files, random numbers.
        package var platform: Platform
        /// For Vault.
        package var http: any HTTPClient
        /// For the scratch database.
        package var postgres: any PostgresConnector
        /// For hooks and pg_restore.
        package var programs: any RestorePrograms
        /// Where the backup comes from.
        package var source: any RestoreSource
        /// This process's environment, for the daemon's configuration.
        package var environment: [String: String]

        /// All of them.
        package init(
            platform: Platform, http: any HTTPClient, postgres: any PostgresConnector, programs: any RestorePrograms,
            source: any RestoreSource, environment: [String: String]
        ) {
            self.platform = platform
            self.http = http
            self.postgres = postgres
            self.programs = programs
            self.source = source
            self.environment = environment
        }
    }

    /// Which backup is tested.
    package enum Choice: Sendable, Hashable {
        /// The newest of a set, or of all.
        case newest(set: String?)
        /// The one of a key.
        case named(String)
    }

    let configuration: RecoveryConfiguration
    let options: RestoreTestOptions
    let tools: Tools
    let client: StagingClient
    private let observe: @Sendable (RestoreProgress) -> Void

    /// - Parameters:
    ///   - options: the configuration's `restore_test`.
    ///   - observe: called as the test goes on.
    package init(
        _ configuration: RecoveryConfiguration, _ options: RestoreTestOptions, _ tools: Tools,
        observe: @escaping @Sendable (RestoreProgress) -> Void = { _ in }
    ) {
        self.configuration = configuration
        var options = options
        options.program = options.program ?? RestoreTest.newestProgram(tools.platform.files)
        self.options = options
        self.tools = tools
        self.observe = observe
        client = StagingClient(options, http: tools.http)
    }

    /// The newest pg_restore that Debian and Ubuntu installed: it reads the dumps of all older versions.
    private static func newestProgram(_ files: any FileAccess) -> String? {
        let installed = files.glob("/usr/lib/postgresql/*/bin/pg_restore").compactMap { path in
            path.split(separator: "/").dropFirst(3).first.flatMap { Int($0) }.map { (version: $0, path: path) }
        }
        return installed.max { $0.version < $1.version }?.path
    }

    /// The lock against two tests at a time, in the folder of temporary files.
    package static func lockPath(_ configuration: RecoveryConfiguration) -> String {
        configuration.staging.directory + "/restore-test.lock"
    }

    /// Runs the test and removes the copy, whatever came of it. Cancelling the task ends the phase under way and cleans
    /// up.
    package func run(_ choice: Choice = .newest(set: nil)) async -> RestoreTestReport {
        let run = RestoreRun(kind: options.kind, limit: options.timeout, time: tools.platform.time, observe: observe)
        let lock: FileLock
        do throws(FileError) { lock = try FileLock(RestoreTest.lockPath(configuration)) } catch {
            let isHeld = error.reason == FileLock.isHeld
            run.note {
                $0.failure = RestoreFailure(
                    isHeld ? .busy : .space,
                    isHeld ? "another restore test is under way: it holds \(error.path)" : error.description)
            }
            return run.result
        }
        let staging = Staging(folder: configuration.staging.directory, files: tools.platform.files)
        do throws(RestoreFailure) {
            try await perform(choice, run, staging)
        } catch {
            run.note { $0.failure = error }
        }
        // What was begun is removed even when the test was told to stop: a task that nobody cancels.
        await Task { await cleanUp(run, staging) }.value
        withExtendedLifetime(lock) {}
        return run.result
    }

    private func perform(_ choice: Choice, _ run: RestoreRun, _ staging: Staging) async throws(RestoreFailure) {
        let watched = try await run.phase(.guarding) { () async throws(RestoreFailure) in try await guardStaging() }
        let backup = try await run.phase(.select) { () async throws(RestoreFailure) in
            let backup =
                switch choice {
                case .newest(let set): try await tools.source.newest(of: set)
                case .named(let key): try await tools.source.named(key)
                }
            run.note {
                $0.backup = backup.key
                $0.set = backup.set
                $0.made = backup.time
                $0.sizeBytes = backup.size
            }
            return backup
        }
        let content = try await content(of: backup, run)
        switch options.kind {
        case .raft: try await restoreSnapshot(content, watched, run, staging)
        case .postgres, .recoveryMode: try await restoreDump(content, watched, run, staging)
        }
    }

    /// From the bucket to a whole, decrypted file.
    private func content(of backup: StoredBackup, _ run: RestoreRun) async throws(RestoreFailure) -> RestoreContent {
        let fetched = try await run.phase(.fetch) { () async throws(RestoreFailure) in
            try await tools.source.fetch(backup, within: run.left) {
                run.tell(.fetched(bytes: $0, of: backup.size, key: backup.key))
            }
        }
        run.note { $0.vaultVersion = fetched.vaultVersion }
        try await run.phase(.checksum) { () async throws(RestoreFailure) in
            guard let checksum = fetched.checksum else {
                run.note { $0.remarks.append("the object's metadata has no checksum to compare") }
                return
            }
            guard checksum == fetched.sha256 else {
                throw RestoreFailure(
                    .checksum,
                    "\(backup.key) has the SHA-256 \(fetched.sha256), but its metadata says \(checksum): it is damaged, or was replaced"
                )
            }
        }
        let plain = try await run.phase(.decrypt) { () async throws(RestoreFailure) in
            try await tools.source.decrypt(fetched)
        }
        let content = try await run.phase(.structure) { () async throws(RestoreFailure) in
            try await RestoreContent(plain.file, size: plain.size, options, tools.programs, within: run.left)
        }
        run.note { $0.seal = content.seal }
        return content
    }

    // MARK: Before anything is touched

    private func guardStaging() async throws(RestoreFailure) -> Watched {
        let estate = try await WatchedEstate(
            configuration, daemonConfig: options.daemonConfig, environment: tools.environment, platform: tools.platform)
        let resolver = HostAddresses(platform: tools.platform)
        let watched = await estate.addresses(resolver)
        let staging = await WatchedEstate.endpoint(options.url, label: "staging", resolver)
        var database: [WatchedAddresses.Endpoint] = []
        if let server = options.database { database = await WatchedEstate.endpoints(server, resolver) }
        try RestoreGuard.check(options, staging, database, watched)
        let (ids, isComplete) = await estate.clusterIDs(tools.http)
        return Watched(addresses: watched, clusterIDs: ids, isComplete: isComplete)
    }

    /// What staging must not be.
    struct Watched: Sendable {
        var addresses: WatchedAddresses
        var clusterIDs: Set<String>
        /// Whether every watched cluster told its id.
        var isComplete: Bool
    }

    func hooks(_ content: RestoreContent?, database: String? = nil) -> RestoreHooks {
        var environment = [
            "VAULTWATCH_KIND": options.kind.rawValue, "VAULTWATCH_URL": options.url,
            "VAULTWATCH_RECOVERY": options.kind == .recoveryMode ? "true" : "false",
        ]
        environment["VAULTWATCH_DATABASE"] = database
        environment["VAULTWATCH_SHARES"] = content?.seal.map { String($0.shares) }
        environment["VAULTWATCH_THRESHOLD"] = content?.seal.map { String($0.threshold) }
        return RestoreHooks(options: options, programs: tools.programs, environment: environment)
    }
}
