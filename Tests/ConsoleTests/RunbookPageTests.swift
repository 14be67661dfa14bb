import Foundation
import HTTPServer
import Platform
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
        return String(decoding: RunbookPage(groups: groups).render(PageContext()), as: UTF8.self)
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
        #expect(text.contains("</p><p>\(shown)</p>") || text.contains("<p>\(shown)</p>"), "\(text)")
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
                let article = try await page(["description": parts[1]]).components(separatedBy: "<pre>")[0]
                #expect(!article.contains("{{") && !article.contains("}}") && !article.contains("$"), "\(parts[1])")
                #expect(!article.contains("…"), "\(parts[1])")
            }
        }
        #expect(count > 200)
    }
}
