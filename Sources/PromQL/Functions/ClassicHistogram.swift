import Samples
#if canImport(Glibc)
import Glibc
#endif

/// Quantiles and fractions of classic histograms. Source: prometheus/prometheus, promql/quantile.go.
enum ClassicHistogram {
    struct Bucket {
        var upperBound: Double
        /// Cumulative.
        var count: Double
    }

    static func quantile(_ q: Double, _ unsorted: [Bucket]) -> Double {
        if q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        guard var buckets = merged(unsorted) else { return .nan }
        makeMonotonic(&buckets)
        guard buckets.count >= 2 else { return .nan }
        let observations = buckets[buckets.count - 1].count
        if observations == 0 { return .nan }
        var rank = q * observations
        let index = buckets.dropLast().firstIndex { $0.count >= rank } ?? buckets.count - 1
        // In the last bucket nobody knows how far up: the highest known bound it is.
        if index == buckets.count - 1 { return buckets[buckets.count - 2].upperBound }
        if index == 0, buckets[0].upperBound <= 0 { return buckets[0].upperBound }
        var start = 0.0
        let end = buckets[index].upperBound
        var count = buckets[index].count
        if index > 0 {
            start = buckets[index - 1].upperBound
            count -= buckets[index - 1].count
            rank -= buckets[index - 1].count
        }
        return start + (end - start) * (rank / count)
    }

    /// The share of observations between two bounds.
    static func fraction(_ lower: Double, _ upper: Double, _ unsorted: [Bucket]) -> Double {
        guard let buckets = merged(unsorted) else { return .nan }
        let total = buckets[buckets.count - 1].count
        if total == 0 || lower.isNaN || upper.isNaN { return .nan }
        if lower >= upper { return 0 }
        func rank(below value: Double) -> Double {
            var before = 0.0
            for (index, bucket) in buckets.enumerated() {
                var low = index > 0 ? buckets[index - 1].upperBound : -.infinity
                // Where all bounds are above zero, nothing is assumed to lie below it.
                if index == 0, bucket.upperBound > 0 { low = 0 }
                if low >= value { return before }
                if bucket.upperBound > value {
                    // Nothing can be interpolated in a bucket without a lower end: all of it counts as lying below.
                    guard low.isFinite else { return bucket.count }
                    guard bucket.upperBound.isFinite else { return before }
                    return before + (bucket.count - before) * (value - low) / (bucket.upperBound - low)
                }
                before = bucket.count
            }
            return total
        }
        return (min(rank(below: upper), total) - min(rank(below: lower), total)) / total
    }

    /// Sorted, equal bounds added up; nil without a bucket up to infinity.
    private static func merged(_ unsorted: [Bucket]) -> [Bucket]? {
        let sorted = unsorted.sorted { $0.upperBound < $1.upperBound }
        guard let last = sorted.last, last.upperBound == .infinity else { return nil }
        var buckets: [Bucket] = []
        for bucket in sorted {
            if buckets.last?.upperBound == bucket.upperBound {
                buckets[buckets.count - 1].count += bucket.count
            } else {
                buckets.append(bucket)
            }
        }
        return buckets
    }

    /// Cumulative counts must not fall; differences in the last bits are taken for none.
    private static func makeMonotonic(_ buckets: inout [Bucket]) {
        var previous = buckets[0].count
        for index in buckets.indices.dropFirst() {
            let current = buckets[index].count
            if current == previous { continue }
            if nearlyEqual(previous, current) || current < previous {
                buckets[index].count = previous
            } else {
                previous = current
            }
        }
    }

    private static func nearlyEqual(_ a: Double, _ b: Double) -> Bool {
        let tolerance = 1e-12
        let sum = a.magnitude + b.magnitude
        let difference = (a - b).magnitude
        if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < tolerance * .leastNormalMagnitude }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }
}

extension Run {
    mutating func histogramCall(_ call: Call, at t: Int64) throws(EvaluationError) -> [Element] {
        let isQuantile = call.function.name == .histogram_quantile
        let first = try scalar(call.arguments[0], at: t)
        let second = isQuantile ? 0 : try scalar(call.arguments[1], at: t)
        let elements = try vector(call.arguments[isQuantile ? 1 : 2], at: t)
        var places: [Labels: Int] = [:]
        var groups: [(labels: Labels, buckets: [ClassicHistogram.Bucket])] = []
        for element in elements {
            guard let bound = element.labels["le"].flatMap(Run.bound) else { continue }
            let labels = element.labels.setting("le", to: "")
            let bucket = ClassicHistogram.Bucket(upperBound: bound, count: element.value)
            if let place = places[labels] {
                groups[place].buckets.append(bucket)
            } else {
                places[labels] = groups.count
                groups.append((labels, [bucket]))
            }
        }
        return groups.map { group in
            let value = isQuantile ? ClassicHistogram.quantile(first, group.buckets) : ClassicHistogram.fraction(first, second, group.buckets)
            return Element(labels: group.labels, value: value, dropName: true)
        }
    }

    /// A bucket's bound as Go's strconv.ParseFloat reads it.
    private static func bound(_ text: String) -> Double? {
        switch text {
        case "+Inf", "Inf", "+inf", "inf": .infinity
        case "-Inf", "-inf": -.infinity
        default: Double(text)
        }
    }
}
