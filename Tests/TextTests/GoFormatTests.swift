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
}
