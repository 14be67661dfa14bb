import Foundation
import Testing

/// The house rules as a test: who may import whom, no full Foundation in the agent, no file that nobody needs.
struct TidyTests {
    /// The way of the data. A stage imports what stands in its row, its own C libraries, and nothing else.
    private static let mayImport: [String: Set<String>] = [
        "Samples": ["CRE2"],
        "Platform": ["Samples", "CThread", "Logging"],
        "YAML": ["Samples", "CYAML"],
        "Exposition": ["Samples"],
        "Telemetry": ["Samples", "Exposition"],
        "Transport": ["Samples", "Platform", "CCurl", "CPostgres"],
        "S3": ["Samples", "Platform", "Transport"],
        "Probes": ["Samples", "Platform", "Exposition", "Transport", "CCrypto", "Logging"],
        "Store": ["Samples", "Telemetry"],
        "PromQL": ["Samples"],
        "GoTemplate": ["Samples"],
        "Alerts": ["Samples"],
        "Rules": ["Samples", "YAML", "PromQL", "GoTemplate", "Alerts", "Platform", "Telemetry"],
        "Dispatching": ["Samples", "Alerts", "Platform", "Telemetry"],
        "Delivery": ["Samples", "Alerts", "GoTemplate", "Platform", "Telemetry", "Transport", "CCrypto", "Logging"],
        "Journal": ["Samples", "Alerts", "Platform", "CSQLite"],
        "Web": [
            "Samples", "Exposition", "Alerts", "Dispatching", "Platform", "Telemetry", "CZlib", "NIOCore", "NIOPosix",
            "NIOHTTP1", "NIOSSL",
        ],
        "Supervision": ["Samples", "Platform", "CSystemd"],
        "Config": [
            "Samples", "YAML", "Platform", "Telemetry", "Transport", "S3", "Probes", "Store", "PromQL", "GoTemplate",
            "Rules",
            "Alerts", "Dispatching", "Delivery", "Web",
        ],
        "Agent": [
            "Samples", "Platform", "YAML", "Exposition", "Telemetry", "Transport", "S3", "Probes", "Store", "PromQL",
            "GoTemplate",
            "Alerts", "Rules", "Dispatching", "Delivery", "Journal", "Web", "Supervision", "Config", "Logging",
        ],
        "LocalServers": ["Platform", "Samples"],
        "Lab": ["Samples", "Platform", "LocalServers", "CCrypto", "NIOCore", "NIOPosix", "NIOHTTP1", "NIOSSL"],
        "Simulation": ["Samples", "Platform", "Transport", "Logging"],
        "vaultwatch": [
            "Samples", "Platform", "YAML", "Exposition", "Telemetry", "Transport", "S3", "Probes", "Store", "PromQL",
            "GoTemplate",
            "Alerts", "Rules", "Dispatching", "Delivery", "Journal", "Web", "Supervision", "Config", "Agent", "Lab",
            "LocalServers",
            "ArgumentParser", "Logging",
        ],
    ]

    private static let everywhere: Set<String> = ["FoundationEssentials", "Synchronization", "Glibc", "Dispatch"]

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

    @Test func everyTargetImportsOnlyItsNeighbours() {
        #expect(TidyTests.sources.count > 50)
        for (path, text) in TidyTests.sources {
            // `main` is the command's folder; C shims have no Swift.
            let target = String(path.split(separator: "/")[1])
            guard let allowed = TidyTests.mayImport[target] else {
                Issue.record("\(path): the target \(target) is not in the table")
                continue
            }
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1,
                    !line.hasPrefix(" "), !line.hasPrefix("/")
                else { continue }
                let module = String(words[place + 1].split(separator: ".")[0])
                #expect(allowed.contains(module) || TidyTests.everywhere.contains(module), "\(path) imports \(module)")
                #expect(
                    module != "Foundation",
                    "\(path): FoundationEssentials serves; full Foundation quadruples the binary")
            }
        }
    }

    @Test func nothingIsLeftUnfinished() {
        let words = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "try" + "! ", "as" + "! ", "fatal" + "Error("]
        for (path, text) in TidyTests.sources {
            for word in words where text.contains(word) { Issue.record("\(path) holds \(word)") }
        }
    }

    /// A file is dead when nothing that it declares at top level is named in any other file.
    @Test func noFileIsDead() throws {
        let all = TidyTests.sources + TidyTests.swiftFiles(below: "Tests")
        let declaration = try Regex(
            #"(?m)^(?:@\w+(?:\([^)]*\))? )*(?:public |package |internal |private |fileprivate )?(?:final |indirect )?(?:struct|class|enum|actor|protocol|func|typealias|let|var) (\w+)"#
        )
        for (path, text) in TidyTests.sources where !path.hasSuffix("main.swift") {
            if text.contains("\nextension ") || text.hasPrefix("extension ") || text.contains("@main") { continue }
            let names = text.matches(of: declaration).compactMap { $0[1].substring.map(String.init) }
            let used = names.contains { name in all.contains { $0.path != path && $0.text.contains(name) } }
            #expect(used || names.isEmpty, "\(path): nobody uses \(names.joined(separator: ", "))")
        }
    }

    @Test func filesAreOfAReadableSize() {
        for (path, text) in TidyTests.sources {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= 700, "\(path) has \(lines) lines: does it hold one thing?")
        }
    }
}
