import CZlib

/// Compresses piece by piece what is never in memory as a whole, at the fastest level. Source: zlib.h, deflate.
package final class GzipStream {
    // zlib keeps its address.
    private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private var room = [UInt8](repeating: 0, count: 32_768)

    /// Nil when zlib is out of memory.
    package init?() {
        stream.initialize(to: z_stream())
        guard Gzip.begin(&stream.pointee, level: Z_BEST_SPEED) else { return nil }
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// Compresses a piece.
    /// - Returns: what is ready, perhaps nothing.
    package func add(_ bytes: [UInt8]) -> [UInt8] { run(bytes, Z_NO_FLUSH) }

    /// The end; nothing may be added after it.
    package func finish() -> [UInt8] { run([], Z_FINISH) }

    private func run(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var out: [UInt8] = []
        bytes.withUnsafeBufferPointer { input in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            // Checked: a piece has some kilobytes.
            stream.pointee.avail_in = UInt32(input.count)
            while true {
                let status = room.withUnsafeMutableBufferPointer { room in
                    stream.pointee.next_out = room.baseAddress
                    stream.pointee.avail_out = UInt32(room.count)
                    return deflate(stream, flush)
                }
                out += room[..<(room.count - Int(stream.pointee.avail_out))]
                if stream.pointee.avail_out > 0 || status == Z_STREAM_END || status == Z_STREAM_ERROR { return }
            }
        }
        return out
    }
}

/// The gzip content coding. Source: RFC 1952; zlib.h, deflateInit2.
package enum Gzip {
    /// Compresses.
    /// - Parameter isBest: at the best level, for what is compressed once and sent often; otherwise at the fastest
    ///   level, which gives most of the gain.
    /// - Returns: nil when zlib is out of memory.
    package static func compress(_ bytes: [UInt8], isBest: Bool = false) -> [UInt8]? {
        var stream = z_stream()
        guard begin(&stream, level: isBest ? Z_BEST_COMPRESSION : Z_BEST_SPEED) else { return nil }
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

    fileprivate static func begin(_ stream: inout z_stream, level: Int32) -> Bool {
        // A window of 15 bits; adding 16 selects the gzip format.
        // Checked: a C structure's size.
        let size = Int32(MemoryLayout<z_stream>.size)
        return deflateInit2_(
            &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK
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
