import Journal
import Platform
import Probes
import Samples
import Testing

@testable import Agent

/// Since when backup sets have been watched, as rows of the journal.
struct BackupBeginningsTests {
    @Test func whatIsWrittenIsReadAgain() throws {
        let time = try #require(Timestamp(rfc3339: "2026-11-26T05:30:00.25Z"))
        guard case .state(let key, let bytes) = Agent.beginning(of: "daily/eu", time) else {
            Issue.record("not a state")
            return
        }
        var snapshot = JournalSnapshot()
        snapshot.states = [key: bytes, "thread/daily": [1], "backup_set/broken": [0xff]]
        #expect(Agent.beginnings(in: snapshot) == ["daily/eu": time])
    }

    /// After a start without the journal the earlier of both times counts.
    @Test func theEarlierTimeCounts() {
        let beginnings = BackupBeginnings()
        let (early, late) = (Timestamp(milliseconds: 1000), Timestamp(milliseconds: 2000))
        beginnings.restore(["a": late, "b": early])
        beginnings.restore(["a": early, "b": late])
        #expect(beginnings.all == ["a": early, "b": early])
    }
}
