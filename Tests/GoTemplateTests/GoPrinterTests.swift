@testable import GoTemplate
import Testing

/// Expected texts from Go's fmt.
struct GoPrinterTests {
    @Test(
        arguments: [
            (
                "%v %g %.3f %e", [.float(1e6), .float(123456789), .float(2.5), .float(12345.678)],
                "1e+06 1.23456789e+08 2.500 1.234568e+04"
            ),
            (
                "%q %x %v %d %s", [.string("a\"b"), .string("hi"), .null, .int(5), .int(6)],
                "\"a\\\"b\" 6869 <nil> 5 %!s(int=6)"
            ),
            (
                "%5d|%-5d|%05d|%+d|% d|%x|%#X|%o|%b|%c|%U|%q",
                [
                    .int(7), .int(8), .int(-9), .int(5), .int(5), .int(255), .int(255), .int(8), .int(5), .int(65),
                    .int(65), .int(65),
                ], "    7|8    |-0009|+5| 5|ff|0XFF|10|101|A|U+0041|'A'"
            ),
            (
                "%6.2f|%-8.3g|%08.3f|%+.1e", [.float(3.14159), .float(2), .float(-1.5), .float(1234)],
                "  3.14|2       |-001.500|+1.2e+03"
            ),
            (
                "%8s|%-8s|%.2s|%t", [.string("abc"), .string("abc"), .string("abc"), .bool(true)],
                "     abc|abc     |ab|true"
            ),
            ("%d %d", [.int(1)], "1 %!d(MISSING)"), ("a", [.int(1)], "a%!(EXTRA int=1)"),
            ("%z", [.int(3)], "%!z(int=3)"), ("%!", [], "%!!(MISSING)"), ("5%", [], "5%!(NOVERB)"),
            ("%[2]d %[1]d", [.int(1), .int(2)], "2 1"), ("%[5]d", [.int(1)], "%!d(BADINDEX)"),
            ("%*d|%.*f", [.int(4), .int(1), .int(1), .float(2.25)], "   1|2.2"),
            (
                "%v %T %T %v %s",
                [
                    .strings(["a", "b"]), .float(1), .null, .strings(["k": "v"]),
                    .duration(nanoseconds: 90_500_000_000),
                ], "[a b] float64 <nil> map[k:v] 1m30.5s"
            ),
            ("%d%%", [.list([.int(1), .int(2)])], "[1 2]%"),
            ("%v %v %v", [.float(.infinity), .float(-.infinity), .float(.nan)], "+Inf -Inf NaN"),
            ("%#v", [.string("a")], "\"a\""),
            ("%d", [.float(1.5)], "%!d(float64=1.5)"),
        ] as [(String, [TemplateValue], String)])
    func formats(format: String, values: [TemplateValue], expected: String) throws {
        #expect(try GoPrinter.printf(format, values, limit: 1000) == expected)
    }

    @Test(arguments: [
        (0, "0s"), (1, "1ns"), (1500, "1.5µs"), (2_000_000, "2ms"), (1_500_000_000, "1.5s"),
        (-3_661_000_000_000, "-1h1m1s"), (60_000_000_000, "1m0s"),
    ])
    func durations(nanoseconds: Int64, expected: String) {
        #expect(GoFormat.duration(nanoseconds) == expected)
    }
}
