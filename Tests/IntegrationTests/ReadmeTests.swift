import Foundation
import Lab
import Platform
import Testing
@testable import vaultwatch

/// What the README says to type works as it is written.
@Suite(.serialized) struct ReadmeTests {
    /// Lines of the README's code blocks, without comments.
    private static func commands(_ program: String) throws -> [[String]] {
        let text = try String(contentsOfFile: Binary.root + "/README.md", encoding: .utf8)
        let blocks = text.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        return blocks.flatMap { $0.components(separatedBy: "\n") }.compactMap { line in
            let parts = line.components(separatedBy: " #")[0].components(separatedBy: "'")
            // What stands between quotes is one argument.
            let command = parts.enumerated().flatMap {
                $0.offset % 2 == 1 ? [$0.element] : $0.element.split(separator: " ").map(String.init)
            }
            return command.first == program ? Array(command.dropFirst()) : nil
        }
    }

    @Test func everyMakeTargetIsThere() async throws {
        let targets = try Self.commands("make")
        #expect(
            targets == [
                ["run"], ["test"], ["build"], ["deb"], ["bench"], ["fuzz"], ["sanitize"],
                ["sanitize-threads"], ["soak"], ["reproduce"],
            ])
        let makefile = try String(contentsOfFile: Binary.root + "/Makefile", encoding: .utf8).components(
            separatedBy: "\n")
        for target in targets.flatMap({ $0 }) {
            #expect(makefile.contains { $0.hasPrefix(target + ":") }, "make \(target)")
        }
    }

    @Test func theNumberOfRulesIsRight() throws {
        let readme = try String(contentsOfFile: Binary.root + "/README.md", encoding: .utf8)
        let rules = try FileManager.default.contentsOfDirectory(atPath: Binary.root + "/rules").filter {
            $0.hasSuffix(".yml")
        }.map {
            try String(contentsOfFile: Binary.root + "/rules/" + $0, encoding: .utf8).components(
                separatedBy: "- alert: "
            ).count - 1
        }
        #expect(readme.contains("[\(rules.reduce(0, +)) rules](rules/)"))
    }

    /// Each on the simulated estate, with its configuration as `vaultwatch.yml` in the folder where they are typed.
    @Test func everyExampleRuns() async throws {
        let examples = try Self.commands("vaultwatch")
        #expect(examples.count >= 8)
        let estate = try await Estate.quiet(postgres: true, security: .https)
        let folder = try TemporaryDirectory()
        let listen = "127.0.0.1:\(try freePort())"
        _ = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: listen,
                storage: folder.path + "/state"))
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/rules", withDestinationPath: Binary.root + "/rules")
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/audit.log",
            withDestinationPath: Binary.root + "/Tests/ProbesTests/Recordings/audit/incident.jsonl")
        // Backups and restore tests have an estate of their own, with a staging side.
        let staged = try await StagedEstate.start()
        try FileManager.default.createSymbolicLink(
            atPath: folder.path + "/recovery.yml", withDestinationPath: try staged.configuration())
        let options = { ChildProcess.Options(workingDirectory: folder.path) }
        let agent = try await ChildProcess.start(
            Binary.path, ["run", "--config.file=vaultwatch.yml"], options: options())
        #expect(
            await waitUntil { String(decoding: agent.standardError(limit: 1 << 20), as: UTF8.self).contains("ready:") })
        for example in examples where example.first != "run" {
            // The commands that ask a running agent know where its socket usually is, and here it is elsewhere.
            let asks = !example.contains {
                $0.hasPrefix("--config.file") || $0.hasSuffix(".yml") || $0.hasPrefix("--file")
            }
            let child = try await ChildProcess.start(
                Binary.path, example + (asks ? ["--url", "unix:state/vaultwatch.sock"] : []), options: options())
            let exit = await child.wait()
            let said = String(
                decoding: child.standardOutput(limit: 1 << 16) + child.standardError(limit: 1 << 16), as: UTF8.self)
            // A status of 1 is a finding about the estate, of which it has some.
            let finds = ["status", "audit"].contains(example.first)
            let fine = finds ? [.exited(0), .exited(1)] : [ChildProcess.Exit.exited(0)]
            #expect(fine.contains(exit), "vaultwatch \(example.joined(separator: " ")): \(exit)\n\(said)")
        }
        #expect(await agent.terminate() == .exited(0))
        await staged.stop()
        await estate.stop()
        folder.remove()
    }
}
