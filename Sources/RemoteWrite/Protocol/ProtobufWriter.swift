/// Writes fields of Protocol Buffers' wire format. Fields with their default value are left out, as proto3 has it.
/// Source: protobuf.dev/programming-guides/encoding.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    /// Wire types.
    private static let (varint, fixed64, lengthDelimited): (UInt64, UInt64, UInt64) = (0, 1, 2)

    mutating func unsigned(_ field: UInt64, _ value: UInt64) {
        guard value != 0 else { return }
        tag(field, ProtobufWriter.varint)
        ProtobufWriter.append(value, to: &bytes)
    }

    /// An int64: two's complement, so that a negative one takes ten bytes.
    mutating func signed(_ field: UInt64, _ value: Int64) { unsigned(field, UInt64(bitPattern: value)) }

    /// A double by its bits: a NaN keeps its payload, and only +0 is the default.
    mutating func double(_ field: UInt64, _ value: Double) {
        guard value.bitPattern != 0 else { return }
        tag(field, ProtobufWriter.fixed64)
        withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
    }

    /// A string, also an empty one: an element of a repeated field.
    mutating func string(_ field: UInt64, _ text: String) {
        tag(field, ProtobufWriter.lengthDelimited)
        ProtobufWriter.append(UInt64(text.utf8.count), to: &bytes)
        bytes += text.utf8
    }

    /// A message, or anything else that is preceded by its length.
    mutating func block(_ field: UInt64, _ content: [UInt8]) {
        tag(field, ProtobufWriter.lengthDelimited)
        ProtobufWriter.append(UInt64(content.count), to: &bytes)
        bytes += content
    }

    /// Empties the writer and keeps its memory.
    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    private mutating func tag(_ field: UInt64, _ type: UInt64) {
        ProtobufWriter.append(field << 3 | type, to: &bytes)
    }

    /// A base 128 varint: seven bits a byte, the lowest first.
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
