extension Scenario {
    /// The times of notifications. Only lower bounds are checked, since on a busy machine everything is late.
    static let timing: [Scenario] = [
        Scenario(
            observing: "group-wait", configuration(wait: "2s"), hears: [#"ops {alertname="A"}"#: ["firing[A1,A2]"]]
        ) { peer in
            let began = ContinuousClock.now
            try await peer.fire("A", labels: ["n": "1"])
            try await peer.fire("A", labels: ["n": "2"])
            try await peer.hears("firing[A1,A2]")
            return peer.heard.map { String($0.at - began > .milliseconds(1900)) }
        },
        // An alert that started longer ago than `group_wait` is notified at once.
        Scenario(observing: "late-alert", configuration(wait: "30s"), hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) {
            peer in
            let began = ContinuousClock.now
            try await peer.post(.init("A", starts: -120))
            try await peer.hears("firing[A]")
            return peer.heard.map { String($0.at - began < .seconds(25)) }
        },
        Scenario(
            observing: "group-interval", configuration(interval: "3s", groupBy: "[team]"),
            hears: [#"ops {team="x"}"#: ["firing[A]", "firing[A,B]"]]
        ) { peer in
            try await peer.fire("A", labels: ["team": "x"])
            try await peer.hears("firing[A]")
            try await peer.fire("B", labels: ["team": "x"])
            try await peer.hears("firing[A,B]")
            return [String(peer.heard[1].at - peer.heard[0].at > .milliseconds(2500))]
        },
        Scenario(
            observing: "repeat", configuration(again: "2s"),
            hears: [#"ops {alertname="A"}"#: ["firing[A]", "resolved[A]"]], collapses: true
        ) { peer in
            try await peer.fire("A")
            try await peer.hears("firing[A]", times: 3)
            let said = peer.heard
            try await peer.resolve("A")
            try await peer.hears("resolved[A]")
            return zip(said, said.dropFirst()).prefix(2).map { String($1.at - $0.at > .milliseconds(1500)) }
        },
        // A change of annotations alone does not cause a notification.
        Scenario("changed-annotation", hears: [#"ops {alertname="A"}"#: ["firing[A]"]]) { peer in
            try await peer.post(.init("A", annotations: ["note": "one"]))
            try await peer.hears("firing[A]")
            try await peer.post(.init("A", annotations: ["note": "two"]))
            try await peer.passTurns()
        },
    ]
}
