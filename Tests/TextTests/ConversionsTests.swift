import Testing
import Text

struct ConversionsTests {
    @Test(arguments: [
        (Double.nan, Int64(0)), (.infinity, .max), (-.infinity, .min), (1e308, .max), (-1e308, .min), (0x1p63, .max),
        (-0x1p63, .min), (0x1p62, 1 << 62), (2.9, 2), (-2.9, -2), (-0.0, 0), (.leastNonzeroMagnitude, 0),
    ])
    func numbersBecomeIntegers(_ value: Double, _ expected: Int64) {
        #expect(Int64(saturating: value) == expected)
        #expect(Int(saturating: value) == Int(expected))
        #expect(UInt64(saturating: value) >= 0)
        #expect(Int8(saturating: value) == Int8(clamping: expected))
    }

    @Test func unsignedNumbersEndAtZero() {
        #expect(UInt64(saturating: -1) == 0 && UInt64(saturating: 1e308) == .max && UInt8(saturating: 255.9) == 255)
        #expect(UInt64(3).subtractingSaturated(5) == 0 && UInt64.max.addingSaturated(1) == .max)
    }

    @Test(arguments: [Int8.min, -127, -2, -1, 0, 1, 2, 126, .max], [Int8.min, -127, -2, -1, 0, 1, 2, 126, .max])
    func arithmeticSaturates(_ a: Int8, _ b: Int8) {
        #expect(a.addingSaturated(b) == Int8(clamping: Int(a) + Int(b)))
        #expect(a.subtractingSaturated(b) == Int8(clamping: Int(a) - Int(b)))
        #expect(a.multipliedSaturated(by: b) == Int8(clamping: Int(a) * Int(b)))
    }
}
