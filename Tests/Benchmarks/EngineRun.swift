import PromQL
import Samples
import Store
import Telemetry
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// Our engine, in a process of its own so that its memory is its own: fills a store, evaluates, prints `name seconds`.
struct EngineRun {
    private struct Source: SampleSource {
        let store: Store

        func select(_ matchers: [Matcher], start: Int64, end: Int64) -> [Series] {
            store.select(matchers, start: start, end: end)
        }

        func visit(
            _ matchers: [Matcher], start: Int64, end: Int64, latestOnly: Bool,
            _ body: (Labels, UnsafeBufferPointer<Point>) throws -> Void
        ) throws {
            try store.visit(matchers, start: start, end: end, latestOnly: latestOnly, body)
        }
    }

    static func run(_ workload: Workload) throws {
        var options = StoreOptions()
        options.byteLimit = 4 << 30
        options.seriesLimit = 1_000_000
        let store = Store(options: options, registry: Registry())
        for one in workload.series {
            store.append(
                (0..<Workload.points).map {
                    Sample(one.labels, one.value($0), at: Timestamp(milliseconds: workload.time($0)))
                })
        }
        let evaluator = Evaluator(source: Source(store: store))
        print("loaded \(residentKilobytes())")
        try measure("rules instant", Workload.rules, workload, evaluator, isRange: false)
        try measure("rules range", Workload.rules, workload, evaluator, isRange: true)
        for (name, text) in Workload.wide {
            try measure(name + " instant", [text], workload, evaluator, isRange: false)
            try measure(name + " range", [text], workload, evaluator, isRange: true)
        }
        print("evaluated \(residentKilobytes())")
    }

    /// Median of five rounds over all expressions, parsed before.
    private static func measure(
        _ name: String, _ texts: [String], _ workload: Workload, _ evaluator: Evaluator, isRange: Bool
    ) throws {
        let expressions = try texts.map { try Expression.parse($0) }
        let end = Timestamp(milliseconds: workload.end)
        let start = Timestamp(milliseconds: workload.time(Workload.points - Workload.steps))
        let clock = ContinuousClock()
        var rounds: [Double] = []
        var found = 0
        for _ in 0..<5 {
            found = 0
            let began = clock.now
            for expression in expressions {
                if isRange {
                    found += try evaluator.range(
                        expression, start: start, end: end, step: .milliseconds(Workload.interval)
                    ).reduce(0) { $0 + $1.points.count }
                } else if case .vector(let samples) = try evaluator.instant(expression, at: end) {
                    found += samples.count
                }
            }
            rounds.append((clock.now - began).seconds)
        }
        print("\(name)|\(rounds.sorted()[2])|\(found)")
    }

    /// VmRSS of this process; proc(5).
    static func residentKilobytes(of pid: Int32 = getpid()) -> Int {
        guard let file = fopen("/proc/\(pid)/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("VmRSS:") { return Int(text.filter(\.isNumber)) ?? 0 }
        }
        return 0
    }
}
