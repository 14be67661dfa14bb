import Exposition
import Samples
import Testing

@testable import Telemetry

struct RegistryTests {
    private func page(_ registry: Registry) -> String {
        String(decoding: ExpositionWriter.page(registry.families()), as: UTF8.self)
    }

    @Test func metricsWithoutLabelsExistAtZeroFromTheStart() {
        let registry = Registry()
        _ = registry.counter("a_total", help: "A.")
        _ = registry.gauge("b", help: "B.")
        registry.counter("c_total", help: "C.", labels: ["x"]).declare("y")
        #expect(page(registry).contains("\na_total 0\n"))
        #expect(page(registry).contains("\nb 0\n"))
        #expect(page(registry).contains("\nc_total{x=\"y\"} 0\n"))
    }

    @Test func theSameNameIsTheSameMetric() {
        let registry = Registry()
        registry.counter("a_total", help: "A.", labels: ["x"]).increment("1")
        registry.counter("a_total", help: "A.", labels: ["x"]).increment("1", by: 2)
        #expect(registry.counter("a_total", help: "A.", labels: ["x"]).value("1") == 3)
        #expect(registry.families().count == 1)
    }

    /// What remote write says of a series.
    @Test func aSeriesBelongsToItsMetric() {
        let registry = Registry()
        _ = registry.counter("a_total", help: "A.")
        _ = registry.histogram("h_seconds", help: "H.")
        _ = registry.gauge("b", help: "B.")
        #expect(registry.description(ofSeries: "a_total")?.kind == .counter)
        #expect(registry.description(ofSeries: "h_seconds_bucket")?.kind == .histogram)
        #expect(registry.description(ofSeries: "h_seconds_sum")?.help == "H.")
        #expect(registry.description(ofSeries: "b_count") == nil && registry.description(ofSeries: "c") == nil)
    }

    @Test func histogramBucketsAreCumulative() {
        let registry = Registry()
        let histogram = registry.histogram("h_seconds", help: "H.", buckets: [1, 2])
        for value in [0.5, 1, 1.5, 5] { histogram.observe(value) }
        let samples = registry.families()[0].samples
        #expect(samples.map(\.value) == [2, 3, 4, 8, 4])
        #expect(samples.map(\.labels["le"]) == ["1", "2", "+Inf", nil, nil])
        #expect(
            samples.map(\.labels.name) == [
                "h_seconds_bucket", "h_seconds_bucket", "h_seconds_bucket", "h_seconds_sum", "h_seconds_count",
            ])
    }

    @Test func seriesOverTheLimitAreCountedTogether() {
        let registry = Registry(seriesLimit: 3)
        let counter = registry.counter("a_total", help: "A.", labels: ["x"])
        for i in 0..<10 { counter.increment("\(i)") }
        #expect(counter.value("0") == 1)
        #expect(counter.value("other") == 7)
        #expect(registry.families()[0].samples.count == 4)
    }

    /// A wrong number of label values must not stop the agent.
    @Test func tooFewOrTooManyLabelValues() {
        let registry = Registry()
        let gauge = registry.gauge("g", help: "G.", labels: ["x", "y"])
        gauge.set(1, "a")
        gauge.set(2, "a", "b", "c")
        #expect(gauge.value("a", "") == 1)
        #expect(gauge.value("a", "b") == 2)
    }

    @Test func removedSeriesAreNotExported() {
        let registry = Registry()
        let gauge = registry.gauge("g", help: "G.", labels: ["x"])
        gauge.set(1, "a")
        gauge.set(2, "b")
        gauge.remove("a")
        #expect(registry.families()[0].samples.map(\.value) == [2])
        gauge.removeAll()
        #expect(registry.families()[0].samples.isEmpty)
    }
}
