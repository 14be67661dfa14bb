/// Files in which the procedures record what they did: backup runs, restore tests, drills.
package struct RecordOptions: Sendable, Hashable {
    /// JSON lines, each one event. All files are read as one.
    package var paths: [String]
    /// Of each file so much is read, from its end. Default 1 MiB: some thousand events.
    package var tailBytes = 1 << 20
    /// Between two looks. Default 60 s.
    package var interval: Duration = .seconds(60)
    package var timeout: Duration = .seconds(10)

    package init(paths: [String]) { self.paths = paths }
}
