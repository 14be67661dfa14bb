import Platform
import Probes
import Recovery
import Samples
import Text

/// What a restore test found, for people.
enum RestoreTestText {
    static func text(_ report: RestoreTestReport) -> String {
        var lines: [String] = []
        if let failure = report.failure {
            lines.append("FAILED\(failure.phase.map { " in the phase \($0.rawValue)" } ?? ""): \(failure.message)")
        } else {
            lines.append("passed: the copy itself gave the secret")
        }
        if let backup = report.backup {
            let size = report.sizeBytes.map { ", \(Words.size(Double($0)))" } ?? ""
            let version = report.vaultVersion.map { ", Vault \($0)" } ?? ""
            lines.append("backup     \(backup)\(size)\(version)")
        }
        if let age = report.backupAgeSeconds, let made = report.made {
            lines.append(
                "RPO        \(Words.duration(age)): made \(made.rfc3339); what was written since would be lost")
        }
        if let seal = report.seal { lines.append("keys       needs \(seal.threshold) of \(seal.shares) unseal keys") }
        if report.hasPassed {
            lines.append(
                "RTO        \(Words.measured(report.recoverySeconds)) from the download to the secret, without people")
        }
        lines += report.phases.map { phase in
            let name = phase.phase.rawValue
            return "  \(name)\(String(repeating: " ", count: max(1, 10 - name.count)))\(Words.measured(phase.seconds))"
        }
        lines += report.remarks.map { "note       \($0)" }
        if report.hasPassed {
            lines.append("proves     \(report.kind.proves.joined(separator: "; "))")
            lines.append("not        \(report.kind.leavesOpen.joined(separator: "; "))")
        }
        // Staging, hooks and the bucket's metadata have their say in it.
        return lines.flatMap { $0.split(separator: "\n", omittingEmptySubsequences: false) }
            .map { String($0).onOneLine }.joined(separator: "\n")
    }
}
