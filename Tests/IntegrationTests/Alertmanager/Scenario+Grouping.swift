extension Scenario {
    /// Which alerts a receiver gets together.
    static let grouping: [Scenario] = [
        Scenario(
            "batching", configuration(groupBy: "[team]"),
            hears: [#"ops {team="x"}"#: ["firing[A,B]", "firing[A,B,C]"]]
        ) { peer in
            try await peer.post(.init("A", ["team": "x"]), .init("B", ["team": "x"]))
            try await peer.hears("firing[A,B]")
            try await peer.fire("C", labels: ["team": "x"])
            try await peer.hears("firing[A,B,C]")
        },
        Scenario("group-by-nothing", configuration(groupBy: "[]"), hears: ["ops {}": ["firing[A,B]"]]) { peer in
            try await peer.post(.init("A"), .init("B"))
            try await peer.hears("firing[A,B]")
        },
        Scenario(
            "group-by-all", configuration(groupBy: "['...']"),
            hears: [#"ops {alertname="A", n="1"}"#: ["firing[A1]"], #"ops {alertname="A", n="2"}"#: ["firing[A2]"]]
        ) { peer in
            try await peer.post(.init("A", ["n": "1"]), .init("A", ["n": "2"]))
            try await peer.hears("firing[A1]")
            try await peer.hears("firing[A2]")
        },
        // Both forms of matchers, nesting, inheritance, and the default receiver.
        Scenario(
            "routes",
            configuration(
                route: """
                    routes:
                        - match: {team: db}
                          receiver: other
                          group_by: [team]
                          routes:
                            - match_re: {alertname: 'Q.*'}
                              receiver: ops
                        - matchers: ['team=~"web|api"', alertname != B]
                          receiver: other
                    """),
            hears: [
                #"other {team="db"}"#: ["firing[A]"], #"ops {team="db"}"#: ["firing[Quiet]"],
                #"other {alertname="A"}"#: ["firing[A]"],
                #"ops {alertname="B"}"#: ["firing[B]"], #"ops {alertname="C"}"#: ["firing[C]"],
            ]
        ) { peer in
            try await peer.post(
                .init("A", ["team": "db"]), .init("Quiet", ["team": "db"]), .init("A", ["team": "api"]),
                .init("B", ["team": "web"]), .init("C"))
            for (line, receiver) in [
                ("firing[A]", "other"), ("firing[Quiet]", "ops"), ("firing[B]", "ops"), ("firing[C]", "ops"),
            ] {
                try await peer.hears(line, by: receiver, times: line == "firing[A]" ? 2 : 1)
            }
        },
        Scenario(
            "continue",
            configuration(
                route: """
                    routes:
                        - matchers: [severity = critical]
                          receiver: other
                          continue: true
                        - matchers: [severity =~ critical|high]
                          receiver: ops
                          group_by: [severity]
                    """),
            hears: [
                #"other {alertname="A"}"#: ["firing[A]", "resolved[A]"],
                #"ops {severity="critical"}"#: ["firing[A]", "resolved[A]"],
                #"ops {severity="high"}"#: ["firing[B]"],
            ]
        ) { peer in
            try await peer.post(.init("A", ["severity": "critical"]), .init("B", ["severity": "high"]))
            try await peer.hears("firing[A]")
            try await peer.hears("firing[A]", by: "other")
            try await peer.hears("firing[B]")
            try await peer.resolve("A", labels: ["severity": "critical"])
            try await peer.hears("resolved[A]")
            try await peer.hears("resolved[A]", by: "other")
        },
        // The whole message, first and last, byte for byte but for the end's time and the order of alerts.
        Scenario(
            observing: "payload", configuration(groupBy: "[team]"),
            hears: [#"ops {team="x"}"#: ["firing[A,B]", "firing[B] resolved[A]", "resolved[B]"]]
        ) { peer in
            var a = Peer.Posted(
                "A", ["team": "x", "severity": "critical"],
                annotations: ["summary": "a \"b\" <c> ü", "same": "1", "empty": ""])
            a.startsAt = "2026-01-02T03:04:05.678Z"
            a.generatorURL = "http://rules.example.org/graph?g0.expr=up&g0.tab=1"
            var b = Peer.Posted(
                "B", ["team": "x", "severity": "high"], annotations: ["summary": "b", "same": "1", "empty": ""])
            b.startsAt = "2026-01-02T03:04:06Z"
            try await peer.post(a, b)
            try await peer.hears("firing[A,B]")
            a.ends = 0
            try await peer.post(a)
            try await peer.hears("firing[B] resolved[A]")
            b.ends = 0
            try await peer.post(b)
            try await peer.hears("resolved[B]")
            return peer.heard.map { heard in
                heard.payload.replacing(/"endsAt":"20[^"]*"/, with: #""endsAt":"then""#)
            }
        },
        Scenario(
            observing: "max-alerts", configuration(groupBy: "[team]", webhook: ", max_alerts: 2"),
            hears: [#"ops {team="x"}"#: ["firing[A,B]"]]
        ) { peer in
            try await peer.post(.init("A", ["team": "x"]), .init("B", ["team": "x"]), .init("C", ["team": "x"]))
            try await peer.hears("firing[A,B]")
            return peer.heard.map { String($0.payload.contains(#""truncatedAlerts":1"#)) }
        },
        // Two posts of one alert: the earlier start and the later annotations are kept.
        Scenario(
            observing: "merge", configuration(groupBy: "[team]"),
            hears: [#"ops {team="x"}"#: ["firing[A]", "firing[A,B]"]]
        ) { peer in
            var early = Peer.Posted("A", ["team": "x"], annotations: ["note": "one"])
            early.startsAt = "2026-01-02T03:04:05Z"
            try await peer.post(early)
            try await peer.hears("firing[A]")
            try await peer.post(
                .init("A", ["team": "x"], annotations: ["note": "two"], starts: -1), .init("B", ["team": "x"]))
            try await peer.hears("firing[A,B]")
            let payload = peer.heard.last?.payload ?? ""
            return [
                String(payload.contains(#""startsAt":"2026-01-02T03:04:05Z""#)),
                String(payload.contains(#""note":"two""#)), String(payload.contains(#""note":"one""#)),
            ]
        },
    ]
}
