import Lab
import Platform
import Samples
import Testing

/// The simulated cluster says what other versions and editions say.
struct VaultFeaturesTests {
    private let random = FixedRandom()
    private let start = Moment(
        monotonic: Instant(nanoseconds: 0), wall: Timestamp(milliseconds: 1_795_467_000_000))

    private func cluster(_ change: (inout SimulatedVaultCluster) -> Void) -> SimulatedVaultCluster {
        var cluster = SimulatedVaultCluster(
            SimulatedVaultCluster.Options(),
            nodes: (1...3).map { ("vault-\($0)", "https://vault-\($0):8200", "https://vault-\($0):8201") },
            at: start.wall)
        for index in 0..<3 { _ = cluster.perform(.unseal, on: index, at: start, random: random) }
        change(&cluster)
        return cluster
    }

    private func ask(_ cluster: SimulatedVaultCluster, _ node: Int, _ path: String) -> (status: Int, text: String) {
        var cluster = cluster
        guard
            case .response(let response) = cluster.answer(
                LabRequest(uri: "/v1/" + path), node: node, at: start, random: random
            ).reply
        else { return (0, "") }
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func everyStatusOfHealth() {
        let secondary = cluster {
            $0.options.features.replication["dr"] = .init(mode: "secondary", state: "stream-wals")
        }
        for node in 0..<3 { #expect(ask(secondary, node, "sys/health").status == 472) }
        #expect(ask(secondary, 0, "sys/health").text.contains(#""replication_dr_mode":"secondary""#))
        #expect(ask(secondary, 0, "sys/metrics?format=prometheus").status == 400)
        #expect(ask(secondary, 0, "sys/replication/dr/status").text.contains(#""state":"stream-wals""#))
        let performance = cluster { $0.options.features.hasPerformanceStandbys = true }
        #expect(ask(performance, 0, "sys/health").status == 200 && ask(performance, 1, "sys/health").status == 473)
        let cutOff = cluster {
            $0.options.features.reportsConnection = true
            $0.nodes[1].traits.isCutOff = true
        }
        #expect(ask(cutOff, 1, "sys/health").status == 474 && ask(cutOff, 2, "sys/health").status == 429)
        #expect(ask(cutOff, 1, "sys/health").text.contains(#""ha_connection_healthy":false"#))
        #expect(ask(cluster { $0.nodes[2].traits.isRemoved = true }, 2, "sys/health").status == 530)
    }

    @Test func whatListenersHide() {
        let hidden = cluster {
            $0.options.features.redactsAddresses = true
            $0.options.features.redactsVersion = true
            $0.options.features.redactsClusterName = true
        }
        #expect(ask(hidden, 0, "sys/health").text.contains(#""version":"""#))
        #expect(!ask(hidden, 0, "sys/health").text.contains("cluster_name"))
        #expect(ask(hidden, 0, "sys/leader").text.contains(#""is_self":true"#))
        #expect(ask(hidden, 0, "sys/leader").text.contains(#""leader_address":"""#))
    }

    @Test func openBaoLeavesOutWhatIsEmpty() {
        let bao = cluster { $0.options.features.isOpenBao = true }
        #expect(!ask(bao, 1, "sys/health").text.contains("performance_standby"))
        #expect(!ask(bao, 1, "sys/leader").text.contains("is_self"))
        #expect(ask(cluster { $0.options.features.refusesAttempts = true }, 0, "sys/rekey/init").status == 403)
    }

    @Test func telemetryUnderOtherNames() {
        let named = cluster {
            $0.options.features.metricsPrefix = "acme"
            $0.options.features.metricsHost = "host1"
        }
        let page = ask(named, 0, "sys/metrics?format=prometheus").text
        #expect(page.contains("\nacme_host1_expire_num_leases") && page.contains("\nacme_barrier_get_count "))
        #expect(!page.contains("\nvault_"))
        let off = ask(cluster { $0.options.features.prometheusIsOff = true }, 0, "sys/metrics?format=prometheus")
        #expect(off.status == 400 && off.text.contains("prometheus is not enabled"))
    }

    @Test func attemptsAndSealBackends() {
        let plain = cluster { _ in }
        #expect(ask(plain, 0, "sys/rekey/init").text.contains(#""started":false"#))
        #expect(ask(plain, 0, "sys/seal-backend-status").status == 404)
        let busy = cluster {
            $0.options.features.rekey = .init(progress: 1)
            $0.options.features.sealBackends = ["hsm": true, "transit": false]
        }
        #expect(ask(busy, 0, "sys/rekey/init").text.contains(#""started":true"#))
        #expect(ask(busy, 0, "sys/seal-backend-status").text.contains(#"{"name":"transit","healthy":false}"#))
    }
}
