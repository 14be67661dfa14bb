import CZlib

/// Decompresses gzip or zlib data piece by piece, in constant memory and within a limit. Source: RFC 1950 to 1952;
/// zlib.h, `inflate`.
final class Inflater {
    /// The container format of the data.
    enum Wrapping {
        case gzip
        case zlib
    }

    /// zlib stores the address of its stream, which must therefore not move.
    private let stream: UnsafeMutablePointer<z_stream>
    private let wrapping: Wrapping
    private var output = [UInt8](repeating: 0, count: 64 << 10)
    private var input: Int64 = 0
    private var unpacked: Int64 = 0
    private var isReady: Bool
    /// Whether the data could end here: at the end of a stream.
    private(set) var isAtEnd = false

    /// The output may be this many times larger than the input, plus some megabytes: Vault's data is encrypted and can
    /// hardly be compressed.
    private static let ratioLimit: Int64 = 100
    private static let slackBytes: Int64 = 4 << 20

    init(_ wrapping: Wrapping) {
        self.wrapping = wrapping
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // A window of 15 bits; adding 16 selects the gzip format. Checked: a C structure's size.
        let size = Int32(MemoryLayout<z_stream>.size)
        isReady = inflateInit2_(stream, wrapping == .gzip ? 15 + 16 : 15, ZLIB_VERSION, size) == Z_OK
    }

    deinit {
        inflateEnd(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
    }

    /// Decompresses the next bytes.
    /// - Parameter receive: called with each piece of the output, which is overwritten afterwards.
    /// - Returns: what is wrong with the data; then no further data is accepted.
    func take(
        _ piece: UnsafeBufferPointer<UInt8>, _ receive: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> BackupContent.Fault? {
        guard isReady else { return .corrupt }
        guard !piece.isEmpty else { return nil }
        input += Int64(piece.count)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: piece.baseAddress)
        stream.pointee.avail_in = UInt32(clamping: piece.count)
        while true {
            if isAtEnd {
                if stream.pointee.avail_in == 0 { return nil }
                // gzip streams may be concatenated; zlib streams may not.
                guard wrapping == .gzip, inflateReset(stream) == Z_OK else { return .corrupt }
                isAtEnd = false
            }
            let (code, count) = step(receive)
            unpacked += Int64(count)
            if unpacked > Inflater.slackBytes + Inflater.ratioLimit * input { return .bomb }
            switch code {
            case Z_STREAM_END: isAtEnd = true
            case Z_OK: if stream.pointee.avail_in == 0, count < output.count { return nil }
            // No progress: more input is needed.
            case Z_BUF_ERROR: return nil
            default: return .corrupt
            }
        }
    }

    private func step(_ receive: (UnsafeBufferPointer<UInt8>) -> Void) -> (code: Int32, count: Int) {
        let stream = stream
        return output.withUnsafeMutableBufferPointer { output in
            stream.pointee.next_out = output.baseAddress
            stream.pointee.avail_out = UInt32(clamping: output.count)
            let code = inflate(stream, Z_NO_FLUSH)
            let count = output.count - Int(stream.pointee.avail_out)
            receive(UnsafeBufferPointer(rebasing: output.prefix(count)))
            output.update(repeating: 0)
            return (code, count)
        }
    }
}
