import Platform
import Probes
import Samples

/// A dump in a scratch database, on which a Vault is started.
extension RestoreTest {
    func restoreDump(
        _ content: RestoreContent, _ watched: Watched, _ run: RestoreRun, _ staging: Staging
    ) async throws(RestoreFailure) {
        guard let server = options.database else {
            throw RestoreFailure(.configuration, "restore_test needs database: the server of the scratch database")
        }
        var tables = ScratchDatabase.VaultTables()
        if case .postgres(let source) = configuration.source {
            tables.entries = source.table
            tables.locks = source.lockTable
        }
        let database = ScratchDatabase(
            name: name(), options: options, server: server, tables: tables, connector: tools.postgres,
            programs: tools.programs, files: tools.platform.files)
        let seal = try await run.phase(.database) { () async throws(RestoreFailure) in
            let leftovers = try await database.removeLeftovers()
            staging.mayHaveCreated(database)
            try await database.create()
            try await database.restore(content.file, within: run.left)
            let remarks = try await database.prepare()
            let seal = try await database.seal()
            run.note { report in
                report.seal = seal
                report.remarks += leftovers.map { "dropped the database \($0), which an earlier test left behind" }
                report.remarks += remarks
            }
            return seal
        }
        if let seal, !options.keys.isEmpty, options.keys.count < seal.threshold {
            throw RestoreFailure(
                .keys,
                "the backup needs \(seal.threshold) of \(seal.shares) unseal keys; key_files has \(options.keys.count)")
        }
        try await run.phase(.start) { () async throws(RestoreFailure) in
            try await start(
                RestoreContent(content, seal: seal), database: database.name, watched, staging)
        }
        if options.kind == .recoveryMode {
            try await readInRecoveryMode(run)
        } else {
            // Without high availability the copy can't find anybody else.
            try await unseal(seal, awaitsSeal: false, run)
            try await readCanary(watched, run)
        }
    }

    private func readInRecoveryMode(_ run: RestoreRun) async throws(RestoreFailure) {
        let reader = RecoveryModeReader(client: client, files: tools.platform.files)
        let token = try await run.phase(.unseal) { () async throws(RestoreFailure) in
            try await run.poll(.unseal) { () async throws(RestoreFailure) in
                switch await reader.isReady() {
                case true: return .success(())
                case false:
                    throw RestoreFailure(
                        .staging,
                        "staging is not in recovery mode: the hook start must run vault server -recovery when VAULTWATCH_RECOVERY is true"
                    )
                default: return .failure(.init(reason: "staging does not answer"))
                }
            }
            return try await reader.token(options.keys.map { ($0.path ?? "a key", $0) })
        }
        try await run.phase(.canary) { () async throws(RestoreFailure) in
            guard let path = options.canary?.path else { return }
            try await reader.read(path, token: token)
        }
    }

    /// A name that no other run has: the time, and chance.
    func name() -> String {
        let c = tools.platform.time.wall().civil
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
        let chance = String(tools.platform.random.next() & 0xff_ffff, radix: 16)
        return
            "\(ScratchDatabase.prefix)\(c.year)\(two(c.month))\(two(c.day))_\(two(c.hour))\(two(c.minute))\(two(c.second))_\(chance)"
    }
}

extension RestoreContent {
    /// The same with what the database told of the seal.
    init(_ content: RestoreContent, seal: SealNumbers?) {
        file = content.file
        size = content.size
        self.seal = seal
    }
}
