import Samples

/// Functions of a series' points within a range. Each gives a value or nothing.
/// Source: prometheus/prometheus, promql/functions.go.
enum RangeFunctions {
    struct Input {
        let points: ArraySlice<Point>
        /// The range: open at its start.
        let start: Int64
        let end: Int64
        /// When the expression is evaluated.
        let time: Int64
        let parameters: [Double]

        var first: Point { points[points.startIndex] }
        var last: Point { points[points.endIndex - 1] }
    }

    static func compute(_ name: Function.Name, _ input: Input) throws(EvaluationError) -> Double? {
        let points = input.points
        if points.isEmpty { return nil }
        switch name {
        case .rate: return extrapolated(input, isCounter: true, isRate: true)
        case .increase: return extrapolated(input, isCounter: true, isRate: false)
        case .delta: return extrapolated(input, isCounter: false, isRate: false)
        case .irate: return instantChange(input, isRate: true)
        case .idelta: return instantChange(input, isRate: false)
        case .changes:
            return Double(zip(points, points.dropFirst()).count { $1.v != $0.v && !($1.v.isNaN && $0.v.isNaN) })
        case .resets: return Double(zip(points, points.dropFirst()).count { $1.v < $0.v })
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
        case .last_over_time: return input.last.v
        case .first_over_time: return input.first.v
        case .min_over_time: return points.reduce(input.first.v) { $1.v < $0 || $0.isNaN ? $1.v : $0 }
        case .max_over_time: return points.reduce(input.first.v) { $1.v > $0 || $0.isNaN ? $1.v : $0 }
        case .stddev_over_time, .stdvar_over_time:
            var variance = Variance()
            for point in points { variance.add(point.v) }
            return name == .stdvar_over_time ? variance.value : variance.value.squareRoot()
        case .quantile_over_time: return Quantile.of(points.map(\.v), input.parameters.first ?? .nan)
        case .mad_over_time:
            let median = Quantile.of(points.map(\.v), 0.5)
            return Quantile.of(points.map { abs($0.v - median) }, 0.5)
        case .deriv:
            guard points.count >= 2 else { return nil }
            return regression(points, from: input.first.t).slope
        case .predict_linear:
            guard points.count >= 2 else { return nil }
            let line = regression(points, from: input.time)
            return line.slope * (input.parameters.first ?? .nan) + line.intercept
        case .double_exponential_smoothing: return try smoothed(input)
        case .ts_of_first_over_time: return Double(input.first.t) / 1000
        case .ts_of_last_over_time: return Double(input.last.t) / 1000
        case .ts_of_min_over_time: return extreme(points) { $0 <= $1 }
        case .ts_of_max_over_time: return extreme(points) { $0 >= $1 }
        default: return nil
        }
    }

    /// The time of the last point that no other one beats.
    private static func extreme(_ points: ArraySlice<Point>, _ beats: (Double, Double) -> Bool) -> Double {
        var best = points[points.startIndex]
        for point in points.dropFirst() where beats(point.v, best.v) || best.v.isNaN { best = point }
        return Double(best.t) / 1000
    }

    /// Change over the range, counted on to its ends where the samples come near them.
    private static func extrapolated(_ input: Input, isCounter: Bool, isRate: Bool) -> Double? {
        let points = input.points
        guard points.count >= 2 else { return nil }
        let (first, last) = (input.first, input.last)
        var result = last.v - first.v
        if isCounter {
            // A counter that fell was reset: what it had before is added.
            var previous = first.v
            for point in points.dropFirst() {
                if point.v < previous { result += previous }
                previous = point.v
            }
        }
        var toStart = Double(first.t - input.start) / 1000
        var toEnd = Double(input.end - last.t) / 1000
        let sampled = Double(last.t - first.t) / 1000
        let average = sampled / Double(points.count - 1)
        let threshold = average * 1.1
        if toStart >= threshold { toStart = average / 2 }
        if isCounter {
            // Counters do not go below zero.
            var toZero = toStart
            if result > 0, first.v >= 0 { toZero = sampled * (first.v / result) }
            toStart = min(toStart, toZero)
        }
        if toEnd >= threshold { toEnd = average / 2 }
        var factor = (sampled + toStart + toEnd) / sampled
        if isRate { factor /= Double(input.end - input.start) / 1000 }
        return result * factor
    }

    private static func instantChange(_ input: Input, isRate: Bool) -> Double? {
        guard input.points.count >= 2 else { return nil }
        let (previous, last) = (input.points[input.points.endIndex - 2], input.last)
        let elapsed = last.t - previous.t
        guard elapsed > 0 else { return nil }
        let change = isRate && last.v < previous.v ? last.v : last.v - previous.v
        return isRate ? change / (Double(elapsed) / 1000) : change
    }

    /// Least squares; x in seconds from `origin`.
    private static func regression(_ points: ArraySlice<Point>, from origin: Int64) -> (slope: Double, intercept: Double) {
        var (sumX, sumY, sumXY, sumXX) = (KahanSum(), KahanSum(), KahanSum(), KahanSum())
        let firstValue = points[points.startIndex].v
        var isConstant = true
        for point in points {
            if point.v != firstValue { isConstant = false }
            let x = Double(point.t - origin) / 1000
            sumX.add(x)
            sumY.add(point.v)
            sumXY.add(x * point.v)
            sumXX.add(x * x)
        }
        if isConstant { return firstValue.isInfinite ? (.nan, .nan) : (0, firstValue) }
        let n = Double(points.count)
        let (x, y, xy, xx) = (sumX.sum + sumX.rest, sumY.sum + sumY.rest, sumXY.sum + sumXY.rest, sumXX.sum + sumXX.rest)
        let slope = (xy - x * y / n) / (xx - x * x / n)
        return (slope, y / n - slope * x / n)
    }

    private static func smoothed(_ input: Input) throws(EvaluationError) -> Double? {
        let (smoothing, trend) = (input.parameters[0], input.parameters[1])
        guard smoothing > 0, smoothing < 1 else {
            throw EvaluationError(.execution, "invalid smoothing factor. Expected: 0 < sf < 1, got: \(goFormat(smoothing))")
        }
        guard trend > 0, trend < 1 else {
            throw EvaluationError(.execution, "invalid trend factor. Expected: 0 < tf < 1, got: \(goFormat(trend))")
        }
        let points = Array(input.points)
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
