import Foundation
@testable import GoTemplate
import Samples
import Testing

/// A template's output with the given data, Prometheus' functions, and one series to query.
func expand(_ text: String, _ data: TemplateValue = .null, options: TemplateOptions = TemplateOptions()) throws
    -> String
{
    let functions = PrometheusFunctions.table(now: Timestamp(seconds: 1000), externalURL: "http://x.y:1/p") {
        expression in
        guard expression != "bad(" else { throw TemplateFailure("parse error") }
        return ["b", "a"].enumerated().map {
            Sample(Labels(name: expression, ["job": $0.element]), Double($0.offset) + 0.5, at: Timestamp(seconds: 1000))
        }
    }
    return try TemplateSet(functions: functions, options: options).expand(
        text, name: "t", data, variables: [("$value", .float(17_179_869_184))])
}

struct TemplateSetTests {
    static let data = TemplateValue.map(
        TemplateMap([
            "name": .string("vault-1"), "count": .int(3), "ratio": .float(0.25), "yes": .bool(true), "none": .null,
            "list": .strings(["a", "b", "c"]), "labels": .strings(["job": "j", "app": "z"]), "empty": .list([]),
        ]))

    @Test(arguments: [
        ("plain", "plain"),
        ("a {{- 1 -}} b", "a1b"),
        ("a {{- /* c */ -}} b{{/* d\n e */}}c", "abc"),
        (
            "{{.name}}|{{ $.name }}|{{ .labels.job }}|{{ .labels.nope }}|{{ .nope }}|{{ .none }}",
            "vault-1|vault-1|j||<no value>|<no value>"
        ),
        ("{{ .list }} {{ .labels }} {{ .ratio }} {{ .yes }}", "[a b c] map[app:z job:j] 0.25 true"),
        ("{{ if .yes }}y{{ else }}n{{ end }}{{ if .none }}y{{ else if eq .count 3 }}3{{ else }}n{{ end }}", "y3"),
        ("{{ if not .yes }}{{ else if .none }}{{ else if .empty }}{{ else }}last{{ end }}", "last"),
        ("{{ range .list }}{{ . }},{{ end }}{{ range $i, $e := .list }}{{ $i }}{{ $e }}{{ end }}", "a,b,c,0a1b2c"),
        (
            "{{ range $k, $v := .labels }}{{ $k }}={{ $v }};{{ end }}{{ range .empty }}x{{ else }}none{{ end }}",
            "app=z;job=j;none"
        ),
        (
            "{{ range .list }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}{{ range .list }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "aca"
        ),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        ("{{ with .name }}{{ . }}{{ end }}{{ with .none }}x{{ else with .count }}{{ . }}{{ end }}", "vault-13"),
        ("{{ with $x := 5 }}{{ $x }}{{ end }}{{ $y := 1 }}{{ if true }}{{ $y = 2 }}{{ end }}{{ $y }}", "52"),
        ("{{ $y := 1 }}{{ if true }}{{ $y := 2 }}{{ $y }}{{ end }}{{ $y }}", "21"),
        ("{{ define \"d\" }}<{{ . }}>{{ end }}{{ template \"d\" .name }}{{ template \"d\" }}", "<vault-1><<no value>>"),
        ("{{ block \"b\" .count }}[{{ . }}]{{ end }}{{ template \"b\" 4 }}", "[3][4]"),
        ("{{ .name | printf \"%s-%d\" | len }}", "20"),
        (
            "{{ (index .list 1) }}{{ (index .labels \"job\") }}{{ len .list }}{{ slice \"abcdef\" 1 3 }}{{ slice .list 1 }}{{ index \"abc\" 1 }}",
            "bj3bc[b c]98"
        ),
        ("{{ (args 1 2).arg1 }}", "2"),
        (
            "{{ \"q\\t\\x41\\u00e9\" }}{{ `raw\\n` }}{{ 'a' }}{{ 0x10 }}{{ 1_000 }}{{ 0b11 }}{{ 017 }}{{ -4 }}{{ 1e3 }}{{ .5 }}",
            "q\tA\u{e9}raw\\n97161000315-410000.5"
        ),
        (
            "{{ $value }} {{ 1000000.0 }} {{ 1e20 }} {{ 1e21 }} {{ 0.00001 }} {{ 12345678 }} {{ 123456.5 }}",
            "1.7179869184e+10 1e+06 1e+20 1e+21 1e-05 12345678 123456.5"
        ),
        ("{{ and 1 0 (index .list 9) }}{{ or \"\" \"y\" (index .list 9) }}{{ not 1 }}", "0yfalse"),
        (
            "{{ eq 1 2 1 }}{{ ne \"a\" \"b\" }}{{ lt 1.0 2.0 }}{{ le 2 2 }}{{ gt \"b\" \"a\" }}{{ ge 1 2 }}{{ eq .none nil }}",
            "truetruetruetruetruefalsetrue"
        ),
        (
            "{{ html \"<a>&\" }} {{ js \"it's <b>\" }} {{ urlquery \"a b&c\" }}",
            "&lt;a&gt;&amp; it\\'s \\u003Cb\\u003E a+b%26c"
        ),
        ("{{ print 1 2 \"a\" \"b\" 3 4 }}|{{ println 1 \"a\" }}", "1 2a b3 4|1 a\n"),
    ])
    func executesAsGo(text: String, expected: String) throws {
        // Go's Sprint writes no space next to a string.
        let expected = expected.replacing("1 2a b3 4", with: "1 2ab3 4")
        #expect(try expand(text, Self.data) == expected)
    }

    @Test(arguments: [
        ("a\n{{ nope }}", "template: t:2:4: function \"nope\" not defined"),
        ("{{ if .x }}", "template: t:1:4: unexpected EOF: {{if}} has no {{end}}"),
        ("{{ end }}", "unexpected {{end}}"),
        ("{{ .x", "unclosed action"),
        ("{{ \"abc }}", "unterminated quoted string"),
        ("{{ $x }}", "undefined variable \"$x\""),
        ("{{ break }}", "{{break}} outside {{range}}"),
        ("{{ 1 | 2 }}", "non executable command in pipeline stage 2"),
        ("{{ }}", "missing value for command"),
        ("{{ (1 }}", "unclosed left paren"),
        ("{{ 1) }}", "unexpected right paren"),
        ("{{ 12a }}", "bad number syntax"),
        ("{{/* a }}", "unclosed comment"),
        ("{{ nil }}", "nil is not a command"),
        ("{{ gt $value 1 }}", "executing \"t\" at <gt $value 1>: error calling gt: incompatible types for comparison"),
        ("{{ index .list 9 }}", "error calling index: index out of range: 9"),
        ("{{ .name.x }}", "can't evaluate field x in type string"),
        ("{{ .none.x }}", "nil data; no entry for key \"x\""),
        ("{{ template \"no\" }}", "template \"no\" not defined"),
        ("{{ humanize \"x\" }}", "error calling humanize"),
        ("{{ query \"bad(\" }}", "error calling query: parse error"),
        ("{{ len 3 }}", "len of type int"),
        ("{{ not 1 2 }}", "wrong number of args for not: want 1 got 2"),
        ("{{ match \"(\" \"x\" }}", "invalid regular expression"),
        (
            "{{ first (query \"x\" | sortByLabel \"job\") | value | printf \"%s\" | nope }}",
            "function \"nope\" not defined"
        ),
    ])
    func mistakesHaveAPlace(text: String, message: String) {
        let error = #expect(throws: TemplateError.self) { try expand(text, Self.data) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        "{{ range 2000000 }}{{ end }}",
        "{{ define \"r\" }}{{ template \"r\" . }}{{ end }}{{ template \"r\" . }}",
        "{{ $x := \"aaaaaaaaaaaaaaaa\" }}{{ range 100 }}{{ $x = printf \"%s%s\" $x $x }}{{ end }}",
        "{{ range 100000 }}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{ end }}",
        "{{ range 100000 }}{{ printf \"%900000d\" 1 }}{{ end }}",
        "{{ $x := args 1 }}{{ range 100 }}{{ $x = args $x $x }}{{ end }}{{ $x }}",
        "{{ $x := printf \"%500000d\" 1 }}{{ reReplaceAll \"\" $x $x }}",
        String(repeating: "{{ if true }}", count: 5000),
        "{{ " + String(repeating: "(", count: 50000) + "1",
        "{{ define \"r\" }}{{ tmpl \"r\" . }}{{ end }}{{ template \"r\" . }}",
    ])
    func runawaysStop(text: String) {
        #expect(throws: TemplateError.self) { try expand(text) }
    }

    @Test func htmlModeEscapesOutputsOnly() throws {
        let data = TemplateValue.map(
            TemplateMap([
                "x": .string("<b>\"+"), "u": .string("javascript:alert(1)"), "ok": .string("https://a/b?c=1&d"),
            ]))
        let text =
            "<p title=\"{{ .x }}\">{{ .x }}</p>{{ safeHtml \"<i>\" }}<a href=\"{{ .u }}\"><a href=\"{{ .ok }}\">{{ .nope }}"
        #expect(
            try expand(text, data, options: TemplateOptions(escapesHTML: true))
                == "<p title=\"&lt;b&gt;&#34;&#43;\">&lt;b&gt;&#34;&#43;</p><i><a href=\"#ZgotmplZ\"><a href=\"https://a/b?c=1&amp;d\">"
        )
    }

    @Test func aLaterDefinitionWinsUnlessEmpty() throws {
        var set = TemplateSet()
        try set.parse("{{ define \"a\" }}1{{ end }}{{ define \"b\" }}1{{ end }}", name: "one")
        try set.parse("{{ define \"a\" }}2{{ end }}{{ define \"b\" }} {{ end }}", name: "two")
        #expect(try set.expand("{{ template \"a\" }}{{ template \"b\" }}", name: "x", .null) == "21")
    }

    /// Random combinations of fragments must execute or fail in bounded time.
    @Test func randomFragments() {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["VAULTWATCH_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: .min ... .max)
        print("seed \(seed)")
        let rounds = environment["VAULTWATCH_FUZZ"].flatMap { Int($0) } ?? 1
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let pieces = [
            "{{", "}}", "{{- ", " -}}", " ", "if", "range", "end", "else", "with", "define", "\"a\"", "template", ".",
            ".x", "$", "$x", ":=", "=", "|", "(",
            ")", "1", "-1", "0x", "printf", "\"%d %*s %[9]q\"", "and", "or", "index", "slice", "query", "é", "\n", "/*",
            "*/", "'", "`", ",", "break", "nil", "tmpl",
        ]
        for round in 0..<3000 * rounds {
            let text = (0..<next(30)).map { _ in pieces[next(pieces.count)] }.joined(separator: next(2) == 0 ? " " : "")
            do { _ = try expand(text, Self.data, options: TemplateOptions(outputLimit: 10000, stepLimit: 10000)) } catch
            {
                #expect(error is TemplateError, "seed \(seed) round \(round): \(text)")
            }
        }
    }
}
