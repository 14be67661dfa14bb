import Agent
import ArgumentParser
import Config
import Dispatching
import Platform
import Rules
import Samples
import YAML

struct CheckRulesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rules",
        abstract: "Check rule files.",
        discussion: """
            Exits with 0 if the files are valid, 1 after errors, 3 after lint findings: duplicate rules, unknown metrics,
            a "for" shorter than two evaluations, no severity or one without a route, "impact" or "because" missing from an
            alert of severity critical or high, an "or" whose right side can't be seen, a text that fails with sample
            labels, causes in "explained_by" that do not exist or can't be.
            Examples:
              vaultwatch check rules rules/*.yml
              vaultwatch check rules --config.file=vaultwatch.yml rules/*.yml    check against its routes and poll interval
            """)

    @Argument(help: "Rule files.")
    var files: [String]

    @Option(
        help: "Minimum sensible \"for\". Default: the poll interval of the configuration, else 5s.")
    var pollInterval: String?

    @Option(name: .customLong("config.file"), help: "The configuration that the rules are used with.")
    var configFile: String?

    enum Lint: String, ExpressibleByArgument {
        case all, none
        case duplicateRules = "duplicate-rules"
    }

    @Option(help: "Lint checks to run: all, duplicate-rules or none.")
    var lint = Lint.all

    @Flag(help: "Accepted for compatibility with promtool; findings always exit with 3.")
    var lintFatal = false

    @OptionGroup var output: DataOptions

    /// A file's result as JSON.
    private struct FileBody: Encodable {
        var file: String
        var success: Bool
        var rules: Int
        var errors: [String]
        var findings: [String]
    }

    func run() async throws {
        var lint = RuleLint()
        var others: [RuleGroup] = []
        var externalLabels: Set<String> = []
        if let configFile {
            let configuration = try ConfigOptions.load(configFile)
            lint.pollInterval = configuration.global.pollInterval
            lint.evaluationInterval = configuration.global.evaluationInterval
            lint.routes = RouteTree(configuration.dispatch.route)
            // Causes may be defined in its rule files, which are not themselves checked.
            others = RuleSet.load(configuration.ruleFiles, files: SystemFiles(), errors: ErrorList()).groups
            externalLabels = Set(configuration.global.externalLabels.keys)
        }
        if let pollInterval {
            guard let interval = Duration(prometheus: pollInterval) else {
                throw ValidationError("--poll-interval: expected a duration such as 5s")
            }
            lint.pollInterval = interval
        }
        var findings = 0
        var mistakes = 0
        // A quoted pattern works like one that the shell has expanded.
        let paths = files.flatMap { file in
            let found = SystemFiles().expand(file)
            if found.isEmpty {
                Terminal.error("\(file): no file matches")
                mistakes += 1
            }
            return found
        }
        let sets = paths.map { file in
            let errors = ErrorList()
            let set = RuleSet.load([file], files: SystemFiles(), checksTemplates: true, errors: errors)
            return (file: file, set: set, errors: errors)
        }
        let recorded = Set(sets.flatMap(\.set.groups).flatMap(\.rules).filter { $0.kind == .recording }.map(\.name))
        let explained = ExplanationLint(sets.flatMap(\.set.groups) + others, externalLabels: externalLabels).findings()
        var bodies: [FileBody] = []
        let display = Display.current()
        func show(_ text: String) {
            if !output.isJSON { print(display.fitted(text)) }
        }
        for (file, set, errors) in sets {
            show("Checking \(file)")
            guard errors.isEmpty else {
                show("  FAILED:")
                let excerpts = FileExcerpts(SystemFiles(), width: display.width)
                for error in errors.errors { show("  \(error)\(excerpts.text(at: error.position))") }
                mistakes += errors.errors.count
                bodies.append(
                    FileBody(
                        file: file, success: false, rules: 0, errors: errors.errors.map(\.description), findings: []))
                continue
            }
            let found =
                (self.lint == .none ? [] : set.findings())
                + (self.lint == .all
                    ? lint.findings(set, recorded: recorded) + explained.filter { $0.position.file == file } : [])
            findings += found.count
            let count = set.groups.reduce(0) { $0 + $1.rules.count }
            show("  SUCCESS: \(count) \(count == 1 ? "rule" : "rules") found")
            for finding in found { show("  \(finding)") }
            show("")
            bodies.append(
                FileBody(file: file, success: true, rules: count, errors: [], findings: found.map(\.description)))
        }
        if output.isJSON { try JSONOutput.print(bodies) }
        if mistakes > 0 { throw ExitCode.failure }
        if findings > 0 { throw ExitCode(3) }
    }
}

/// Excerpts of files with a caret below the position of an error.
struct FileExcerpts {
    private let files: SystemFiles
    private let widthLimit: Int
    private static let indent = 4

    /// - Parameter width: the columns of the terminal; nil: 104.
    init(_ files: SystemFiles, width: Int?) {
        self.files = files
        widthLimit = min(max((width ?? 104) - FileExcerpts.indent, 4), 100)
    }

    /// The line and the caret, each on a line of its own; empty if the file cannot be read.
    func text(at position: SourcePosition) -> String {
        guard let bytes = try? files.read(position.file, limit: RuleSet.maxFileBytes) else { return "" }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return "" }
        let scalars = Array(lines[position.line - 1].unicodeScalars)
        // A long line is reduced to the part around the position.
        let column = min(max(position.column - 1, 0), scalars.count)
        let start = max(0, column - widthLimit / 2)
        var line = String.UnicodeScalarView()
        line.append(contentsOf: scalars[start...].prefix(widthLimit))
        let pad = scalars[start..<column].map { $0 == "\t" ? "\t" : " " }.joined()
        return "\n    \(String(line))\n    \(pad)^"
    }
}
