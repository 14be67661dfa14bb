import CZlib

/// The gzip content coding. Source: RFC 1952; zlib.h, deflateInit2.
package enum Gzip {
    /// Compresses.
    /// - Parameter isBest: at the best level, for what is compressed once and sent often; otherwise at the fastest
    ///   level, which gives most of the gain.
    /// - Returns: nil when zlib is out of memory.
    package static func compress(_ bytes: [UInt8], isBest: Bool = false) -> [UInt8]? {
        var stream = z_stream()
        // A window of 15 bits; adding 16 selects the gzip format.
        // Checked: a C structure's size.
        let size = Int32(MemoryLayout<z_stream>.size)
        guard
            deflateInit2_(
                &stream, isBest ? Z_BEST_COMPRESSION : Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY,
                ZLIB_VERSION, size) == Z_OK
        else { return nil }
        defer { deflateEnd(&stream) }
        let bound = Int(deflateBound(&stream, UInt(bytes.count)))
        return bytes.withUnsafeBufferPointer { input -> [UInt8]? in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            var finished = false
            let out = [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(bound)
                finished = deflate(&stream, Z_FINISH) == Z_STREAM_END
                count = finished ? bound - Int(stream.avail_out) : 0
            }
            return finished ? out : nil
        }
    }

    /// Whether `Accept-Encoding` allows gzip. Source: RFC 9110, 12.5.3.
    package static func isAccepted(_ header: String?) -> Bool {
        guard let header else { return false }
        for item in header.utf8.prefix(1024).split(separator: UInt8(ascii: ",")) {
            let text = String(decoding: item.filter { $0 != 0x20 && $0 != 0x09 }, as: UTF8.self).lowercased()
            let parts = text.split(separator: ";")
            guard parts.first == "gzip" || parts.first == "x-gzip" || parts.first == "*" else { continue }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
            return quality > 0
        }
        return false
    }
}
