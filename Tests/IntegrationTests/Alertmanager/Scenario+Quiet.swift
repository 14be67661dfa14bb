extension Scenario {
    private static let inhibition = configuration(
        more: """
            inhibit_rules:
              - source_matchers: [severity = critical]
                target_matchers: [severity = warning]
                equal: [cluster]
            """)

    private static let circle = configuration(
        more: """
            inhibit_rules:
              - {source_matchers: [alertname = A], target_matchers: [alertname = B]}
              - {source_matchers: [alertname = B], target_matchers: [alertname = A]}
            """)

    private static let intervals = """
        time_intervals:
          - name: always
            time_intervals: [{times: [{start_time: '00:00', end_time: '24:00'}]}]
          - name: never
            time_intervals: [{years: ['1999']}]
        """

    /// What suppresses notifications, and what is sent when it ends.
    static let quiet: [Scenario] = [
        Scenario(
            observing: "inhibition", inhibition,
            hears: [
                #"ops {alertname="Crit"}"#: ["firing[Crit]", "resolved[Crit]"],
                #"ops {alertname="Other"}"#: ["firing[Other]"],
                #"ops {alertname="Warn"}"#: ["firing[Warn]"],
            ]
        ) { peer in
            try await peer.fire("Crit", labels: ["severity": "critical", "cluster": "a"])
            try await peer.hears("firing[Crit]")
            try await peer.post(
                .init("Warn", ["severity": "warning", "cluster": "a"]),
                .init("Other", ["severity": "warning", "cluster": "b"]))
            try await peer.hears("firing[Other]")
            try await peer.passTurns()
            try await peer.resolve("Crit", labels: ["severity": "critical", "cluster": "a"])
            try await peer.hears("firing[Warn]")
            try await peer.hears("resolved[Crit]")
            let ended = peer.heard("resolved[Crit]").first, came = peer.heard("firing[Warn]").first
            return [String((came?.at).flatMap { came in (ended?.at).map { came - $0 > .seconds(-2) } } ?? false)]
        },
        Scenario(
            "inhibited-then-resolved", inhibition,
            hears: [#"ops {alertname="Crit"}"#: ["firing[Crit]"], #"ops {alertname="Warn"}"#: ["firing[Warn]"]],
            oursHears: [
                #"ops {alertname="Crit"}"#: ["firing[Crit]"],
                #"ops {alertname="Warn"}"#: ["firing[Warn]", "resolved[Warn]"],
            ]
        ) { peer in
            try await peer.fire("Warn", labels: ["severity": "warning", "cluster": "a"])
            try await peer.hears("firing[Warn]")
            try await peer.fire("Crit", labels: ["severity": "critical", "cluster": "a"])
            try await peer.hears("firing[Crit]")
            try await peer.resolve("Warn", labels: ["severity": "warning", "cluster": "a"])
            try await peer.passTurns()
        },
        Scenario(
            "inhibited-in-a-circle", circle, hears: [#"ops {alertname="Other"}"#: ["firing[Other]"]],
            oursHears: [
                #"ops {alertname="A"}"#: ["firing[A]"], #"ops {alertname="B"}"#: ["firing[B]"],
                #"ops {alertname="Other"}"#: ["firing[Other]"],
            ]
        ) { peer in
            try await peer.post(.init("A"), .init("B"), .init("Other"))
            try await peer.hears("firing[Other]")
            try await peer.passTurns()
        },
        Scenario(
            observing: "silence-ended-by-hand",
            hears: [#"ops {alertname="A"}"#: ["firing[A]"], #"ops {alertname="B"}"#: ["firing[B]"]]
        ) { peer in
            let id = try await peer.silence("A|Z", seconds: 600)
            try await peer.post(.init("A"), .init("B"))
            try await peer.hears("firing[B]")
            try await peer.passTurns()
            let ended = ContinuousClock.now
            try await peer.expire(id)
            try await peer.hears("firing[A]")
            return peer.heard("firing[A]").map { String($0.at > ended) }
        },
        Scenario(observing: "silence-runs-out", hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) { peer in
            let began = ContinuousClock.now
            _ = try await peer.silence("A", seconds: 4)
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            return peer.heard.map { String($0.at - began > .milliseconds(3900)) }
        },
        // A silence that starts later stops repeats. Its end is news to us alone.
        Scenario(
            "silenced-while-firing", configuration(groupBy: "[team]"), hears: [#"ops {team="x"}"#: ["firing[A,B]"]],
            oursHears: [#"ops {team="x"}"#: ["firing[A,B]", "firing[A,B]"]]
        ) { peer in
            try await peer.post(.init("A", ["team": "x"]), .init("B", ["team": "x"]))
            try await peer.hears("firing[A,B]")
            let id = try await peer.silence("A", seconds: 600)
            try await peer.passTurns()
            try await peer.expire(id)
            try await peer.passTurns()
        },
        Scenario(
            "silenced-then-resolved", hears: [#"ops {alertname="A"}"#: ["firing[A]"]],
            oursHears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]
        ) { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            _ = try await peer.silence("A", seconds: 600)
            try await peer.resolve("A")
            try await peer.passTurns()
        },
        Scenario("silenced-from-start-to-end", hears: [#"ops {alertname="B"}"#: ["firing[B]"]]) { peer in
            let id = try await peer.silence("A", seconds: 600)
            try await peer.post(.init("A"), .init("B"))
            try await peer.hears("firing[B]")
            try await peer.resolve("A")
            try await peer.passTurns()
            try await peer.expire(id)
            try await peer.passTurns()
        },
        Scenario(
            "time-intervals",
            configuration(
                route: """
                    routes:
                        - {matchers: [alertname = Muted], mute_time_intervals: [always]}
                        - {matchers: [alertname = NotMuted], mute_time_intervals: [never]}
                        - {matchers: [alertname = Active], active_time_intervals: [always]}
                        - {matchers: [alertname = NotActive], active_time_intervals: [never]}
                        - {matchers: [alertname = Both], active_time_intervals: [always], mute_time_intervals: [always]}
                    """, more: intervals),
            hears: [
                #"ops {alertname="NotMuted"}"#: ["firing[NotMuted]"], #"ops {alertname="Active"}"#: ["firing[Active]"],
            ]
        ) { peer in
            try await peer.post(.init("Muted"), .init("NotMuted"), .init("Active"), .init("NotActive"), .init("Both"))
            try await peer.hears("firing[NotMuted]")
            try await peer.hears("firing[Active]")
            try await peer.passTurns()
        },
        Scenario(
            "muted-then-resolved", hears: [#"ops {alertname="A"}"#: ["firing[A]"]],
            oursHears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]]
        ) { peer in
            let muted = { (interval: String) in
                configuration(
                    route: "routes: [{matchers: [alertname = A], mute_time_intervals: [\(interval)]}]", more: intervals)
            }
            try await peer.reload(muted("never"))
            try await peer.fire("A")
            try await peer.hears("firing[A]")
            try await peer.reload(muted("always"))
            try await peer.resolve("A")
            try await peer.passTurns()
        },
    ]
}
