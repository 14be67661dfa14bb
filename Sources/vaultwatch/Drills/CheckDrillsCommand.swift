import ArgumentParser
import Platform
import Probes
import Recovery
import Text
import YAML

struct CheckDrillsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drills",
        abstract: "Check scenarios of drills.",
        discussion: """
            Exits with 0 if the files are valid, with 1 after printing all errors as file:line:column, and with 3 if an
            expression reads a metric that no probe exports.
            Examples:
              vaultwatch check drills /usr/share/vaultwatch/drills/*.yml
            """)

    @Argument(help: "The scenarios' files, or patterns of them.")
    var files: [String]

    @OptionGroup var output: DataOptions

    /// A file's result as JSON.
    private struct FileBody: Encodable {
        var file: String
        var success: Bool
        var steps: Int
        var errors: [String]
        var findings: [String]
    }

    func run() throws {
        let system = SystemFiles()
        var bodies: [FileBody] = []
        for file in files {
            let found = system.expand(file)
            if found.isEmpty {
                bodies.append(
                    FileBody(file: file, success: false, steps: 0, errors: ["\(file): no file matches"], findings: []))
            }
            for path in found {
                let errors = ErrorList()
                let scenario = DrillScenario.load(path, files: system, errors: errors)
                bodies.append(
                    FileBody(
                        file: path, success: scenario != nil, steps: scenario?.steps.count ?? 0,
                        errors: errors.errors.map(\.description),
                        findings: scenario.map(CheckDrillsCommand.findings) ?? []))
            }
        }
        if output.isJSON {
            try JSONOutput.print(bodies)
        } else {
            for body in bodies {
                let lines = body.errors + body.findings
                print(
                    Display.current().fitted(
                        lines.isEmpty
                            ? "\(body.file): fine: \(Words.count(body.steps, "step"))" : lines.joined(separator: "\n")))
            }
        }
        if bodies.contains(where: { !$0.success }) { throw ExitCode.failure }
        if bodies.contains(where: { !$0.findings.isEmpty }) { throw ExitCode(3) }
    }

    /// The metrics that a scenario reads and no probe exports: a condition on one never holds, or always does.
    static func findings(_ scenario: DrillScenario) -> [String] {
        scenario.conditions.flatMap { condition in
            condition.metricNames.filter { !RuleLint.isExported($0) }.map { name in
                "\(condition.position): \(name) is exported by no probe"
                    + (nearest(name, in: Catalogue.entries.flatMap(\.seriesNames)).map { "; did you mean \($0)?" } ?? "")
            }
        }
    }
}
