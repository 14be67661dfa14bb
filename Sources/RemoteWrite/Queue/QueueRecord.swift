import CZlib
import Samples
import Text

/// The queue's format on disk. A segment begins with `magic`; records follow it:
///
///     length   u32  bytes of the payload
///     samples  u32  their number
///     crc      u32  CRC-32 of samples and payload
///     payload       compressed by Snappy
///
/// All numbers are little-endian. The payload, with varints as in Protocol Buffers:
///
///     number of new series; for each the number of its labels, and for each label its name and value with their lengths
///     time of the first sample, milliseconds, zigzag
///     each sample: its series, the milliseconds since the previous sample (zigzag), its value's 8 bytes
///
/// A series is numbered by its first appearance in the segment, so that a segment can be read without any other.
package enum QueueRecord {
    /// "vwrw" and the format's version.
    package static let magic: [UInt8] = [0x76, 0x77, 0x72, 0x77, 1, 0, 0, 0]
    static let headerBytes = 12
    /// How many samples a record may have.
    static let sampleLimit = 2000
    /// How many bytes the labels of a record's new series may have; the last of them may exceed it by `labelBytes`.
    static let newSeriesBytes = 512 << 10
    /// How many bytes the labels of one series may have. A longer one is not sent: no server would take it.
    static let labelBytes = 64 << 10
    /// What a reader allocates for a payload at most.
    static let payloadLimit = 2 << 20

    /// What precedes a payload.
    struct Header: Hashable {
        var length: Int
        var samples: Int
        var crc: UInt32

        /// - Returns: nil if the bytes can't be a header.
        init?(_ bytes: ArraySlice<UInt8>) {
            guard bytes.count == QueueRecord.headerBytes else { return nil }
            func number(_ offset: Int) -> UInt32 {
                bytes.dropFirst(offset).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
            }
            (length, samples, crc) = (Int(number(0)), Int(number(4)), number(8))
            guard length > 0, length <= QueueRecord.payloadLimit, samples > 0, samples <= QueueRecord.sampleLimit else {
                return nil
            }
        }
    }

    /// Whether the payload is the one that was written with this header.
    static func isIntact(_ header: Header, _ payload: [UInt8]) -> Bool {
        payload.count == header.length && crc(header.samples, payload) == header.crc
    }

    /// A record with its header.
    package static func framed(_ payload: [UInt8], samples: Int) -> [UInt8] {
        var record: [UInt8] = []
        record.reserveCapacity(headerBytes + payload.count)
        for number in [UInt32(clamping: payload.count), UInt32(clamping: samples), crc(samples, payload)] {
            withUnsafeBytes(of: number.littleEndian) { record += $0 }
        }
        return record + payload
    }

    private static func crc(_ samples: Int, _ payload: [UInt8]) -> UInt32 {
        crc(payload, after: crc(withUnsafeBytes(of: UInt32(clamping: samples).littleEndian) { Array($0) }))
    }

    /// The checksum of bytes that follow others. Source: zlib.h, crc32.
    static func crc(_ bytes: [UInt8], after before: UInt32 = 0) -> UInt32 {
        UInt32(truncatingIfNeeded: crc32(uLong(before), bytes, uInt(clamping: bytes.count)))
    }
}

/// Turns samples into the records of one segment.
struct RecordEncoder {
    private var numbers: [Labels: UInt64] = [:]

    /// A record of the first samples, as many as fit.
    /// - Returns: the record, the number of samples in it, and that of samples left out for their labels' length. The
    ///   record is nil if no sample is in it.
    mutating func encode(_ samples: ArraySlice<Sample>) -> (record: [UInt8]?, count: Int, refused: Int) {
        var (series, points): ([UInt8], [UInt8]) = ([], [])
        var (new, count, refused): (UInt64, Int, Int) = (0, 0, 0)
        var base: Int64?
        var last: Int64 = 0
        for sample in samples {
            if count == QueueRecord.sampleLimit || series.count >= QueueRecord.newSeriesBytes { break }
            let number: UInt64
            if let known = numbers[sample.labels] {
                number = known
            } else {
                guard RecordEncoder.bytes(sample.labels) <= QueueRecord.labelBytes else {
                    refused += 1
                    continue
                }
                number = UInt64(numbers.count)
                numbers[sample.labels] = number
                new += 1
                RecordEncoder.append(sample.labels, to: &series)
            }
            let time = sample.timestamp.milliseconds
            if base == nil { (base, last) = (time, time) }
            ProtobufWriter.append(number, to: &points)
            ProtobufWriter.append(RecordEncoder.zigzag(time &- last), to: &points)
            withUnsafeBytes(of: sample.value.bitPattern.littleEndian) { points += $0 }
            last = time
            count += 1
        }
        guard let base, count > 0 else { return (nil, 0, refused) }
        var payload: [UInt8] = []
        ProtobufWriter.append(new, to: &payload)
        payload += series
        ProtobufWriter.append(RecordEncoder.zigzag(base), to: &payload)
        return (QueueRecord.framed(Snappy.compress(payload + points), samples: count), count, refused)
    }

    private static func bytes(_ labels: Labels) -> Int {
        labels.pairs.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }

    private static func append(_ labels: Labels, to bytes: inout [UInt8]) {
        ProtobufWriter.append(UInt64(labels.count), to: &bytes)
        for label in labels.pairs {
            for text in [label.name, label.value] {
                ProtobufWriter.append(UInt64(text.utf8.count), to: &bytes)
                bytes += text.utf8
            }
        }
    }

    /// Small numbers of either sign become small ones. Differences wrap around, and so do their sums.
    private static func zigzag(_ number: Int64) -> UInt64 { UInt64(bitPattern: number << 1 ^ number >> 63) }
}

/// Reads the records of one segment, from its first on.
struct RecordDecoder {
    /// A record that is none, although its checksum is right, or of another version.
    struct Malformed: Error {}

    private var series: [Labels] = []

    /// The samples of the next record.
    /// - Throws: `Malformed`.
    mutating func decode(_ payload: [UInt8], samples count: Int) throws(Malformed) -> [Sample] {
        guard let bytes = Snappy.uncompress(payload, limit: QueueRecord.payloadLimit) else { throw Malformed() }
        var reader = RecordReader(bytes)
        let new = try reader.count(limit: QueueRecord.sampleLimit)
        for _ in 0..<new {
            var pairs: [Label] = []
            for _ in 0..<(try reader.count(limit: QueueRecord.labelBytes)) {
                pairs.append(Label(try reader.text(), try reader.text()))
            }
            // Not sorted anew: the order is part of a series' identity at the server.
            guard zip(pairs, pairs.dropFirst()).allSatisfy({ $0.name != $1.name }) else { throw Malformed() }
            series.append(Labels(sorted: pairs))
        }
        var time = try reader.signed()
        var samples: [Sample] = []
        samples.reserveCapacity(min(count, QueueRecord.sampleLimit))
        for _ in 0..<min(count, QueueRecord.sampleLimit) {
            let number = try reader.unsigned()
            guard number < UInt64(series.count) else { throw Malformed() }
            time &+= try reader.signed()
            samples.append(
                Sample(
                    // Checked: below the number of elements.
                    series[Int(number)], Double(bitPattern: try reader.fixed()), at: Timestamp(milliseconds: time)))
        }
        guard reader.isAtEnd else { throw Malformed() }
        return samples
    }
}

private struct RecordReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func unsigned() throws(RecordDecoder.Malformed) -> UInt64 {
        var number: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard offset < bytes.count else { break }
            let byte = bytes[offset]
            offset += 1
            number |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return number }
        }
        throw RecordDecoder.Malformed()
    }

    mutating func signed() throws(RecordDecoder.Malformed) -> Int64 {
        let zigzag = try unsigned()
        return Int64(bitPattern: zigzag >> 1) ^ -Int64(bitPattern: zigzag & 1)
    }

    mutating func fixed() throws(RecordDecoder.Malformed) -> UInt64 {
        try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func text() throws(RecordDecoder.Malformed) -> String {
        String(decoding: try take(try count(limit: QueueRecord.labelBytes)), as: UTF8.self)
    }

    mutating func count(limit: Int) throws(RecordDecoder.Malformed) -> Int {
        guard let number = Int(exactly: try unsigned()), number <= limit else { throw RecordDecoder.Malformed() }
        return number
    }

    private mutating func take(_ count: Int) throws(RecordDecoder.Malformed) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else { throw RecordDecoder.Malformed() }
        defer { offset += count }
        return bytes[offset..<(offset + count)]
    }
}
