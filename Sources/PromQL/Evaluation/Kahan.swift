import Text

/// Kahan's compensated summation in Neumaier's form: `rest` is the accumulated rounding error.
/// Source: prometheus/prometheus, util/kahansum.
struct KahanSum {
    var sum = 0.0
    var rest = 0.0

    mutating func add(_ value: Double) {
        let total = sum + value
        if total.isInfinite {
            rest = 0
        } else if sum.magnitude >= value.magnitude {
            rest += (sum - total) + value
        } else {
            rest += (value - total) + sum
        }
        sum = total
    }

    var value: Double { sum.isInfinite ? sum : sum + rest }
}

/// A mean from a Kahan sum, which changes to an incremental mean where the sum would overflow.
/// Source: prometheus/prometheus, promql/functions.go, funcAvgOverTime.
struct KahanMean {
    private var total = KahanSum()
    private var count = 0.0
    private var isIncremental = false

    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            if count == 1 {
                total.sum = value
                return
            }
            var next = total
            next.add(value)
            if !next.sum.isInfinite {
                total = next
                return
            }
            isIncremental = true
            total.sum /= count - 1
            total.rest /= count - 1
        }
        let share = (count - 1) / count
        total.sum *= share
        total.rest *= share
        total.add(value / count)
    }

    var value: Double {
        if count == 0 { return .nan }
        return isIncremental ? total.sum + total.rest : total.sum / count + total.rest / count
    }
}

/// The variance by Welford's algorithm. Source: prometheus/prometheus, promql/functions.go, varianceOverTime.
struct Variance {
    private var count = 0.0
    private var mean = KahanSum()
    private var squares = KahanSum()

    mutating func add(_ value: Double) {
        count += 1
        let delta = value - (mean.sum + mean.rest)
        mean.add(delta / count)
        squares.add(delta * (value - (mean.sum + mean.rest)))
    }

    var value: Double { (squares.sum + squares.rest) / count }
}

enum Quantile {
    /// The φ-quantile, interpolated linearly between neighbours. Sorts the values; NaN counts as the smallest.
    /// Source: prometheus/prometheus, promql/quantile.go, quantile.
    static func of(_ values: inout [Double], _ q: Double) -> Double {
        if values.isEmpty || q.isNaN { return .nan }
        if q < 0 { return -.infinity }
        if q > 1 { return .infinity }
        values.sort { $0.isNaN ? !$1.isNaN : $0 < $1 }
        let n = Double(values.count)
        let rank = q * (n - 1)
        let lower = max(0, rank.rounded(.down))
        let upper = min(n - 1, lower + 1)
        let weight = rank - rank.rounded(.down)
        return values[Int(saturating: lower)] * (1 - weight) + values[Int(saturating: upper)] * weight
    }
}
