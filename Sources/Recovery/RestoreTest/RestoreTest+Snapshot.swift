import Platform
import Probes
import Transport

/// A snapshot by `snapshot-force`.
extension RestoreTest {
    func restoreSnapshot(
        _ content: RestoreContent, _ watched: Watched, _ run: RestoreRun, _ staging: Staging
    ) async throws(RestoreFailure) {
        guard content.seal != nil || options.keys.isEmpty else {
            throw RestoreFailure(
                .configuration,
                "the backup's seal is not Shamir's: leave out key_files, its key service unseals the copy")
        }
        let token = try await run.phase(.start) { () async throws(RestoreFailure) in
            try await startFresh(content, watched, run, staging)
        }
        try await run.phase(.restore) { () async throws(RestoreFailure) in
            // From here on staging holds the copy.
            staging.mayHaveStarted()
            let slice = FileSlice(file: content.file, offset: 0, count: content.size)
            switch await client.restore(slice, token: token, within: run.left) {
            case .value: return
            case .status(let status, let words):
                let kind: RestoreFailure.Kind =
                    words.contains("snapshot file") || words.contains("decompress") ? .structure : .staging
                throw RestoreFailure(kind, "staging refuses the snapshot: \(status) \(words)")
            case .silent(let reason): throw RestoreFailure(.staging, "staging does not take the snapshot: \(reason)")
            }
        }
        try await unseal(content.seal, awaitsSeal: true, run)
        try await readCanary(watched, run)
    }

    /// Starts the staging Vault and gives it keys of its own.
    /// - Returns: a token that may restore.
    private func startFresh(
        _ content: RestoreContent, _ watched: Watched, _ run: RestoreRun, _ staging: Staging
    ) async throws(RestoreFailure) -> Secret {
        try await start(content, watched, staging)
        let status = try await run.poll(.start) { () async throws(RestoreFailure) in
            switch await client.sealStatus() {
            case .value(let status): return .success(status)
            case .status(let code, let words): return .failure(.init(reason: "staging answers \(code) \(words)"))
            case .silent(let reason): return .failure(.init(reason: "staging does not answer: \(reason)"))
            }
        }
        if let storage = status.storageType, storage != "raft" {
            throw RestoreFailure(
                .staging,
                "staging's storage is \(storage): a snapshot can only be restored into integrated storage (raft); for dumps there is the kind postgres"
            )
        }
        guard !status.initialized else { return try await reuse(status, content, watched, run) }
        let isAutomatic = status.type ?? "shamir" != "shamir"
        guard isAutomatic == (content.seal == nil) else {
            throw RestoreFailure(
                .staging,
                "the backup's seal is \(content.seal == nil ? "automatic" : "Shamir's") and staging's is \(status.type ?? "unknown"): give staging the seal stanza of the source, with a key service that it may reach"
            )
        }
        let made: StagingClient.Initialised
        switch await client.initialise(content.seal) {
        case .value(let answer): made = answer
        case .status(let code, let words):
            throw RestoreFailure(.staging, "staging is not initialised: \(code) \(words)")
        case .silent(let reason): throw RestoreFailure(.staging, "staging is not initialised: \(reason)")
        }
        for key in made.keys.prefix(content.seal?.threshold ?? 0) {
            guard let text = try? key.reveal(tools.platform.files) else { continue }
            if case .status(let code, let words) = await client.unseal(text) {
                throw RestoreFailure(.staging, "staging does not take its own key: \(code) \(words)")
            }
        }
        try await awaitLeader(watched, run)
        return made.token
    }

    /// A staging Vault that somebody has initialised: it must be known to be none of those that are watched.
    private func reuse(
        _ status: StagingSealStatus, _ content: RestoreContent, _ watched: Watched, _ run: RestoreRun
    ) async throws(RestoreFailure) -> Secret {
        guard watched.isComplete else {
            throw RestoreFailure(
                .refused,
                "staging is already initialised, and not every watched cluster tells its id, so that it cannot be told apart from production: let the hooks start and stop make it fresh"
            )
        }
        guard let token = options.token else {
            throw RestoreFailure(
                .configuration,
                "staging is already initialised and restore_test has no token: let the hooks start and stop make it fresh, or name a token of it that may restore"
            )
        }
        guard !status.sealed else {
            throw RestoreFailure(
                .staging, "staging is sealed with keys of its own: unseal it, or let the hooks make it fresh")
        }
        if let seal = content.seal, status.t != seal.threshold || status.n != seal.shares {
            throw RestoreFailure(
                .keys,
                "the backup needs \(seal.threshold) of \(seal.shares) unseal keys, staging has \(status.t) of \(status.n) and would keep that: initialise it with the backup's numbers"
            )
        }
        try await awaitLeader(watched, run)
        do throws(FileError) { return Secret(value: try await token.revealInTime(tools.platform.files)) } catch {
            throw RestoreFailure(.configuration, "restore_test's token: \(error)")
        }
    }

    /// Waits until staging serves, and looks once more at who it is.
    private func awaitLeader(_ watched: Watched, _ run: RestoreRun) async throws(RestoreFailure) {
        let check = ActivationCheck(watched: watched.addresses)
        try await run.poll(.start) { () async throws(RestoreFailure) -> Result<Void, RestoreRun.Pending> in
            let health = await client.health()
            try RestoreGuard.check(health, watched: watched.clusterIDs)
            switch check.verdict(health, await client.leader()) {
            case .active:
                // Without an id nothing was compared.
                guard case .value(let health) = health, health.clusterID?.isEmpty == false else {
                    return .failure(.init(reason: "staging does not tell its cluster id"))
                }
                return .success(())
            case .wait(let reason): return .failure(.init(reason: reason))
            case .fail(let failure): throw failure
            }
        }
    }
}

extension RestoreTest {
    /// Runs the hooks that make staging a fresh Vault: `stop` first, for what a killed run left behind.
    func start(
        _ content: RestoreContent, database: String? = nil, _ watched: Watched, _ staging: Staging
    ) async throws(RestoreFailure) {
        let hooks = hooks(content, database: database)
        if options.start != nil { try await hooks.run(options.stop, "stop") }
        let health = await client.health()
        try RestoreGuard.check(health, watched: watched.clusterIDs)
        if options.start != nil, options.stop != nil { try RestoreGuard.checkStopped(health) }
        try await hooks.tryToReach(watched.addresses)
        if options.start != nil {
            staging.mayHaveStarted()
            try await hooks.run(options.start, "start")
        }
    }

    /// Enters the keys, or waits for the key service.
    func unseal(_ seal: SealNumbers?, awaitsSeal: Bool, _ run: RestoreRun) async throws(RestoreFailure) {
        try await run.phase(.unseal) { () async throws(RestoreFailure) in
            var sequence = UnsealSequence(
                needed: seal.map { ($0.shares, $0.threshold) }, keys: options.keys.map { $0.path ?? "a key" },
                awaitsSeal: awaitsSeal)
            var step = UnsealSequence.Step.wait
            while true {
                switch step {
                case .unsealed: return
                case .fail(let failure): throw failure
                case .wait:
                    step = try await run.poll(.unseal) { () async throws(RestoreFailure) in
                        let answer = await client.sealStatus()
                        let step = sequence.take(answer)
                        return step == .wait
                            ? .failure(.init(reason: UnsealSequence.words(answer))) : .success(step)
                    }
                case .reset:
                    await client.resetUnseal()
                    sequence.wasReset()
                    step = .wait
                case .give(let index):
                    let key: String
                    do throws(FileError) {
                        key = try await options.keys[index].revealInTime(tools.platform.files)
                    } catch {
                        throw RestoreFailure(.configuration, "key_files: \(error)")
                    }
                    step = sequence.take(answer: await client.unseal(key), toKey: index)
                }
            }
        }
    }
}

extension UnsealSequence {
    /// Why it is not sealed or unsealed yet, for a timeout's message.
    static func words(_ answer: StagingAnswer<StagingSealStatus>) -> String {
        switch answer {
        case .value(let status):
            status.sealed
                ? "staging is sealed and waits for its key service" : "staging has not begun to restore the snapshot"
        case .status(let status, let words): "staging answers \(status) \(words)"
        case .silent(let reason): "staging does not answer: \(reason)"
        }
    }
}
