import Probes
import Simulation
import Testing

@testable import Config

/// `load_balancer_url` alone, or `load_balancer` with the nodes to which it may route.
struct LoadBalancerTests {
    private static let path = "/etc/vaultwatch/c.yml"

    private func load(_ keys: String) throws -> VaultClusterOptions {
        let text = """
            vault:
              clusters:
                - name: c
                  nodes: [{name: n, url: 'https://n:8200'}]
                  \(keys)
            alerting: {route: {receiver: r}, receivers: [{name: r}]}

            """
        let configuration = try Configuration.load(Self.path, files: MemoryFiles([Self.path: text]), environment: [:])
        return try #require(configuration.vault.first)
    }

    private func complaint(_ keys: String) -> String {
        do {
            _ = try load(keys)
            return ""
        } catch {
            return "\(error)".replacing(Self.path, with: "c.yml")
        }
    }

    @Test func bothFormsAreRead() throws {
        let old = try load("load_balancer_url: https://lb")
        #expect(old.loadBalancerURL == "https://lb" && old.loadBalancerAccepts == [.active])
        let new = try load("load_balancer: {url: https://lb, accepts: [active, standby, performance_standby]}")
        #expect(new.loadBalancerURL == "https://lb")
        #expect(new.loadBalancerAccepts == [.active, .standby, .performanceStandby])
        let both = try load("load_balancer_url: https://lb\n      load_balancer: {accepts: [performance_standby]}")
        #expect(both.loadBalancerURL == "https://lb" && both.loadBalancerAccepts == [.performanceStandby])
        #expect(try load("load_balancer: {url: https://lb}").loadBalancerAccepts == [.active])
        #expect(try load("").loadBalancerURL == nil)
    }

    @Test(arguments: [
        (
            "load_balancer: {url: https://lb, accepts: [active, sealed]}",
            "expected active, standby, performance_standby"
        ),
        ("load_balancer: {accepts: [active]}", "load_balancer has no url"),
        ("load_balancer: {url: https://lb, standbyok: true}", "standbyok"),
        ("load_balancer_url: https://a\n      load_balancer: {url: https://b}", "keep one of both"),
        ("load_balancer: {url: nowhere}", "url"), ("load_balancer: https://lb", "load_balancer"),
    ])
    func whatIsWrongIsNamed(keys: String, part: String) {
        let complaint = complaint(keys)
        #expect(
            complaint.contains(part) && complaint.contains("c.yml:5") || complaint.contains("c.yml:6"), "\(complaint)")
    }
}
