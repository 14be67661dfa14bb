import ArgumentParser
import Platform
import Recovery
import Text

struct BackupPruneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Delete the backups that retention no longer keeps.",
        discussion: """
            Decides by the calendar: as many days or months as `retention`, counted back from the newest backup. What always
            stays: the newest backup, which is read whole first, `floor` of them, what Object Lock keeps, and everything
            while the newest is overdue or no good. In a bucket with versions the bytes stay as older versions.
            Examples:
              vaultwatch backup prune --dry-run
              vaultwatch backup prune --set=daily
            """)

    @OptionGroup var recovery: RecoveryOptionGroup

    @Option(name: .customLong("set"), help: "Only this set; repeatable.")
    var sets: [String] = []

    @Flag(help: "Print what would be deleted, and why; delete nothing.")
    var dryRun = false

    @OptionGroup var output: DataOptions

    struct Row: Encodable {
        var set: String
        var key: String
        /// `kept`, `deleted`, `would be deleted` or `failed`.
        var action: String
        var reason: String
    }

    func run() async throws {
        let context = try BackupContext(recovery)
        let progress = BackupProgressLine()
        let (names, deletes) = (sets, !dryRun)
        let outcomes = try await context.run(output, progress) { () throws(BackupFailure) in
            try await BackupPrune(
                context.configuration, network: context.network, platform: context.platform,
                environment: context.environment, report: { progress.report($0) }
            ).run(sets: names, deletes: deletes)
        }
        let rows = outcomes.flatMap { outcome in
            outcome.plan.items.map { item in
                let failure = item.isDeleted ? outcome.failed[item.backup.key] : nil
                let action =
                    !item.isDeleted ? "kept" : failure != nil ? "failed" : deletes ? "deleted" : "would be deleted"
                return Row(
                    set: outcome.plan.set, key: item.backup.key, action: action, reason: failure ?? item.reason)
            }
        }
        if output.isJSON {
            try JSONOutput.print(rows)
        } else {
            show(rows, outcomes)
        }
        if rows.contains(where: { $0.action == "failed" }) {
            Terminal.error("vaultwatch backup: the bucket did not delete everything that was due")
            throw ExitCode(BackupFailure.Kind.store.rawValue)
        }
    }

    private func show(_ rows: [Row], _ outcomes: [BackupPrune.Outcome]) {
        if !rows.isEmpty {
            let table = TextTable(
                ["SET", "ACTION", "KEY", "WHY"], texts: rows.map { [$0.set, $0.action, $0.key, $0.reason] })
            print(table.render(.current()), terminator: "")
        }
        for outcome in outcomes {
            if let refusal = outcome.plan.refusal {
                print("\(outcome.plan.set): nothing is deleted: \(refusal.onOneLine)")
            }
            if let verified = outcome.verified {
                print("\(outcome.plan.set): \(verified.onOneLine) was read whole and is good")
            }
        }
        let count = rows.count { $0.action.hasSuffix("deleted") }
        print("\(Words.count(count, "backup")) \(dryRun ? "would be deleted" : "deleted"), \(rows.count - count) kept")
    }
}
