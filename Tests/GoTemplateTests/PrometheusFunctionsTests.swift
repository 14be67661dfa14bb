import GoTemplate
import Samples
import Testing

/// Expected values from Prometheus 2.42.
struct PrometheusFunctionsTests {
    @Test(arguments: [
        (
            "{{ $value | humanize }} {{ $value | humanize1024 }} {{ humanize 0.001234 }} {{ humanize 999.99 }} {{ humanize 0 }}",
            "17.18G 16Gi 1.234m 1000 0"
        ),
        (
            "{{ humanizeDuration 90061.5 }} {{ humanizeDuration 3661 }} {{ humanizeDuration 61.7 }} {{ humanizeDuration 1.23456 }} {{ humanizeDuration 0.00012 }} {{ humanizeDuration -61 }}",
            "1d 1h 1m 1s 1h 1m 1s 1m 1s 1.235s 120us -1m 1s"
        ),
        (
            "{{ humanizePercentage 0.12345 }} {{ humanizeTimestamp 1435065584.128 }} {{ toTime 1.5 }}",
            "12.35% 2015-06-23 13:19:44.128 +0000 UTC 1970-01-01 00:00:01.5 +0000 UTC"
        ),
        (
            "{{ (toTime 86400).Format \"2006-01-02 15:04:05 Mon Jan _2 PM .000\" }}",
            "1970-01-02 00:00:00 Fri Jan  2 AM .000"
        ),
        (
            "{{ title \"hello world-foo bar_baz\" }} {{ toUpper \"a\" }} {{ toLower \"A\" }} {{ match \"a+\" \"xaay\" }}",
            "Hello World-Foo Bar_baz A a true"
        ),
        (
            "{{ reReplaceAll \"a(.)\" \"$1x-${1}x\" \"abac\" }} {{ stripPort \"a.b:9\" }} {{ stripDomain \"a.b.c:90\" }} {{ stripDomain \"10.0.0.1:9\" }} {{ stripPort \"[::1]:80\" }}",
            "-bx-cx a.b a:90 10.0.0.1:9 ::1"
        ),
        (
            "{{ parseDuration \"1h5m\" }} {{ externalURL }} {{ pathPrefix }} {{ graphLink \"a b\" }} {{ tableLink \"x\" }}",
            "3900 http://x.y:1/p /p /graph?g0.expr=a+b&g0.tab=0 /graph?g0.expr=x&g0.tab=1"
        ),
        (
            "{{ range query \"up\" | sortByLabel \"job\" }}{{ .Labels.job }}={{ .Value }} {{ end }}{{ query \"up\" | first | label \"job\" }}{{ query \"up\" | first | value }}",
            "a=1.5 b=0.5 b0.5"
        ),
        (
            "{{ define \"d\" }}{{ .arg0 }}-{{ .arg1 }}{{ end }}{{ template \"d\" (args 1 \"b\") }}{{ tmpl \"d\" (args 2 \"c\") }}",
            "1-b2-c"
        ),
        (
            "{{ stripDomain \"+1.2.3.4\" }} {{ stripDomain \"01.2.3.4\" }} {{ stripDomain \"1.2.3.4\" }}",
            "+1 01 1.2.3.4"
        ),
    ])
    func asPrometheus(text: String, expected: String) throws {
        let functions = PrometheusFunctions.table(now: Timestamp(seconds: 1000), externalURL: "http://x.y:1/p") {
            expression in
            ["b", "a"].enumerated().map {
                Sample(
                    Labels(name: expression, ["job": $0.element]), Double($0.offset) + 0.5, at: Timestamp(seconds: 1000)
                )
            }
        }
        #expect(
            try TemplateSet(functions: functions).expand(
                text, name: "t", .null, variables: [("$value", .float(17_179_869_184))]) == expected)
    }

    @Test func firstOfAnEmptyVectorIsAnError() {
        #expect(throws: TemplateError.self) {
            try TemplateSet(functions: PrometheusFunctions.forChecking).expand(
                "{{ query \"x\" | first }}", name: "t", .null)
        }
    }
}
