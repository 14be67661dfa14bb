import Foundation
import Testing

/// The house rules as a test: who may import whom, no full Foundation in the agent, no file that nobody needs.
struct TidyTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func swiftFiles(below folder: String) -> [(path: String, text: String)] {
        let base = root.appending(path: folder)
        guard let found = FileManager.default.enumerator(at: base, includingPropertiesForKeys: nil) else { return [] }
        return found.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.compactMap { url in
            guard let text = try? String(contentsOf: url, encoding: .utf8) else { return nil }
            return (folder + String(url.path.dropFirst(base.path.count)), text)
        }
    }

    static let sources = swiftFiles(below: "Sources")

    /// Which target may import which stands in Package.swift, and `make test` builds with SwiftPM's check of it.
    @Test func noSourceImportsFullFoundation() throws {
        let fullFoundation = try Regex(#"(?m)^(?:@\w+ )?(?:public |package |internal )?import Foundation$"#)
        #expect(TidyTests.sources.count > 50)
        for (path, text) in TidyTests.sources where text.contains(fullFoundation) {
            Issue.record("\(path): use FoundationEssentials; full Foundation quadruples the binary")
        }
    }

    @Test func nothingIsLeftUnfinished() {
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "try" + "! ", "as" + "! ", "fatal" + "Error("]
        for (path, text) in TidyTests.sources {
            for word in words where text.contains(word) { Issue.record("\(path) holds \(word)") }
        }
    }

    @Test func noFileIsDead() throws {
        let users = TidyTests.sources + TidyTests.swiftFiles(below: "Tests")
        for path in try TidyTests.unused(TidyTests.sources, by: users) {
            Issue.record("\(path): no other file uses anything that it declares")
        }
    }

    @Test func aDeadFileIsFound() throws {
        let files = [
            (path: "Sources/A.swift", text: "package struct Used {\n    package func used() {}\n}\n"),
            (path: "Sources/B.swift", text: "/// In place of Dead.\nlet value = Used()\n"),
            (path: "Sources/C.swift", text: "struct Dead {\n    func dead() {}\n}\n"),
            (path: "Sources/D.swift", text: "extension Used {\n    func deadToo() {}\n}\n"),
            (path: "Sources/E.swift", text: "extension Used: Sendable {}\n"),
        ]
        #expect(
            try TidyTests.unused(files, by: files + [("Tests/F.swift", "value.map { $0 }")])
                == ["Sources/C.swift", "Sources/D.swift"])
    }

    /// Files of which no declaration, member or not, is named in the code of any other file. What makes a type conform
    /// to a protocol is used without being named.
    private static func unused(
        _ files: [(path: String, text: String)], by users: [(path: String, text: String)]
    ) throws -> [String] {
        let declaration = try Regex(
            #"(?m)^ *(?:@\w+(?:\([^)]*\))? )*(?:(?:public|package|internal|static|final|indirect|mutating|nonisolated) )*(?:struct|class|enum|actor|protocol|func|typealias|let|var|case) (\w+)"#
        )
        let conformance = try Regex(#"(?m)^(?:package |public )?extension [\w.\[\]]+: "#)
        let comment = try Regex(#"(?m)//.*$"#)
        var wordsByFile: [String: Set<Substring>] = [:]
        for (path, text) in users {
            let code = text.replacing(comment, with: "")
            wordsByFile[path] = Set(code.split { !$0.isLetter && !$0.isNumber && $0 != "_" })
        }
        return files.compactMap { path, text in
            if text.contains("@main") || text.contains(conformance) { return nil }
            let names = text.matches(of: declaration).compactMap { $0[1].substring }
            let isUsed = names.contains { name in wordsByFile.contains { $0.key != path && $0.value.contains(name) } }
            return isUsed || names.isEmpty ? nil : path
        }
    }

    /// The longest are a table and two event loops.
    @Test func filesAreOfAReadableSize() {
        for (path, text) in TidyTests.sources where !path.hasSuffix("Catalogue+Entries.swift") {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= 450, "\(path) has \(lines) lines: does it hold one thing?")
        }
    }
}
