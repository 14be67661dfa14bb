import Alerts
import ArgumentParser
import Console
import FoundationEssentials
import Platform
import Probes
import Recovery
import Samples
import Text

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Work with Vault's audit logs.", subcommands: [AuditAssessCommand.self])
}

struct AuditAssessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assess",
        abstract: "Assess a breach from audit logs: who did what, and which secrets and tenants it reached.",
        discussion: """
            Reads the logs of all nodes together, in the order of time: each node writes its own, and only while it is active.
            Rotated .gz files and "-" for standard input are read too. Vault hashes tokens and accessors: equal hashes are the
            same token within one audit device. Where an agent is reachable, the timeline has what it saw in that time.
            Exit codes: 0 nothing suspicious, 1 something found, 2 nothing could be assessed, or not all of it.
            Examples:
              vaultwatch audit assess audit.log
              vaultwatch audit assess audit-vault-*.log audit-vault-1.log.2.gz --since=2026-11-28T06:00:00Z
              ssh vault-1 'sudo cat /var/log/vault/audit.log' | vaultwatch audit assess - --since=2h --output=json
              vaultwatch audit assess audit.log --exclude=approle:smtp/test-tenant-id/admin --tenant-pattern='smtp/{tenant}/**'
            """)

    @Argument(help: "Audit logs, plain or compressed; - for standard input.")
    var files: [String]

    @Option(help: "How far back to look, such as 24h, or a time (RFC 3339).")
    var since = "24h"

    @Option(help: "End time (RFC 3339). Default: now.")
    var until: String?

    @Option(
        help: """
            Which segment of a secret's path is the tenant: * is any segment, ** at the end any rest; repeatable, the \
            first that matches counts. (default: \(TenantPattern.usual))
            """)
    var tenantPattern: [String] = []

    @Option(
        help: """
            What is expected, as WHO:PATH, such as the agent's own test read: an entity's id or a display name, and a path, \
            which may end in *; repeatable.
            """)
    var exclude: [String] = []

    @Option(help: "Different secrets that one client may read within 10 minutes.")
    var massReads = 100

    @OptionGroup var agent: AgentURLOptions
    @OptionGroup var output: DataOptions

    func validate() throws {
        if files.count(where: { $0 == "-" }) > 1 { throw ValidationError("standard input can be read only once") }
        guard massReads > 0 else { throw ValidationError("--mass-reads: expected a number above 0") }
        _ = try options(now: SystemTime().wall())
    }

    func run() async throws {
        let options = try options(now: SystemTime().wall())
        // Reading may block, and takes long for large files.
        let pool = Platform.real(log: LogOptions.silent).workPool("assess", threads: 1)
        let files = files
        guard var assessment = await pool.run({ AuditAssessment.assess(files, options, SystemFiles()) }) else {
            Terminal.error("the system gives no thread to read the logs")
            throw ExitCode(2)
        }
        for source in assessment.sources {
            if let failure = source.failure { Terminal.error("\(source.path.onOneLine): \(failure)") }
        }
        guard assessment.entries > 0 else {
            Terminal.error(AuditAssessmentText.nothing(assessment))
            throw ExitCode(2)
        }
        await addHistory(to: &assessment)
        if output.isJSON {
            JSONOutput.print(assessment.json())
        } else {
            print(AuditAssessmentText(assessment).text(Display.current()))
        }
        if assessment.sources.contains(where: { $0.failure != nil }) { throw ExitCode(2) }
        if assessment.suspiciousEvents > 0 { throw ExitCode(1) }
    }

    private func options(now: Timestamp) throws -> AuditAssessmentOptions {
        let to = try until.map { try AuditAssessCommand.time($0, "--until") } ?? now
        let from: Timestamp
        if let span = Duration(prometheus: since) {
            from = to - span
        } else {
            from = try AuditAssessCommand.time(since, "--since")
        }
        guard from < to else { throw ValidationError("--since is not before --until") }
        var options = AuditAssessmentOptions(from: from, to: to)
        options.massReads = massReads
        options.tenantPatterns = try (tenantPattern.isEmpty ? [TenantPattern.usual] : tenantPattern).map { text in
            guard let pattern = TenantPattern(text) else {
                throw ValidationError(
                    "--tenant-pattern: expected a path with one segment {tenant}, such as \(TenantPattern.usual), found \"\(text)\""
                )
            }
            return pattern
        }
        options.exclusions = try exclude.map { text in
            let parts = text.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[1] != "*" else {
                throw ValidationError(
                    "--exclude: expected WHO:PATH such as approle:smtp/test-tenant-id/admin, found \"\(text)\"")
            }
            return AuditExclusion(who: String(parts[0]), path: String(parts[1]))
        }
        return options
    }

    private static func time(_ text: String, _ option: String) throws -> Timestamp {
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError(
                "\(option): expected RFC 3339 such as 2026-11-24T06:00:00Z\(option == "--since" ? ", or a duration such as 24h" : ""), found \"\(text)\""
            )
        }
        return time
    }

    // MARK: The agent's history

    private struct Answer: Decodable { var data: [HistoryEntry] }

    private static let historyLimit = 500
    private static let patience = Duration.seconds(5)

    /// Joins what the agent saw in that time. Without an agent the assessment says so.
    private func addHistory(to assessment: inout AuditAssessment) async {
        let path =
            "/api/v1/vaultwatch/history?limit=\(AuditAssessCommand.historyLimit)"
            + "&start=\(PercentCoding.encode(assessment.from.rfc3339))&end=\(PercentCoding.encode(assessment.to.rfc3339))"
        do {
            let body = try await agent.client().fetch(path, timeout: AuditAssessCommand.patience)
            let entries = try JSONDecoder().decode(Answer.self, from: Data(body)).data
            let shown: [HistoryEntry.Kind] = [.firing, .ended, .sent, .acknowledged, .state, .agent, .note, .silence]
            let events = entries.filter { shown.contains($0.kind) }.map { entry in
                AuditAssessment.Event(
                    time: entry.at, source: "watch", kind: entry.kind.rawValue,
                    text: [entry.subjectWords, entry.receiver, entry.detail].filter { !$0.isEmpty }
                        .joined(separator: ": "))
            }
            assessment.timeline = (assessment.timeline + events).sorted { $0.time < $1.time }
        } catch let error as AgentError {
            assessment.historyFailure = error.message
        } catch let error as ExitCode {
            assessment.historyFailure = "the agent cannot be asked (exit code \(error.rawValue))"
        } catch {
            assessment.historyFailure = "not a response of vaultwatch: \(error)"
        }
    }
}
