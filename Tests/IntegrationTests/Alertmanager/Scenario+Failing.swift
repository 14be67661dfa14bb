import Lab

extension Scenario {
    /// Receivers that do not accept a notification at once.
    static let failing: [Scenario] = [
        Scenario("retry-500", hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) { peer in
            peer.fail([.status(500), .status(503)])
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.passTurns()
        },
        // After a permanent failure the group's next flush decides again.
        Scenario("refused-400", hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) { peer in
            peer.fail([.status(400), .status(401)])
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.passTurns()
        },
        Scenario("reset", hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) { peer in
            peer.fail([.reset, .reset])
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.passTurns()
        },
        Scenario("rate-limited", hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) { peer in
            peer.fail([.status(429, headers: ["Retry-After": "2"])])
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.passTurns()
        },
        Scenario(
            "one-fails-other-hears",
            configuration(
                route: """
                    routes:
                        - {receiver: other, continue: true}
                        - {receiver: ops}
                    """), hears: [#"other {alertname="A"}"#: ["firing[A]", "resolved[A]"]]
        ) { peer in
            peer.keepFailing(.status(500))
            try await peer.fire("A")
            try await peer.hears("firing[A]", by: "other")
            try await peer.isRefused()
            try await peer.resolve("A")
            try await peer.hears("resolved[A]", by: "other")
        },
        Scenario("end-while-failing", hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]) { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            peer.keepFailing(.status(500))
            try await peer.resolve("A")
            try await peer.isRefused()
            peer.keepFailing(nil)
            try await peer.hears("resolved[A]")
        },
        // Resolved before a receiver that was down has accepted the notification.
        Scenario(
            "over-before-accepted",
            hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"], #"ops {alertname="B"}"#: ["firing[B]"]],
            oursHears: [#"ops {alertname="B"}"#: ["firing[B]"]]
        ) { peer in
            peer.keepFailing(.status(500))
            try await peer.fire("A")
            try await peer.isRefused()
            try await peer.resolve("A")
            try await peer.passTurns()
            peer.keepFailing(nil)
            try await peer.fire("B")
            try await peer.hears("firing[B]")
            if peer.kind == .alertmanager { try await peer.hears("resolved[A]") } else { try await peer.passTurns() }
        },
    ]
}
