public import Text

/// Wall-clock time as in Prometheus: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored. Arithmetic
/// saturates at the bounds of `Int64` and never traps.
@frozen public struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since the epoch.
    public var milliseconds: Int64

    /// A time from milliseconds since the epoch.
    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// A time from seconds since the epoch, rounded to milliseconds and clamped to the range; NaN gives the earliest.
    @inlinable public init(seconds: Double) {
        milliseconds = Int64(saturating: (seconds * 1000).rounded())
    }

    /// Seconds since the epoch, the unit of metrics and PromQL.
    @inlinable public var seconds: Double { Double(milliseconds) / 1000 }

    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
    /// The time from `b` to `a`.
    @inlinable public static func - (a: Timestamp, b: Timestamp) -> Duration {
        .milliseconds(a.milliseconds.subtractingSaturated(b.milliseconds))
    }
    /// The time that is later by a duration.
    @inlinable public static func + (a: Timestamp, b: Duration) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds.addingSaturated(b.milliseconds))
    }
    /// The time that is earlier by a duration.
    @inlinable public static func - (a: Timestamp, b: Duration) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds.subtractingSaturated(b.milliseconds))
    }
}

/// One value of a series at one time.
@frozen public struct Point: Hashable, Sendable {
    /// Milliseconds since the epoch.
    public var t: Int64
    /// The sample value.
    public var v: Double

    /// A point from its time in milliseconds and its value.
    @inlinable public init(t: Int64, v: Double) {
        self.t = t
        self.v = v
    }
}

/// One measurement: a series' labels (including the metric's name) and its value at a time.
public struct Sample: Hashable, Sendable {
    /// The series, `__name__` included.
    public var labels: Labels
    /// The measured value, in the metric's base unit.
    public var value: Double
    /// When it was measured.
    public var timestamp: Timestamp

    /// A sample of a series at a time.
    public init(_ labels: Labels, _ value: Double, at timestamp: Timestamp) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }
}

/// A series and some of its points.
public struct Series: Hashable, Sendable {
    /// The labels that identify it.
    public var labels: Labels
    /// The points in ascending order of time, each time once.
    public var points: [Point]

    /// A series from its labels and its points in order.
    public init(_ labels: Labels, _ points: [Point]) {
        self.labels = labels
        self.points = points
    }
}

/// The staleness marker, which ends a series: a NaN with one particular bit pattern.
/// Source: prometheus/prometheus, model/value/value.go.
public enum StaleMarker {
    /// The bit pattern of the marker, Prometheus' `value.StaleNaN`.
    public static let bits: UInt64 = 0x7ff0_0000_0000_0002
    /// The marker as a value.
    @inlinable public static var value: Double { Double(bitPattern: 0x7ff0_0000_0000_0002) }
    /// Whether a value is the marker. Compares bits, since NaN is unequal to itself.
    @inlinable public static func `is`(_ value: Double) -> Bool { value.bitPattern == 0x7ff0_0000_0000_0002 }

    /// A marker for each series that its source had before but no longer has, so that it does not count as present for
    /// another five minutes. Source: Prometheus' manual, "Staleness".
    public static func ending(
        _ before: some Sequence<Labels>, except present: some Sequence<Labels> = EmptyCollection(), at time: Timestamp
    ) -> [Sample] {
        Set(before).subtracting(present).map { Sample($0, value, at: time) }
    }
}
