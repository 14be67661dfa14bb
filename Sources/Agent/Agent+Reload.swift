import Config
import Logging
import Platform
import Probes
import Samples
import Supervision
import Synchronization
import Telemetry

extension Agent {
    /// Reads everything anew and takes it if all of it is right; else the running configuration stays.
    /// - Returns: nil, or what is wrong.
    func reload() async -> String? {
        // One after the other: two at once would leave the routes of one file with the receivers of another.
        let reload = state.withLock { state in
            let before = state.reload
            let reload = Task {
                _ = await before?.value
                return await self.reloadNow()
            }
            state.reload = reload
            return reload
        }
        return await reload.value
    }

    private func reloadNow() async -> String? {
        do {
            let configuration = try Agent.load(options, platform)
            let rules = try Agent.ruleSet(configuration, platform)
            let now = platform.time.wall()
            try await post.reload(configuration.delivery) { await desk.reload(configuration.dispatch) }
            await self.rules.reload(rules, configuration)
            let targets = Set(network.probes(configuration, platform: platform).targets)
            let derived = Set(
                configuration.vault.map { ProbeTarget(.vaultCluster, $0.name) }
                    + configuration.postgres.map { ProbeTarget(.postgresCluster, $0.cluster) })
            startProbes(configuration)
            appender.retain(targets.union(derived), now: now)
            state.withLock { state in
                state.configuration = configuration
                state.lastReload = (true, now)
            }
            metrics.reloadSuccessful.set(1)
            metrics.reloadTimestamp.set(now.seconds)
            await desk.note("configuration reloaded", configuration.path)
            platform.log.notice("configuration reloaded", metadata: ["config": "\(configuration.path)"])
            return nil
        } catch {
            let now = platform.time.wall()
            state.withLock { $0.lastReload = (false, now) }
            metrics.reloadSuccessful.set(0)
            await desk.note("reload refused", "\(error)")
            platform.log.error("reload refused; the running configuration stays", metadata: ["err": "\(error)"])
            return "\(error)"
        }
    }

    /// A reload that systemd asked for hears of its end.
    func reloadOnRequest() async {
        manager.reloading(monotonic: platform.time.monotonic())
        _ = await reload()
        manager.ready(status: statusLine())
    }
}
