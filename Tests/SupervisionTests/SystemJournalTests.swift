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
        #expect(
            SystemJournal.fields(record) == [
                "MESSAGE=ts=1 level=error msg=x", "PRIORITY=3", "SYSLOG_IDENTIFIER=vaultwatch",
                "VAULTWATCH_TARGET=a\nb", "VAULTWATCH_RULE_GROUP_1=ä",
                "VAULTWATCH_" + String(repeating: "N", count: 50) + "=",
            ])
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
