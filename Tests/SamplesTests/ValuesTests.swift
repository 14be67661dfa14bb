import Samples
import Testing
import Text

struct LabelsTests {
    /// Alertmanager prints this fingerprint for these labels (prometheus/common, model/signature_test.go).
    @Test func theFingerprintIsAlertmanagers() {
        #expect(Labels.empty.fingerprint == 14_695_981_039_346_656_037)
        #expect(
            Labels(["name": "garland, briggs", "fear": "love is not enough"]).fingerprint == 5_799_056_148_416_392_346)
    }

    @Test func emptyValuesAreAbsent() {
        #expect(Labels(["a": "", "b": "1"]) == Labels(["b": "1"]))
        #expect(Labels(["b": "1"]).setting("b", to: "").isEmpty)
        #expect(Labels(["b": "1"]).setting("a", to: "2").pairs.map(\.name) == ["a", "b"])
    }

    @Test func printsAsPromQL() {
        #expect(Labels(name: "up", ["node": "a\"b\\\n"]).description == #"up{node="a\"b\\\n"}"#)
        #expect(Labels(name: "up").description == "up")
        #expect(Labels.empty.description == "{}")
    }
}

struct DurationTests {
    @Test(arguments: [
        ("5m", 300_000), ("1h30m", 5_400_000), ("1y2w3d4h5m6s7ms", 33_019_506_007), ("0", 0), ("500ms", 500),
    ])
    func reads(text: String, milliseconds: Int64) {
        #expect(Duration(prometheus: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", "5", "m", "5m1h", "1.5h", "-5m", "5 m", "1m1m", "99999999999999999y", "5x"])
    func refuses(text: String) {
        #expect(Duration(prometheus: text) == nil)
    }

    @Test(arguments: ["0s", "1w", "169h", "1h30m", "1d", "36h", "500ms", "1y"])
    func printsBack(text: String) {
        #expect(Duration(prometheus: text == "0s" ? "0" : text)?.prometheusDescription == text)
    }
}

struct TimestampTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2025-11-26T02:00:00Z", 1_764_122_400_000),
        ("2024-02-29T23:59:59.123Z", 1_709_251_199_123),
        ("1969-12-31T23:59:59Z", -1000), ("2000-03-01T00:00:00Z", 951_868_800_000),
    ])
    func readsAndPrintsRFC3339(text: String, milliseconds: Int64) {
        #expect(Timestamp(rfc3339: text)?.milliseconds == milliseconds)
        #expect(Timestamp(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test func readsOffsetsAndLongFractions() {
        #expect(Timestamp(rfc3339: "2025-11-26T03:30:00.123456789+01:30")?.rfc3339 == "2025-11-26T02:00:00.123Z")
        for bad in [
            "", "2025-13-01T00:00:00Z", "2025-11-26", "2025-11-26T02:00:00", "2025-11-26T02:00:00.Z",
            "2025-11-26T02:00:00Zx",
        ] {
            #expect(Timestamp(rfc3339: bad) == nil, "\(bad)")
        }
    }

    @Test func weekdays() {
        #expect(Timestamp(milliseconds: 0).civil.weekday == 4)
        #expect(Timestamp(rfc3339: "2026-11-23T00:00:00Z")?.civil.weekday == 1)
        #expect(Timestamp(rfc3339: "1969-12-28T00:00:00Z")?.civil.weekday == 0)
    }
}
