import Platform
import Synchronization
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// A pipe between a child and this process. Both of its ends are closed with it. Source: pipe(2), poll(2).
final class Pipe: Sendable {
    private let ends: Mutex<(reader: Int32, writer: Int32)>
    private static let chunkBytes = 128 << 10

    /// - Throws: `FileError` if there are no descriptors left.
    init() throws(FileError) {
        var both: [Int32] = [-1, -1]
        guard pipe(&both) == 0 else {
            throw FileError(path: "pipe", reason: String(cString: strerror(errno)))
        }
        for end in both { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        ends = Mutex((both[0], both[1]))
    }

    deinit {
        closeReader()
        closeWriter()
    }

    /// The end to read from; -1 once closed.
    var reader: Int32 { ends.withLock { $0.reader } }
    /// The end to write to; -1 once closed.
    var writer: Int32 { ends.withLock { $0.writer } }

    func closeReader() {
        ends.withLock {
            if $0.reader >= 0 { close($0.reader) }
            $0.reader = -1
        }
    }

    func closeWriter() {
        ends.withLock {
            if $0.writer >= 0 { close($0.writer) }
            $0.writer = -1
        }
    }

    /// Waits for bytes.
    /// - Returns: what there is; empty at the end; nil if nothing came in time.
    /// - Throws: `FileError`.
    func read(wait: Duration) throws(FileError) -> [UInt8]? {
        var request = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
        let ready = poll(&request, 1, Int32(clamping: max(1, wait.milliseconds)))
        if ready == 0 || (ready < 0 && errno == EINTR) { return nil }
        guard ready > 0 else { throw FileError(path: "pipe", reason: String(cString: strerror(errno))) }
        let descriptor = reader
        var code: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: Pipe.chunkBytes) { buffer, count in
            let got = Glibc.read(descriptor, buffer.baseAddress, Pipe.chunkBytes)
            if got < 0 { code = errno }
            count = max(0, got)
        }
        if code == EINTR || code == EAGAIN { return nil }
        guard code == 0 else { throw FileError(path: "pipe", reason: String(cString: strerror(code))) }
        return bytes
    }

    /// Writes all bytes.
    /// - Parameter isOver: asked about once a second; true gives up.
    /// - Returns: false if nobody reads any more, or if it was given up.
    func write(_ bytes: [UInt8], until isOver: () -> Bool) -> Bool {
        let descriptor = writer
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { Glibc.write(descriptor, $0 + done, bytes.count - done) } ?? 0
            }
            if count > 0 {
                done += count
                continue
            }
            guard errno == EAGAIN || errno == EINTR else { return false }
            if isOver() { return false }
            var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&request, 1, 1000) > 0, request.revents & Int16(POLLERR) != 0 { return false }
        }
        return true
    }
}
