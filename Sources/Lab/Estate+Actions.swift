import Platform
import Samples
import Synchronization

/// An action that cannot be performed.
package struct EstateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why.
    package let description: String
}

extension Estate {
    /// Performs an action and returns when it is complete.
    /// - Throws: `EstateError` for a node or server that does not exist, `ChildProcessError` from PostgreSQL.
    package func perform(_ action: EstateAction) async throws {
        switch action {
        case .node(let name, let action): try await perform(action, onNode: index(named: name))
        case .giveKey(let name):
            let index = try index(named: name)
            let key = state.withLock { state in
                let cluster = state.cluster
                return cluster.options.keys[min(cluster.nodes[index].progress, cluster.options.keys.count - 1)]
            }
            try await perform(.giveKey(key), onNode: index)
        case .cutReplication:
            try await database().cutReplication()
            state.withLock { $0.isReplicationCut = true }
        case .restoreReplication:
            try await database().restoreReplication()
            state.withLock { $0.isReplicationCut = false }
        case .stopDatabase:
            try await database().primary.stop()
            strike(.storageError, as: .stopped)
        case .freezeDatabase:
            try database().primary.freeze()
            strike(.hang, as: .frozen)
        case .startDatabase:
            let primary = try database().primary
            primary.thaw()
            try await primary.start()
            await recover()
        case .skipBackup:
            refill { state, now in
                repeat {
                    state.skippedBackups += 1
                } while Bucket.scheduled(before: now) - .seconds(86_400 * state.skippedBackups) > now - .seconds(93_600)
            }
        case .corruptBackup: state.withLock { $0.bucket.corruptNewest() }
        case .emptyBackup: state.withLock { $0.bucket.emptyNewest() }
        case .stripBackup: state.withLock { $0.bucket.stripNewest() }
        case .restoreBackups: refill { state, _ in state.skippedBackups = 0 }
        case .stopMail: await relay?.close()
        case .startMail: try await relay?.start()
        case .breakWebsite: state.withLock { $0.services.isWebsiteBroken = true }
        case .healWebsite: state.withLock { $0.services.isWebsiteBroken = false }
        case .breakNames: names?.set(Estate.mailExchanger, ["10 mx.elsewhere.example"])
        case .healNames: names?.set(Estate.mailExchanger, [Estate.goodExchanger])
        case .failReceiver(let kind, let failure): inbox.fail(kind, failure)
        case .healReceivers: for kind in Message.Kind.allCases { inbox.fail(kind, nil) }
        }
    }

    /// Makes the bucket's service fail; nil restores it.
    package func failBucket(_ failure: Bucket.Failure?) { state.withLock { $0.bucketFailure = failure } }

    /// Changes the bucket.
    package func changeBucket(_ change: (inout Bucket) -> Void) { state.withLock { change(&$0.bucket) } }

    /// Changes settings that all Vault nodes share.
    package func changeVault(_ change: (inout SimulatedVaultCluster) -> Void) { state.withLock { change(&$0.cluster) } }

    private func index(named name: String) throws -> Int {
        guard let index = state.withLock({ $0.cluster.index(named: name) }) else {
            throw EstateError(description: "no node is named \(name)")
        }
        return index
    }

    private func database() throws -> LocalPostgres {
        guard let postgres else { throw EstateError(description: "this estate has no PostgreSQL servers") }
        return postgres
    }

    private func perform(_ action: SimulatedVaultCluster.Action, onNode index: Int) async throws {
        let now = platform.time.now()
        let events = state.withLock { $0.cluster.perform(action, on: index, at: now, random: platform.random) }
        follow(events)
        guard let server = server(ofNode: index) else { return }
        switch action {
        case .kill: await server.close()
        case .hang: server.pause()
        case .start:
            try await server.start()
            server.resume()
        default: break
        }
    }

    private func refill(_ change: (inout State, Timestamp) -> Void) {
        let now = platform.time.wall()
        state.withLock { state in
            change(&state, now)
            state.bucket.fill(at: now, skipping: state.skippedBackups)
        }
    }

    // MARK: The database

    /// How long an active node serves from its cache without a database.
    private static let cacheTime = Duration.seconds(15)

    private func strike(_ action: SimulatedVaultCluster.Action, as database: DatabaseState) {
        let now = platform.time.now()
        let (events, hung) = state.withLock { state in
            state.database = database
            var events: [Election.Event] = []
            var hung: [Int] = []
            for index in state.cluster.nodes.indices where [.standby, .sealed].contains(state.cluster.role(index)) {
                events += state.cluster.perform(action, on: index, at: now, random: platform.random)
                state.struck.insert(index)
                if action == .hang { hung.append(index) }
            }
            return (events, hung)
        }
        follow(events)
        for index in hung { server(ofNode: index)?.pause() }
        guard database == .stopped else { return }
        Task { [weak self, platform] in
            guard (try? await platform.time.sleep(for: Estate.cacheTime)) != nil else { return }
            self?.strikeLeader()
        }
    }

    private func strikeLeader() {
        let now = platform.time.now()
        let events = state.withLock { state -> [Election.Event] in
            guard state.database == .stopped, let leader = state.cluster.election.leader else { return [] }
            state.struck.insert(leader)
            return state.cluster.perform(.storageError, on: leader, at: now, random: platform.random)
        }
        follow(events)
    }

    private func recover() async {
        let now = platform.time.now()
        let (events, struck) = state.withLock { state in
            let struck = state.struck
            state.struck = []
            state.database = .running
            return (
                struck.sorted().flatMap { state.cluster.perform(.start, on: $0, at: now, random: platform.random) },
                struck
            )
        }
        follow(events)
        for index in struck { server(ofNode: index)?.resume() }
    }

    // MARK: Elections and the HA lock

    /// Advances the cluster to the current time.
    func advance() {
        let now = platform.time.now()
        follow(state.withLock { $0.cluster.advance(to: now) })
    }

    /// Updates the lock table after election events and schedules the end of an election.
    func follow(_ events: [Election.Event]) {
        let deadline = state.withLock { $0.cluster.election.nextDeadline }
        if !events.isEmpty, let deadline {
            Task { [weak self, platform] in
                guard (try? await platform.time.sleep(until: deadline)) != nil else { return }
                self?.advance()
            }
        }
        for event in events {
            switch event {
            case .elected:
                state.withLock { $0.lock = (platform.random.uuid(), platform.random.uuid()) }
                renewLock()
            case .released:
                state.withLock { $0.lock = nil }
                guard let postgres else { continue }
                lockWriter.add { try? await postgres.releaseLock() }
            case .lost:
                state.withLock { $0.lock = nil }
            }
        }
    }

    /// Acquires or renews the lock for the active node while its database is running.
    func renewLock() {
        guard let postgres, let lock = state.withLock({ $0.database == .running ? $0.lock : nil }) else { return }
        lockWriter.add { try? await postgres.holdLock(identity: lock.identity, value: lock.value) }
    }
}
