import Platform
import Testing

@testable import Supervision

#if canImport(Glibc)
    import Glibc
#endif

struct SystemJournalTests {
    /// A name must be of capitals, digits and `_`; a value may be anything.
    @Test func theFieldsHaveNamesThatTheJournalTakes() {
        let record = LineLogHandler.Record(
            priority: 3, line: "ts=1 level=error msg=x",
            fields: [("target", "a\nb"), ("rule-group.1", "ä"), (String(repeating: "n", count: 100), "")])
        let datagram = SystemJournal.datagram(SystemJournal.fields(record))
        #expect(
            String(decoding: datagram, as: UTF8.self)
                == "MESSAGE=ts=1 level=error msg=x\nPRIORITY=3\nSYSLOG_IDENTIFIER=vaultwatch\n"
                + "VAULTWATCH_TARGET\n\u{3}\0\0\0\0\0\0\0a\nb\nVAULTWATCH_RULE_GROUP_1=ä\n"
                + "VAULTWATCH_" + String(repeating: "N", count: 50) + "=\n")
    }

    /// A journal that does not read: what its socket does not take is refused at once.
    @Test func aJournalThatHangsHoldsNothing() throws {
        let path = "/tmp/vaultwatch-journal-\(getpid())"
        unlink(path)
        defer { unlink(path) }
        let listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(listener) }
        try #require(withUnixAddress(path, { bind(listener, $0, $1) }) == 0)
        let record = LineLogHandler.Record(priority: 6, line: "line", fields: [])
        #expect(SystemJournal.send(record, to: path))
        var taken = 1
        while taken < 100_000, SystemJournal.send(record, to: path) { taken += 1 }
        #expect(taken < 100_000)
        var bytes = [UInt8](repeating: 0, count: 1000)
        let count = recv(listener, &bytes, bytes.count, 0)
        #expect(String(decoding: bytes[..<max(count, 0)], as: UTF8.self).hasPrefix("MESSAGE=line\nPRIORITY=6\n"))
        #expect(SystemJournal.send(record, to: path))
        #expect(!SystemJournal.send(record, to: path + "-gone"))
    }

    /// The variable is inherited by what a shell in the unit starts, whose streams may go elsewhere.
    @Test func theStreamMustBeTheOneThatSystemdMade() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        var status = stat()
        try #require(fstat(ends[1], &status) == 0)
        let stream = "\(status.st_dev):\(status.st_ino)"
        #expect(SystemJournal.isReached(["JOURNAL_STREAM": stream], by: ends[1]))
        #expect(!SystemJournal.isReached(["JOURNAL_STREAM": stream + "1"], by: ends[1]))
        #expect(!SystemJournal.isReached([:], by: ends[1]))
    }
}
