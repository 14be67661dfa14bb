import GoTemplate
import Samples
import Testing

/// Expected values from amtool 0.25 where it has the function.
struct AlertmanagerFunctionsTests {
    @Test(arguments: [
        (
            "{{ join \",\" (stringSlice \"a\" \"b\") }} {{ stringSlice \"a\" \"b\" | join \"-\" }} {{ title \"a bC\" }} [{{ trimSpace \" \\t x \\n\" }}]",
            "a,b a-b A Bc [x]"
        ),
        (
            "{{ .labels }} {{ .labels.SortedPairs }} {{ .labels.Names }} {{ .labels.Values }} {{ .labels.app }}|{{ .labels.nope }}",
            "map[alertname:Z app:x] [{alertname Z} {app x}] [alertname app] [Z x] x|"
        ),
        (
            "{{ .labels.Remove (stringSlice \"app\") }} {{ (.labels.Remove (stringSlice \"app\")).SortedPairs.Values | join \" \" }} {{ len .labels }}",
            "map[alertname:Z] Z 2"
        ),
        (
            "{{ range .labels.SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}{{ range $k, $v := .labels }}{{ $k }}{{ $v }}{{ end }}",
            "alertname=Z;app=x;alertnameZappx"
        ),
        (
            "{{ .at }} {{ .at.Format \"Jan 2, 2006\" }} {{ date \"02 Jan 2006 15:04:05 -07:00 Monday\" (tz \"X/Y\" .at) }} {{ since .at }} {{ .at | since | humanizeDuration }}",
            "2025-11-26 02:00:00 +0000 UTC Nov 26, 2025 26 Nov 2025 03:30:00 +01:30 Wednesday 1h1m0s 1h 1m 0s"
        ),
        (
            "{{ toJson (dict \"a\" 1 \"b\" (list \"x\" true)) }} {{ (append (list 1) 2) }} {{ reReplaceAll \"b+\" \"<$0>\" \"abbc\" }} {{ toJson .labels }}",
            "{\"a\":1,\"b\":[\"x\",true]} [1 2] a<bb>c {\"alertname\":\"Z\",\"app\":\"x\"}"
        ),
        (
            "{{ safeUrl \"http://a/?b=1&c\" }} {{ urlUnescape \"a+b%26\" }} {{ .at.IsZero }} {{ .at.Unix }} {{ .at.Month }} {{ .at.Weekday }}",
            "http://a/?b=1&amp;c a b& false 1764122400 November Wednesday"
        ),
    ])
    func asAlertmanager(text: String, expected: String) throws {
        let start = try #require(Timestamp(rfc3339: "2025-11-26T02:00:00Z"))
        let functions = AlertmanagerFunctions.table(now: start + .seconds(3660)) { name, _ in
            name == "X/Y" ? TemplateTime.Zone(offsetSeconds: 5400, abbreviation: "XYT") : nil
        }
        let data = TemplateValue.map(
            TemplateMap([
                "labels": AlertmanagerFunctions.keyValues(["app": "x", "alertname": "Z"]),
                "at": .time(TemplateTime(start)),
            ]))
        #expect(try TemplateSet(functions: functions).expand(text, name: "t", data) == expected)
    }

    /// Go's url.QueryUnescape accepts two hexadecimal digits only, no sign.
    @Test(arguments: ["%", "%2", "%zz", "%+1"])
    func malformedURLEscapesAreErrors(text: String) {
        #expect(throws: TemplateError.self) {
            try TemplateSet(functions: AlertmanagerFunctions.table(now: Timestamp(milliseconds: 0)) { _, _ in nil })
                .expand("{{ urlUnescape \"a\(text)\" }}", name: "t", .null)
        }
    }
}
