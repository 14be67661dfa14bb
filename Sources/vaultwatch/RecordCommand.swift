import ArgumentParser
import FoundationEssentials
import Platform
import Probes
import Samples
#if canImport(Glibc)
    import Glibc
#endif

struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Records a backup run, a restore test or a drill, for the rules that watch over them.",
        discussion: """
            Appends one line of JSON to a file that the configuration names under "records". Put it at the end of the
            script that does the work.
            Examples:
              vaultwatch record backup --file=/var/log/vault-dr.jsonl
              vaultwatch record restore-test --file=/var/log/vault-dr.jsonl --backup=daily/2025-11-26/vault-snapshot-….enc
              vaultwatch record drill --file=/var/log/vault-dr.jsonl --scenario=cluster_loss --duration=1h40m --recovery-time-met
            """,
        subcommands: [RecordBackupCommand.self, RecordRestoreTestCommand.self, RecordDrillCommand.self])
}

/// What every record has.
struct RecordFileOptions: ParsableArguments {
    @Option(help: "The record file; it is made where there is none.")
    var file: String

    @Flag(help: "It failed.")
    var failed = false

    @Option(help: "Why it failed.")
    var error: String?

    func validate() throws {
        if error != nil, !failed { throw ValidationError("--error goes with --failed") }
    }

    /// Appends an event in one write, so that lines of several scripts do not mix; write(2) with O_APPEND.
    func append(_ kind: RecordedEvent.Kind, _ details: RecordedEvent.Details) throws {
        var details = details
        details.error = error
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line =
            Array(try encoder.encode(RecordedEvent(kind, at: SystemTime().wall(), details: details))) + [
                UInt8(ascii: "\n")
            ]
        let descriptor = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw fault() }
        defer { close(descriptor) }
        guard write(descriptor, line, line.count) == line.count, fsync(descriptor) == 0 else { throw fault() }
    }

    private func fault() -> ExitCode {
        Terminal.error("\(file): \(String(cString: strerror(errno)))")
        return .failure
    }
}

struct RecordBackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "backup", abstract: "A backup run ended.")

    @OptionGroup var record: RecordFileOptions

    func run() throws {
        try record.append(record.failed ? .backupFailed : .backupCompleted, RecordedEvent.Details())
    }
}

struct RecordRestoreTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore-test", abstract: "A backup was restored as a test.")

    @OptionGroup var record: RecordFileOptions

    @Option(help: "The key of the backup that was restored.")
    var backup: String?

    func run() throws {
        var details = RecordedEvent.Details()
        details.backup = backup
        try record.append(record.failed ? .restoreTestFailed : .restoreTestSucceeded, details)
    }
}

struct RecordDrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "drill", abstract: "A disaster recovery drill ended.")

    @OptionGroup var record: RecordFileOptions

    @Option(help: "vault_failure, cluster_loss, vps_compromise, credential_compromise, or another name.")
    var scenario: String

    @Option(help: "The drill's name. Default: DR-<date>-<scenario>.")
    var id: String?

    @Option(help: "How long recovery took, such as 1h40m.")
    var duration: String?

    @Flag(inversion: .prefixedNo, help: "Whether the recovery time objective was met.")
    var recoveryTimeMet: Bool?

    @Option(help: "Something that was found; may be repeated.")
    var issue: [String] = []

    func validate() throws {
        if scenario.isEmpty || scenario.utf8.count > 64 {
            throw ValidationError("--scenario: expected a name of 1 to 64 bytes")
        }
        if let duration, Duration(prometheus: duration) == nil {
            throw ValidationError("--duration: expected a duration such as 1h40m, found \"\(duration)\"")
        }
    }

    func run() throws {
        var details = RecordedEvent.Details()
        details.drillID = id ?? "DR-\(SystemTime().wall().rfc3339.prefix(10))-\(scenario)"
        details.scenario = scenario
        details.duration = duration.flatMap { Duration(prometheus: $0) }.map { $0.seconds * 1000 }
        details.success = !record.failed
        details.rtoMet = recoveryTimeMet
        details.issues = issue
        try record.append(record.failed ? .drillFailed : .drillCompleted, details)
    }
}
