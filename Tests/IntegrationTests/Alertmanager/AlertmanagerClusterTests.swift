import Foundation
import Lab
import Platform
import Testing

/// What packaging/redundancy.md says of two agents in front of a cluster of two Alertmanagers.
@Suite(.serialized) struct AlertmanagerClusterTests {
    /// Everything of a test; `stop` ends it.
    private struct Watch {
        let sink: Sink
        let estate: Estate
        let cluster: AlertmanagerCluster
        let pair: AgentPair

        /// - Parameter urls: the Alertmanagers of one of the agents.
        static func start(urls: ([String], _ member: Int) -> [String] = { all, _ in all }) async throws -> Watch {
            let sink = try await Sink.start()
            let estate = try await Estate.quiet()
            let cluster = try await AlertmanagerCluster.start(
                hook: sink.url + "/hook", smarthost: try estate.endpoints().mail)
            // Re-sent each second and believed for four, where it is a minute and four as shipped.
            let pair = try await AgentPair.start(on: estate) { member in
                """
                route: {receiver: hub, group_by: [cluster]}
                receivers:
                  - name: hub
                    alertmanager_configs: [{urls: \(urls(cluster.urls, member)), resend_delay: 1s, resolved_for: 0s}]
                """
            }
            return Watch(sink: sink, estate: estate, cluster: cluster, pair: pair)
        }

        func stop() async {
            await pair.stop()
            await cluster.stop()
            await estate.stop()
            await sink.stop()
        }

        func perform(_ text: String) async throws {
            try await estate.perform(try #require(EstateAction(text)))
        }

        /// What the webhook was told, `firing VaultSealed eu`, in the order of arrival.
        var told: [String] {
            sink.heard("/hook").map { body in
                let payload = (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
                let labels = payload["groupLabels"] as? [String: String] ?? [:]
                return "\(payload["status"] ?? "") \(labels["alertname"] ?? "") \(labels["region"] ?? "")"
            }
        }

        /// A fault that both members hold, and its end.
        func sealAndUnseal() async throws {
            try await perform("seal vault-2")
            #expect(await hears("firing VaultSealed eu"), "\(told)")
            for member in 0..<2 { #expect(await holds(member, "VaultSealed", sentAfter: Date())) }
            try await perform("unseal vault-2")
            #expect(await hears("resolved VaultSealed eu"), "\(told)")
        }

        var mails: [String] { estate.inbox.messages(kind: .mail).compactMap { $0.mail?.subject } }

        func hears(_ line: String, times: Int = 1) async -> Bool {
            await waitUntil(atMost: .seconds(90)) { told.count { $0 == line } >= times }
        }

        /// Waits until an Alertmanager holds an alert that was sent to it after a moment.
        func holds(_ member: Int, _ name: String, sentAfter moment: Date) async -> Bool {
            // What was sent until then ends four seconds after it. One that was down is tried again within a minute.
            await waitUntil(atMost: .seconds(150)) {
                await cluster.ends(member)[name].map { $0 > moment + 5 } ?? false
            }
        }
    }

    @Test func aFaultIsOneNotification() async throws {
        let watch = try await Watch.start()
        try await watch.sealAndUnseal()
        // What either member would have added of the first fault comes before this.
        try await watch.perform("kill vault-2")
        #expect(await watch.hears("firing VaultNodeUnreachable eu"), "\(watch.told)")
        #expect(
            watch.told == ["firing VaultSealed eu", "resolved VaultSealed eu", "firing VaultNodeUnreachable eu"])
        #expect(await waitUntil { watch.mails.count == 3 }, "\(watch.mails)")
        #expect(watch.mails.first?.contains("[FIRING:1] VaultSealed eu") == true, "\(watch.mails)")
        await watch.stop()
    }

    /// All nodes are sealed, and so there is no active one: the cluster is given the causes, which name what follows.
    @Test func whatFollowsIsNoNotification() async throws {
        let watch = try await Watch.start()
        for node in ["vault-3", "vault-2", "vault-1"] { try await watch.perform("seal \(node)") }
        #expect(await watch.hears("firing VaultSealed eu"), "\(watch.told)")
        for agent in 0..<2 {
            let knows = await waitUntil(atMost: .seconds(60)) {
                await watch.pair.get(agent, "/api/v2/alerts").contains("VaultNoActiveNode")
            }
            #expect(knows, "\(watch.pair.log(agent))")
        }
        for member in 0..<2 {
            #expect(await watch.holds(member, "VaultSealed", sentAfter: Date()))
            #expect(await watch.cluster.ends(member)["VaultNoActiveNode"] == nil)
            #expect(
                await waitUntil {
                    await watch.cluster.annotations(member, of: "VaultSealed").contains {
                        $0["consequences"]?.contains("No node of Vault cluster") == true
                    }
                })
        }
        #expect(Set(watch.told) == ["firing VaultSealed eu"])
        await watch.stop()
    }

    /// The other agent goes on sending: nobody hears of a death that Vault did not die, nor of an end that is none.
    @Test func anAgentMayDie() async throws {
        let watch = try await Watch.start()
        try await watch.perform("seal vault-2")
        #expect(await watch.hears("firing VaultSealed eu"), "\(watch.told)")
        for dead in 0..<2 {
            await watch.pair.kill(dead)
            // Long enough for what the dead one sent to end by itself.
            let moment = Date() + 5
            for member in 0..<2 { #expect(await watch.holds(member, "VaultSealed", sentAfter: moment)) }
            try await watch.pair.start(dead)
        }
        #expect(watch.told == ["firing VaultSealed eu"])
        try await watch.perform("unseal vault-2")
        #expect(await watch.hears("resolved VaultSealed eu"), "\(watch.told)")
        try await watch.perform("seal vault-3")
        #expect(await watch.hears("firing VaultSealed eu", times: 2), "\(watch.told)")
        #expect(watch.told == ["firing VaultSealed eu", "resolved VaultSealed eu", "firing VaultSealed eu"])
        await watch.stop()
    }

    /// The other Alertmanager notifies, both agents say which one they can't reach, and it gets what it has missed.
    @Test func anAlertmanagerMayDie() async throws {
        let watch = try await Watch.start()
        await watch.cluster.kill(0)
        // The Watchdog, which always fires, can't be told to it.
        for agent in 0..<2 {
            #expect(
                await waitUntil {
                    await watch.pair.measures(
                        agent, #"vaultwatch_notifications_failed_total{integration="alertmanager",reason="other","#,
                        above: 0)
                }, "\(watch.pair.log(agent))")
            // What VaultwatchNotificationsFailing reads.
            #expect(
                await waitUntil {
                    await watch.pair.measures(
                        agent,
                        #"vaultwatch_notifications_pending_age_seconds{integration="alertmanager",receiver="hub"#,
                        above: 0)
                })
        }
        try await watch.perform("seal vault-2")
        #expect(await watch.hears("firing VaultSealed eu"), "\(watch.told)")
        #expect(watch.told == ["firing VaultSealed eu"])
        try await watch.cluster.restart(0)
        #expect(await watch.holds(0, "VaultSealed", sentAfter: Date()))
        try await watch.perform("unseal vault-2")
        #expect(await watch.hears("resolved VaultSealed eu"), "\(watch.told)")
        // A cluster promises at least once, and each member notifies at most once.
        #expect((1...2).contains(watch.told.count { $0 == "firing VaultSealed eu" }), "\(watch.told)")
        await watch.stop()
    }

    /// A network between that lets each agent reach one Alertmanager alone: these two agree among themselves.
    @Test func eachAgentReachesOneAlertmanager() async throws {
        let watch = try await Watch.start { all, member in [all[member]] }
        try await watch.sealAndUnseal()
        try await watch.perform("seal vault-3")
        #expect(await watch.hears("firing VaultSealed eu", times: 2), "\(watch.told)")
        #expect(watch.told == ["firing VaultSealed eu", "resolved VaultSealed eu", "firing VaultSealed eu"])
        await watch.stop()
    }

    private static func alerting(_ cluster: AlertmanagerCluster) -> String {
        """
        route: {receiver: hub}
        receivers:
          - {name: hub, alertmanager_configs: [{urls: \(cluster.urls), resend_delay: 1s, resolved_for: 0s}]}
        """
    }

    /// They disagree: whatever the cluster said meanwhile, it holds in the end what the one that still sees it sends.
    @Test func anEndThatOneSeesIsTakenBack() async throws {
        let sink = try await Sink.start()
        let estate = try await Estate.quiet()
        let cluster = try await AlertmanagerCluster.start(
            hook: sink.url + "/hook", smarthost: try estate.endpoints().mail)
        let blind = try await RunningAgent.start(alerting: Self.alerting(cluster))
        let seeing = try await RunningAgent.start(alerting: Self.alerting(cluster))
        let sealed = #""alertname":"VaultSealed","severity":"critical""#
        for agent in [blind, seeing] { try await agent.post(sealed, endsAt: "2099-01-01T00:00:00Z") }
        func states() -> [String] {
            sink.heard("/hook").map { $0.contains(#""status":"firing""#) ? "firing" : "resolved" }
        }
        #expect(await waitUntil(atMost: .seconds(60)) { states() == ["firing"] }, "\(blind.log)")
        try await seeing.post(sealed, endsAt: "2020-01-01T00:00:00Z")
        // The end has been accepted by both: nothing of it is left to send.
        #expect(
            await waitUntil { (try? await seeing.metric("vaultwatch_notifications_pending")) == 0 }, "\(seeing.log)")
        for member in 0..<2 {
            let moment = Date()
            #expect(
                await waitUntil(atMost: .seconds(60)) {
                    await cluster.ends(member)["VaultSealed"].map { $0 > moment + 5 } ?? false
                })
        }
        // It may have been told, and then it was taken back.
        #expect(await waitUntil(atMost: .seconds(60)) { states().last == "firing" }, "\(states())")
        try await blind.post(sealed, endsAt: "2020-01-01T00:00:00Z")
        #expect(await waitUntil(atMost: .seconds(60)) { states().last == "resolved" }, "\(states())")
        await blind.stop()
        await seeing.stop()
        await cluster.stop()
        await estate.stop()
        await sink.stop()
    }

    /// A label of the region is part of an alert, and so the cluster keeps two regions apart.
    @Test func eachRegionIsHeard() async throws {
        let sink = try await Sink.start()
        let estate = try await Estate.quiet()
        let cluster = try await AlertmanagerCluster.start(
            hook: sink.url + "/hook", smarthost: try estate.endpoints().mail)
        let rules = """
            groups:
              - name: region
                rules: [{alert: NodeDown, expr: vault_node_up == 0, labels: {severity: high}}]
            """
        var agents: [RunningAgent] = []
        for region in ["eu", "us", "us"] {
            agents.append(
                try await RunningAgent.start(
                    alerting: Self.alerting(cluster), rules: rules, global: "external_labels: {region: \(region)}"))
        }
        func regions() -> [String] {
            sink.heard("/hook").compactMap { body in
                body.firstMatch(of: /"groupLabels":\{[^}]*"region":"([a-z]+)"/).map { String($0.1) }
            }
        }
        #expect(await waitUntil(atMost: .seconds(60)) { Set(regions()) == ["eu", "us"] }, "\(regions())")
        // The second of the region has told both, and the cluster holds one alert for each region.
        for agent in agents {
            let sent = #"vaultwatch_notifications_total{integration="alertmanager",receiver="hub"}"#
            #expect(await waitUntil { (try? await agent.metric(sent)) ?? 0 >= 4 }, "\(agent.log)")
        }
        #expect(regions().sorted() == ["eu", "us"])
        for agent in agents { await agent.stop() }
        await cluster.stop()
        await estate.stop()
        await sink.stop()
    }
}
