import Samples
import Text

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
    /// Bytes allocated, including room for growth.
    var byteCount: Int { bits.bytes.capacity }

    mutating func append(_ point: Point) {
        let new = point.v.bitPattern
        switch count {
        case 0:
            first = point.t
            bits.write(new, 64)
        default:
            // Wrapping, as `read` adds them up again.
            let newDelta = point.t &- last
            writeTime(newDelta &- delta)
            writeValue(new)
            delta = newDelta
        }
        last = point.t
        value = new
        count += 1
    }

    /// Shifts all points in time. Only the first one's time is stored outside the bits.
    mutating func shift(by milliseconds: Int64) {
        first = first.addingSaturated(milliseconds)
        last = last.addingSaturated(milliseconds)
    }

    /// Releases the room for growth.
    mutating func seal() { bits.bytes = bits.bytes.withUnsafeBufferPointer { Array($0) } }

    /// Writes the points in `start < t <= end` to `out`, which has room for the whole chunk.
    /// - Returns: their number.
    func read(into out: UnsafeMutablePointer<Point>, after start: Int64, through end: Int64) -> Int {
        guard count > 0, last > start, first <= end else { return 0 }
        return bits.bytes.withUnsafeBufferPointer { bytes in
            var reader = BitReader(bytes)
            var t = first
            var v = reader.read(64)
            var delta: Int64 = 0
            var shift: UInt64 = 0
            var significant = 64
            var written = 0
            for index in 0..<count {
                if index > 0 {
                    delta &+= reader.time()
                    t &+= delta
                    if reader.bit() {
                        if reader.bit() {
                            let leading = Int(reader.read(5))
                            significant = Int(reader.read(6))
                            if significant == 0 { significant = 64 }
                            shift = UInt64(truncatingIfNeeded: 64 - leading - significant)
                        }
                        v ^= reader.read(significant) &<< shift
                    }
                }
                if t > end { break }
                if t > start {
                    out[written] = Point(t: t, v: Double(bitPattern: v))
                    written += 1
                }
            }
            return written
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
            // The count 64 does not fit into 6 bits and is written as 0.
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

/// Reads bits from the front. Never reads beyond the end: it returns zeros there.
private struct BitReader {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var next = 0
    /// The next bits, from the highest down.
    private var word: UInt64 = 0
    private var available = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// At least 56 bits, unless the end is near.
    @inline(__always) private mutating func fill() {
        if next + 8 <= bytes.count {
            // Whole bytes that fit after the bits already there.
            let more = UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped + next).loadUnaligned(as: UInt64.self)
                .bigEndian
            word |= more &>> UInt64(truncatingIfNeeded: available)
            let taken = (63 - available) >> 3
            next += taken
            available += taken * 8
        } else {
            while available <= 56 {
                if next < bytes.count {
                    word |= UInt64(bytes[next]) &<< UInt64(truncatingIfNeeded: 56 - available)
                    next += 1
                }
                available += 8
            }
        }
    }

    @inline(__always) mutating func bit() -> Bool {
        if available < 1 { fill() }
        let isSet = word >> 63 == 1
        word <<= 1
        available -= 1
        return isSet
    }

    /// - Parameter count: 1 through 64.
    @inline(__always) mutating func read(_ count: Int) -> UInt64 {
        if count > 56 {
            let high = read(count - 32)
            return high << 32 | read(32)
        }
        if available < count { fill() }
        let value = word &>> UInt64(truncatingIfNeeded: 64 - count)
        word = word &<< UInt64(truncatingIfNeeded: count)
        available -= count
        return value
    }

    @inline(__always) mutating func time() -> Int64 {
        if !bit() { return 0 }
        if !bit() { return signed(14) }
        if !bit() { return signed(17) }
        if !bit() { return signed(20) }
        return Int64(bitPattern: read(64))
    }

    @inline(__always) private mutating func signed(_ width: Int) -> Int64 {
        let raw = Int64(read(width))
        return raw > 1 << Int64(width - 1) ? raw - 1 << Int64(width) : raw
    }
}
