package import Logging
package import Samples
import Text

/// Writes each log event as one line of logfmt or JSON with the fields `ts level msg …`, to standard error by default.
///
/// With `journalPriorities` each line is prefixed by its priority, such as `<3>`, which systemd-journald strips and
/// records. Source: sd-daemon(3).
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
    private let write: @Sendable (String) -> Void
    private let lost: @Sendable () -> Int

    /// A handler.
    /// - Parameters:
    ///   - journalPriorities: whether to prefix lines with their priority for journald (`$JOURNAL_STREAM` is set).
    ///   - now: the clock that supplies `ts`.
    ///   - write: takes one finished line with its newline; called on the thread that logs.
    ///   - lost: how many lines nobody will read and nobody was told of; the next line tells.
    package init(
        level: Logger.Level = .info, format: Format = .logfmt, journalPriorities: Bool = false,
        now: @escaping @Sendable () -> Timestamp = { SystemTime().wall() },
        write: @escaping @Sendable (String) -> Void = { LogSink.standardError.write($0) },
        lost: @escaping @Sendable () -> Int = { LogSink.standardError.takeLost() }
    ) {
        logLevel = level
        self.format = format
        self.journalPriorities = journalPriorities
        self.now = now
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
            write(line(.warning, "log lines were lost, since nobody read them in time", [("lines", "\(lost)")]))
        }
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        var fields = all.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        if let error = event.error { fields.append(("err", "\(error)")) }
        write(line(event.level, "\(event.message)", fields))
    }

    private func line(_ level: Logger.Level, _ message: String, _ more: [(String, String)]) -> String {
        let fields = [("ts", now().rfc3339), ("level", LineLogHandler.name(level)), ("msg", message)] + more
        var line = journalPriorities ? "<\(LineLogHandler.priority(level))>" : ""
        switch format {
        case .logfmt: line += fields.map { "\($0)=\(LineLogHandler.logfmt($1))" }.joined(separator: " ")
        case .json:
            line +=
                "{" + fields.map { "\(LineLogHandler.json($0)):\(LineLogHandler.json($1))" }.joined(separator: ",")
                + "}"
        }
        return line + "\n"
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
