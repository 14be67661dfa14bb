/// The state of an aggregation for one group at one step.
protocol Accumulator {
    init()
    mutating func add(_ value: Double)
    var value: Double { get }
}

extension KahanSum: Accumulator {}
extension KahanMean: Accumulator {}

struct Count: Accumulator {
    private(set) var value = 0.0
    mutating func add(_ value: Double) { self.value += 1 }
}

/// `group`: 1 for any number of values.
struct One: Accumulator {
    let value = 1.0
    mutating func add(_ value: Double) {}
}

/// `min`: NaN only where all values are NaN.
struct Minimum: Accumulator {
    private(set) var value = Double.nan
    mutating func add(_ value: Double) {
        if self.value > value || self.value.isNaN { self.value = value }
    }
}

/// `max`: NaN only where all values are NaN.
struct Maximum: Accumulator {
    private(set) var value = Double.nan
    mutating func add(_ value: Double) {
        if self.value < value || self.value.isNaN { self.value = value }
    }
}

extension Variance: Accumulator {}

struct Deviation: Accumulator {
    private var variance = Variance()
    mutating func add(_ value: Double) { variance.add(value) }
    var value: Double { variance.value.squareRoot() }
}
