import Glibc
import Logging
import Samples
import Synchronization
import Testing

@testable import Platform

/// A sink on a pipe or a socket that the test reads when it likes.
private final class Reader: Sendable {
    let ends: (read: Int32, write: Int32)

    init(socket: Bool = false) throws {
        var ends: [Int32] = [0, 0]
        let isMade = socket ? socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) : pipe(&ends)
        try #require(isMade == 0)
        self.ends = (ends[0], ends[1])
    }

    /// What there is until a line comes that ends so.
    func text(until end: String) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while !String(decoding: bytes.suffix(end.utf8.count), as: UTF8.self).hasSuffix(end) {
            let count = read(ends.read, &chunk, chunk.count)
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    deinit {
        close(ends.read)
        close(ends.write)
    }
}

struct LogSinkTests {
    private func line(_ number: Int) -> String { "line \(number) \(String(repeating: "x", count: 200))\n" }

    /// With nobody to read, every line is taken or lost at once: a blocking write would never return here.
    @Test(arguments: [false, true]) func aStuckReaderLosesLinesAndNoTime(_ isSocket: Bool) throws {
        let reader = try Reader(socket: isSocket)
        let sink = LogSink(reader.ends.write, limitBytes: 100_000)
        for number in 0..<10_000 { sink.write(line(number)) }
        #expect(sink.lost > 5000)
        #expect(sink.takeLost() == 0)
        let lost = sink.lost
        let text = reader.text(until: line(9999 - lost))
        let lines = text.split(separator: "\n")
        // What came first is whole and in order.
        #expect(lines.count == 10_000 - lost)
        for (number, found) in lines.enumerated() { #expect(found + "\n" == line(number)) }
        sink.flush()
        #expect(sink.takeLost() == lost)
        #expect(sink.takeLost() == 0)
        sink.write("again\n")
        #expect(reader.text(until: "again\n") == "again\n")
    }

    /// A log file may lie on a disk that hangs: only the thread writes.
    @Test func aFileIsWrittenToo() throws {
        let path = "/tmp/vaultwatch-log-\(SystemRandom().next())"
        defer { unlink(path) }
        let file = open(path, O_RDWR | O_CREAT | O_APPEND, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        let sink = LogSink(file)
        let expected = (0..<1000).map(line).joined()
        for number in 0..<1000 { sink.write(line(number)) }
        sink.flush()
        #expect(try SystemFiles().read(path, limit: 1 << 20) == Array(expected.utf8))
        #expect(sink.lost == 0)
    }

    @Test func aReaderThatIsGoneCostsNothing() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        signal(SIGPIPE, SIG_IGN)
        let sink = LogSink(ends[1])
        close(ends[0])
        for number in 0..<1000 { sink.write(line(number)) }
        sink.flush()
        #expect(sink.lost == 1000)
        close(ends[1])
    }

    /// Where no thread can be started, the next line takes along what waits.
    @Test func withoutAThreadTheNextLineTriesAgain() throws {
        struct NoThreads: ThreadStarter {
            func start(_ name: String, stackBytes: Int?, _ body: @escaping @Sendable () -> Void) throws(ThreadError) {
                throw ThreadError(name: name, code: EAGAIN)
            }
        }
        let reader = try Reader()
        let sink = LogSink(reader.ends.write, threads: NoThreads())
        for number in 0..<1000 { sink.write(line(number)) }
        #expect(sink.lost == 0)
        var seen = ""
        var number = 1000
        while !seen.contains(line(1500)) {
            sink.write(line(number))
            number += 1
            var chunk = [UInt8](repeating: 0, count: 65536)
            let count = read(reader.ends.read, &chunk, chunk.count)
            seen += String(decoding: chunk[..<max(0, count)], as: UTF8.self)
        }
        #expect(seen.hasPrefix((0...1500).map(line).joined()))
    }

    @Test func lostLinesAreTold() {
        let lines = Mutex("")
        let lost = Mutex(7)
        let handler = LineLogHandler(
            now: { Timestamp(milliseconds: 0) }, write: { text in lines.withLock { $0 += text } },
            lost: {
                lost.withLock { lost in
                    defer { lost = 0 }
                    return lost
                }
            })
        let log = Logger(label: "test") { _ in handler }
        log.info("one")
        log.info("two")
        #expect(
            lines.withLock { $0 } == """
                ts=1970-01-01T00:00:00Z level=warn msg="log lines were lost, since their reader was too slow" lines=7
                ts=1970-01-01T00:00:00Z level=info msg=one
                ts=1970-01-01T00:00:00Z level=info msg=two

                """)
    }
}
