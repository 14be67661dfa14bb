import Samples
import Testing

@testable import RemoteWrite

/// The bytes of both messages, read by a decoder that shares nothing with the writer.
struct WriteRequestTests {
    private static let series = [
        Series(Labels(name: "up", ["node": "vault-1", "Zone": "ä"]), [Point(t: 1000, v: 1), Point(t: 2000, v: -0.0)]),
        Series(Labels(name: "x_seconds_total", ["node": "vault-1"]), [Point(t: -5, v: .infinity)]),
    ]

    /// The example of the encoding guide for a field of 150, and one sample byte by byte.
    @Test func theWireFormatIsProtobufs() {
        var writer = ProtobufWriter()
        writer.unsigned(1, 150)
        #expect(writer.bytes == [0x08, 0x96, 0x01])
        let one = Series(Labels(name: "a"), [Point(t: 300, v: 1)])
        #expect(
            WriteMessage.version1.encode([one])
                == [
                    0x0a, 29, 0x0a, 13, 0x0a, 8, 0x5f, 0x5f, 0x6e, 0x61, 0x6d, 0x65, 0x5f, 0x5f, 0x12, 1, 0x61,
                    0x12, 12, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 0x02,
                ])
    }

    @Test func version1HasLabelsInOrderAndSamples() throws {
        let decoded = try WriteDecoder.version1(WriteMessage.version1.encode(Self.series))
        #expect(decoded.map(\.text) == ["Zone=ä,__name__=up,node=vault-1", "__name__=x_seconds_total,node=vault-1"])
        #expect(decoded[0].points == Self.series[0].points && decoded[1].points == Self.series[1].points)
        // -0 is not the default of a double.
        #expect(decoded[0].points[1].v.sign == .minus)
    }

    @Test func version2HasSymbolsOnceAndMetadata() throws {
        let body = WriteMessage.version2.encode(Self.series) { name in
            name == "up" ? nil : SeriesMetadata(kind: .counter, help: "Time spent.", name: name)
        }
        let (symbols, series) = try WriteDecoder.version2(body)
        #expect(symbols.first == "" && Set(symbols).count == symbols.count)
        #expect(series.map(\.text) == ["Zone=ä,__name__=up,node=vault-1", "__name__=x_seconds_total,node=vault-1"])
        #expect(series[0].points == Self.series[0].points && series[1].points == Self.series[1].points)
        #expect(series[0].kind == 0 && series[0].help == "")
        #expect(series[1].kind == 1 && series[1].help == "Time spent." && series[1].unit == "seconds")
    }

    @Test(arguments: WriteMessage.allCases)
    func externalLabelsAreAddedAndAnOwnOneWins(_ message: WriteMessage) throws {
        let body = message.encode(Self.series, externalLabels: ["region": "eu", "node": "agent", "Aa": "1"])
        let decoded =
            message == .version1 ? try WriteDecoder.version1(body) : try WriteDecoder.version2(body).series
        #expect(
            decoded.map(\.text) == [
                "Aa=1,Zone=ä,__name__=up,node=vault-1,region=eu",
                "Aa=1,__name__=x_seconds_total,node=vault-1,region=eu",
            ])
    }

    /// The marker is one particular NaN; any other would be a value.
    @Test(arguments: WriteMessage.allCases)
    func aStaleMarkerKeepsItsBits(_ message: WriteMessage) throws {
        let body = message.encode([Series(Labels(name: "up"), [Point(t: 1, v: StaleMarker.value)])])
        let decoded =
            message == .version1 ? try WriteDecoder.version1(body) : try WriteDecoder.version2(body).series
        #expect(decoded.first?.points.first?.v.bitPattern == 0x7ff0_0000_0000_0002)
    }

    @Test(arguments: [
        ("up", ""), ("vault_node_response_seconds", "seconds"), ("x_seconds_bucket", "seconds"),
        ("y_bytes_total", "bytes"), ("total", ""), ("a_count", ""),
    ])
    func theUnitIsThatOfTheName(_ name: String, _ unit: String) {
        #expect(SeriesMetadata(kind: .gauge, name: name).unit == unit)
    }

    @Test func snappyGivesBackWhatItTook() {
        for bytes in [[], [7], Array("vault".utf8), [UInt8](repeating: 3, count: 100_000)] as [[UInt8]] {
            let small = Snappy.compress(bytes)
            #expect(Snappy.uncompress(small, limit: 100_000) == bytes)
        }
        #expect(Snappy.compress([UInt8](repeating: 3, count: 100_000)).count < 10_000)
        // format_description.txt: the length as a varint, then a literal of six bytes.
        #expect(Snappy.compress(Array("foobar".utf8)) == [6, 5 << 2] + Array("foobar".utf8))
        #expect(Snappy.uncompress(Snappy.compress([1, 2, 3]), limit: 2) == nil)
        #expect(Snappy.uncompress([0xff, 0xff, 0xff, 0xff, 0x0f, 0], limit: 1 << 20) == nil)
        #expect(Snappy.uncompress([], limit: 10) == nil)
    }
}
