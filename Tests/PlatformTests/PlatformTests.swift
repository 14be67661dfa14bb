#if canImport(Glibc)
    import Glibc
#endif
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
}
