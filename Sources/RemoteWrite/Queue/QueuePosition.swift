/// A place in the queue: before one of a record's samples.
package struct QueuePosition: Hashable, Comparable, Sendable {
    /// The segment's number; later ones have greater numbers.
    var segment: UInt64 = 0
    /// Where in the segment the record begins, in bytes.
    var offset = Int64(QueueRecord.magic.count)
    /// How many of the record's samples lie before it.
    var sample = 0

    /// In the order of the queue.
    package static func < (a: QueuePosition, b: QueuePosition) -> Bool {
        (a.segment, a.offset, a.sample) < (b.segment, b.offset, b.sample)
    }
}

/// What a queue remembers over a restart: what lies before `sent` needs not be sent again, and what lies before `tried`
/// may have arrived.
///
/// A server may refuse a whole request for one sample that it already has, if a later one has come since. So what may
/// have arrived is sent again with the same samples and by itself; if the server refuses it, it has it.
struct QueueProgress: Hashable, Sendable {
    var sent = QueuePosition()
    var tried = QueuePosition()

    static let bytes = 6 * 8 + 4

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for position in [sent, tried] {
            for number in [position.segment, UInt64(clamping: position.offset), UInt64(clamping: position.sample)] {
                withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
            }
        }
        withUnsafeBytes(of: QueueRecord.crc(bytes).littleEndian) { bytes += $0 }
        return bytes
    }

    init() {}

    /// - Returns: nil if the bytes are not those of `encoded`.
    init?(_ bytes: [UInt8]) {
        guard bytes.count == QueueProgress.bytes else { return nil }
        func number(_ index: Int, _ width: Int) -> UInt64 {
            bytes.dropFirst(index * 8).prefix(width).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        guard number(6, 4) == UInt64(QueueRecord.crc(Array(bytes.dropLast(4)))) else { return nil }
        func position(_ index: Int) -> QueuePosition {
            QueuePosition(
                segment: number(index, 8), offset: Int64(clamping: number(index + 1, 8)),
                sample: Int(clamping: number(index + 2, 8)))
        }
        (sent, tried) = (position(0), position(3))
        guard max(sent.segment, tried.segment) < QueueName.limit else { return nil }
    }
}
