import Foundation
import Lab
import Platform
import Testing

/// What packaging/redundancy.md says of two agents that share a service of PagerDuty.
@Suite(.serialized) struct PagerDutyPairTests {
    /// What a service of PagerDuty makes of events: one incident a key, which a resolve closes, and which pages when it
    /// opens. Source: developer.pagerduty.com/docs/events-api-v2/trigger-events.
    private struct Service {
        var pages = 0
        var open: Set<String> = []
        var keys: Set<String> = []
        var triggers = 0
        var resolves = 0

        mutating func take(_ action: String, _ key: String) {
            keys.insert(key)
            switch action {
            case "trigger":
                triggers += 1
                if open.insert(key).inserted { pages += 1 }
            case "resolve":
                resolves += 1
                open.remove(key)
            default: break
            }
        }

        /// - Parameter bodies: the requests, in the order of their arrival.
        init(_ bodies: [String]) {
            for body in bodies {
                let event = (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
                take(event["event_action"] as? String ?? "", event["dedup_key"] as? String ?? "")
            }
        }

        init(_ inbox: Inbox) {
            for message in inbox.messages(kind: .pagerduty) {
                take(
                    message.payload?["event_action"]?.string ?? "", message.payload?["dedup_key"]?.string ?? "")
            }
        }
    }

    /// Both see the same fault: each tells it, under one key, and so it pages once and ends once.
    @Test func aFaultPagesOnce() async throws {
        let estate = try await Estate.quiet()
        let endpoints = try estate.endpoints()
        let pair = try await AgentPair.start(on: estate) { _ in
            """
            route:
              receiver: pager
              group_by: [alertname, cluster]
              group_wait: 0s
              group_interval: 1s
              routes: [{matchers: [severity != critical], receiver: nobody}]
            receivers:
              - name: nobody
              - name: pager
                pagerduty_configs: [{routing_key: k, url: "\(endpoints.pagerDutyURL)/v2/enqueue", change_events: false}]
            """
        }
        func perform(_ text: String) async throws { try await estate.perform(try #require(EstateAction(text))) }
        try await perform("seal vault-2")
        #expect(await waitUntil { Service(estate.inbox).triggers >= 2 }, "\(pair.log(0)) \(pair.log(1))")
        // A restart ends nothing, and tells nothing anew.
        await pair.kill(0)
        try await pair.start(0)
        try await perform("seal vault-3")
        #expect(await waitUntil { Service(estate.inbox).triggers >= 4 }, "\(pair.log(0)) \(pair.log(1))")
        #expect(Service(estate.inbox).resolves == 0)
        // One that is gone for good takes no page along: the other tells the end.
        await pair.kill(1)
        try await perform("unseal vault-2")
        try await perform("unseal vault-3")
        #expect(await waitUntil { Service(estate.inbox).open.isEmpty }, "\(pair.log(0))")
        let service = Service(estate.inbox)
        #expect(service.pages == 1 && service.keys.count == 1 && service.resolves == 1)
        await pair.stop()
        await estate.stop()
    }

    private static func alerting(_ sink: Sink) -> String {
        """
        route: {receiver: pager, group_by: [alertname], group_wait: 0s, group_interval: 1s, repeat_interval: 2s}
        receivers:
          - name: pager
            pagerduty_configs: [{routing_key: k, url: "\(sink.url)/pd"}]
            webhook_configs: [{url: "\(sink.url)/chat"}]
        """
    }

    private static let later = "2099-01-01T00:00:00Z"
    private static let past = "2020-01-01T00:00:00Z"
    private static let sealed = #""alertname":"VaultSealed","severity":"critical""#

    /// They disagree: one sees an end that the other does not. The incident closes, and the other's next repeat opens it
    /// again.
    @Test func anEndThatOneSeesLosesNoPage() async throws {
        let sink = try await Sink.start()
        let blind = try await RunningAgent.start(alerting: Self.alerting(sink))
        let seeing = try await RunningAgent.start(alerting: Self.alerting(sink))
        func service() -> Service { Service(sink.heard("/pd")) }
        for agent in [blind, seeing] { try await agent.post(Self.sealed, endsAt: Self.later) }
        #expect(await waitUntil { service().triggers >= 2 })
        #expect(service().pages == 1 && service().keys.count == 1)
        try await seeing.post(Self.sealed, endsAt: Self.past)
        #expect(await waitUntil { service().resolves == 1 }, "\(seeing.log)")
        #expect(await waitUntil { service().pages == 2 && !service().open.isEmpty }, "\(blind.log)")
        try await blind.post(Self.sealed, endsAt: Self.past)
        #expect(await waitUntil { service().open.isEmpty && service().resolves == 2 }, "\(blind.log)")
        await blind.stop()
        await seeing.stop()
        await sink.stop()
    }

    /// An agent tells the end of what it has told, and of nothing else.
    @Test func anAgentEndsOnlyWhatItTold() async throws {
        let sink = try await Sink.start()
        let first = try await RunningAgent.start(alerting: Self.alerting(sink))
        let second = try await RunningAgent.start(alerting: Self.alerting(sink))
        try await first.post(Self.sealed, endsAt: Self.later)
        #expect(await waitUntil { Service(sink.heard("/pd")).pages == 1 }, "\(first.log)")
        try await second.post(Self.sealed, endsAt: Self.past)
        await second.kill()
        try await second.start()
        try await second.post(#""alertname":"Other""#, endsAt: Self.later)
        #expect(await waitUntil { Service(sink.heard("/pd")).pages == 2 }, "\(second.log)")
        #expect(Service(sink.heard("/pd")).resolves == 0)
        await first.stop()
        await second.stop()
        await sink.stop()
    }

    /// Who has no keys, a chat or a mailbox, hears each agent.
    @Test func withoutAKeyBothAreHeard() async throws {
        let sink = try await Sink.start()
        let agents = [
            try await RunningAgent.start(alerting: Self.alerting(sink)),
            try await RunningAgent.start(alerting: Self.alerting(sink)),
        ]
        for agent in agents {
            let before = sink.heard("/chat").count
            try await agent.post(Self.sealed, endsAt: Self.later)
            #expect(await waitUntil { sink.heard("/chat").count > before }, "\(agent.log)")
        }
        #expect(Service(sink.heard("/pd")).pages == 1)
        for agent in agents { await agent.stop() }
        await sink.stop()
    }

    /// Acknowledged there, an incident is not told again; once it is resolved there, what fires on is.
    @Test func anAcknowledgementEndsWithTheIncident() async throws {
        let sink = try await Sink.start()
        let secret = "GExy0F4QW8lJQEXAMPLE"
        let agent = try RunningAgent(Self.alerting(sink), web: "pagerduty_webhook_secret: \(secret)")
        try await agent.start()
        try await agent.post(Self.sealed, endsAt: Self.later)
        #expect(await waitUntil { Service(sink.heard("/pd")).triggers >= 1 }, "\(agent.log)")
        let key = try #require(Service(sink.heard("/pd")).keys.first)
        func tell(_ type: String) async throws {
            let body =
                #"{"event":{"event_type":"\#(type)","occurred_at":"\#(Date().ISO8601Format())","agent":{"summary":"Bob"},"data":{"incident_key":"\#(key)"}}}"#
            let file = try agent.folder.write("event.json", body)
            let digest = String(
                decoding: try await ChildProcess.run("openssl", ["dgst", "-sha256", "-hmac", secret, file]),
                as: UTF8.self)
            let signature = try #require(digest.split(separator: " ").last).trimmingCharacters(in: .newlines)
            try await ChildProcess.run(
                "curl",
                [
                    "-sf", "-H", "X-PagerDuty-Signature: v1=\(signature)", "-H", "Content-Type: application/json",
                    "--data-binary", "@\(file)", agent.url + "/api/v1/vaultwatch/pagerduty",
                ])
        }
        try await tell("incident.acknowledged")
        #expect(await waitUntil { (try? await agent.command("ack").output.contains("by Bob")) == true })
        let before = Service(sink.heard("/pd")).triggers
        try await tell("incident.resolved")
        #expect(await waitUntil { Service(sink.heard("/pd")).triggers > before }, "\(agent.log)")
        await agent.stop()
        await sink.stop()
    }
}
