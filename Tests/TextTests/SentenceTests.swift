import Testing

@testable import Text

/// Durations as Prometheus' templates write them become those of the pages; other texts stay.
struct SentenceTests {
    @Test(arguments: [
        ("It is 1m 5s behind.", "It is 1 min 5 s behind."),
        ("restarted 1.036s ago", "restarted 1.0 s ago"),
        ("restarted 506.6ms ago", "restarted 507 ms ago"),
        ("since 2h 3m 4s, and (24.99s)", "since 2 h 3 min, and (24 s)"),
        ("13d 1h 0m 0s ago", "13 d ago"),
        ("1d 0h 0m 0s", "1 d"),
        ("-1m 0s and 0s", "-1 min and 0 s"),
        ("60s", "1 min"),
    ])
    func isInOneForm(_ text: String, _ expected: String) { #expect(Words.sentence(text) == expected) }

    @Test(arguments: [
        "", "vault-2s", "rate(x[15m])", "every 15m", "s3://b/5s", "10.0.0.1s", "5s-ago", "3 s", "5sec", "1h", "4s5m",
        "99999999999999999999s", "1.2.3s", "node 7", "5\u{0301}s", "2h x", "5s/4s", "1m 5", "ü5s",
    ])
    func otherTextsStay(_ text: String) { #expect(Words.sentence(text) == text) }
}
