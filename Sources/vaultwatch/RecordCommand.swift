import ArgumentParser
import Platform
import Probes
import Recovery
import Samples
import Text

struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record",
        abstract: "Record a backup run, a restore test or a drill, which the recovery rules monitor.",
        discussion: """
            Appends one line of JSON to a file listed under "records" in the configuration. Call it at the end of the script
            that does the work.
            Examples:
              vaultwatch record backup --file=/var/log/vault-dr.jsonl
              vaultwatch record restore-test --file=/var/log/vault-dr.jsonl --backup=daily/2025-11-26/vault-snapshot-….enc
              vaultwatch record drill --file=/var/log/vault-dr.jsonl --scenario=cluster_loss --duration=1h40m --recovery-time-met
            """,
        subcommands: [RecordBackupCommand.self, RecordRestoreTestCommand.self, RecordDrillCommand.self])
}

/// The options of all records.
struct RecordFileOptions: ParsableArguments {
    @Option(help: "The record file; created if it does not exist.")
    var file: String

    @Flag(help: "Record a failure.")
    var failed = false

    @Option(help: "Why it failed.")
    var error: String?

    func validate() throws {
        if error != nil, !failed { throw ValidationError("--error needs --failed") }
    }

    /// Appends an event to the file.
    /// - Throws: `ExitCode.failure`, after printing the reason.
    func append(_ kind: RecordedEvent.Kind, _ details: RecordedEvent.Details) throws {
        var details = details
        details.error = error
        do {
            try RecordFile.append(RecordedEvent(kind, at: SystemTime().wall(), details: details), to: file)
        } catch {
            Terminal.error(error.description)
            throw ExitCode.failure
        }
    }
}

struct RecordBackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "backup", abstract: "Record the end of a backup run.")

    @OptionGroup var record: RecordFileOptions

    func run() throws {
        try record.append(record.failed ? .backupFailed : .backupCompleted, RecordedEvent.Details())
    }
}

struct RecordRestoreTestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore-test", abstract: "Record a restore test.")

    @OptionGroup var record: RecordFileOptions

    @Option(help: "The key of the restored backup.")
    var backup: String?

    func run() throws {
        var details = RecordedEvent.Details()
        details.backup = backup
        try record.append(record.failed ? .restoreTestFailed : .restoreTestSucceeded, details)
    }
}

struct RecordDrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Record the end of a disaster recovery drill.")

    @OptionGroup var record: RecordFileOptions

    @Option(help: "Scenario: vault_failure, cluster_loss, vps_compromise, credential_compromise, or another name.")
    var scenario: String

    @Option(help: "Name of the drill. Default: DR-<date>-<scenario>.")
    var id: String?

    @Option(help: "How long recovery took, such as 1h40m.")
    var duration: String?

    @Flag(inversion: .prefixedNo, help: "Whether the recovery time objective was met.")
    var recoveryTimeMet: Bool?

    @Option(help: "An issue that was found; repeatable.")
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
