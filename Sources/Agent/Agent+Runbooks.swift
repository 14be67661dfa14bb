import Config
import GoTemplate
import Platform
import PromQL
import Rules
import Samples
import Synchronization
import Web

/// Runbooks: the folder `runbooks` beside each rule file, and its subfolder `procedures`. They are read on each
/// request, so that edits are visible immediately.
extension Agent {
    /// Maximum number of runbooks listed.
    private static let runbookLimit = 2000
    /// Maximum size of a file in bytes.
    private static let runbookBytes = 131_072

    func addRunbooks(_ sources: inout WebSources) {
        sources.runbooks = { [self] in
            var names: Set<RunbookName> = []
            for folder in runbookFolders() {
                for isProcedure in [false, true] {
                    let pattern = Agent.runbookPath(folder, isProcedure: isProcedure, name: "*")
                    let files = platform.files
                    let paths = try? await files.inTime(pattern) { () throws(FileError) in files.glob(pattern) }
                    for path in (paths ?? []).prefix(Agent.runbookLimit) {
                        guard let name = RunbookName(Agent.stem(path), isProcedure: isProcedure) else { continue }
                        names.insert(name)
                    }
                }
            }
            return Array(
                names.sorted { ($0.name, $1.isProcedure ? 1 : 0) < ($1.name, $0.isProcedure ? 1 : 0) }
                    .prefix(Agent.runbookLimit))
        }
        sources.runbook = { [self] (name) async throws(QueryError) -> RunbookSource? in
            for folder in runbookFolders() {
                let path = Agent.runbookPath(folder, isProcedure: name.isProcedure, name: name.name)
                let bytes: [UInt8]
                do throws(FileError) {
                    bytes = try await platform.files.readInTime(path, limit: Agent.runbookBytes)
                } catch {
                    if error.isMissing { continue }
                    throw QueryError(.unavailable, "\(error)")
                }
                return runbook(name, String(decoding: bytes, as: UTF8.self))
            }
            return nil
        }
    }

    /// The runbook folders, in the order of the rule files; a glob pattern of rule files has one, in its folder.
    private func runbookFolders() -> [String] {
        var seen: Set<String> = []
        return state.withLock { $0.configuration.ruleFiles }.map { parentFolder(of: $0) + "/runbooks" }
            .filter { seen.insert($0).inserted }
    }

    private static func runbookPath(_ folder: String, isProcedure: Bool, name: String) -> String {
        "\(folder)/\(isProcedure ? "procedures/" : "")\(name).md"
    }

    /// `VaultSealed` of `/usr/share/vaultwatch/rules/runbooks/VaultSealed.md`.
    private static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".md") ? String(name.dropLast(3)) : name
    }

    private func runbook(_ name: RunbookName, _ text: String) -> RunbookSource {
        RunbookSource(name) { [self] (labels, isOver) throws(QueryError) -> String in
            do throws(TemplateError) {
                let runbook = try Runbook(text)
                let now = platform.time.wall()
                let externalURL = state.withLock { $0.configuration.web.externalURL }
                guard let labels else { return try runbook.text(externalURL: externalURL, at: now) }
                var context = RuleContext(source: StoreSource(store: store))
                context.externalURL = externalURL
                context.limits.isOverdue = isOver
                return try runbook.text(for: labels, context, at: now)
            } catch {
                throw QueryError(.execution, "line \(error.line), column \(error.column): \(error.message)")
            }
        }
    }
}
