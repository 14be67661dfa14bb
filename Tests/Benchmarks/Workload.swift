import Samples
import Text

/// The same series, samples and questions for both engines: gauges, counters and histograms of 20 kinds of things,
/// 15 minutes of them at 15 s, and 200 rules of the kinds that stand in `rules/`.
struct Workload {
    static let kinds = 20
    static let interval: Int64 = 15_000
    static let points = 60
    /// How many series in all.
    let size: Int
    /// Time of the last sample, milliseconds.
    let end: Int64

    struct Description {
        let labels: Labels
        let value: @Sendable (Int) -> Double
    }

    /// All series, `size` of them. Half are gauges (two of each kind), a quarter counters, a quarter buckets.
    var series: [Description] {
        var result: [Description] = []
        let perKind = size / Workload.kinds
        for kind in 0..<Workload.kinds {
            for index in 0..<perKind {
                let role = index % 4
                let place = index / 4
                var labels = [
                    "cluster": "cluster-\(place % 7)", "node": "node-\(place)", "job": "job-\(place % 10)",
                    "kind": "kind-\(kind)",
                ]
                switch role {
                case 0:
                    result.append(
                        Description(labels: Labels(name: "state_\(kind)", labels)) {
                            Double(($0 + place) % 97 == 0 ? 0 : 1)
                        })
                case 1:
                    result.append(
                        Description(labels: Labels(name: "level_\(kind)", labels)) {
                            Double(($0 * 7 + place) % 100) / 100
                        })
                case 2:
                    result.append(
                        Description(labels: Labels(name: "events_\(kind)_total", labels)) {
                            Double($0 * (1 + place % 5))
                        })
                default:
                    let bucket = place % 10
                    labels["node"] = "node-\(place / 10)"
                    labels["le"] = bucket == 9 ? "+Inf" : goFormatPlain(0.005 * Double(1 << bucket))
                    result.append(
                        Description(labels: Labels(name: "duration_seconds_\(kind)_bucket", labels)) {
                            Double($0 * (bucket + 1))
                        })
                }
            }
        }
        return result
    }

    func time(_ index: Int) -> Int64 { end - Int64(Workload.points - 1 - index) * Workload.interval }

    /// 200 expressions: ten for each kind of thing.
    static let rules: [String] = (0..<kinds).flatMap { kind in
        [
            "state_\(kind) == 0",
            "state_\(kind) == 1 and on (cluster, node) level_\(kind) > 0.98",
            "level_\(kind){job=\"job-3\"} > 0.9",
            "level_\(kind) > 0.8 <= 0.9",
            "increase(events_\(kind)_total[5m]) > 1000",
            "sum by (cluster, job) (increase(events_\(kind)_total[5m])) > 0",
            "histogram_quantile(0.95, sum by (cluster, le) (rate(duration_seconds_\(kind)_bucket[5m]))) > 0.1",
            "time() - level_\(kind) < 3600 and level_\(kind) >= 0.99",
            "events_\(kind)_total / on (cluster, node) level_\(kind) > 1e6",
            "max_over_time(level_\(kind){job=~\"job-[12]\"}[5m]) > 0.99",
        ]
    }

    static let wide: [(name: String, expression: String)] = [
        ("sum by (job) of all gauges", "sum by (job) ({__name__=~\"state_.+|level_.+\"})"),
        ("sum by (job) of all rates", "sum by (job) (rate({__name__=~\"events_.+\"}[5m]))"),
    ]

    /// Steps of the range queries: 10 minutes at 15 s.
    static let steps = 40
}
