import Samples
import Testing

@testable import RemoteWrite

/// The records of a segment, and what becomes of damaged ones.
struct QueueRecordTests {
    private static func payload(_ record: [UInt8]) -> [UInt8] { Array(record.dropFirst(QueueRecord.headerBytes)) }

    private static func decode(_ record: [UInt8], _ decoder: inout RecordDecoder) throws -> [Sample] {
        let header = try #require(QueueRecord.Header(record[..<QueueRecord.headerBytes]))
        let payload = payload(record)
        try #require(QueueRecord.isIntact(header, payload))
        return try decoder.decode(payload, samples: header.samples)
    }

    @Test func samplesComeBackAsTheyWere() throws {
        var encoder = RecordEncoder()
        var decoder = RecordDecoder()
        let labels: Labels = ["__name__": "x", "b": "\u{0}é\n", "a": String(repeating: "l", count: 300)]
        let first = [
            Sample(labels, 1.5, at: Timestamp(milliseconds: 1_764_122_400_123)),
            Sample(Labels(name: "y"), .infinity, at: Timestamp(milliseconds: 1_764_122_400_100)),
            Sample(labels, StaleMarker.value, at: Timestamp(milliseconds: .max)),
            Sample(labels, -0.0, at: Timestamp(milliseconds: .min)), Sample(.empty, 0, at: Timestamp(milliseconds: -1)),
        ]
        let record = encoder.encode(first[...])
        #expect(record.count == 5 && record.refused == 0)
        let back = try Self.decode(try #require(record.record), &decoder)
        #expect(back.map(\.labels) == first.map(\.labels) && back.map(\.timestamp) == first.map(\.timestamp))
        #expect(back.map(\.value.bitPattern) == first.map(\.value.bitPattern))
        // A later record names known series by number.
        let later = encoder.encode([Sample(labels, 2, at: Timestamp(milliseconds: 5))][...])
        let small = try #require(later.record)
        #expect(small.count < 40)
        #expect(try Self.decode(small, &decoder).first?.labels == labels)
    }

    /// A sample takes few bytes once its series is known: this is what makes 64 MiB last.
    @Test func aSampleTakesAFewBytes() throws {
        var encoder = RecordEncoder()
        let series = (0..<1000).map { Labels(name: "vault_node_up", ["cluster": "production", "node": "vault-\($0)"]) }
        func turn(_ time: Int64) -> [Sample] { series.map { Sample($0, 1, at: Timestamp(milliseconds: time)) } }
        _ = encoder.encode(turn(0)[...])
        let second = try #require(encoder.encode(turn(5000)[...]).record)
        #expect(second.count < 10_000, "\(second.count) bytes for 1,000 samples")
    }

    @Test func aRecordHasALimitAndLongLabelsAreRefused() throws {
        var encoder = RecordEncoder()
        let long = Labels(name: "x", ["a": String(repeating: "l", count: QueueRecord.labelBytes)])
        let many = (0..<3000).map { Sample(Labels(name: "y"), 1, at: Timestamp(milliseconds: Int64($0))) }
        let first = encoder.encode([Sample(long, 1, at: Timestamp(milliseconds: 0))] + many[...])
        #expect(first.count == QueueRecord.sampleLimit && first.refused == 1)
        let only = encoder.encode([Sample(long, 1, at: Timestamp(milliseconds: 0))][...])
        #expect(only.record == nil && only.count == 0 && only.refused == 1)
        // Twenty series of 50 KB each are more than one record takes.
        let wide = (0..<20).map {
            Sample(Labels(name: "w\($0)", ["a": String(repeating: "l", count: 50_000)]), 1, at: .init(milliseconds: 0))
        }
        let part = encoder.encode(wide[...])
        #expect(part.count > 5 && part.count < 20)
    }

    @Test func anyWrongByteIsNoticed() throws {
        var encoder = RecordEncoder()
        let record = try #require(encoder.encode(samples("up", 0..<20)[...]).record)
        for index in record.indices {
            var broken = record
            broken[index] ^= 0x40
            let header = QueueRecord.Header(broken[..<QueueRecord.headerBytes])
            let isIntact = header.map { QueueRecord.isIntact($0, Self.payload(broken)) } ?? false
            #expect(!isIntact, "byte \(index)")
        }
    }

    /// A checksum does not protect from a writer that is wrong, or hostile.
    @Test func aPayloadThatIsNoneIsRefused() {
        let payloads: [[UInt8]] = [
            [], [0], [1, 0xff], [0, 0, 5, 0], [2, 0, 0, 0], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            [1, 1, 1, 0x61, 0xff, 0xff, 0x7f, 0x62], [0, 0, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8],
            [1, 2, 1, 0x61, 0, 1, 0x61, 0, 0],
        ]
        for payload in payloads {
            var decoder = RecordDecoder()
            #expect(throws: RecordDecoder.Malformed.self) {
                try decoder.decode(Snappy.compress(payload), samples: 1)
            }
        }
        var decoder = RecordDecoder()
        #expect(throws: RecordDecoder.Malformed.self) { try decoder.decode([1, 2, 3], samples: 1) }
    }
}
