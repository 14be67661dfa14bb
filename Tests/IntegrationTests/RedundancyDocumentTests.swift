import Foundation
import Lab
import Platform
import Testing

/// packaging/redundancy.md: its configurations load, and what it says to hold has a test.
struct RedundancyDocumentTests {
    private static func text() throws -> String {
        try String(contentsOfFile: Binary.root + "/packaging/redundancy.md", encoding: .utf8)
    }

    /// The blocks of YAML whose first line names a file.
    private static func blocks(_ file: String) throws -> [String] {
        try text().components(separatedBy: "```yaml\n").dropFirst().compactMap { rest in
            let block = rest.components(separatedBy: "```")[0]
            return block.hasPrefix("# \(file)") ? block : nil
        }
    }

    @Test func itsConfigurationsLoad() async throws {
        let blocks = try Self.blocks("vaultwatch.yml")
        #expect(blocks.count == 4)
        for block in blocks {
            let folder = try TemporaryDirectory()
            try FileManager.default.createDirectory(
                atPath: folder.file("secrets"), withIntermediateDirectories: true)
            for secret in block.matches(of: /secrets\/[a-z-]+/) {
                let value = secret.0.hasSuffix("-url") ? "https://heartbeat.example.org/x" : "key"
                _ = try folder.write(String(secret.0), value + "\n")
            }
            let file = try folder.write(
                "vaultwatch.yml",
                block + """
                    vault: {clusters: [{name: prod, nodes: [{name: vault-1, url: "https://vault-1.example.org:8200"}]}]}
                    rules: ["\(Binary.root)/rules/*.yml"]
                    storage: {path: \(folder.path)/state}

                    """)
            let checked = try await Binary.run(["check", "config", file])
            #expect(checked.exit == .exited(0), "\(block)\n\(checked.output)\(checked.error)")
            folder.remove()
        }
    }

    @Test func alertmanagersConfigurationLoads() async throws {
        let blocks = try Self.blocks("alertmanager.yml")
        #expect(blocks.count == 1)
        let folder = try TemporaryDirectory()
        for block in blocks {
            let file = try folder.write("alertmanager.yml", block)
            let child = try await ChildProcess.start("amtool", ["check-config", file])
            #expect(await child.wait() == .exited(0), "\(block)")
        }
        folder.remove()
    }

    /// Every row of a table of claims ends with the test, `Suite.function`, that holds it.
    @Test func eachClaimHasItsTest() throws {
        let found = try #require(
            FileManager.default.enumerator(atPath: Binary.root + "/Tests")?.compactMap { $0 as? String })
        let files = Dictionary(
            found.filter { $0.hasSuffix("Tests.swift") }.map { (String($0.split(separator: "/").last ?? ""), $0) },
            uniquingKeysWith: { first, _ in first })
        var isClaim = false
        var count = 0
        for line in try Self.text().components(separatedBy: "\n") {
            if line == "| holds | test |" { isClaim = true }
            if !line.hasPrefix("|") { isClaim = false }
            guard isClaim, line != "| holds | test |", !line.hasPrefix("|---") else { continue }
            let match = try #require(line.firstMatch(of: /\| `([A-Za-z]+)\.([A-Za-z]+)` \|$/), "\(line)")
            let path = try #require(files[String(match.1) + ".swift"], "there is no suite \(match.1)")
            let suite = try String(contentsOfFile: Binary.root + "/Tests/" + path, encoding: .utf8)
            #expect(suite.contains("func \(match.2)("), "\(match.1) has no test \(match.2)")
            count += 1
        }
        #expect(count >= 24)
    }

    @Test func itsPictureAndItsSectionsAreThere() throws {
        let text = try Self.text()
        for link in text.matches(of: /\]\(([^)#]+)\)/) {
            #expect(FileManager.default.fileExists(atPath: Binary.root + "/packaging/" + link.1), "\(link.1)")
        }
        for link in text.matches(of: /\]\(#([a-z]+)\)/) {
            #expect(text.contains("\n## \(link.1.prefix(1).uppercased())"), "\(link.1)")
        }
        let picture = try String(contentsOfFile: Binary.root + "/packaging/redundancy.svg", encoding: .utf8)
        #expect(picture.hasPrefix("<svg ") && picture.hasSuffix("</svg>\n"))
        // It has its own colours for a dark page, and words for who does not see it.
        #expect(picture.contains("prefers-color-scheme: dark") && picture.contains("<desc "))
    }
}
