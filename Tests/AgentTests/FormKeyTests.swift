import Journal
import Platform
import Testing
import Web

@testable import Agent

/// The key of form tokens, as a row of the journal.
struct FormKeyTests {
    private struct Constant: RandomSource {
        let value: UInt64
        func next() -> UInt64 { value }
    }

    private func snapshot(_ changes: [JournalChange]) -> JournalSnapshot {
        var snapshot = JournalSnapshot()
        for case .state(let key, let bytes) in changes { snapshot.states[key] = bytes }
        return snapshot
    }

    @Test func aRestartKeepsTheKey() {
        let first = FormKey(random: Constant(value: 1))
        let made = first.restore(JournalSnapshot())
        #expect(made.count == 1 && first.bytes.count == FormToken.keyBytes)
        let second = FormKey(random: Constant(value: 2))
        #expect(second.restore(snapshot(made)).isEmpty)
        #expect(second.bytes == first.bytes)
        // For a journal that was created anew.
        #expect(second.change == made)
    }

    /// Without the journal a key is made; forms of this run stay valid when the journal can be read.
    @Test func aKeyInUseStays() {
        let old = FormKey(random: Constant(value: 1)).restore(JournalSnapshot())
        let late = FormKey(random: Constant(value: 2))
        let used = late.bytes
        #expect(late.restore(snapshot(old)).isEmpty && late.bytes == used)
        // A journal that has none gets the one in use.
        let empty = late.restore(JournalSnapshot())
        #expect(empty == late.change && late.bytes == used)
    }

    @Test(arguments: [[], [1], [UInt8](repeating: 1, count: 33)])
    func aDamagedKeyIsReplaced(_ bytes: [UInt8]) {
        let key = FormKey(random: Constant(value: 3))
        guard case .state(let row, _)? = key.change.first else {
            Issue.record("not a state")
            return
        }
        var damaged = JournalSnapshot()
        damaged.states = [row: bytes]
        let changes = key.restore(damaged)
        #expect(changes.count == 1 && key.bytes.count == FormToken.keyBytes)
    }

    /// Only the row's name goes into the log.
    @Test func theKeyIsNotInTheNameOfItsRow() {
        let key = FormKey(random: Constant(value: 0x4142_4344_4546_4748))
        guard case .state(let row, let bytes)? = key.change.first else {
            Issue.record("not a state")
            return
        }
        #expect(row == "web/form_key" && bytes == key.bytes)
    }
}
