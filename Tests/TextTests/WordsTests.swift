import Testing

@testable import Text

struct WordsTests {
    @Test(arguments: [
        (0.0, "0 s"), (0.0001, "under 1 ms"), (0.005, "5 ms"), (0.9999, "1 s"), (1.9, "1 s"), (59.9, "59 s"),
        (60, "1 min"), (153, "2 min 33 s"), (3600, "1 h"), (16500, "4 h 35 min"), (86400, "1 d"), (100_800, "1 d 4 h"),
        (1_123_200, "13 d"), (-41 * 60, "−41 min"), (.nan, "unknown"), (.infinity, "unknown"),
        (1e300, "106751991167300 d"),
    ])
    func durations(_ seconds: Double, _ text: String) { #expect(Words.duration(seconds) == text) }

    @Test(arguments: [
        (1.04, "1.0 s"), (9.94, "9.9 s"), (9.96, "9 s"), (0.25, "250 ms"), (63, "1 min 3 s"), (-1.26, "−1.3 s"),
    ])
    func measuredTimes(_ seconds: Double, _ text: String) { #expect(Words.measured(seconds) == text) }

    @Test(arguments: [
        (0.0, "0 B"), (512, "512 B"), (1023, "1,023 B"), (49152, "48 KiB"), (21094, "20.6 KiB"),
        (1.5 * 1_073_741_824, "1.5 GiB"),
        (.nan, "unknown"), (1e300, "8.673617379884036e+281 EiB"),
    ])
    func sizes(_ bytes: Double, _ text: String) { #expect(Words.size(bytes) == text) }

    @Test(arguments: [
        (0.0, "0"), (0.25, "0.25"), (99.84, "99.8"), (1204, "1,204"), (-5.5, "−5.5"), (.nan, "unknown"),
        (.infinity, "∞"),
        (1_234_567, "1,234,567"), (0.0001, "under 0.001"), (62, "62"),
    ])
    func numbers(_ value: Double, _ text: String) { #expect(Words.number(value) == text) }

    @Test func countsAgreeWithTheirNouns() {
        #expect(Words.count(1, "backup") == "1 backup")
        #expect(Words.count(0, "standby") == "no standbys")
        #expect(Words.count(1200, "entry", "entries") == "1,200 entries")
        #expect(Words.percent(0.998) == "99.8 %")
        #expect(Words.list(["a"]) == "a" && Words.list(["a", "b", "c"]) == "a, b and c")
        #expect(Words.list(["a", "b", "c"], limit: 1) == "a and 2 more")
    }
}
