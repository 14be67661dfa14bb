extension Scenario {
    /// Resolved alerts.
    static let ending: [Scenario] = [
        Scenario(
            "resolved", configuration(groupBy: "[team]"),
            hears: [#"ops {team="x"}"#: ["firing[A,B]", "firing[B] resolved[A]", "resolved[B]", "firing[A]"]]
        ) { peer in
            try await peer.post(.init("A", ["team": "x"]), .init("B", ["team": "x"]))
            try await peer.hears("firing[A,B]")
            try await peer.resolve("A", labels: ["team": "x"])
            try await peer.hears("firing[B] resolved[A]")
            try await peer.resolve("B", labels: ["team": "x"])
            try await peer.hears("resolved[B]")
            try await peer.fire("A", labels: ["team": "x"])
            try await peer.hears("firing[A]")
        },
        Scenario(
            "send-resolved-off", configuration(groupBy: "[team]", webhook: ", send_resolved: false"),
            hears: [#"ops {team="x"}"#: ["firing[A]", "firing[B]"]]
        ) { peer in
            try await peer.fire("A", labels: ["team": "x"])
            try await peer.hears("firing[A]")
            try await peer.resolve("A", labels: ["team": "x"])
            try await peer.passTurns()
            try await peer.fire("B", labels: ["team": "x"])
            try await peer.hears("firing[B]")
        },
        // The alert is not resolved explicitly, but by `resolve_timeout`.
        Scenario(
            "resolve-timeout", configuration(more: "global: {resolve_timeout: 3s}"),
            hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]
        ) { peer in
            try await peer.fire("A")
            try await peer.hears("resolved[A]")
        },
        Scenario("end-ahead", hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]) { peer in
            try await peer.post(.init("A", ends: 4))
            try await peer.hears("resolved[A]")
        },
        // An alert resolved before its first notification, and the end of an alert that never fired.
        Scenario("over-before-heard", configuration(wait: "3s"), hears: [#"ops {alertname="C"}"#: ["firing[C]"]]) {
            peer in
            try await peer.post(.init("A"))
            try await peer.resolve("A")
            try await peer.resolve("B")
            try await peer.fire("C")
            try await peer.hears("firing[C]")
        },
        // Resolved and firing again between two flushes of its group.
        Scenario("flap-within-interval", configuration(interval: "3s"), hears: [#"ops {alertname="A"}"#: ["firing[A]"]])
        { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.post(.init("A", ends: 0), .init("A"))
            try await peer.passTurns()
            try await peer.passTurns()
        },
    ]
}
