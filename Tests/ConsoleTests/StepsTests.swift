import Alerts
import Dispatching
import Foundation
import HTTPServer
import Platform
import Samples
import Testing
import Web

@testable import Console

/// Do now: the first steps of a runbook, or of a rule's annotation.
struct StepsTests {
    private static let runbook = """
        # PostgresDown

        ## Meaning
        1. This is not a step.

        ## Check
        1. Look at `df -h`. It may be full.

        ## Fix
        1. Leave it to the manager, if one runs (Patroni, e.g. two of them). Act through `patronictl` alone; see
           [the other](PostgresNoPrimary) and [theirs](https://example.org/x).
        2. Start the server.
           ```sh
           ssh -t pg-1 sudo systemctl restart postgresql
           ssh pg-1 uptime
           ```
           On Red Hat the *unit* has another name.
           - It may take minutes.
        3. Ask `vault status`. Nothing more
        4. Promote the replica.

        ## Do not
        1. Do not hurry.
        """

    private func html(_ steps: [Steps.Step]) -> String {
        var page = HTML()
        Steps(steps: steps).render(&page)
        return String(decoding: page.bytes, as: UTF8.self)
    }

    @Test func theFirstThreeStepsOfFixAreShown() {
        let steps = RunbookSteps.steps(of: Self.runbook)
        #expect(steps.count == 3)
        #expect(steps[0].title == [.text("Leave it to the manager, if one runs (Patroni, e.g. two of them).")])
        #expect(
            steps[0].blocks == [
                .text([
                    .text("Act through "), .code("patronictl"), .text(" alone; see "),
                    .link("the other", to: .runbook("PostgresNoPrimary")), .text(" and theirs."),
                ])
            ])
        #expect(
            steps[1].blocks == [
                .command("ssh -t pg-1 sudo systemctl restart postgresql\nssh pg-1 uptime"),
                .text([.text("On Red Hat the unit has another name.")]), .text([.text("It may take minutes.")]),
            ])
        #expect(steps[2].title == [.text("Ask "), .code("vault status"), .text(".")])
        let html = html(steps)
        #expect(html.contains("<h3>Start the server.</h3><div class=cmd><code class=pre>ssh -t pg-1 sudo"))
        #expect(html.contains("<h3>Ask <code>vault status</code>.</h3><p>Nothing more</p>"))
        #expect(html.contains("<a href=\"/runbooks/PostgresNoPrimary\">the other</a>"))
        #expect(!html.contains("example.org") && !html.contains("Promote"))
    }

    @Test func withoutFixTheStepsOfCheckAreShown() {
        let text = Self.runbook.replacing("## Fix", with: "## Other")
        #expect(RunbookSteps.steps(of: text).map(\.title) == [[.text("Look at "), .code("df -h"), .text(".")]])
        #expect(RunbookSteps.steps(of: "# A\n\n## Fix\nNo list.\n- a bullet\n").isEmpty)
        #expect(RunbookSteps.steps(of: "").isEmpty)
    }

    /// A cluster of a hundred nodes has a line for each: whole lines are kept, and none that goes on in the next.
    @Test func longCommandsAreCutBetweenLines() {
        func blocks(_ lines: [String]) -> [Steps.Block] {
            let code = lines.map { "   \($0)\n" }.joined()
            return RunbookSteps.steps(of: "## Fix\n1. Ask.\n   ```sh\n\(code)   ```\n").first?.blocks ?? []
        }
        let lines = (1...100).map { "ssh vault-\($0) uptime" }
        #expect(
            blocks(lines) == [
                .command(lines.prefix(12).joined(separator: "\n")), .text([.text("88 more lines in the runbook.")]),
            ])
        let folded = Array(repeating: "a \\", count: 30)
        #expect(blocks(["one"] + folded) == [.command("one"), .text([.text("30 more lines in the runbook.")])])
        #expect(blocks([String(repeating: "x", count: 5000)]) == [.text([.text("1 more line in the runbook.")])])
    }

    /// Text of a runbook, of labels and of measured values stays text.
    @Test func markupFromOutsideStaysText() {
        let evil = "<script>alert(1)</script>"
        let nested = String(repeating: "*a **b ", count: 2000)
        let text = "## Fix\n1. Do \(evil) `\(evil)` [x](javascript:alert(1)). \(nested)\n   ```sh\n   \(evil)\n   ```\n"
        let html = html(RunbookSteps.steps(of: text))
        #expect(html.contains("&lt;script&gt;") && !html.contains("<script") && !html.contains("javascript:"))
        #expect(html.count < 3000)
    }

    @Test func anActionBecomesSteps() {
        let steps = Steps.steps(of: "See why: ssh pg-1 'df -h. Now'. Only if it is lost, promote pg-2.")
        #expect(
            steps == [
                .init(title: [.text("See why")], blocks: [.command("ssh pg-1 'df -h. Now'")]),
                .init(title: [.text("Only if it is lost, promote pg-2.")]),
            ])
    }

    /// The shipped runbooks, with placeholders: at three in the morning each has a first sentence to begin with.
    @Test func eachShippedRunbookHasFirstSteps() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "rules/runbooks")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".md") }
        #expect(files.count > 100)
        var commands = 0
        for file in files {
            let text = try String(contentsOf: folder.appending(path: file), encoding: .utf8)
            let steps = RunbookSteps.steps(of: RunbookText.plain(text))
            // A step may depend on a label.
            #expect(steps.count == 3 || text.contains("\n{{ if") && !steps.isEmpty, "\(file): \(steps.count)")
            for step in steps {
                let html = html([step])
                #expect(!html.contains("{{") && !html.contains("<h3></h3>"), "\(file): \(html)")
            }
            commands += html(steps).components(separatedBy: "class=cmd").count - 1
        }
        #expect(commands > 200)
    }

    // MARK: On the pages

    private func page(_ path: String, _ sources: WebSources) async -> String {
        let console = Console(sources: sources, time: SystemTime())
        let request = PageRequest(ServerRequest(target: path), parameters: path == "/" ? [:] : ["number": "318"])
        let response = path == "/" ? await console.start(request) : await console.incident(request)
        guard case .bytes(let bytes) = response.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func sources(_ runbook: String?) -> WebSources {
        var sources = Fixtures.sources(Fixtures.reference(inOutage: true), Fixtures.detail)
        sources.runbook = { (name) throws(QueryError) in
            guard let runbook, name.name == "PostgresDown", !name.isProcedure else { return nil }
            return RunbookSource(name) { (labels, _) throws(QueryError) in
                guard runbook != "broken" else { throw QueryError(.execution, "line 3, column 5: no such function") }
                return runbook.replacing("pg-1", with: labels?["server"] ?? "‹server›")
            }
        }
        return sources
    }

    @Test(arguments: ["/", "/incidents/318"])
    func thePagesShowTheRunbookOfTheCause(_ path: String) async {
        let text = await page(path, sources(Self.runbook))
        #expect(text.contains("<code class=pre>ssh -t pg-1 sudo systemctl restart postgresql"))
        #expect(text.contains("from the <a href=\"/runbooks/PostgresDown?cluster=prod&amp;server=pg-1\">"))
        #expect(text.contains(">The whole runbook: what else, what not to do, whom to call</a>"))
        #expect(!text.contains("Only if it is lost, promote"))
    }

    /// Without a runbook, or with one that can't be filled in, the rule's action is as good as it gets.
    @Test(arguments: [nil, "broken", "# Without a list"])
    func withoutARunbookTheActionIsShown(_ runbook: String?) async {
        let text = await page("/", sources(runbook))
        #expect(text.contains("<h3>Only if it is lost, promote the replica that has replayed the most.</h3>"))
        #expect(text.contains("<p><a href=\"/runbooks/PostgresDown?cluster=prod&amp;server=pg-1\">runbook"))
        #expect(!text.contains("The whole runbook"))
    }

    /// A label that others have posted could put a command into the page.
    @Test func theRunbookOfAPostedAlertIsNotFilledIn() async {
        var snapshot = Fixtures.reference(inOutage: true)
        snapshot.incidents[0].record.members[0].alert.isExternal = true
        var sources = sources(Self.runbook)
        sources.snapshot = { [snapshot] () throws(QueryError) in snapshot }
        let text = await page("/", sources)
        #expect(text.contains("Only if it is lost, promote") && !text.contains("The whole runbook"))
    }
}
