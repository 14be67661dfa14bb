import Logging
import Samples
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// One line an event on standard error: logfmt or JSON, fields `ts level msg …`.
///
/// Under systemd (`$JOURNAL_STREAM` set) each line starts with its priority as `<3>` and the like,
/// which the journal takes as its own. Source: sd-daemon(3).
package struct LineLogHandler: LogHandler {
    package enum Format: String, Sendable, CaseIterable {
        case logfmt
        case json
    }

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let format: Format
    private let journalPriorities: Bool
    private let now: @Sendable () -> Timestamp
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes one finished line, its newline included.
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

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var fields: [(String, String)] = [
            ("ts", now().rfc3339), ("level", LineLogHandler.name(event.level)), ("msg", "\(event.message)"),
        ]
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { fields.append((key, "\(value)")) }
        if let error = event.error { fields.append(("err", "\(error)")) }
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

    /// One write(2) a line, so that lines of different threads do not mix.
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

    /// syslog(3) priorities.
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
