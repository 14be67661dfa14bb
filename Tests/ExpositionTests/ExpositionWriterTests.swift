import Foundation
import Samples
import Testing

@testable import Exposition

struct ExpositionWriterTests {
    private let families = [
        MetricFamily(
            "vw_requests_total", .counter, help: "Requests by \"path\"\\ and\nmore.",
            samples: [
                .init(["__name__": "vw_requests_total", "path": "a\"b\\c\nd"], 3),
                .init(
                    ["__name__": "vw_requests_total", "path": "é"], 4,
                    timestamp: Timestamp(milliseconds: 1_500_000_000_250)),
            ]),
        MetricFamily("vw_age_seconds", .gauge, help: "Age.", samples: [.init(["__name__": "vw_age_seconds"], .nan)]),
        MetricFamily(
            "vw_wait_seconds", .histogram, help: "Wait.",
            samples: [
                .init(["__name__": "vw_wait_seconds_bucket", "le": "1"], 1),
                .init(["__name__": "vw_wait_seconds_bucket", "le": "+Inf"], 2),
                .init(["__name__": "vw_wait_seconds_sum"], 1.5), .init(["__name__": "vw_wait_seconds_count"], 2),
            ]),
        MetricFamily(
            "vw_odd", .untyped, help: "Odd.", samples: [.init(["__name__": "vw_odd", "a-b": "x"], -.infinity)]),
    ]

    @Test func textFormat() {
        #expect(
            String(decoding: ExpositionWriter.page(families), as: UTF8.self) == """
                # HELP vw_age_seconds Age.
                # TYPE vw_age_seconds gauge
                vw_age_seconds NaN
                # HELP vw_odd Odd.
                # TYPE vw_odd untyped
                vw_odd{a_b="x"} -Inf
                # HELP vw_requests_total Requests by "path"\\\\ and\\nmore.
                # TYPE vw_requests_total counter
                vw_requests_total{path="a\\"b\\\\c\\nd"} 3
                vw_requests_total{path="é"} 4 1500000000250
                # HELP vw_wait_seconds Wait.
                # TYPE vw_wait_seconds histogram
                vw_wait_seconds_bucket{le="1"} 1
                vw_wait_seconds_bucket{le="+Inf"} 2
                vw_wait_seconds_sum 1.5
                vw_wait_seconds_count 2

                """)
    }

    @Test func openMetrics() {
        #expect(
            String(decoding: ExpositionWriter.page(families, format: .openMetrics), as: UTF8.self) == """
                # HELP vw_age_seconds Age.
                # TYPE vw_age_seconds gauge
                vw_age_seconds NaN
                # HELP vw_odd Odd.
                # TYPE vw_odd unknown
                vw_odd{a_b="x"} -Inf
                # HELP vw_requests Requests by \\"path\\"\\\\ and\\nmore.
                # TYPE vw_requests counter
                vw_requests_total{path="a\\"b\\\\c\\nd"} 3
                vw_requests_total{path="é"} 4 1500000000.25
                # HELP vw_wait_seconds Wait.
                # TYPE vw_wait_seconds histogram
                vw_wait_seconds_bucket{le="1.0"} 1
                vw_wait_seconds_bucket{le="+Inf"} 2
                vw_wait_seconds_sum 1.5
                vw_wait_seconds_count 2
                # EOF

                """)
    }

    private static let named = MetricFamily(
        "a.b c", .gauge, help: "Named.",
        samples: [.init(["__name__": "a.b c", "a.b🙂": "x", "a_b____": "y", "a.b\u{1f600}": "w", "q\"\\\n": "z"], 1)])

    /// Names of any characters: quoted for those who take them. For others no two become the same, for which a scraper
    /// would refuse the whole page.
    @Test func namesOfAnyCharacters() throws {
        let quoted = ExpositionWriter.page([Self.named], format: .quotedText)
        #expect(
            String(decoding: quoted, as: UTF8.self)
                == "# HELP \"a.b c\" Named.\n# TYPE \"a.b c\" gauge\n"
                + #"{"a.b c","a.b😀"="w","a.b🙂"="x",a_b____="y","q\"\\\n"="z"} 1"# + "\n")
        #expect(try MetricFamily.parse(quoted, limit: 10) == [Self.named])
        let plain = ExpositionWriter.page([Self.named])
        #expect(
            String(decoding: plain, as: UTF8.self)
                == "# HELP a_b_c Named.\n# TYPE a_b_c gauge\n"
                + #"a_b_c{a_b_____="w",a_b______="x",a_b____="y",q___="z"} 1"# + "\n")
        #expect(throws: Never.self) { try MetricFamily.parse(plain, limit: 10) }
    }

    @Test func familiesOfOneNameAreWrittenOnce() {
        let half = MetricFamily("x", .gauge, help: "X.", samples: [.init(["__name__": "x", "n": "1"], 1)])
        let other = MetricFamily("x", .gauge, help: "X.", samples: [.init(["__name__": "x", "n": "2"], 2)])
        #expect(
            String(decoding: ExpositionWriter.page([half, other]), as: UTF8.self)
                == "# HELP x X.\n# TYPE x gauge\nx{n=\"1\"} 1\nx{n=\"2\"} 2\n")
    }

    @Test func promtoolFindsNoProblems() throws {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/promtool")
        process.arguments = ["check", "metrics"]
        let input = Pipe(), output = Pipe()
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(ExpositionWriter.page(families)))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        #expect(String(decoding: said, as: UTF8.self) == "")
        #expect(process.terminationStatus == 0)
    }

    /// A page in pieces is the page, and no piece is much larger than asked for.
    @Test(arguments: [ExpositionFormat.text, .openMetrics]) func piecesMakeThePage(_ format: ExpositionFormat) {
        let families = ["b", "a", "c", "a"].map { name in
            MetricFamily(
                name, name == "c" ? .counter : .gauge, help: "Of \(name).",
                samples: (0..<1000).map {
                    .init(["__name__": name, "n": "\($0)", "x": $0 % 7 == 0 ? "a\"b" : "y"], 1.5)
                })
        }
        let whole = ExpositionWriter.page(families, format: format)
        var writer = ExpositionWriter(families.map(FamilySource.init), format, pieceBytes: 1000)
        var sent: [UInt8] = []
        while let piece = writer.next() {
            // A part has 256 samples of some 20 bytes.
            #expect(piece.count < 10_000)
            sent += piece
        }
        #expect(sent == whole)
        #expect(writer.next() == nil)
        let text = String(decoding: whole, as: UTF8.self)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("# TYPE a ") } == 1)
        #expect(text.split(separator: "\n").count { $0.hasPrefix("a{") } == 2000)
    }

    @Test func aPageOfNothing() {
        #expect(ExpositionWriter.page([]) == [])
        #expect(String(decoding: ExpositionWriter.page([], format: .openMetrics), as: UTF8.self) == "# EOF\n")
    }

    /// A family whose samples differ in their names' kind, one after the other.
    @Test func plainNamesAndOthersMayAlternate() {
        let names = ["a", "a b", "a", "1a", "a"]
        let family = MetricFamily(
            "f", .gauge, help: "", samples: names.map { .init(["__name__": "f", $0: "v"], 1) })
        let lines = String(decoding: ExpositionWriter.page([family]), as: UTF8.self).split(separator: "\n").dropFirst(2)
        #expect(Array(lines) == ["f{a=\"v\"} 1", "f{a_b=\"v\"} 1", "f{a=\"v\"} 1", "f{_a=\"v\"} 1", "f{a=\"v\"} 1"])
    }
}
