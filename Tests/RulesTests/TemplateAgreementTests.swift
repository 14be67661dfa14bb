import Alerts
import Foundation
import PromQL
@testable import Rules
import Samples
import Testing
import YAML

/// Templates are expanded as by Prometheus: vaultwatch's output becomes the expectation of a unit test, which promtool
/// must pass.
struct TemplateAgreementTests {
    private static let texts = [
        #"{{ $value }} {{ printf "%v %g %.3f %e" 1000000.0 123456789.0 2.5 12345.678 }} {{ 1e21 }} {{ 1e20 }} {{ 0.00001 }} {{ 12345678 }} {{ 1e3 }} {{ 123456.0 }} {{ 1234567.0 }}"#,
        #"{{ $value | humanize }} {{ $value | humanize1024 }} {{ $value | humanizeDuration }} {{ $value | humanizePercentage }} {{ 1435065584.128 | humanizeTimestamp }}"#,
        #"{{ humanize 0.00123 }} {{ humanize -12345.678 }} {{ humanize 999.99 }} {{ humanize1024 0.5 }} {{ humanizeDuration 0.0001 }} {{ humanizeDuration -3661 }} {{ humanizeDuration 59.99999 }} {{ humanize "12" }}"#,
        #"{{ $labels.nope }}|{{ $labels }}|{{ . }}|{{ $externalLabels.site }}|{{ .Labels.job }}|{{ .Value }}"#,
        #"{{ range query "x" | sortByLabel "job" }}{{ . }} {{ .Labels }} {{ .Value }};{{ end }}{{ with query "nothing" }}some{{ else }}none{{ end }}{{ query "x" | len }}"#,
        #"{{ printf "%q %x %v %d %s %5d|%-5d|%05d %t %U %c %[2]v" "a\"b" "hi" nil 5 6 7 8 -9 true 65 65 }}"#,
        #"{{ len "abc" }} {{ index "abc" 1 }} {{ slice "abcdef" 1 3 }} {{ title "hello world-foo bar_baz o'neil" }} {{ stripPort "a.b:9" }} {{ toUpper "é" }}"#,
        #"{{ with $x := 5 }}{{ $x }}{{ end }} {{ range $i, $e := query "x" }}{{ $i }}{{ end }} {{ $a := 1 }}{{ if true }}{{ $a = 2 }}{{ end }}{{ $a }} {{- " x" -}}   y"#,
        #"{{ printf "%v %v %v" (args 1 "b" 2.5) 1.0 true }} {{ print 1 2 "a" "b" 3 4 }} {{ println 1 }}|{{ (args 1 2).arg1 }}"#,
        #"{{ and 1 0 "x" }} {{ or 0 "" "y" }} {{ not 1 }} {{ eq 1 2 1 }} {{ html "<a>&'" }} {{ js "it's <b>=\n" }} {{ urlquery "a b&c/é" }} {{ lt 1.5 2.5 }} {{ ge "b" "a" }}"#,
        #"{{ printf "%!" }} {{ printf "%d" "x" }} {{ printf "%z" 3 }} {{ printf "a" 1 }} {{ printf "%d %d" 1 }} {{ printf "%6.2f|%-8.3g|%+d|%x|%X|%o|%b|% d" 3.14159 2.0 5 255 255 8 5 7 }}"#,
        #"{{ reReplaceAll "a(.)" "$1x-${1}x" "abac" }} {{ match "^a+$" "aaa" }} {{ reReplaceAll "" "-" "abc" }} {{ graphLink "up{a=\"b\"}" }} {{ tableLink "x" }}"#,
        #"{{ define "t" }}[{{ . }}]{{ end }}{{ template "t" "v" }}{{ template "t" (args 1 2) }} {{ 'a' }} {{ 0x1F }} {{ 0b11 }} {{ 1_000 }} {{ `raw\n` }} {{/* c */}}{{ "\u00e9\x41\t" }}"#,
        #"{{ if eq $labels.job "a" "j" }}yes{{ else if false }}maybe{{ else }}no{{ end }}{{ range query "x" }}{{ if eq .Labels.job "k" }}{{ continue }}{{ end }}{{ .Labels.job }}{{ break }}{{ end }}"#,
        #"{{ query "x" | sortByLabel "job" | first | label "job" }} {{ query "x{job='j'}" | first | value | printf "%.1f" }} {{ safeHtml "<b>" }} {{ printf "%t %v" true (eq 1 1) }} {{ index $labels "job" }}"#,
    ]

    @Test func promtoolAgrees() throws {
        let source = Scripted()
        source.set("x", ["job": "j"], 17_179_869_184, at: 0)
        source.set("x", ["job": "k"], 0.5, at: 0)
        func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
        let rules =
            "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: x > 1\n    annotations:\n"
            + Self.texts.enumerated().map { "      t\($0): \(quoted($1))\n" }.joined()
        let errors = ErrorList()
        let group = try #require(RuleFile.parse(Array(rules.utf8), file: "r.yml", errors: errors).first)
        #expect(errors.isEmpty, "\(errors.errors)")
        var evaluator = GroupEvaluator(group)
        var context = RuleContext(source: source)
        context.externalLabels = ["site": "s"]
        context.externalURL = "http://x.y/p"
        let alert = try #require(evaluator.evaluate(at: Timestamp(milliseconds: 0), context).alerts.first)
        let test = """
            rule_files: [r.yml]
            tests:
            - interval: 1m
              external_labels: {site: s}
              external_url: http://x.y/p
              input_series:
              - {series: 'x{job="j"}', values: 17179869184}
              - {series: 'x{job="k"}', values: 0.5}
              alert_rule_test:
              - eval_time: 0m
                alertname: A
                exp_alerts:
                - exp_labels: {job: j}
                  exp_annotations:

            """ + alert.annotations.map { "        \($0): \(quotedInJSON($1))\n" }.sorted().joined()
        let folder = FileManager.default.temporaryDirectory.appending(path: "vaultwatch-templates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try rules.write(toFile: folder.appending(path: "r.yml").path, atomically: true, encoding: .utf8)
        try test.write(toFile: folder.appending(path: "t.yml").path, atomically: true, encoding: .utf8)
        let promtool = Process()
        promtool.executableURL = URL(filePath: "/usr/bin/promtool")
        promtool.arguments = ["test", "rules", folder.appending(path: "t.yml").path]
        let output = Pipe()
        promtool.standardError = output
        promtool.standardOutput = FileHandle.nullDevice
        try promtool.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        promtool.waitUntilExit()
        #expect(promtool.terminationStatus == 0, "\(text)")
    }

    private func quotedInJSON(_ text: String) -> String {
        let data = try? JSONEncoder().encode(text)
        return data.map { String(decoding: $0, as: UTF8.self).replacing("\\/", with: "/") } ?? "\"\""
    }
}
