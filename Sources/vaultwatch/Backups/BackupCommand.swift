import ArgumentParser
import Platform
import Recovery
import Transport

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Make, list, verify, fetch and prune the encrypted backups of Vault.",
        discussion: """
            Works on the source, the bucket and the sets of the recovery configuration, with credentials of its own; the
            daemon only watches. vaultwatch-backup.timer runs it every night.
            Exit codes: 0 done, 1 wrong configuration, 2 usage error, else what failed:
            \(BackupFailure.Kind.allCases.map { "  \($0.rawValue)  \($0.phrase)" }.joined(separator: "\n"))
            Examples:
              vaultwatch backup run                    make what is due, read it back, record how it ended
              vaultwatch backup list
              vaultwatch backup verify                 read the newest backup of each set whole
              vaultwatch backup fetch --to=vault.snap  the newest backup, decrypted, for a restore
              vaultwatch backup prune --dry-run        what retention would delete, and why
            """,
        subcommands: [
            BackupRunCommand.self, BackupListCommand.self, BackupVerifyCommand.self, BackupFetchCommand.self,
            BackupPruneCommand.self,
        ])
}

/// What the commands on backups share: the configuration and the world around them.
struct BackupContext {
    let configuration: RecoveryConfiguration
    let platform: Platform
    let network: Network
    let environment: [String: String]

    /// - Throws: `ExitCode.failure`, after printing all errors of the configuration.
    init(_ group: RecoveryOptionGroup) throws {
        configuration = try group.load()
        platform = Platform.real(log: LogOptions.silent)
        network = Network.real(platform)
        environment = Environment.all()
    }

    /// Runs work on a thread that may block, and ends the command with the exit code of its failure.
    /// - Throws: `ExitCode`, after printing the failure.
    func run<Value: Sendable>(
        _ output: DataOptions, _ progress: BackupProgressLine,
        _ work: @escaping @Sendable () async throws(BackupFailure) -> Value
    ) async throws -> Value {
        let result: Result<Value, BackupFailure> = await withTaskExecutorPreference(WorkExecutor("backup")) {
            do throws(BackupFailure) { return .success(try await work()) } catch { return .failure(error) }
        }
        progress.clear()
        switch result {
        case .success(let value): return value
        case .failure(let failure): throw try BackupContext.end(failure, output)
        }
    }

    /// Prints a failure.
    /// - Returns: the exit code of its kind.
    static func end(_ failure: BackupFailure, _ output: DataOptions) throws -> ExitCode {
        Terminal.error("vaultwatch backup: \(failure.message)")
        if output.isJSON { try JSONOutput.print(FailureBody(error: failure.message, kind: "\(failure.kind)")) }
        return ExitCode(failure.kind.rawValue)
    }

    private struct FailureBody: Encodable {
        var error: String
        var kind: String
    }
}
