import Alerts
import Config
import Delivery
import Dispatching
import Logging
import Platform
import Probes
import Rules
import Samples
import Store
import Supervision
import Synchronization
import Telemetry
import Text
import Web

/// Why a reload was refused although the configuration is valid: a setting that is only read at the start has changed.
struct RestartRequired: Error, CustomStringConvertible {
    /// `storage.path (/a → /b)`
    let changes: [String]

    var description: String {
        let verb = changes.count == 1 ? "takes" : "take"
        return "a change of \(changes.joined(separator: ", ")) \(verb) effect after a restart alone"
    }
}

extension Agent {
    /// Rereads all files and applies them if all are valid; otherwise the running configuration stays. Concurrent
    /// reloads are merged into one.
    /// - Parameter caller: the client that requests it, for the history; empty for a signal.
    /// - Returns: nil, or what is wrong.
    @discardableResult
    func reload(by caller: String = "") async -> String? {
        await reloads.run {
            // A client that may reload must not be able to keep the agent busy with reloads.
            let earliest = self.state.withLock(\.lastReloadBegan).map { $0 + Agent.reloadSpacing }
            if !caller.isEmpty, let earliest { try? await self.platform.time.sleep(until: earliest) }
            self.state.withLock { $0.lastReloadBegan = self.platform.time.monotonic() }
            if self.supervisor.isStopping { return "the agent is stopping" }
            self.notify { $0.reloadBegan() }
            let refusal = await self.reloadNow(caller.isEmpty ? "" : ", asked for by \(caller)")
            self.notify { $0.reloadEnded(refusal: refusal, status: self.statusLine()) }
            return refusal
        }
    }

    /// How long a reload may take to read its files.
    private static let filePatience = Duration.seconds(30)

    /// Reads all files on a thread of its own, including the templates, which their owners read again: a file on a dead
    /// mount makes the reload fail but blocks nothing else.
    private func loadInTime() async throws -> Loaded {
        let (options, platform) = (options, platform)
        let reading: @Sendable () -> Result<Loaded, any Error> = {
            Result {
                let loaded = try Agent.load(options, platform.readingInTime)
                for path in loaded.configuration.delivery.templates.flatMap({ platform.files.glob($0) }) {
                    _ = try platform.files.read(path, limit: 4 << 20)
                }
                return loaded
            }
        }
        if platform.time.isVirtual { return try reading().get() }
        let end = platform.time.monotonic() + Agent.filePatience
        let loader = loader
        let found = await Deadline.run({ await loader.run(reading) }, until: end, time: platform.time)
        guard let found else {
            throw FileError(
                path: options.configFile,
                reason:
                    "it and the files that it names were not read in \(Agent.filePatience.prometheusDescription): a disk or mount does not answer",
                isStuck: true)
        }
        guard let result = found else {
            throw FileError(path: options.configFile, reason: "cannot be read: no thread can be started", isStuck: true)
        }
        return try result.get()
    }

    /// Minimum time between the starts of two reloads that clients request; signals can only come from this machine.
    private static let reloadSpacing = Duration.seconds(1)

    /// - Parameter askedBy: appended to the text in the history.
    private func reloadNow(_ askedBy: String) async -> String? {
        do {
            let loaded = try await loadInTime()
            let (running, listener) = state.withLock { ($0.configuration, $0.listener) }
            let changes = Agent.restartRequired(running, loaded.configuration)
            guard changes.isEmpty else { throw RestartRequired(changes: changes) }
            let useWeb = try listener?.prepare(loaded.web)
            let configuration = loaded.configuration
            let rerouted = await routingChanges(from: running, to: configuration, loaded.rules)
            // The last step that can fail, and the first that changes anything.
            try await notifier.reload(configuration.delivery) { await dispatcher.reload(configuration.dispatch) }
            await rules.reload(loaded.rules, configuration)
            suspects.setRules(loaded.rules)
            useWeb?()
            store.apply(configuration.storage.memory)
            let now = platform.time.wall()
            let changed = Agent.changes(from: running, state.withLock(\.rules), to: loaded, rerouted)
            state.withLock { state in
                state.configuration = configuration
                state.web = loaded.web
                state.lastReload = (true, now)
                (state.rules, state.warnings, state.loadedAt) = (loaded.rules, loaded.warnings, now)
                state.reload = ConfigurationView.Reload(at: now, changes: changed)
            }
            applyRemoteWrite(configuration, after: running)
            reloadProbes(from: running, to: configuration, now)
            metrics.set(promisedPoint: configuration.recovery.point, time: configuration.recovery.time)
            metrics.reloadSuccessful.set(1)
            metrics.reloadTimestamp.set(now.seconds)
            await dispatcher.recordEvent("configuration reloaded", configuration.path + askedBy)
            platform.log.notice("configuration reloaded", metadata: ["config": "\(configuration.path)"])
            report(rerouted)
            changeEvents.reload(configuration.delivery)
            slack.reload(configuration.delivery)
            let details = ["file": configuration.path, "alerts_told_otherwise": String(rerouted.count)]
            changeEvents.report([ChangeEvent("vaultwatch has loaded its configuration anew", at: now, details: details)]
            )
            return nil
        } catch {
            let now = platform.time.wall()
            state.withLock { state in
                state.lastReload = (false, now)
                state.reload = ConfigurationView.Reload(at: now, refusal: "\(error)")
            }
            metrics.reloadSuccessful.set(0)
            await dispatcher.recordEvent("reload refused", "\(error)\(askedBy)")
            platform.log.error(
                "reload refused; the running configuration stays in force", metadata: ["err": "\(error)"])
            return "\(error)"
        }
    }

    /// How many rerouted alerts the log lists after a reload.
    private static let reroutedLimit = 20

    /// Which of the rules' alerts, and of the firing ones, the new routing handles differently.
    private func routingChanges(from old: Configuration, to new: Configuration, _ rules: RuleSet) async
        -> [RoutingDiff.Change]
    {
        let firing = await dispatcher.alertStatuses().map(\.alert.labels)
        return RoutingDiff(
            from: RouteTree(old.dispatch.route), to: RouteTree(new.dispatch.route), over: rules.alertLabels + firing
        ).changes
    }

    private func report(_ rerouted: [RoutingDiff.Change]) {
        for change in rerouted.prefix(Agent.reroutedLimit) {
            platform.log.notice("an alert is told otherwise", metadata: ["alert": "\(change.description)"])
        }
        let left = rerouted.count - Agent.reroutedLimit
        if left > 0 {
            platform.log.notice(
                "more alerts are told otherwise; vaultwatch routes diff names them", metadata: ["alerts": "\(left)"])
        }
    }

    /// Running probes of unchanged targets continue: otherwise frequent reloads could keep them from ever finishing.
    private func reloadProbes(from running: Configuration, to configuration: Configuration, _ now: Timestamp) {
        guard !running.hasSameTargets(as: configuration), !supervisor.isStopping else { return }
        let set =
            environment.probes?(configuration)
            ?? configuration.probes(
                network, verdicts: verdicts, beginnings: beginnings, auditPositions: auditPositions,
                platform: platform)
        let derived =
            configuration.vault.map { ProbeTarget(.vaultCluster, $0.name) }
            + configuration.postgres.map { ProbeTarget(.postgresCluster, $0.cluster) }
        watchPolls()
        probes.start(schedule(configuration, set))
        appender.retain(Set(set.targets).union(derived), now: now)
        targetHistory.retain(Set(set.targets).union(derived))
        auditPositions.retain(Set(configuration.auditLogs.map(\.name)))
        verdicts.ledger.retain(Set(configuration.backups.flatMap(\.sets).map(\.name)))
    }

    /// The settings that differ between two configurations but can't change while the agent runs.
    static func restartRequired(_ old: Configuration, _ new: Configuration) -> [String] {
        var changes: [String] = []
        func compare(_ name: String, _ old: String, _ new: String) {
            if old != new { changes.append("\(name) (\(old) → \(new))") }
        }
        compare(
            "web.listen_addresses", old.web.listenAddresses.joined(separator: ", "),
            new.web.listenAddresses.joined(separator: ", "))
        compare("web.socket", old.web.socket ?? "default", new.web.socket ?? "default")
        compare("storage.path", old.storage.path, new.storage.path)
        compare(
            "storage.history_retention", old.storage.historyRetention.prometheusDescription,
            new.storage.historyRetention.prometheusDescription)
        return changes
    }
}

extension Configuration {
    /// Whether the same targets are probed in the same way.
    fileprivate func hasSameTargets(as other: Configuration) -> Bool {
        vault == other.vault && postgres == other.postgres && backups == other.backups && records == other.records
            && postgresBackups == other.postgresBackups && auditLogs == other.auditLogs && services == other.services
            && global.pollInterval == other.global.pollInterval && global.timeout == other.global.timeout
    }
}
