package import Logging
package import Samples
import Synchronization
import Text

/// Writes each log event as one line of logfmt or JSON with the fields `ts level msg …`, to standard error by default.
///
/// Under systemd `record` passes it to the journal with separate fields. With `journalPriorities` each line that is
/// still written is prefixed with its priority, such as `<3>`, which systemd-journald strips and records. Source:
/// sd-daemon(3).
package struct LineLogHandler: LogHandler {
    /// The line format, `--log.format`. The raw values are the flag's values.
    package enum Format: String, Sendable, CaseIterable {
        case logfmt
        case json
    }

    /// The least severe level that is logged.
    package var logLevel: Logger.Level
    /// Fields added to every line.
    package var metadata: Logger.Metadata = [:]
    private let format: Format
    private let journalPriorities: Bool
    private let now: @Sendable () -> Timestamp
    private let record: (@Sendable (Record) -> Bool)?
    private let write: @Sendable (String) -> Void
    private let lost: @Sendable () -> Int

    /// One event in a form for the systemd journal.
    package struct Record: Sendable {
        /// As in syslog(3).
        package let priority: Int
        /// The line, without a line feed.
        package let line: String
        /// The fields of the event besides `ts level msg`, by their names in the line.
        package let fields: [(name: String, value: String)]

        /// An event.
        package init(priority: Int, line: String, fields: [(name: String, value: String)]) {
            self.priority = priority
            self.line = line
            self.fields = fields
        }
    }

    /// A handler.
    /// - Parameters:
    ///   - journalPriorities: whether to prefix lines with their priority for journald (`$JOURNAL_STREAM` is set).
    ///   - now: the clock that supplies `ts`.
    ///   - record: takes the event instead of `write`; returns whether it could.
    ///   - write: takes one finished line with its newline; called on the thread that logs.
    ///   - lost: how many lines were lost and not yet reported; the next line reports them.
    package init(
        level: Logger.Level = .info, format: Format = .logfmt, journalPriorities: Bool = false,
        now: @escaping @Sendable () -> Timestamp = { SystemTime().wall() },
        record: (@Sendable (Record) -> Bool)? = nil,
        write: @escaping @Sendable (String) -> Void = { LogSink.standardError.write($0) },
        lost: @escaping @Sendable () -> Int = { LogSink.standardError.takeLost() }
    ) {
        logLevel = level
        self.format = format
        self.journalPriorities = journalPriorities
        self.now = now
        self.record = record
        self.write = write
        self.lost = lost
    }

    /// One field of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Formats an event and passes the line to `write`. Fields follow `ts level msg`, sorted by name; `err` is last.
    package func log(event: LogEvent) {
        let lost = lost()
        if lost > 0 {
            writeLine(
                line(.warning, "log lines were lost, since their reader was too slow", [("lines", "\(lost)")]),
                priority: LineLogHandler.priority(.warning))
        }
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        var fields = all.sorted { $0.key < $1.key }.map { ($0.key, LineLogHandler.cut("\($0.value)")) }
        if let error = event.error { fields.append(("err", LineLogHandler.cut("\(error)"))) }
        let priority = LineLogHandler.priority(event.level)
        let text = line(event.level, "\(event.message)", fields)
        if let record, record(Record(priority: priority, line: text, fields: fields.map { (name: $0.0, value: $0.1) }))
        {
            return
        }
        writeLine(text, priority: priority)
    }

    private func writeLine(_ line: String, priority: Int) {
        write((journalPriorities ? "<\(priority)>" : "") + line + "\n")
    }

    private func line(_ level: Logger.Level, _ message: String, _ more: [(String, String)]) -> String {
        let fields = [("ts", now().rfc3339), ("level", LineLogHandler.name(level)), ("msg", message)] + more
        switch format {
        case .logfmt: return fields.map { "\($0)=\(LineLogHandler.logfmt($1))" }.joined(separator: " ")
        case .json:
            return "{" + fields.map { "\(LineLogHandler.json($0)):\(LineLogHandler.json($1))" }.joined(separator: ",")
                + "}"
        }
    }

    /// Maximum bytes of one field: labels and answers of targets can have any length.
    private static let fieldLimitBytes = 4096

    /// How many fields were truncated since the process started.
    package static var cutFields: Int { cuts.load(ordering: .relaxed) }
    private static let cuts = Atomic(0)

    private static func cut(_ value: String) -> String {
        let count = value.utf8.count
        guard count > fieldLimitBytes else { return value }
        cuts.wrappingAdd(1, ordering: .relaxed)
        return String(decoding: value.utf8.prefix(fieldLimitBytes), as: UTF8.self) + "… (\(count) bytes)"
    }

    private static func name(_ level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }

    /// The priority as in syslog(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func logfmt(_ value: String) -> String {
        let plain =
            !value.isEmpty
            && value.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "=") && $0 != 0x7f }
        return plain ? value : value.quotedAsInGo
    }

    private static func json(_ value: String) -> String {
        var bytes: [UInt8] = []
        bytes.append(json: value)
        return String(decoding: bytes, as: UTF8.self)
    }
}
