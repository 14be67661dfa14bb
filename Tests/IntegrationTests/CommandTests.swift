import Foundation
import Lab
import Platform
import Testing

/// The program as a user types it.
struct CommandTests {
    @Test func theShippedRulesPassTheirTests() async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Binary.root + "/rules/tests").filter {
            $0.hasSuffix(".yml")
        }.sorted()
        #expect(files.count >= 5)
        let (exit, output, _) = try await Binary.run(["test", "rules"] + files.map { "rules/tests/" + $0 })
        #expect(exit == .exited(0), "\(output)")
        #expect(output.components(separatedBy: "SUCCESS").count == files.count + 1)
    }

    @Test func theShippedRulesHaveNoFindings() async throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Binary.root + "/rules").filter {
            $0.hasSuffix(".yml")
        }
        #expect(files.count >= 5)
        let (exit, output, _) = try await Binary.run(["check", "rules"] + files.sorted().map { "rules/" + $0 })
        #expect(exit == .exited(0), "\(output)")
    }

    @Test func conformanceCasesPassThroughTheCommand() async throws {
        let base = "Tests/PromQLTests/Conformance/"
        func files(_ sub: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: Binary.root + "/" + base + sub).filter {
                $0.hasSuffix(".yaml")
            }.map { base + sub + $0 }
        }
        let (exit, output, _) = try await Binary.run(["test", "rules"] + files("") + files("newer/"))
        #expect(exit == .exited(0), "\(output.suffix(2000))")
        for file in try files("must_fail/") {
            let (exit, _, _) = try await Binary.run(["test", "rules", file])
            #expect(exit == .exited(1), "\(file)")
        }
    }

    @Test func mistakesAreAllToldWithTheirPlace() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "bad.yml",
            """
            global: {poll_interval: fast}
            vault:
              clusters:
                - name: a
                  nodes: [{name: x, url: "ftp://x"}, {name: x, url: "http://x:8200"}]
                  tokn_file: /t
            alerting:
              route: {receiver: nobody}
              receivers: [{name: somebody, opsgenie_configs: [{}]}]
            """)
        let (exit, _, error) = try await Binary.run(["check", "config", file])
        #expect(exit == .exited(1))
        for expected in [
            "bad.yml:1:25: poll_interval: expected a duration", "bad.yml:5:30: url: expected a URL",
            "duplicate name \"x\"",
            "bad.yml:6:7: unknown key \"tokn_file\" in a cluster; did you mean \"token_file\"?",
            "undefined receiver \"nobody\"", "opsgenie",
        ] {
            #expect(error.contains(expected), "\(expected) is missing in\n\(error)")
        }
        folder.remove()
    }

    @Test func aMissingFileAndWrongUsageHaveTheirExitCodes() async throws {
        #expect(try await Binary.run(["check", "config", "/nonexistent.yml"]).exit == .exited(1))
        #expect(try await Binary.run(["notify", "test", "--severity", "loud"]).exit != .exited(0))
        let status = try await Binary.run(["status", "--url", "http://127.0.0.1:1"])
        #expect(status.exit == .exited(3))
        #expect(status.error.contains("is vaultwatch running there?"))
    }
}
