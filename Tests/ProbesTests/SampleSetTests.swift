import Samples
import Testing

@testable import Probes

/// The series of the run before are shared where they are the same, and only there.
struct SampleSetTests {
    private func run(_ previous: [Labels], node: String = "a", reason: String = "timeout", extra: Bool = false)
        -> SampleSet
    {
        var set = SampleSet(
            ["cluster": "main", "node": node, "empty": ""], at: Timestamp(milliseconds: 1000), previous: previous)
        set.add("up", true)
        if extra { set.add("extra", 1) }
        set.add("failure", 1, ["reason": reason, "none": ""])
        set.addState("state", "b", of: ["a", "b"])
        set.add("duration_seconds", LatencyHistogram(), [Label("endpoint", "health")])
        set.add("last", 2.0)
        return set
    }

    @Test func sharesSeriesOfTheRunBefore() {
        let first = run([])
        let second = run(first.samples.map(\.labels))
        #expect(second.samples == first.samples)
        for (a, b) in zip(first.samples, second.samples) {
            let isShared = a.labels.pairs.withUnsafeBufferPointer { a in
                b.labels.pairs.withUnsafeBufferPointer { $0.baseAddress == a.baseAddress }
            }
            #expect(isShared, "\(a.labels)")
        }
    }

    @Test(arguments: [("b", "timeout", false), ("a", "refused", false), ("a", "timeout", true), ("a", "", false)])
    func buildsWhatHasChanged(node: String, reason: String, extra: Bool) {
        let before = run([]).samples.map(\.labels)
        #expect(
            run(before, node: node, reason: reason, extra: extra).samples
                == run([], node: node, reason: reason, extra: extra).samples)
    }

    @Test func aShorterRunBeforeIsNoObstacle() {
        let all = run([]).samples.map(\.labels)
        for count in all.indices { #expect(run(Array(all.prefix(count))).samples.map(\.labels) == all) }
    }
}
