import Samples
import Text

/// The functions of a range vector, for the points of one series in one window.
/// Source: prometheus/prometheus, promql/functions.go.
enum RangeFunctions {
    struct Input {
        /// Never empty.
        let points: UnsafeBufferPointer<Point>
        /// The window, excluding its start; milliseconds since the epoch.
        let start: Int64
        let end: Int64
        /// The evaluation time in milliseconds.
        let time: Int64
        /// False where the series is known to have no counter reset.
        let mayReset: Bool
        /// The function's scalar arguments; NaN where it has none.
        let first: Double
        let second: Double

        var oldest: Point { points[0] }
        var newest: Point { points[points.count - 1] }
        /// Seconds.
        var range: Double { (Double(end) - Double(start)) / 1000 }
    }

    /// Whether any value is below its predecessor.
    static func hasReset(_ points: UnsafeBufferPointer<Point>) -> Bool {
        var previous = -Double.infinity
        for point in points {
            if point.v < previous { return true }
            previous = point.v
        }
        return false
    }

    /// The function's value; nil where it has none for these points.
    /// - Parameter scratch: a buffer, reused from window to window.
    static func compute(_ name: Function.Name, _ input: Input, _ scratch: inout [Double]) throws(EvaluationError)
        -> Double?
    {
        let points = input.points
        switch name {
        case .rate: return extrapolated(input, isCounter: true, isRate: true)
        case .increase: return extrapolated(input, isCounter: true, isRate: false)
        case .delta: return extrapolated(input, isCounter: false, isRate: false)
        case .irate: return instantChange(input, isRate: true)
        case .idelta: return instantChange(input, isRate: false)
        case .changes:
            return Double(neighbours(points) { $1 != $0 && !($1.isNaN && $0.isNaN) })
        case .resets: return Double(neighbours(points) { $1 < $0 })
        case .avg_over_time:
            var mean = KahanMean()
            for point in points { mean.add(point.v) }
            return mean.value
        case .sum_over_time:
            var sum = KahanSum()
            for point in points { sum.add(point.v) }
            return sum.value
        case .count_over_time: return Double(points.count)
        case .present_over_time: return 1
        case .last_over_time: return input.newest.v
        case .first_over_time: return input.oldest.v
        case .min_over_time: return points.reduce(input.oldest.v) { $1.v < $0 || $0.isNaN ? $1.v : $0 }
        case .max_over_time: return points.reduce(input.oldest.v) { $1.v > $0 || $0.isNaN ? $1.v : $0 }
        case .stddev_over_time, .stdvar_over_time:
            var variance = Variance()
            for point in points { variance.add(point.v) }
            return name == .stdvar_over_time ? variance.value : variance.value.squareRoot()
        case .quantile_over_time:
            take(points, &scratch) { $0 }
            return Quantile.of(&scratch, input.first)
        case .mad_over_time:
            take(points, &scratch) { $0 }
            let median = Quantile.of(&scratch, 0.5)
            take(points, &scratch) { ($0 - median).magnitude }
            return Quantile.of(&scratch, 0.5)
        case .deriv:
            guard points.count >= 2 else { return nil }
            return regression(points, from: input.oldest.t).slope
        case .predict_linear:
            guard points.count >= 2 else { return nil }
            let line = regression(points, from: input.time)
            return line.slope * input.first + line.intercept
        case .double_exponential_smoothing: return try smoothed(input)
        case .ts_of_first_over_time: return Double(input.oldest.t) / 1000
        case .ts_of_last_over_time: return Double(input.newest.t) / 1000
        case .ts_of_min_over_time: return extreme(points) { $0 <= $1 }
        case .ts_of_max_over_time: return extreme(points) { $0 >= $1 }
        default: return nil
        }
    }

    private static func neighbours(_ points: UnsafeBufferPointer<Point>, _ counts: (Double, Double) -> Bool) -> Int {
        var count = 0
        for index in 1..<max(1, points.count) where counts(points[index - 1].v, points[index].v) { count += 1 }
        return count
    }

    private static func take(
        _ points: UnsafeBufferPointer<Point>, _ scratch: inout [Double], _ value: (Double) -> Double
    ) {
        scratch.removeAll(keepingCapacity: true)
        for point in points { scratch.append(value(point.v)) }
    }

    /// The time, in seconds, of the last point that no other point beats.
    private static func extreme(_ points: UnsafeBufferPointer<Point>, _ beats: (Double, Double) -> Bool) -> Double {
        var best = points[0]
        for point in points.dropFirst() where beats(point.v, best.v) || best.v.isNaN { best = point }
        return Double(best.t) / 1000
    }

    /// The change over the window, extrapolated to its ends where the samples reach near them: Prometheus'
    /// `extrapolatedRate`.
    private static func extrapolated(_ input: Input, isCounter: Bool, isRate: Bool) -> Double? {
        let points = input.points
        guard points.count >= 2 else { return nil }
        let (first, last) = (input.oldest, input.newest)
        var result = last.v - first.v
        if input.mayReset {
            // A decrease is a counter reset, to zero: add the value before it.
            var previous = first.v
            for point in points.dropFirst() {
                if point.v < previous { result += previous }
                previous = point.v
            }
        }
        var toStart = (Double(first.t) - Double(input.start)) / 1000
        var toEnd = (Double(input.end) - Double(last.t)) / 1000
        let sampled = (Double(last.t) - Double(first.t)) / 1000
        let average = sampled / Double(points.count - 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if isCounter {
            // Don't extrapolate a counter below zero.
            var toZero = toStart
            if result > 0, first.v >= 0 { toZero = sampled * (first.v / result) }
            toStart = min(toStart, toZero)
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if isRate { factor /= input.range }
        return result * factor
    }

    private static func instantChange(_ input: Input, isRate: Bool) -> Double? {
        guard input.points.count >= 2 else { return nil }
        let (previous, last) = (input.points[input.points.count - 2], input.newest)
        let elapsed = last.t.minus(previous.t)
        guard elapsed > 0 else { return nil }
        let change = isRate && last.v < previous.v ? last.v : last.v - previous.v
        return isRate ? change / (Double(elapsed) / 1000) : change
    }

    /// Linear regression by least squares, with x in seconds from `origin`.
    private static func regression(_ points: UnsafeBufferPointer<Point>, from origin: Int64) -> (
        slope: Double, intercept: Double
    ) {
        var (sumX, sumY, sumXY, sumXX) = (KahanSum(), KahanSum(), KahanSum(), KahanSum())
        let firstValue = points[0].v
        var isConstant = true
        for point in points {
            if point.v != firstValue { isConstant = false }
            let x = (Double(point.t) - Double(origin)) / 1000
            sumX.add(x)
            sumY.add(point.v)
            sumXY.add(x * point.v)
            sumXX.add(x * x)
        }
        if isConstant { return firstValue.isInfinite ? (.nan, .nan) : (0, firstValue) }
        let n = Double(points.count)
        let (x, y, xy, xx) = (
            sumX.sum + sumX.rest, sumY.sum + sumY.rest, sumXY.sum + sumXY.rest, sumXX.sum + sumXX.rest
        )
        let slope = (xy - x * y / n) / (xx - x * x / n)
        return (slope, y / n - slope * x / n)
    }

    private static func smoothed(_ input: Input) throws(EvaluationError) -> Double? {
        let (smoothing, trend) = (input.first, input.second)
        guard smoothing > 0, smoothing < 1 else {
            throw EvaluationError(
                .execution, "invalid smoothing factor. Expected: 0 < sf < 1, got: \(goFormat(smoothing))")
        }
        guard trend > 0, trend < 1 else {
            throw EvaluationError(.execution, "invalid trend factor. Expected: 0 < tf < 1, got: \(goFormat(trend))")
        }
        let points = input.points
        guard points.count >= 2 else { return nil }
        var before = 0.0
        var level = points[0].v
        var slope = points[1].v - points[0].v
        for i in 1..<points.count {
            if i > 1 { slope = trend * (level - before) + (1 - trend) * slope }
            let next = smoothing * points[i].v + (1 - smoothing) * (level + slope)
            (before, level) = (level, next)
        }
        return level
    }
}
