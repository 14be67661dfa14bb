import ArgumentParser
import Config
import Logging
import Platform
import Supervision
import Text
import YAML
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
            Terminal.error(ConfigOptions.text(error))
            throw ExitCode.failure
        }
    }

    /// One line for each mistake. Where systemd's credentials are missing, all of them are missing for the same reason,
    /// which is told once.
    static func text(_ errors: ConfigurationErrors) -> String {
        let missing = errors.errors.filter { $0.message.contains("\"CREDENTIALS_DIRECTORY\"") }
        guard missing.count > 1, let first = missing.first else { return errors.description }
        let others = errors.errors.filter { !missing.contains($0) }.map(\.description)
        let lines = missing.filter { $0.position.file == first.position.file }.map { String($0.position.line) }
        let sentence =
            "\(first.position): \(missing.count) files are credentials of systemd, in ${CREDENTIALS_DIRECTORY}, which only the service has (lines \(Words.list(lines, limit: 20))); run \"vaultwatch check config --as-service\" as root"
        return (others + [sentence]).joined(separator: "\n")
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
