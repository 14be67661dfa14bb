import Probes
import Testing

@testable import Config

struct ConnectionLimitTests {
    @Test func theConnectionLimitGrowsWithTheTargets() {
        var cluster = VaultClusterOptions(
            name: "main", nodes: (0..<1000).map { .init(name: "\($0)", url: "https://\($0).example") })
        cluster.loadBalancerURL = "https://vault.example"
        #expect(Configuration.connectionLimit(vault: [cluster], buckets: 1) >= 3 * 1001)
    }
}
