import CSnappy

/// Snappy's block format, which remote write prescribes; not the framed one.
/// Sources: google/snappy, format_description.txt and snappy-c.h.
package enum Snappy {
    /// Compresses any bytes; never fails.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] {
        let limit = snappy_max_compressed_length(bytes.count)
        return [UInt8](unsafeUninitializedCapacity: limit) { out, count in
            count = limit
            let status = characters(bytes) { input, length in
                out.withMemoryRebound(to: CChar.self) { snappy_compress(input, length, $0.baseAddress, &count) }
            }
            // It can only fail for want of room, of which there is enough.
            if status != SNAPPY_OK { count = 0 }
        }
    }

    /// The bytes that were compressed; nil for anything that is not Snappy's format.
    /// - Parameter limit: the number of bytes above which the input is refused before anything is allocated for it.
    package static func uncompress(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        characters(bytes) { input, length -> [UInt8]? in
            var size = 0
            guard snappy_uncompressed_length(input, length, &size) == SNAPPY_OK, size >= 0, size <= limit else {
                return nil
            }
            var isRead = false
            let out = [UInt8](unsafeUninitializedCapacity: size) { out, count in
                count = size
                out.withMemoryRebound(to: CChar.self) {
                    isRead = snappy_uncompress(input, length, $0.baseAddress, &count) == SNAPPY_OK
                }
                if !isRead { count = 0 }
            }
            return isRead ? out : nil
        }
    }

    private static func characters<Result>(
        _ bytes: [UInt8], _ body: (UnsafePointer<CChar>?, Int) -> Result
    ) -> Result {
        bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { body($0.baseAddress, $0.count) }
        }
    }
}
