/// A time span during which a series had one value.
public struct ValueRun: Hashable, Sendable {
    /// The time of the first point with the value.
    public var from: Timestamp
    /// The time of the first point with another value, or of the marker that ended the series; the end of the range if
    /// the run continues.
    public var to: Timestamp
    /// The value; nil for a span without points between two runs.
    public var value: Double?

    /// A run with all its parts.
    public init(from: Timestamp, to: Timestamp, value: Double?) {
        self.from = from
        self.to = to
        self.value = value
    }
}

/// The runs of one series.
public struct SeriesRuns: Hashable, Sendable {
    /// The series.
    public var labels: Labels
    /// In chronological order; each begins where the previous one ends.
    public var runs: [ValueRun]

    /// Runs of a series.
    public init(_ labels: Labels, _ runs: [ValueRun]) {
        self.labels = labels
        self.runs = runs
    }
}

/// A series reduced to few points: each covers an equal part of the range, with the minimum and the maximum in it, so
/// that peaks are not averaged away.
public struct SeriesSketch: Hashable, Sendable {
    /// One part of the range.
    public struct Bin: Hashable, Sendable {
        /// Its start.
        public var at: Timestamp
        /// The minimum in it.
        public var min: Double
        /// The maximum in it.
        public var max: Double

        /// A part with its extremes.
        public init(at: Timestamp, min: Double, max: Double) {
            self.at = at
            self.min = min
            self.max = max
        }
    }

    /// The series.
    public var labels: Labels
    /// The start of the range.
    public var from: Timestamp
    /// The end of the range.
    public var to: Timestamp
    /// In chronological order; parts without a value are omitted.
    public var bins: [Bin]
    /// The newest value in the range; nil if the series has ended.
    public var last: Double?

    /// A sketch with all its parts.
    public init(_ labels: Labels, from: Timestamp, to: Timestamp, bins: [Bin], last: Double?) {
        self.labels = labels
        self.from = from
        self.to = to
        self.bins = bins
        self.last = last
    }
}
