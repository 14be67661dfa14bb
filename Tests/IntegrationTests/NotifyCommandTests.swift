import Foundation
import Lab
import Platform
import Testing
@testable import vaultwatch

/// `notify test`: through the real route to the receivers of a simulated estate.
@Suite(.serialized) struct NotifyCommandTests {
    @Test func eachSeverityReachesItsReceivers() async throws {
        let estate = try await Estate.quiet()
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: "127.0.0.1:0",
                storage: folder.path + "/state"))
        func test(_ words: String...) async throws -> (exit: ChildProcess.Exit, output: String, error: String) {
            estate.inbox.clear()
            return try await Binary.run(["notify", "test", "--config.file=\(file)"] + words)
        }
        func kinds() -> Set<Lab.Message.Kind> { Set(estate.inbox.messages().map(\.kind)) }

        let critical = try await test("--severity", "critical")
        #expect(critical.exit == .exited(0), "\(critical.output)\(critical.error)")
        #expect(kinds() == [.mail, .slack, .pagerduty])
        let subject = estate.inbox.messages(kind: .mail).first?.mail?.subject ?? ""
        #expect(subject.hasPrefix("CRIT ") && subject.hasSuffix("Test of the critical route"), "\(subject)")
        let incident = estate.inbox.messages(kind: .pagerduty).first?.incident
        let end = try await test("--severity", "critical", "--resolved")
        #expect(end.exit == .exited(0), "\(end.output)")
        #expect(estate.inbox.messages(kind: .pagerduty).first?.incident == incident)
        #expect(estate.inbox.messages(kind: .mail).first?.mail?.subject.hasPrefix("OK ") == true)

        #expect(try await test("--severity", "high").exit == .exited(0))
        #expect(kinds() == [.mail, .slack])
        for severity in ["medium", "low"] {
            #expect(try await test("--severity", severity).exit == .exited(0))
            #expect(kinds() == [.mail], "\(severity)")
        }
        #expect(try await test("--severity", "low", "--receiver", "critical").exit == .exited(0))
        #expect(kinds() == [.mail, .slack, .pagerduty])

        // What fails is named, and the others are tried all the same.
        estate.inbox.fail(.slack, .status(500))
        let failed = try await test("--severity", "high")
        #expect(failed.exit == .exited(1))
        #expect(
            failed.output.contains("slack/0") && failed.output.contains("FAILED: serverError: HTTP 500")
                && kinds() == [.mail], "\(failed.output)")
        let nobody = try await test("--receiver", "no-one")
        #expect(
            nobody.exit == .exited(2) && nobody.error.contains("there is no receiver \"no-one\"; expected one of"),
            "\(nobody)")
        await estate.stop()
        folder.remove()
    }
}
