#if canImport(Glibc)
    import Glibc
#endif
import CGlibc
import Logging
import Platform
import Samples
import Synchronization
import Testing

struct SecretTests {
    @Test func neverPrints() {
        let secret = Secret(value: "hunter2")
        var dumped = ""
        dump(["s": secret], to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)", dumped] {
            #expect(!text.contains("hunter2"), "\(text)")
        }
    }

    @Test func isReadAtEachUseUpToTheLineEnd() throws {
        let path = "/tmp/vaultwatch-secret-\(SystemRandom().next())"
        defer { unlink(path) }
        let secret = Secret(file: path)
        try write("first\r\nsecond\n", to: path)
        #expect(try secret.reveal(SystemFiles()) == "first")
        try write("rotated", to: path)
        #expect(try secret.reveal(SystemFiles()) == "rotated")
    }

    @Test func aMissingFileIsNamed() {
        #expect(throws: FileError(path: "/nonexistent/token", reason: "No such file or directory")) {
            try Secret(file: "/nonexistent/token").reveal(SystemFiles())
        }
    }

    private func write(_ text: String, to path: String) throws {
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
    }
}

struct LineLogHandlerTests {
    private func line(_ format: LineLogHandler.Format, journal: Bool = false, _ body: (Logger) -> Void) -> String {
        let lines = Mutex("")
        let handler = LineLogHandler(
            format: format, journalPriorities: journal, now: { Timestamp(milliseconds: 0) },
            write: { text in lines.withLock { $0 += text } })
        body(Logger(label: "test") { _ in handler })
        return lines.withLock { $0 }
    }

    @Test func logfmtQuotesWhatNeedsIt() {
        let text = line(.logfmt) { $0.warning("probe failed", metadata: ["node": "a", "err": "x=\"1\"\nlevel=info"]) }
        #expect(
            text == "ts=1970-01-01T00:00:00Z level=warn msg=\"probe failed\" err=\"x=\\\"1\\\"\\nlevel=info\" node=a\n")
    }

    @Test func jsonIsOneObjectPerLine() {
        let text = line(.json) { $0.error("no \"answer\"\n", metadata: ["node": "a\u{1}"]) }
        #expect(
            text == #"{"ts":"1970-01-01T00:00:00Z","level":"error","msg":"no \"answer\"\n","node":"a\u0001"}"# + "\n")
    }

    @Test func linesForTheJournalHavePriorities() {
        #expect(line(.logfmt, journal: true) { $0.error("x") }.hasPrefix("<3>ts="))
        #expect(line(.logfmt) { $0.debug("x") }.isEmpty)
    }

    /// What the journal does not take is written as a line.
    @Test(arguments: [true, false]) func theJournalGetsTheFieldsApart(isTaken: Bool) {
        let lines = Mutex("")
        let records = Mutex<[LineLogHandler.Record]>([])
        let handler = LineLogHandler(
            journalPriorities: true, now: { Timestamp(milliseconds: 0) },
            record: { record in
                records.withLock { $0.append(record) }
                return isTaken
            }, write: { text in lines.withLock { $0 += text } })
        Logger(label: "test") { _ in handler }.warning("probe failed", metadata: ["node": "a", "err": "no\nanswer"])
        let all = records.withLock { $0 }
        let line = #"ts=1970-01-01T00:00:00Z level=warn msg="probe failed" err="no\nanswer" node=a"#
        #expect(all.map(\.priority) == [4] && all.map(\.line) == [line])
        #expect(all.first?.fields.map { "\($0.name)=\($0.value)" } == ["err=no\nanswer", "node=a"])
        #expect(lines.withLock { $0 } == (isTaken ? "" : "<4>\(line)\n"))
    }
}

struct SystemThreadsTests {
    private struct Seen: Sendable {
        var name: String
        var blocked: Bool
        var stackBytes: Int
    }

    private func seen(_ name: String, stackBytes: Int?) async throws -> Seen {
        let (stream, continuation) = AsyncStream.makeStream(of: Seen.self)
        try SystemThreads().start(name, stackBytes: stackBytes) {
            var text = [CChar](repeating: 0, count: 16)
            vw_thread_get_name(&text, text.count)
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            continuation.yield(
                Seen(
                    name: String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
                    blocked: sigismember(&mask, SIGPIPE) == 1 && sigismember(&mask, SIGTERM) == 1,
                    stackBytes: vw_thread_stack_bytes()))
            continuation.finish()
        }
        for await seen in stream { return seen }
        throw CancellationError()
    }

    @Test func aThreadHasItsNameItsStackAndNoSignals() async throws {
        let thread = try await seen("evaluation", stackBytes: 32 << 20)
        #expect(thread.name == "evaluation")
        #expect(thread.blocked)
        // glibc takes a larger one where it has it at hand.
        #expect(thread.stackBytes >= 32 << 20)
        #expect(try await seen("a name that is longer", stackBytes: nil).name == "a name that is ")
    }

    /// More than any address space holds.
    @Test func aThreadThatCannotStartIsAnError() {
        let isReleased = Flag()
        let before = SystemThreads.failures
        do {
            let held = Held(isReleased)
            try SystemThreads().start("huge", stackBytes: 1 << 50) { _ = held }
            Issue.record("it started")
        } catch {
            #expect(error.name == "huge")
            #expect(error.code == EAGAIN || error.code == ENOMEM)
            #expect("\(error)".hasPrefix("the thread \"huge\" cannot be started: "))
        }
        #expect(isReleased.isRaised)
        #expect(SystemThreads.failures > before)
    }

    private final class Flag: Sendable {
        private let raised = Mutex(false)
        var isRaised: Bool { raised.withLock { $0 } }
        func raise() { raised.withLock { $0 = true } }
    }

    private final class Held: Sendable {
        private let flag: Flag
        init(_ flag: Flag) { self.flag = flag }
        deinit { flag.raise() }
    }
}
