import Synchronization

/// Decompresses a log that was rotated away, piece by piece.
package final class PackedAuditLog: Sendable {
    private let inflater = Mutex(Inflater(.gzip))

    /// Pieces of the file that are not larger give some megabytes at most.
    package static let pieceBytes = 32 << 10

    /// A log from its first byte on.
    package init() {}

    /// Whether a file begins as gzip does. Source: RFC 1952, section 2.3.1.
    package static func isPacked(_ head: [UInt8]) -> Bool { head.starts(with: [0x1f, 0x8b]) }

    /// The next bytes of the log.
    /// - Parameter piece: the next bytes of the file.
    /// - Returns: the bytes, and whether the rest can be read: not when the file is damaged or not gzip.
    package func take(_ piece: [UInt8]) -> (bytes: [UInt8], isGood: Bool) {
        inflater.withLock { inflater in
            var bytes: [UInt8] = []
            let fault = piece.withUnsafeBufferPointer { piece in inflater.take(piece) { bytes += $0 } }
            return (bytes, fault == nil)
        }
    }

    /// Whether the data could end here.
    package var isAtEnd: Bool { inflater.withLock { $0.isAtEnd } }
}
