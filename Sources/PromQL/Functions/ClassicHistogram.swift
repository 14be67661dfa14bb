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

    /// The φ-quantile, interpolated linearly within a bucket: Prometheus' `BucketQuantile`.
    /// - Parameter sorted: the buckets in ascending order of their bounds.
    static func quantile(_ q: Double, _ sorted: [Bucket]) -> Double {
        if q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        guard var buckets = merged(sorted) else { return .nan }
        makeMonotonic(&buckets)
        guard buckets.count >= 2 else { return .nan }
        let observations = buckets[buckets.count - 1].count
        if observations == 0 { return .nan }
        var rank = q * observations
        let index = buckets.dropLast().firstIndex { $0.count >= rank } ?? buckets.count - 1
        // The +Inf bucket has no upper bound to interpolate to: return the highest finite bound.
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

    /// The fraction of the observations that are between two values: Prometheus' `BucketFraction`.
    /// - Parameter sorted: the buckets in ascending order of their bounds.
    static func fraction(_ lower: Double, _ upper: Double, _ sorted: [Bucket]) -> Double {
        guard let buckets = merged(sorted) else { return .nan }
        let total = buckets[buckets.count - 1].count
        if total == 0 || lower.isNaN || upper.isNaN { return .nan }
        if lower >= upper { return 0 }
        func rank(below value: Double) -> Double {
            var before = 0.0
            for (index, bucket) in buckets.enumerated() {
                var low = index > 0 ? buckets[index - 1].upperBound : -.infinity
                // A first bucket with a positive bound is assumed to start at zero.
                if index == 0, bucket.upperBound > 0 { low = 0 }
                if low >= value { return before }
                if bucket.upperBound > value {
                    // A bucket without a lower bound can't be interpolated: all of it counts as below.
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

    /// The buckets with those of equal bounds merged; nil without a +Inf bucket.
    private static func merged(_ sorted: [Bucket]) -> [Bucket]? {
        guard let last = sorted.last, last.upperBound == .infinity else { return nil }
        var buckets: [Bucket] = []
        buckets.reserveCapacity(sorted.count)
        for bucket in sorted {
            if buckets.last?.upperBound == bucket.upperBound {
                buckets[buckets.count - 1].count += bucket.count
            } else {
                buckets.append(bucket)
            }
        }
        return buckets
    }

    /// Raises counts that are below their predecessor's, and equalises counts that differ only by rounding: Prometheus'
    /// `ensureMonotonicAndIgnoreSmallDeltas`.
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

extension Evaluation {
    /// The rows of one histogram.
    private struct Histogram {
        let labels: Labels
        var buckets: [(row: Int, bound: Double)] = []
    }

    func histogramCall(_ call: Call, _ times: Times) throws(EvaluationError) -> Table {
        let isQuantile = call.function.name == .histogram_quantile
        let first = try column(call.arguments[0], times)
        let second = isQuantile ? first : try column(call.arguments[1], times)
        let body = try table(call.arguments[isQuantile ? 1 : 2], times)
        var grouper = LabelGrouper(["le"], isKeeping: false)
        var histograms: [Histogram] = []
        for (index, row) in body.rows.enumerated() {
            guard let bound = row.labels["le"].flatMap(Evaluation.bound) else { continue }
            let group = grouper.group(of: row.labels)
            if group == histograms.count { histograms.append(Histogram(labels: grouper.keys[group])) }
            histograms[group].buckets.append((index, bound))
        }
        var result = Table(width: body.width, budget)
        var found: [ClassicHistogram.Bucket] = []
        for var histogram in histograms {
            try tick(histogram.buckets.count * body.width)
            histogram.buckets.sort { $0.bound < $1.bound }
            try result.append(Row(labels: histogram.labels, dropName: true)) { cells in
                var hasValue = false
                for step in cells.indices {
                    found.removeAll(keepingCapacity: true)
                    for (row, bound) in histogram.buckets where !Table.isMissing(body[row, step]) {
                        found.append(ClassicHistogram.Bucket(upperBound: bound, count: body[row, step]))
                    }
                    if found.isEmpty { continue }
                    hasValue = true
                    cells[step] =
                        isQuantile
                        ? ClassicHistogram.quantile(first[step], found)
                        : ClassicHistogram.fraction(first[step], second[step], found)
                }
                return hasValue
            }
        }
        return result
    }

    /// A bucket's bound in the syntax of Go's `strconv.ParseFloat`.
    private static func bound(_ text: String) -> Double? {
        switch text {
        case "+Inf", "Inf", "+inf", "inf": .infinity
        case "-Inf", "-inf": -.infinity
        default: Double(text)
        }
    }
}
