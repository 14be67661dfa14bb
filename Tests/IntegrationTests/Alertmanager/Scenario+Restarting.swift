#if canImport(Glibc)
    import Glibc
#endif

extension Scenario {
    private static let toOther = configuration().replacing("receiver: ops", with: "receiver: other", maxReplacements: 1)

    /// Reloads, restarts and kills.
    static let restarting: [Scenario] = [
        Scenario("reload-same", hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]) { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.reload(configuration())
            try await peer.passTurns()
            try await peer.resolve("A")
            try await peer.hears("resolved[A]")
        },
        Scenario(
            "reload-other-receiver",
            hears: [#"ops {alertname="A"}"#: ["firing[A]"], #"other {alertname="A"}"#: ["firing[A]", "resolved[A]"]],
            oursHears: [
                #"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"],
                #"other {alertname="A"}"#: ["firing[A]", "resolved[A]"],
            ]
        ) { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.reload(toOther)
            try await peer.hears("firing[A]", by: "other")
            try await peer.resolve("A")
            try await peer.hears("resolved[A]", by: "other")
            if peer.kind == .vaultwatch { try await peer.hears("resolved[A]") } else { try await peer.passTurns() }
        },
        // The notification log and silences survive an orderly restart; alerts are sent again by their source.
        Scenario("restart", hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]) { peer in
            try await peer.fire("A")
            _ = try await peer.silence("B", seconds: 600)
            try await peer.hears("firing[A]")
            try await peer.restart()
            try await peer.fire("A", "B")
            try await peer.passTurns()
            try await peer.resolve("A")
            try await peer.hears("resolved[A]")
        },
        // The source is silent after the restart, so `resolve_timeout` resolves the alert, where it is still known.
        Scenario(
            "restart-forgotten-by-source", configuration(more: "global: {resolve_timeout: 6s}"),
            hears: [#"ops {alertname="A"}"#: ["firing[A]"]],
            oursHears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]
        ) { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.restart()
            if peer.kind == .vaultwatch {
                try await peer.hears("resolved[A]")
            } else {
                for _ in 0..<4 { try await peer.passTurns() }
            }
        },
        Scenario(
            "kill",
            hears: [
                #"ops {alertname="A"}"#: ["firing[A]", "firing[A]", "resolved[A]"],
                #"ops {alertname="B"}"#: ["firing[B]"],
            ],
            oursHears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]
        ) { peer in
            try await peer.fire("A")
            _ = try await peer.silence("B", seconds: 600)
            try await peer.hears("firing[A]")
            try await peer.restart(SIGKILL)
            try await peer.fire("A", "B")
            if peer.kind == .alertmanager {
                try await peer.hears("firing[A]", times: 2)
                try await peer.hears("firing[B]")
            } else {
                try await peer.passTurns()
            }
            try await peer.resolve("A")
            try await peer.hears("resolved[A]")
        },
        // Killed within `group_wait`, before the first notification.
        Scenario(
            "kill-before-told", configuration(wait: "4s"), hears: [:],
            oursHears: [#"ops {alertname="A"}"#: ["firing[A]"]]
        ) { peer in
            try await peer.fire("A")
            try await peer.restart(SIGKILL)
            if peer.kind == .vaultwatch {
                try await peer.hears("firing[A]")
            } else {
                for _ in 0..<3 { try await peer.passTurns() }
            }
        },
    ]
}
