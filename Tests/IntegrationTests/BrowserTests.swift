import Foundation
import Lab
import Logging
import Platform
import Testing
import TestServers

/// The pages in a real browser, on the simulated estate: while all is well, and during each of its faults. The pictures
/// stay in `.build/pages`; README's is one of them.
@Suite(.serialized) struct BrowserTests {
    /// What `Browser/run.py` is to look at.
    private struct Plan: Encodable {
        /// A fault: the actions that make it, and those that end it.
        struct Stage: Encodable {
            var name: String
            var actions: [String]
            var cures: [String]
        }
        var base: String
        var estate: String
        var agent: Int32
        var pictures: String
        var pages: [String]
        var stages: [Stage]
    }

    /// Every page of the menu, and one of each kind below: a `*` stands for what the page above links to. The script
    /// checks that the menu leads nowhere else.
    private static let pages = [
        "/", "/incidents", "/incidents/*", "/estate", "/estate/*", "/backups", "/backups/*", "/silences",
        "/silences/new", "/history", "/runbooks", "/runbooks/VaultSealed", "/rules", "/query?expr=vault_node_up",
        "/routes?labels=severity%3Dcritical", "/routes/test?receiver=critical", "/targets", "/agent",
    ]

    /// The word in the place of a node's name; the script chooses one by its role.
    private static let node = "NODE"

    /// One for each kind of fault. A receiver's is seen when there is something to tell: all of them fail, and a node
    /// is sealed.
    private static var stages: [Plan.Stage] {
        var stages: [Plan.Stage] = []
        for fault in EstateAction.faults(node: node) {
            let text = fault.description
            let verb = String(text.prefix { $0 != " " })
            if stages.last?.name == verb {
                stages[stages.count - 1].actions.append(text)
            } else {
                stages.append(
                    Plan.Stage(name: verb, actions: [text], cures: (fault.cures ?? []).map(\.description)))
            }
        }
        let sealing = EstateAction.node(node, .seal)
        for index in stages.indices where EstateAction.names.receiver.contains(stages[index].name) {
            stages[index].actions.append(sealing.description)
            stages[index].cures += (sealing.cures ?? []).map(\.description)
        }
        return stages
    }

    /// The demo's configuration with a shorter time between polls, so that a fault is seen sooner.
    private static func configuration(_ estate: Estate, listen: String, storage: String) throws -> String {
        var text = DemoConfiguration.text(
            try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: listen, storage: storage)
        for (slow, quick) in [
            ("poll_interval: 5s\n  timeout: 4s", "poll_interval: 2s\n  timeout: 2s"),
            ("poll_interval: 10s\n    timeout: 5s", "poll_interval: 2s\n    timeout: 2s"),
        ] {
            try #require(text.contains(slow))
            text = text.replacing(slow, with: quick)
        }
        return text
    }

    @Test(.timeLimit(.minutes(27))) func pagesWorkInABrowserDuringEachFault() async throws {
        let platform = Platform.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let estate = try await Estate.start(EstateOptions(), platform: platform)
        let folder = try TemporaryDirectory()
        let pictures = Binary.root + "/.build/pages"
        try? FileManager.default.removeItem(atPath: pictures)
        try FileManager.default.createDirectory(atPath: pictures, withIntermediateDirectories: true)
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml", try Self.configuration(estate, listen: listen, storage: folder.path))
        let agent = try await ChildProcess.start(
            Binary.path, ["run", "--config.file=\(file)", "--log.level=error"])
        let base = "http://" + listen
        #expect(
            await waitUntil(atMost: .seconds(60)) {
                (try? await ChildProcess.run("curl", ["-sf", base + "/-/ready"])) != nil
            })
        let plan = Plan(
            base: base, estate: try estate.endpoints().inboxURL, agent: agent.pid, pictures: pictures,
            pages: Self.pages, stages: Self.stages)
        let planFile = try folder.write("plan.json", String(decoding: try JSONEncoder().encode(plan), as: UTF8.self))
        let faults = try await python("run.py", [planFile])
        #expect(faults == "", "\(faults)")
        #expect(agent.exit == nil, "\(String(decoding: agent.standardError(limit: 4096), as: UTF8.self))")
        try expectPictures(in: pictures)

        _ = await agent.terminate()
        await estate.stop()
        folder.remove()
    }

    /// README shows a picture that this run makes: the comment beside it names the file.
    private func expectPictures(in folder: String) throws {
        let readme = try String(contentsOfFile: Binary.root + "/README.md", encoding: .utf8)
        let shown = readme.matches(of: #/!\[[^\]]*\]\(([^)]+\.png)\) *<!-- \.build/pages/([^ ]+\.png) -->/#)
        #expect(shown.count == readme.components(separatedBy: ".png)").count - 1, "a picture of unknown origin")
        for picture in shown {
            #expect(FileManager.default.fileExists(atPath: Binary.root + "/" + picture.1))
            #expect(FileManager.default.fileExists(atPath: folder + "/" + picture.2), "\(picture.2) was not made")
        }
    }

    /// What a script prints, its errors included.
    private func python(_ script: String, _ arguments: [String]) async throws -> String {
        let python = ProcessInfo.processInfo.environment["VAULTWATCH_TEST_PYTHON"] ?? "python3"
        let path = Binary.root + "/Tests/IntegrationTests/Browser/" + script
        let output = try await ChildProcess.run(
            "/bin/sh", ["-c", "\"$@\" 2>&1 || echo \"exit $?\"", "sh", python, "-B", path] + arguments)
        return String(decoding: output, as: UTF8.self)
    }
}
