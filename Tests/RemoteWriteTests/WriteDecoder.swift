import Samples

@testable import RemoteWrite

/// Reads both messages of remote write as a server does, without any code of the writer's.
/// Sources: protobuf.dev/programming-guides/encoding; prompb/types.proto; prompb/io/prometheus/write/v2/types.proto.
enum WriteDecoder {
    struct Malformed: Error {
        let what: String
    }

    /// A series as a message has it.
    struct Decoded: Hashable {
        var labels: [Label] = []
        var points: [Point] = []
        /// Metadata.type; nil in version 1.
        var kind: UInt64?
        var help = ""
        var unit = ""

        /// `name{a="b"}`, with the labels in the message's order.
        var text: String { labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",") }
    }

    private enum Value {
        case number(UInt64)
        case fixed(UInt64)
        case block([UInt8])
    }

    /// prometheus.WriteRequest
    static func version1(_ body: [UInt8]) throws -> [Decoded] {
        try fields(body).map { field, value in
            guard field == 1, case .block(let series) = value else { throw Malformed(what: "request field \(field)") }
            var decoded = Decoded()
            for (field, value) in try fields(series) {
                guard case .block(let bytes) = value else { throw Malformed(what: "series field \(field)") }
                switch field {
                case 1:
                    var (name, text) = ("", "")
                    for (field, value) in try fields(bytes) {
                        guard case .block(let bytes) = value else { throw Malformed(what: "label field \(field)") }
                        if field == 1 { name = try string(bytes) } else { text = try string(bytes) }
                    }
                    decoded.labels.append(Label(name, text))
                case 2: decoded.points.append(try point(bytes))
                default: throw Malformed(what: "series field \(field)")
                }
            }
            return decoded
        }
    }

    /// io.prometheus.write.v2.Request
    static func version2(_ body: [UInt8]) throws -> (symbols: [String], series: [Decoded]) {
        var symbols: [String] = []
        var series: [Decoded] = []
        for (field, value) in try fields(body) {
            guard case .block(let bytes) = value else { throw Malformed(what: "request field \(field)") }
            switch field {
            case 4: symbols.append(try string(bytes))
            case 5: series.append(try series2(bytes, symbols))
            default: throw Malformed(what: "request field \(field)")
            }
        }
        return (symbols, series)
    }

    private static func series2(_ bytes: [UInt8], _ symbols: [String]) throws -> Decoded {
        func symbol(_ index: UInt64) throws -> String {
            guard let index = Int(exactly: index), symbols.indices.contains(index) else {
                throw Malformed(what: "symbol \(index)")
            }
            return symbols[index]
        }
        var decoded = Decoded()
        for (field, value) in try fields(bytes) {
            guard case .block(let bytes) = value else { throw Malformed(what: "series field \(field)") }
            switch field {
            case 1:
                var rest = bytes[...]
                while !rest.isEmpty {
                    let (name, value) = (try varint(&rest), try varint(&rest))
                    decoded.labels.append(Label(try symbol(name), try symbol(value)))
                }
            case 2: decoded.points.append(try point(bytes))
            case 5:
                decoded.kind = 0
                for (field, value) in try fields(bytes) {
                    guard case .number(let number) = value else { throw Malformed(what: "metadata field \(field)") }
                    switch field {
                    case 1: decoded.kind = number
                    case 3: decoded.help = try symbol(number)
                    case 4: decoded.unit = try symbol(number)
                    default: throw Malformed(what: "metadata field \(field)")
                    }
                }
            default: throw Malformed(what: "series field \(field)")
            }
        }
        return decoded
    }

    private static func point(_ bytes: [UInt8]) throws -> Point {
        var point = Point(t: 0, v: 0)
        for (field, value) in try fields(bytes) {
            switch (field, value) {
            case (1, .fixed(let bits)): point.v = Double(bitPattern: bits)
            case (2, .number(let time)): point.t = Int64(bitPattern: time)
            default: throw Malformed(what: "sample field \(field)")
            }
        }
        return point
    }

    private static func string(_ bytes: [UInt8]) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw Malformed(what: "UTF-8") }
        return text
    }

    private static func fields(_ bytes: [UInt8]) throws -> [(UInt64, Value)] {
        var rest = bytes[...]
        var found: [(UInt64, Value)] = []
        while !rest.isEmpty {
            let tag = try varint(&rest)
            switch tag & 7 {
            case 0: found.append((tag >> 3, .number(try varint(&rest))))
            case 1:
                guard rest.count >= 8 else { throw Malformed(what: "fixed64") }
                found.append((tag >> 3, .fixed(rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) })))
                rest = rest.dropFirst(8)
            case 2:
                guard let count = Int(exactly: try varint(&rest)), count <= rest.count else {
                    throw Malformed(what: "length")
                }
                found.append((tag >> 3, .block(Array(rest.prefix(count)))))
                rest = rest.dropFirst(count)
            default: throw Malformed(what: "wire type \(tag & 7)")
            }
        }
        return found
    }

    private static func varint(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { break }
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
        }
        throw Malformed(what: "varint")
    }
}
