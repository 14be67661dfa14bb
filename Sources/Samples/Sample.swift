/// Wall time as Prometheus counts it: milliseconds since 1970-01-01T00:00:00Z, leap seconds ignored. Arithmetic ends at
/// the bounds of `Int64` and never traps.
@frozen public struct Timestamp: Hashable, Comparable, Sendable {
    public var milliseconds: Int64

    @inlinable public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    @inlinable public init(seconds: Double) {
        milliseconds = Int64(saturating: (seconds * 1000).rounded())
    }

    /// Seconds since the epoch, the unit in which metrics and PromQL speak.
    @inlinable public var seconds: Double { Double(milliseconds) / 1000 }

    @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
    @inlinable public static func - (a: Timestamp, b: Timestamp) -> Duration {
        .milliseconds(a.milliseconds.subtractingSaturated(b.milliseconds))
    }
    @inlinable public static func + (a: Timestamp, b: Duration) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds.addingSaturated(b.milliseconds))
    }
    @inlinable public static func - (a: Timestamp, b: Duration) -> Timestamp {
        Timestamp(milliseconds: a.milliseconds.subtractingSaturated(b.milliseconds))
    }
}

/// One value of a series at one time.
@frozen public struct Point: Hashable, Sendable {
    /// Milliseconds since the epoch.
    public var t: Int64
    public var v: Double

    @inlinable public init(t: Int64, v: Double) {
        self.t = t
        self.v = v
    }
}

/// One measurement: a series' labels (the metric's name among them) and its value at a time.
public struct Sample: Hashable, Sendable {
    public var labels: Labels
    public var value: Double
    public var timestamp: Timestamp

    public init(_ labels: Labels, _ value: Double, at timestamp: Timestamp) {
        self.labels = labels
        self.value = value
        self.timestamp = timestamp
    }
}

/// A series and its points in the order of time, times unique.
public struct Series: Hashable, Sendable {
    public var labels: Labels
    public var points: [Point]

    public init(_ labels: Labels, _ points: [Point]) {
        self.labels = labels
        self.points = points
    }
}

/// The marker that ends a series: a NaN with one particular bit pattern.
/// Source: prometheus/prometheus, model/value/value.go.
public enum StaleMarker {
    public static let bits: UInt64 = 0x7ff0_0000_0000_0002
    @inlinable public static var value: Double { Double(bitPattern: 0x7ff0_0000_0000_0002) }
    @inlinable public static func `is`(_ value: Double) -> Bool { value.bitPattern == 0x7ff0_0000_0000_0002 }
}
