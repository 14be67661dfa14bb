import ArgumentParser
import Platform
import Probes
import Recovery
import Samples
import Supervision
import Text
import Transport
#if canImport(Glibc)
    import Glibc
#endif

struct RestoreTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore-test",
        abstract: "Restore a backup into the staging Vault, read a secret there, and record the outcome.",
        discussion: """
            Takes the newest backup of the bucket: checksum, decryption, structure, restore, unseal keys, a secret. It
            passes only if the copy itself answered. It refuses a staging that is watched by the daemon or shares its
            storage, and one that is not stated to be isolated: a restored Vault revokes leases in the real world. The
            copy is removed in every ending. The outcome goes to the record file, by which the daemon tells that a test
            failed or is overdue. What it finds goes to standard output, everything else to standard error.

            The hooks start, stop and reach of "restore_test" find in their environment: VAULTWATCH_KIND (raft, postgres,
            recovery_mode), VAULTWATCH_URL, VAULTWATCH_RECOVERY (true for vault server -recovery), VAULTWATCH_DATABASE (the
            scratch database), VAULTWATCH_SHARES and VAULTWATCH_THRESHOLD (of the backup's seal).
            Exit statuses: 0 passed, \(RestoreFailure.Kind.allCases.map { "\($0.exitStatus) \($0.phrase)" }.joined(separator: ", ")), \
            \(BackupFailure.Kind.record.rawValue) \(BackupFailure.Kind.record.phrase).
            Examples:
              vaultwatch restore-test
              vaultwatch restore-test --set=monthly
              vaultwatch restore-test --backup=daily/2026-11-30/vault-snapshot-20261130-020000.enc --output=json
            """)

    @OptionGroup var recovery: RecoveryOptionGroup

    @Option(help: "Test the newest backup of this set. Default: the newest of all sets.")
    var set: String?

    @Option(help: "Test the backup of this key.")
    var backup: String?

    @Flag(
        help:
            "Restore nothing: remove the copy that a restore test which was killed has left, if there is one. The unit does it after each run."
    )
    var cleanUp = false

    @Option(name: [.customShort("o"), .customLong("output")], help: "Output format.")
    var format: Format = .text

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json
    }

    func validate() throws {
        if set != nil, backup != nil { throw ValidationError("--set and --backup: expected one of both") }
        if cleanUp, set != nil || backup != nil {
            throw ValidationError("--clean-up restores nothing, and takes neither --set nor --backup")
        }
    }

    func run() async throws {
        let configuration = try recovery.load()
        guard let options = configuration.staging.restoreTest else {
            Terminal.error(
                "\(recovery.file): no restore_test under staging; it names the Vault into which a backup is restored")
            throw ExitCode(RestoreFailure.Kind.configuration.exitStatus)
        }
        if cleanUp { return try await removeLeftovers(RestoreTest(configuration, options, tools(configuration))) }
        // A reader of the output that goes away must not leave the copy behind.
        signal(SIGPIPE, SIG_IGN)
        guard let signals = Signals.stream(of: [SIGINT, SIGTERM, SIGHUP]) else {
            Terminal.error("signals cannot be caught, so that Ctrl-C would leave the copy behind")
            throw ExitCode.failure
        }
        let line = BackupProgressLine()
        let test = RestoreTest(configuration, options, tools(configuration)) { RestoreTestCommand.tell($0, line) }
        let choice: RestoreTest.Choice = backup.map { .named($0) } ?? .newest(set: set)
        // Hashing and decrypting compute for long.
        let work = Task(executorPreference: WorkExecutor("restore-test", threads: 2)) { await test.run(choice) }
        let watcher = Task {
            for await _ in signals {
                Terminal.error("interrupted: the copy is still removed")
                work.cancel()
            }
        }
        let report = await work.value
        watcher.cancel()
        line.clear()
        let isRecorded = record(report, configuration)
        switch format {
        case .text: print(RestoreTestText.text(report))
        case .json: try JSONOutput.print(report)
        }
        if let failure = report.failure { throw ExitCode(failure.kind.exitStatus) }
        if !isRecorded { throw ExitCode(BackupFailure.Kind.record.rawValue) }
    }

    private func removeLeftovers(_ test: RestoreTest) async throws {
        do {
            if try await test.removeLeftovers() {
                Terminal.error("the copy that a killed restore test had left is removed")
            }
        } catch {
            Terminal.error("a killed restore test may have left its copy in staging: \(error.message)")
            throw ExitCode(error.kind.exitStatus)
        }
    }

    private func tools(_ configuration: RecoveryConfiguration) -> RestoreTest.Tools {
        let environment = Environment.all()
        let platform = Platform.real(log: LogOptions.silent)
        let network = Network.real(platform)
        return RestoreTest.Tools(
            platform: platform, http: network.http, postgres: network.database,
            programs: SystemPrograms(environment: environment),
            source: StoredBackups(
                configuration, client: configuration.client(network, platform, environment), platform: platform),
            environment: RecoveryOptionGroup.environment(environment))
    }

    /// What somebody stopped, and what did not begin since another test runs, says nothing about the backup.
    /// - Returns: false if it could not be written, after printing the reason.
    private func record(_ report: RestoreTestReport, _ configuration: RecoveryConfiguration) -> Bool {
        if let kind = report.failure?.kind, kind == .interrupted || kind == .busy { return true }
        guard let path = configuration.recordFile else { return true }
        do {
            try RecordFile.append(report.event(at: SystemTime().wall()), to: path)
            return true
        } catch {
            Terminal.error("the outcome could not be recorded: \(error)")
            return false
        }
    }

    /// One line a phase, on standard error, and how far the download has come.
    private static func tell(_ progress: RestoreProgress, _ line: BackupProgressLine) {
        switch progress {
        case .began: break
        case .fetched(let bytes, let size, let key):
            line.report(BackupProgress(phase: .readBack, key: key, done: bytes, total: size))
        case .ended(let phase, let seconds):
            line.clear()
            Terminal.error("\(phase.rawValue): \(Words.measured(seconds))")
        }
    }
}
