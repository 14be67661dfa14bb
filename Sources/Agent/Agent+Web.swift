import Alerts
import Config
import Console
import Delivery
import Dispatching
import Exposition
import HTTPServer
import Journal
import Platform
import Probes
import PromQL
import Rules
import Samples
import Store
import Supervision
import Synchronization
import Telemetry
import Text
import TimeZones
import Web

extension Agent {
    /// The data and actions behind the pages and APIs.
    func sources() -> WebSources {
        var sources = WebSources()
        sources.build = BuildInfo(version: options.version)
        sources.startedAt = startedAt
        sources.hostName = platform.hostname
        sources.timeZone = { [self] in state.withLock { $0.configuration.delivery.timeZone } }
        sources.namedZone = { [platform] name in try? TimeZoneData.named(name, platform.files) }
        sources.externalLabels = { [self] in
            state.withLock { Array($0.configuration.global.externalLabels.keys) }
        }
        sources.notReady = { [self] in supervisor.notReady }
        sources.reload = { [self] caller in await reload(by: caller.description) }
        let names = PeerNames(platform)
        sources.userName = { await names.name($0) }
        sources.lastReload = { [self] in state.withLock { $0.lastReload } }
        sources.configuration = { [self] in configurationView() }
        sources.flags = { [self] in
            let (configuration, addresses) = state.withLock { ($0.configuration, $0.addresses) }
            return [
                "config.file": options.configFile, "storage.path": configuration.storage.path,
                "web.listen-address": addresses.joined(separator: ","),
                "web.external-url": configuration.web.externalURL,
                "web.config.file": configuration.web.configFile ?? "",
            ]
        }
        sources.storageRetention = { [self] in
            let memory = state.withLock { $0.configuration.storage.memory }
            return "\(memory.retention.prometheusDescription) or \(memory.byteLimit >> 20)MiB"
        }
        sources.families = { [self] in
            await refreshMetrics()
            return await families()
        }
        let engine = QueryEngine(platform: platform, registry: registry)
        sources.compute = { (computation, work) async throws(QueryError) -> ServerResponse in
            try await engine.run(computation, work)
        }
        addQueries(&sources)
        addAlerting(&sources)
        addRunbooks(&sources)
        sources.targets = { [self] in { self.targets(self.probes.timings) } }
        sources.probeCourses = { [self] in probeCourses(platform.time.now()) }
        sources.status = { [self] in await status() }
        sources.degradations = { [self] in degradations() }
        sources.history = { [self] (query) async throws(QueryError) -> WebSources.Deferred<[HistoryEntry]> in
            var filter = HistoryFilter()
            (filter.from, filter.to, filter.limit) = (query.from, query.to, query.limit)
            (filter.kinds, filter.receivers, filter.contains) = (query.kinds, query.receivers, query.contains)
            filter.incident = query.incident
            let entries = try await read(filter)
            return { entries }
        }
        addSnapshot(&sources)
        return sources
    }

    /// Everything on `/metrics`: the probes' metrics, the agent's own, and `ALERTS`.
    private func families() async -> WebSources.Deferred<[FamilySource]> {
        let groups = await rules.statuses()
        return { [appender, registry] in
            var alerts = MetricFamily("ALERTS", .gauge, help: "1 for each pending or firing alert.")
            for group in groups {
                for alert in group.evaluator.rules.flatMap(\.alerts.values) where alert.state != .inactive {
                    let labels = Labels(alert.labels).setting(Labels.metricName, to: "ALERTS").setting(
                        "alertstate", to: alert.state.rawValue)
                    alerts.samples.append(.init(labels, 1))
                }
            }
            return appender.families() + (registry.families() + [alerts]).map(FamilySource.init)
        }
    }

    // MARK: Queries

    private func addQueries(_ sources: inout WebSources) {
        sources.query = { [self] (text, at, isOver) throws(QueryError) -> QueryAnswer in
            let expression = try Agent.parse(text)
            let value: Value
            do throws(EvaluationError) {
                value = try evaluator(isOver).instant(expression, at: at)
            } catch {
                throw Agent.queryError(error)
            }
            switch value {
            case .scalar(let number): return .scalar(Point(t: at.milliseconds, v: number))
            case .string(let text): return .string(text, at: at)
            case .vector(let elements):
                return .vector(elements.map { ($0.labels, Point(t: at.milliseconds, v: $0.value)) })
            case .matrix(let series): return .matrix(series)
            }
        }
        sources.queryRange = { [self] (text, start, end, step, isOver) throws(QueryError) -> QueryAnswer in
            let expression = try Agent.parse(text)
            do throws(EvaluationError) {
                return .matrix(try evaluator(isOver).range(expression, start: start, end: end, step: step))
            } catch {
                throw Agent.queryError(error)
            }
        }
        sources.parseSelector = { (text) throws(QueryError) -> [Matcher] in
            guard case .selector(let selector) = try Agent.parse(text).kind else {
                throw QueryError(.badData, "expected a selector such as up{job=\"vault\"}, found \(text)")
            }
            return selector.matchers
        }
        sources.parseQuery = { (text) throws(QueryError) in
            let expression = try Agent.parse(text)
            return { expression.write(to: &$0) }
        }
        sources.formatQuery = { (text) throws(QueryError) in try Agent.parse(text).description }
        sources.series = { [self] (sets, start, end, isOver) throws(QueryError) -> [Labels] in
            var found: Set<Labels> = []
            for set in sets {
                if isOver() { throw QueryError(.timeout, "query timed out in selecting series") }
                found.formUnion(store.labels(set, start: start.milliseconds, end: end.milliseconds))
            }
            return found.sorted()
        }
        sources.ruleGroups = { [self] in
            let groups = await rules.statuses()
            return { groups.map(Agent.view) }
        }
    }

    private func evaluator(_ isOver: @escaping @Sendable () -> Bool) -> Evaluator {
        var limits = EvaluationLimits()
        limits.series = 100_000
        // With points of 16 bytes this is a few dozen MiB for each concurrent query.
        limits.samples = 2_000_000
        // More do not fit into an answer.
        limits.resultPoints = 1_000_000
        limits.steps = 11_000
        limits.defaultStep = state.withLock { $0.configuration.global.evaluationInterval }
        limits.isOverdue = isOver
        return Evaluator(source: StoreSource(store: store), limits: limits)
    }

    private static func parse(_ text: String) throws(QueryError) -> Expression {
        do {
            return try Expression.parse(text)
        } catch {
            throw QueryError(.badData, "invalid parameter \"query\": \(error)")
        }
    }

    private static func queryError(_ error: EvaluationError) -> QueryError {
        QueryError(error.kind == .timeout ? .timeout : .execution, error.message)
    }

    // MARK: Alerts

    private func addAlerting(_ sources: inout WebSources) {
        sources.alertStatuses = { [self] in await dispatcher.alertStatuses() }
        sources.groupStatuses = { [self] in await dispatcher.groupStatuses() }
        sources.receivers = { [self] in
            state.withLock { $0.configuration.delivery.receivers.map { ($0.name, $0.labels) } }
        }
        sources.postAlerts = { [self] alerts, invalid, caller in
            await dispatcher.receivePosted(alerts, invalid: invalid, by: caller.description)
        }
        sources.silences = { [self] in await dispatcher.silences() }
        sources.setSilence = { [self] (silence, caller) async throws(SilenceError) -> String in
            try await dispatcher.setSilence(silence, by: caller.description).id
        }
        sources.expireSilence = { [self] (id, caller) async throws(SilenceError) in
            try await dispatcher.expireSilence(id, by: caller.description)
        }
        sources.drills = { [self] in await dispatcher.drills() }
        sources.startDrill = { [self] (drill, caller) async throws(QueryError) in
            try await startDrill(drill, by: caller)
        }
        sources.endDrill = { [self] cluster, caller in
            await dispatcher.endDrill(cluster: cluster, by: caller.description)
        }
        sources.acknowledge = { [self] selection, comment, caller in
            await dispatcher.acknowledge(selection, comment: comment, by: caller.description)
        }
        sources.acknowledgeFromPagerDuty = { [self] key, at, comment, user in
            let selection = IncidentSelection.groups(at: at) { GroupDigest.of($0) == key }
            return await dispatcher.acknowledge(selection, comment: comment, by: user)
        }
        sources.testReceiver = { [self] (name, severity, isResolved, caller) async throws(QueryError) in
            try await testReceiver(name, severity, isResolved: isResolved, by: caller)
        }
        sources.receiverTests = { [self] in receiverTests.all }
        sources.timeIntervals = { [self] in state.withLock { $0.configuration.dispatch.timeIntervals } }
        sources.routes = { [self] in RouteTree(state.withLock { $0.configuration.dispatch }.route) }
        sources.alertingConfiguration = { [self] in RoutingText.write(state.withLock { $0.configuration.dispatch }) }
    }

    private func startDrill(_ drill: Drill, by caller: Caller) async throws(QueryError) {
        let names = state.withLock { $0.configuration.vault.map(\.name) }
        guard names.contains(drill.cluster) else {
            throw QueryError(
                .notFound,
                "there is no cluster \(drill.cluster.quotedAsInGo); those configured: \(names.joined(separator: ", "))")
        }
        do throws(DrillError) {
            try await dispatcher.startDrill(drill, by: caller.description)
        } catch {
            if case .invalid = error { throw QueryError(.badData, "\(error)") }
            throw QueryError(.unavailable, "\(error)")
        }
    }

    // MARK: The estate

    /// - Parameter timings: those of the probes that differ from the configured defaults.
    func targets(_ timings: [ProbeTarget: ProbeSchedule.Timing] = [:]) -> [TargetView] {
        let configuration = state.withLock { $0.configuration }
        let urls = Dictionary(
            configuration.vault.flatMap { cluster in cluster.nodes.map { ("\(cluster.name)/\($0.name)", $0.url) } },
            uniquingKeysWith: { first, _ in first })
        return appender.results.filter { !$0.isDerived }.map { result in
            let pool =
                switch result.target.kind {
                case .postgres, .postgresCluster: "postgres"
                case .backupSet, .backupContent, .bucket, .postgresBackup: "backups"
                case .records: "records"
                case .auditLog: "audit_logs"
                case .service, .serviceMail: "services"
                case .vaultNode, .vaultTelemetry, .vaultFacts, .vaultCanary, .vaultLoadBalancer, .vaultCluster:
                    "vault"
                }
            return TargetView(
                pool: pool, url: urls[result.target.name] ?? "\(pool)://\(result.target.name)",
                labels: Labels(["target_type": result.target.kind.rawValue, "target": result.target.name]),
                health: result.success ? .up : .down,
                lastError: result.failure?.description ?? "", lastProbe: result.timestamp,
                duration: result.duration.seconds,
                interval: timings[result.target]?.interval ?? configuration.global.pollInterval,
                timeout: timings[result.target]?.timeout ?? configuration.global.timeout)
        }
    }

    private func status() async -> WebSources.Deferred<EstateStatus> {
        let now = platform.time.wall()
        let alerts = await dispatcher.alertStatuses()
        let groups = await rules.statuses()
        return { [self] in estateStatus(alerts, groups, now) }
    }

    /// Targets, alerts and receivers as they stand. Computes.
    func estateStatus(
        _ alerts: [AlertStatus], _ groups: [RuleManager.GroupStatus], _ now: Timestamp
    ) -> EstateStatus {
        let receivers = notifier.statuses.map { status in
            EstateStatus.Receiver(
                name: status.receiver, integration: status.integration.description,
                health: status.lastError == nil ? .ok : .warning, waiting: status.waiting,
                lastAccepted: status.lastAccepted?.rfc3339, lastError: status.lastError)
        }
        return EstateStatus(
            version: options.version, startedAt: startedAt.rfc3339, now: now.rfc3339,
            sections: StatusTable.sections(appender.results),
            alerts: Agent.firingAlerts(groups, Agent.suppression(alerts), Agent.drilled(alerts)), receivers: receivers)
    }

    /// What suppresses our own alerts, by fingerprint.
    private static func suppression(_ alerts: [AlertStatus]) -> [UInt64: String] {
        let names = Dictionary(
            alerts.map { ($0.alert.fingerprint, $0.alert.name) }, uniquingKeysWith: { first, _ in first })
        let suppressed = alerts.filter { $0.state == .suppressed && !$0.alert.isExternal }
        return Dictionary(
            suppressed.map { status in
                let inhibitors = Set(status.inhibitedBy.compactMap { names[$0] }).sorted()
                let causes = [("silenced", status.silencedBy), ("inhibited", inhibitors), ("muted", status.mutedBy)]
                let words = causes.filter { !$0.1.isEmpty }.map { "\($0.0) by \($0.1.joined(separator: ", "))" }
                return (status.alert.fingerprint, words.joined(separator: ", "))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The summaries of our own alerts that are marked as ones of a drill, by fingerprint.
    private static func drilled(_ alerts: [AlertStatus]) -> [UInt64: String] {
        let marked = alerts.filter { !$0.alert.isExternal && $0.alert.drill != nil }
        return Dictionary(
            marked.map { ($0.alert.fingerprint, $0.alert.annotations["summary"] ?? "") },
            uniquingKeysWith: { first, _ in first })
    }

    /// Pending and firing alerts, the most severe first.
    private static func firingAlerts(
        _ groups: [RuleManager.GroupStatus], _ suppression: [UInt64: String], _ drilled: [UInt64: String]
    ) -> [EstateStatus.FiringAlert] {
        var alerts: [EstateStatus.FiringAlert] = []
        for rule in groups.flatMap(\.evaluator.rules) {
            for alert in rule.alerts.values where alert.state != .inactive {
                let labels = Labels(alert.labels)
                // The watchdog alert fires when all is well.
                guard labels["severity"] != "none" else { continue }
                let cause = suppression[labels.fingerprint]
                let state = cause == nil ? alert.state.rawValue : "suppressed"
                alerts.append(
                    .init(
                        name: labels["alertname"] ?? "", severity: labels["severity"] ?? "", state: state,
                        since: Timestamp(milliseconds: alert.firedAt ?? alert.activeAt).rfc3339,
                        summary: drilled[labels.fingerprint] ?? alert.annotations["summary"] ?? "",
                        action: alert.annotations["action"] ?? "", runbookURL: alert.annotations["runbook_url"] ?? "",
                        labels: alert.labels, suppressedBy: cause))
            }
        }
        return alerts.sorted { a, b in
            let (x, y) = (Severity(label: a.severity), Severity(label: b.severity))
            return x == y ? (a.name, a.since) < (b.name, b.since) : x > y
        }
    }
}
