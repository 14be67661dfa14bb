/// The files in which recovery procedures record backup runs, restore tests and drills.
package struct RecordOptions: Sendable, Hashable {
    /// Files of JSON lines, one event each. Their events are combined.
    package var paths: [String]
    /// How many bytes of each file are read, from its end, including what logrotate has rotated away. Default 1 MiB:
    /// several thousand events.
    package var tailBytes = 1 << 20
    /// Time from one reading to the next. Default 60 s.
    package var interval: Duration = .seconds(60)
    /// Limit for reading all files. Default 10 s.
    package var timeout: Duration = .seconds(10)

    /// - Parameter paths: absolute paths of the files.
    package init(paths: [String]) { self.paths = paths }
}
