/// A time during which a series had one value.
public struct ValueRun: Hashable, Sendable {
    /// The time of the first point with the value.
    public var from: Timestamp
    /// When it ended: the time of the first point with another value, or of the marker that ended the series; the end of
    /// the range where it goes on.
    public var to: Timestamp
    /// The value; nil for a time without points between two runs.
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
    /// In order of time; each begins where the one before it ends.
    public var runs: [ValueRun]

    /// Runs of a series.
    public init(_ labels: Labels, _ runs: [ValueRun]) {
        self.labels = labels
        self.runs = runs
    }
}

/// A series drawn with few points: each stands for an equal part of the range, with the least and the greatest value in it,
/// so that a peak is not averaged away.
public struct SeriesSketch: Hashable, Sendable {
    /// One part of the range.
    public struct Bin: Hashable, Sendable {
        /// When it begins.
        public var at: Timestamp
        /// The least value in it.
        public var min: Double
        /// The greatest value in it.
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
    /// The range: its start.
    public var from: Timestamp
    /// The range: its end.
    public var to: Timestamp
    /// In order of time; parts without a value are left out.
    public var bins: [Bin]
    /// The newest value in the range; nil where the series has ended.
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
