import Samples

/// Up to 120 points of one series, packed: times as differences of differences, values as XOR with the one before.
/// A steady 5 s poll of a quiet gauge costs about 2 bits a point.
///
/// Source: Pelkonen et al., "Gorilla: A Fast, Scalable, In-Memory Time Series Database" (VLDB 2015);
/// bit widths as in Prometheus' tsdb/chunkenc/xor.go.
struct Chunk {
    static let capacity = 120

    private var bits = BitWriter()
    private(set) var count = 0
    private(set) var first: Int64 = 0
    private(set) var last: Int64 = 0
    private var delta: Int64 = 0
    private var value: UInt64 = 0
    private var leading: UInt8 = 0xff
    private var trailing: UInt8 = 0

    var isFull: Bool { count >= Chunk.capacity }
    /// Bytes held, room for growth included.
    var byteCount: Int { bits.bytes.capacity }

    mutating func append(_ point: Point) {
        let new = point.v.bitPattern
        switch count {
        case 0:
            first = point.t
            bits.write(UInt64(bitPattern: point.t), 64)
            bits.write(new, 64)
        default:
            let newDelta = point.t - last
            writeTime(newDelta - delta)
            writeValue(new)
            delta = newDelta
        }
        last = point.t
        value = new
        count += 1
    }

    /// Gives back the room kept for growth.
    mutating func seal() { bits.bytes = bits.bytes.withUnsafeBufferPointer { Array($0) } }

    /// Appends the points in `start < t <= end` to `points`.
    func read(into points: inout [Point], after start: Int64, through end: Int64) {
        guard count > 0, last > start, first <= end else { return }
        bits.bytes.withUnsafeBufferPointer { bytes in
            var reader = BitReader(bytes)
            var t = Int64(bitPattern: reader.read(64))
            var v = reader.read(64)
            var delta: Int64 = 0
            var leading: UInt64 = 0
            var significant: UInt64 = 64
            for index in 0..<count {
                if index > 0 {
                    delta &+= reader.time()
                    t &+= delta
                    if reader.read(1) == 1 {
                        if reader.read(1) == 1 {
                            leading = reader.read(5)
                            significant = reader.read(6)
                            if significant == 0 { significant = 64 }
                        }
                        v ^= reader.read(Int(significant)) << (64 - leading - significant)
                    }
                }
                if t > end { return }
                if t > start { points.append(Point(t: t, v: Double(bitPattern: v))) }
            }
        }
    }

    private mutating func writeTime(_ change: Int64) {
        switch change {
        case 0: bits.write(0, 1)
        case -8191...8192: bits.write(0b10, 2); bits.write(UInt64(bitPattern: change), 14)
        case -65535...65536: bits.write(0b110, 3); bits.write(UInt64(bitPattern: change), 17)
        case -524_287...524_288: bits.write(0b1110, 4); bits.write(UInt64(bitPattern: change), 20)
        default: bits.write(0b1111, 4); bits.write(UInt64(bitPattern: change), 64)
        }
    }

    private mutating func writeValue(_ new: UInt64) {
        let xor = new ^ value
        guard xor != 0 else {
            bits.write(0, 1)
            return
        }
        bits.write(1, 1)
        let newLeading = UInt8(min(31, xor.leadingZeroBitCount))
        let newTrailing = UInt8(xor.trailingZeroBitCount)
        if leading != 0xff, newLeading >= leading, newTrailing >= trailing {
            bits.write(0, 1)
            bits.write(xor >> UInt64(trailing), 64 - Int(leading) - Int(trailing))
        } else {
            leading = newLeading
            trailing = newTrailing
            let significant = 64 - Int(leading) - Int(trailing)
            bits.write(1, 1)
            bits.write(UInt64(leading), 5)
            // 64 significant bits do not fit 6 bits and are written as 0.
            bits.write(UInt64(significant & 63), 6)
            bits.write(xor >> UInt64(trailing), significant)
        }
    }
}

private struct BitWriter {
    var bytes: [UInt8] = []
    /// Bits still free in the last byte.
    private var free = 0

    /// The lowest `count` bits of `value`, most significant first.
    mutating func write(_ value: UInt64, _ count: Int) {
        var left = count
        while left > 0 {
            if free == 0 {
                bytes.append(0)
                free = 8
            }
            let take = min(free, left)
            let part = UInt8(truncatingIfNeeded: (value >> UInt64(left - take)) & ((1 << UInt64(take)) - 1))
            bytes[bytes.count - 1] |= part << UInt8(free - take)
            free -= take
            left -= take
        }
    }
}

private struct BitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    mutating func read(_ count: Int) -> UInt64 {
        var result: UInt64 = 0
        var left = count
        while left > 0 {
            let offset = position & 7
            let take = min(8 - offset, left)
            let part = (bytes[position >> 3] >> UInt8(8 - offset - take)) & UInt8((1 << take) - 1)
            result = result << UInt64(take) | UInt64(part)
            position += take
            left -= take
        }
        return result
    }

    mutating func time() -> Int64 {
        if read(1) == 0 { return 0 }
        if read(1) == 0 { return signed(14) }
        if read(1) == 0 { return signed(17) }
        if read(1) == 0 { return signed(20) }
        return Int64(bitPattern: read(64))
    }

    private mutating func signed(_ width: Int) -> Int64 {
        let raw = Int64(read(width))
        return raw > 1 << Int64(width - 1) ? raw - 1 << Int64(width) : raw
    }
}
