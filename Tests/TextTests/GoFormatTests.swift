import Testing
import Text

struct GoFormatTests {
    @Test(arguments: [
        (0.1, "0.1"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (1e-4, "0.0001"), (1e-5, "1e-05"),
        (-2.5, "-2.5"),
        (123456.789, "123456.789"), (Double.leastNonzeroMagnitude, "5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (0, "0"), (-0.0, "-0"),
        (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e6, "1000000"), (100, "100"),
    ])
    func prints(value: Double, text: String) {
        #expect(goFormat(value) == text)
    }

    @Test(
        arguments: [
            (1e21, "1000000000000000000000"), (1e-7, "0.0000001"), (-1.5e-5, "-0.000015"), (0.1, "0.1"),
            (1e15, "1000000000000000"),
            (123456789012345680, "123456789012345680"), (.infinity, "+Inf"), (-0.0, "-0"), (1.25e300.nextUp, nil),
        ] as [(Double, String?)])
    func printsWithoutExponent(value: Double, text: String?) {
        if let text { #expect(goFormatPlain(value) == text) }
        #expect(Double(goFormatPlain(value)) == value)
    }

    /// Whatever is written parses back to the same value.
    @Test func roundTrips() {
        var bits: UInt64 = 88_172_645_463_325_252
        for _ in 0..<20_000 {
            bits ^= bits << 13
            bits ^= bits >> 7
            bits ^= bits << 17
            let value = Double(bitPattern: bits)
            guard value.isFinite else { continue }
            #expect(Double(goFormat(value)) == value, "\(value)")
            #expect(Double(goFormatPlain(value)) == value, "\(value)")
        }
        for value in [999_999_999_999_999.0, 1e15, 1e15 + 2, 0.1 + 0.2, 1e22, .leastNonzeroMagnitude, 1e-4, 99999.5] {
            #expect(Double(goFormat(value)) == value && Double(goFormat(-value)) == -value)
        }
    }
}
