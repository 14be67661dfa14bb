import Foundation
import Lab
import Logging
import Platform
import Testing
import TestServers

/// The pages in a real browser, on the simulated estate while all is well and during a fault. The pictures stay in
/// `.build/pages`.
@Suite(.serialized) struct BrowserTests {
    private static let pages = [
        "/", "/incidents", "/estate", "/backups", "/silences", "/silences/new", "/history", "/runbooks",
        "/runbooks/VaultSealed", "/rules", "/query?expr=vault_node_up",
        "/routes?labels=severity%3Dcritical", "/routes/test?receiver=critical", "/targets", "/agent",
    ]

    @Test(.timeLimit(.minutes(8))) func pagesWorkInABrowserCalmAndInAnIncident() async throws {
        let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let estate = try await Estate.start(EstateOptions(), platform: platform)
        let folder = try TemporaryDirectory()
        let pictures = Binary.root + "/.build/pages"
        try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: listen, storage: folder.path))
        let agent = try await ChildProcess.start(
            Binary.path, ["run", "--config.file=\(file)", "--log.level=error"])
        let base = "http://" + listen
        #expect(
            await waitUntil(atMost: .seconds(60)) {
                (try? await ChildProcess.run("curl", ["-sf", base + "/-/ready"])) != nil
            })
        #expect(try await look(base, pictures, "calm", Self.pages) == "")

        try await estate.perform(.node("vault-2", .seal))
        #expect(
            await waitUntil(atMost: .seconds(60)) {
                let page = try? await ChildProcess.run("curl", ["-sf", base + "/api/v1/vaultwatch/incidents"])
                return String(decoding: page ?? [], as: UTF8.self).contains("VaultSealed")
            })
        #expect(try await look(base, pictures, "incident", Self.pages + ["/incidents/1"]) == "")
        #expect(try await python("forms.py", [base]) == "")

        _ = await agent.terminate()
        await estate.stop()
        folder.remove()
    }

    private func look(_ base: String, _ pictures: String, _ name: String, _ paths: [String]) async throws -> String {
        try await python("pages.py", [base, pictures, name] + paths)
    }

    /// What a script prints, its errors included.
    private func python(_ script: String, _ arguments: [String]) async throws -> String {
        let python = ProcessInfo.processInfo.environment["VAULTWATCH_TEST_PYTHON"] ?? "python3"
        let path = Binary.root + "/Tests/IntegrationTests/Browser/" + script
        let output = try await ChildProcess.run(
            "/bin/sh", ["-c", "\"$@\" 2>&1 || echo \"exit $?\"", "sh", python, path] + arguments)
        return String(decoding: output, as: UTF8.self)
    }
}
