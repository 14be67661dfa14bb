import ArgumentParser
import Config
import Logging
import Platform
import Supervision
#if canImport(Glibc)
    import Glibc
#endif

/// The option for the configuration file.
struct ConfigOptions: ParsableArguments {
    @Option(name: .customLong("config.file"), help: "The configuration file.")
    var configFile = "/etc/vaultwatch/vaultwatch.yml"

    /// - Throws: `ExitCode.failure`, after printing all errors.
    func load() throws -> Configuration { try ConfigOptions.load(configFile) }

    static func load(
        _ path: String, files: any FileAccess = SystemFiles(), environment: [String: String] = Environment.all()
    ) throws -> Configuration {
        do {
            return try Configuration.load(path, files: files, environment: environment)
        } catch {
            Terminal.error(error.description)
            throw ExitCode.failure
        }
    }
}

/// The options of the log.
struct LogOptions: ParsableArguments {
    @Option(name: .customLong("log.level"), help: "Log level: debug, info, warn or error.")
    var level = "info"

    @Option(name: .customLong("log.format"), help: "Log format: logfmt or json.")
    var format = "logfmt"

    func validate() throws {
        guard logLevel != nil else {
            throw ValidationError("--log.level: expected debug, info, warn or error, found \"\(level)\"")
        }
        guard LineLogHandler.Format(rawValue: format) != nil else {
            throw ValidationError("--log.format: expected logfmt or json, found \"\(format)\"")
        }
    }

    private var logLevel: Logger.Level? {
        ["debug": .debug, "info": .info, "warn": .warning, "error": .error][level]
    }

    /// For commands whose result is on standard output.
    static let silent = Logger(label: "vaultwatch") { _ in SwiftLogNoOpLogHandler() }

    func logger() -> Logger {
        let level = logLevel ?? .info
        let format = LineLogHandler.Format(rawValue: format) ?? .logfmt
        let isJournal = SystemJournal.isReached(Environment.all())
        var record: (@Sendable (LineLogHandler.Record) -> Bool)?
        if isJournal, SystemJournal.takesFields { record = { SystemJournal.send($0) } }
        return Logger(label: "vaultwatch") { [record] _ in
            LineLogHandler(level: level, format: format, journalPriorities: isJournal, record: record)
        }
    }
}

enum Environment {
    /// The process's environment.
    static func all() -> [String: String] {
        var result: [String: String] = [:]
        var pointer = environ
        while let entry = pointer.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            pointer += 1
        }
        return result
    }
}

enum Terminal {
    /// Prints lines to standard error.
    static func error(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
    }

    /// Whether standard output is a terminal that supports colours.
    static var hasColour: Bool {
        isatty(1) == 1 && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
    }

    /// Formats a table; each column is as wide as its widest cell.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let all = [header] + rows
        let widths = header.indices.map { column in
            all.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return all.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                line += cell
                if column < row.count - 1 { line += String(repeating: " ", count: widths[column] - cell.count + 2) }
            }
            return line
        }.joined(separator: "\n")
    }
}
