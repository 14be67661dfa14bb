import ArgumentParser
import Platform
import Probes
import Recovery
import S3
import Samples
import Supervision
import Text

struct BackupRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Make a backup, store it encrypted, read it back and record how it ended.",
        discussion: """
            Without --set the sets whose present period has no backup yet; if none is due, the most frequent one. One
            object is stored for each. A backup counts only once it was read back whole and decrypted. A second run waits
            for nothing: it exits with 16 while the first one runs.
            Examples:
              vaultwatch backup run
              vaultwatch backup run --set=daily
              vaultwatch backup run --accept-reset      after Vault was restored to an earlier state
              vaultwatch backup run --output=json
            """)

    @OptionGroup var recovery: RecoveryOptionGroup

    @Option(name: .customLong("set"), help: "The set to make a backup for; repeatable. Default: those that are due.")
    var sets: [String] = []

    @Flag(help: "Store a snapshot although it holds far less than the one before.")
    var acceptReset = false

    @OptionGroup var output: DataOptions

    func run() async throws {
        let context = try BackupContext(recovery)
        let progress = BackupProgressLine()
        let run = BackupRun(
            context.configuration, network: context.network, platform: context.platform,
            environment: context.environment, report: { progress.report($0) })
        let (sets, acceptReset) = (sets, acceptReset)
        let work = Task { () -> Result<BackupRun.Outcome, BackupFailure> in
            do throws(BackupFailure) { return .success(try await run.run(sets: sets, acceptsReset: acceptReset)) } catch
            {
                return .failure(error)
            }
        }
        // A run that is told to stop takes back what it has begun and records that it failed.
        let watch = Task {
            for await request in Signals.shared.requests where request == .stop { work.cancel() }
        }
        let result = await work.value
        watch.cancel()
        progress.clear()
        switch result {
        case .failure(let failure): throw try BackupContext.end(failure, output)
        case .success(let outcome):
            if output.isJSON {
                try JSONOutput.print(BackupRunBody(outcome))
            } else {
                print(Display.current().fitted(BackupRunCommand.text(outcome, context.configuration)))
            }
            for warning in outcome.warnings { Terminal.error("warning: \(warning)") }
        }
    }

    /// What was made, for people.
    static func text(_ outcome: BackupRun.Outcome, _ configuration: RecoveryConfiguration) -> String {
        var lines = outcome.keys.map { "stored and verified: s3://\(configuration.bucket.bucket)/\($0)" }
        let times = BackupProgress.Phase.allCases.compactMap { phase in
            outcome.durations[phase].map { "\(words(phase)) \(Words.measured($0.seconds))" }
        }
        lines.append("\(Words.size(Double(outcome.size))); \(times.joined(separator: ", "))")
        lines.append("SHA-256 \(outcome.sha256)")
        if let snapshot = outcome.snapshot {
            var facts =
                "index \(snapshot.index), \(Words.thousands(snapshot.keys)) rows, \(Words.thousands(snapshot.secrets)) of them of secrets"
            if let seal = snapshot.seal, seal.shares > 1 {
                facts += "; a restore needs \(seal.threshold) of \(seal.shares) unseal keys"
            }
            lines.append(facts)
        }
        return lines.joined(separator: "\n")
    }

    private static func words(_ phase: BackupProgress.Phase) -> String {
        switch phase {
        case .source: "read and encrypted in"
        case .upload: "sent in"
        case .readBack: "read back in"
        }
    }
}

/// `backup run --output=json`.
struct BackupRunBody: Encodable {
    struct Snapshot: Encodable {
        var index: Int64
        var rows: Int64
        var secrets: Int64
        var tokens: Int64
        var leases: Int64
        var shares: Int?
        var threshold: Int?
    }

    var keys: [String]
    var sizeBytes: Int64
    var sha256: String
    var source: String
    var vaultVersion: String?
    var durationsSeconds: [String: Double]
    var snapshot: Snapshot?
    var warnings: [String]

    enum CodingKeys: String, CodingKey {
        case keys
        case sizeBytes = "size_bytes"
        case sha256, source
        case vaultVersion = "vault_version"
        case durationsSeconds = "durations_seconds"
        case snapshot, warnings
    }

    init(_ outcome: BackupRun.Outcome) {
        keys = outcome.keys
        sizeBytes = outcome.size
        sha256 = outcome.sha256
        source = outcome.facts.origin
        vaultVersion = outcome.facts.vaultVersion
        durationsSeconds = Dictionary(
            outcome.durations.map { ($0.key.rawValue, $0.value.seconds) }, uniquingKeysWith: { first, _ in first })
        snapshot = outcome.snapshot.map {
            Snapshot(
                index: $0.index, rows: $0.keys, secrets: $0.secrets, tokens: $0.tokens, leases: $0.leases,
                shares: $0.seal?.shares, threshold: $0.seal?.threshold)
        }
        warnings = outcome.warnings
    }
}
