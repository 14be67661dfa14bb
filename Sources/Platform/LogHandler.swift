package import Logging
package import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

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

    /// A handler.
    /// - Parameters:
    ///   - journalPriorities: whether to prefix lines with their priority for journald (`$JOURNAL_STREAM` is set).
    ///   - now: the clock that supplies `ts`.
    ///   - write: takes one finished line with its newline; called on the thread that logs.
    package init(
        level: Logger.Level = .info, format: Format = .logfmt, journalPriorities: Bool = false,
        now: @escaping @Sendable () -> Timestamp = { SystemTime().wall() },
        write: @escaping @Sendable (String) -> Void = LineLogHandler.standardError
    ) {
        logLevel = level
        self.format = format
        self.journalPriorities = journalPriorities
        self.now = now
        self.write = write
    }

    /// One field of `metadata`.
    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Formats an event and passes the line to `write`. Fields follow `ts level msg`, sorted by name; `err` is last.
    package func log(event: LogEvent) {
        var fields: [(String, String)] = [
            ("ts", now().rfc3339), ("level", LineLogHandler.name(event.level)), ("msg", "\(event.message)"),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { fields.append((key, LineLogHandler.cut("\(value)"))) }
        if let error = event.error { fields.append(("err", LineLogHandler.cut("\(error)"))) }
        var line = journalPriorities ? "<\(LineLogHandler.priority(event.level))>" : ""
        switch format {
        case .logfmt: line += fields.map { "\($0)=\(LineLogHandler.logfmt($1))" }.joined(separator: " ")
        case .json:
            line +=
                "{" + fields.map { "\(LineLogHandler.json($0)):\(LineLogHandler.json($1))" }.joined(separator: ",")
                + "}"
        }
        write(line + "\n")
    }

    /// The most bytes of one field: labels and answers of targets can be of any length.
    private static let fieldLimitBytes = 4096

    private static func cut(_ value: String) -> String {
        let count = value.utf8.count
        guard count > fieldLimitBytes else { return value }
        return String(decoding: value.utf8.prefix(fieldLimitBytes), as: UTF8.self) + "… (\(count) bytes)"
    }

    /// Writes a line to standard error with a single write(2), so that lines of different threads do not mix.
    package static let standardError: @Sendable (String) -> Void = { line in
        var line = line
        line.withUTF8 { _ = Glibc.write(2, $0.baseAddress, $0.count) }
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
