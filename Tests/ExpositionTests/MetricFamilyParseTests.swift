import Foundation
import Samples
import Testing

@testable import Exposition

struct MetricFamilyParseTests {
    private func parse(_ text: String, limit: Int = 10_000) throws(ExpositionError) -> [MetricFamily] {
        try MetricFamily.parse(Array(text.utf8), limit: limit)
    }

    /// A page of a few MiB can declare hundreds of thousands of metrics without one sample.
    @Test func whatHasNoSampleIsBoundedToo() throws {
        func page(_ count: Int) -> String { (0..<count).map { "# TYPE m\($0) counter\n" }.joined() }
        #expect(try parse(page(10_000)).count == 10_000)
        #expect(throws: ExpositionError(line: 10_001, "more than 10000 metrics")) { try parse(page(10_001)) }
        #expect(throws: ExpositionError.self) { try parse((0...10_000).map { "m\($0) 1\n" }.joined(), limit: 50_000) }
        let long = String(repeating: "x", count: 5000)
        #expect(try parse("# HELP m \(long)\nm 1\n")[0].help.count == 1024)
        #expect(throws: ExpositionError(line: 1, "a label's value is longer than 4096 bytes")) {
            try parse("m{a=\"\(long)\"} 1\n")
        }
        #expect(throws: ExpositionError(line: 1, "a label's name is longer than 4096 bytes")) {
            try parse("m{\(long)=\"a\"} 1\n")
        }
        #expect(throws: ExpositionError(line: 1, "a metric's name is longer than 4096 bytes")) {
            try parse("\(long) 1\n")
        }
    }

    @Test func everyKindInOnePage() throws {
        let page = """
            # HELP http_requests_total The total number of \\"HTTP\\" requests, C:\\\\x.\\nSecond line
            # TYPE http_requests_total counter
            http_requests_total{method="post",code="200"} 1027 1395066363000
            http_requests_total{method="post",code="400"}    3 1395066363000

            # just a comment
            msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9
            metric_without_timestamp_and_labels 12.47
            something_weird{problem="division by zero"} +Inf -3982045
            # TYPE rpc_seconds summary
            rpc_seconds{quantile="0.5"} NaN
            rpc_seconds_sum 1.7560473e+07
            rpc_seconds_count 2693
            # TYPE d histogram
            d_bucket{le="0.05",} 24054
            d_bucket { le = "+Inf" } 144320
            d_sum -Inf
            d_count\t144320
            """
        let families = try parse(page)
        #expect(
            families.map(\.name) == [
                "http_requests_total", "msdos_file_access_time_seconds", "metric_without_timestamp_and_labels",
                "something_weird", "rpc_seconds", "d",
            ])
        #expect(families.map(\.kind) == [.counter, .untyped, .untyped, .untyped, .summary, .histogram])
        #expect(families[0].help == "The total number of \"HTTP\" requests, C:\\x.\nSecond line")
        #expect(
            families[0].samples == [
                .init(
                    ["__name__": "http_requests_total", "method": "post", "code": "200"], 1027,
                    timestamp: Timestamp(milliseconds: 1_395_066_363_000)),
                .init(
                    ["__name__": "http_requests_total", "method": "post", "code": "400"], 3,
                    timestamp: Timestamp(milliseconds: 1_395_066_363_000)),
            ])
        #expect(families[1].samples[0].labels["error"] == "Cannot find file:\n\"FILE.TXT\"")
        #expect(families[1].samples[0].labels["path"] == "C:\\DIR\\FILE.TXT")
        #expect(families[1].samples[0].value == 1_458_255_915)
        #expect(families[2].samples[0].value == 12.47)
        #expect(
            families[3].samples[0]
                == .init(
                    ["__name__": "something_weird", "problem": "division by zero"], .infinity,
                    timestamp: Timestamp(milliseconds: -3_982_045)))
        #expect(families[4].samples[0].value.isNaN)
        #expect(families[4].samples.map(\.labels.name) == ["rpc_seconds", "rpc_seconds_sum", "rpc_seconds_count"])
        #expect(families[4].samples[1].value == 17_560_473)
        #expect(families[5].samples.map(\.labels["le"]) == ["0.05", "+Inf", nil, nil])
        #expect(families[5].samples[2].value == -.infinity)
    }

    @Test func openMetricsExtensionsAreAccepted() throws {
        let families = try parse(
            """
            # TYPE requests counter
            # UNIT requests seconds
            # HELP requests How many.
            requests_total{a="b"} 5 1395066363.5 # {trace_id="x"} 0.4
            requests_total{a="c"} 6 # {trace_id="x"} 0.4
            # TYPE build info
            # EOF

            """)
        #expect(families.count == 2)
        #expect(families[0].name == "requests_total")
        #expect(families[0].kind == .counter)
        #expect(families[0].samples.map(\.value) == [5, 6])
        #expect(families[0].samples[0].timestamp == Timestamp(milliseconds: 1_395_066_363_500))
    }

    /// Version 1.0.0 of the text format, as Prometheus writes it: prometheus/common, expfmt.
    @Test func quotedNames() throws {
        let page = #"""
            # HELP "my.requests" How many.
            # TYPE "my.requests" counter
            {"my.requests","a.b🙂"="x",c="y"} 3 1395066363000
            { "my.requests" } 4
            # TYPE "my.wait" histogram
            {"my.wait_bucket",le="+Inf"} 2
            {"my.wait_count"} 2
            plain{"a\"b\\c\nd"="z"} 5
            """#
        let families = try parse(page)
        #expect(families.map(\.name) == ["my.requests", "my.wait", "plain"])
        #expect(families[0].help == "How many." && families[0].kind == .counter)
        #expect(
            families[0].samples == [
                .init(
                    ["__name__": "my.requests", "a.b🙂": "x", "c": "y"], 3,
                    timestamp: Timestamp(milliseconds: 1_395_066_363_000)), .init(["__name__": "my.requests"], 4),
            ])
        #expect(families[1].samples.map(\.labels.name) == ["my.wait_bucket", "my.wait_count"])
        #expect(families[2].samples[0].labels["a\"b\\c\nd"] == "z")
    }

    @Test func windowsLineEndsAndNoLastLineFeed() throws {
        #expect(try parse("# TYPE a gauge\r\na 1\r\nb 2").map(\.samples[0].value) == [1, 2])
        #expect(try parse("") == [])
        #expect(try parse("\n\n \t\n") == [])
    }

    @Test(arguments: [
        ("a 1\nb", 2, "missing value"),
        ("a 1\n\n0a 2", 3, "invalid metric name"),
        ("a{b=\"c} 1\n", 1, "unterminated label value"),
        ("a{b=\"c\\", 1, "unterminated label value"),
        ("a{b=\"c\" d=\"e\"} 1", 1, "expected ',' or '}'"),
        ("a{b c=\"e\"} 1", 1, "expected '='"),
        ("a{b=c} 1", 1, "expected '\"'"),
        ("a{b=\"1\",b=\"2\"} 1", 1, "duplicate label"),
        ("a{__name__=\"b\"} 1", 1, "reserved"),
        ("a{", 1, "invalid label name"),
        ("a{\"b\"} 1", 1, "expected '='"),
        ("a{\"\"=\"c\"} 1", 1, "invalid label name"),
        ("a{\"b=\"c\"} 1", 1, "expected '='"),
        ("a{\"b\"=\"1\",b=\"2\"} 1", 1, "duplicate label"),
        ("a{\"__name__\"=\"b\"} 1", 1, "reserved"),
        ("{\"a", 1, "unterminated label name"),
        ("{\"\"} 1", 1, "invalid metric name"),
        ("{b=\"c\"} 1", 1, "invalid metric name"),
        ("{\"a\"=\"c\"} 1", 1, "expected ',' or '}'"),
        ("# TYPE \"\" gauge", 1, "invalid metric name"),
        ("a 1x", 1, "invalid value"),
        ("a nan(5)", 1, "invalid value"),
        ("a 1 x", 1, "invalid timestamp"),
        ("a 1 2 3", 1, "unexpected text"),
        ("a-b 1", 1, "invalid metric name"),
        ("# TYPE a wrong", 1, "unknown metric type"),
        ("# TYPE a gauge more", 1, "unexpected text"),
        ("# HELP 1a x", 1, "invalid metric name"),
        ("<html><body>Bad gateway</body></html>", 1, "invalid metric name"),
    ])
    func errorsNameTheirLine(_ page: String, _ line: Int, _ message: String) {
        let error = #expect(throws: ExpositionError.self) { try parse(page) }
        #expect(error?.line == line)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
    }

    @Test func moreSamplesThanTheLimit() {
        #expect(throws: ExpositionError(line: 3, "more than 2 samples")) { try parse("a 1\na 2\na 3\n", limit: 2) }
    }

    @Test func moreLabelsThanTheLimit() {
        let labels = (0..<200).map { "l\($0)=\"x\"" }.joined(separator: ",")
        #expect(throws: ExpositionError.self) { try parse("a{\(labels)} 1") }
    }

    @Test func pagesOfARealVault() throws {
        for name in ["active", "standby", "raft.active"] {
            let file = URL(filePath: #filePath).deletingLastPathComponent().appending(
                path: "Recordings/\(name).metrics-prometheus.http")
            let text = String(decoding: try Data(contentsOf: file), as: UTF8.self)
            let body = text[(text.range(of: "\r\n\r\n") ?? text.range(of: "\n\n")!).upperBound...]
            guard body.contains("# TYPE") else { continue }
            let families = try parse(String(body))
            let lines = body.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }
            #expect(families.map(\.samples.count).reduce(0, +) == lines.count)
            #expect(families.count > 10)
            #expect(!families.contains { $0.samples.isEmpty })
            // A parsed page that is written and parsed again is the same.
            let again = try MetricFamily.parse(ExpositionWriter.page(families), limit: 100_000)
            let sorted = families.sorted { $0.name < $1.name }
            #expect(again.map(\.name) == sorted.map(\.name))
            #expect(again.flatMap(\.samples).map(\.labels) == sorted.flatMap(\.samples).map(\.labels))
            #expect(
                again.flatMap(\.samples).map(\.value.bitPattern) == sorted.flatMap(\.samples).map(\.value.bitPattern))
        }
    }

    /// For any input the parser returns or throws; what it returns can be written and parsed again.
    @Test func randomlyDamagedPages() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("randomlyDamagedPages seed \(seed)")
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        let page = Array(
            "# HELP a b\n# TYPE a histogram\na_bucket{le=\"+Inf\",x=\"\\\\\"} 1e5 123\na_sum NaN\nb{c=\"d\",} -0x1p-3\r\n# EOF\n"
                .utf8)
        for _ in 0..<3000 {
            var damaged = page
            for _ in 0..<(1 + next(4)) {
                let place = next(damaged.count)
                switch next(4) {
                case 0: damaged.remove(at: place)
                case 1: damaged[place] = UInt8(next(256))
                case 2: damaged.insert(page[next(page.count)], at: place)
                default: damaged.removeSubrange(min(place, damaged.count - 1)...)
                }
                if damaged.isEmpty { damaged = [10] }
            }
            guard let families = try? MetricFamily.parse(damaged, limit: 100) else { continue }
            let written = ExpositionWriter.page(families)
            #expect(throws: Never.self) { try MetricFamily.parse(written, limit: 100) }
        }
    }

    @Test func valuesAreRoundedAsStrtodDoes() throws {
        for text in [
            "0.1", "123456.789012345", "9007199254740993", "1e-320", "-0", "0.000000000000001", "999999999999999",
            "1.7976931348623157e308", "0x1.8p1", "+5", "Inf", "-inf",
        ] {
            let value = try parse("a \(text)")[0].samples[0].value
            #expect(value.bitPattern == strtod(text, nil).bitPattern, "\(text)")
        }
    }
}
