import Testing
import Transport

@testable import Probes

/// What the status says of a load balancer: where it leads, in words that hold for a balancer and not for a node.
struct LoadBalancerStatusTests {
    private func report(_ answer: Result<HTTPResponse, TransportError>) async -> ProbeReport {
        let options = VaultClusterOptions(name: "main", nodes: [.init(name: "a", url: "https://a:8200")])
        let cluster = VaultCluster(options: options, http: ScriptedHTTP { _ in answer }, platform: testPlatform())
        return await VaultLoadBalancerProbe(cluster: cluster, url: "https://vault").run()
    }

    /// Without a node behind it a balancer answers by itself. That is no degraded node, and no foreign body of a node.
    @Test(arguments: [
        json(503, "<html><body><h1>503 Service Unavailable</h1></body></html>"), json(502, ""), json(504, "upstream"),
        json(404, "default backend - 404"),
    ])
    func itsOwnAnswerComesFromNoNode(_ answer: HTTPResponse) async {
        let report = await report(.success(answer))
        #expect(report.status.state == "routes to no node" && report.status.health == .critical)
        #expect(report.failure?.message.hasPrefix("the load balancer answers \(answer.status) by itself: ") == true)
        let text = "\(report.status)\(report.failure?.description ?? "")"
        for word in ["degraded", "not Vault's", "sys/health"] { #expect(!text.contains(word), "\(text)") }
    }

    @Test func otherAnswers() async {
        let active = await report(.success(Recording.response("active.health")))
        #expect(active.status.state == "routes to active" && active.failure == nil)
        let standby = await report(.success(Recording.response("standby.health")))
        #expect(standby.status.state == "routes to standby" && standby.status.health == .warning)
        #expect(await report(.success(json(301, ""))).status.state == "redirects")
        let silent = await report(.failure(TransportError(.connect, "refused")))
        #expect(silent.status.state == "unreachable" && silent.failure?.reason == "connect")
    }
}
