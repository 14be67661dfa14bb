import Journal
import Platform
import Synchronization
import Web

/// The key of form tokens, kept in the journal so that a form of before a restart stays valid. It is secret: nothing
/// shows, exports or logs it.
final class FormKey: Sendable {
    private static let row = "web/form_key"

    private let random: any RandomSource
    private let key = Mutex<[UInt8]?>(nil)

    /// - Parameter random: makes the key if the journal has none.
    init(random: any RandomSource) { self.random = random }

    /// The key; made now if the journal could not be read. It does not change while the agent runs, so that no form of
    /// this run becomes invalid.
    var bytes: [UInt8] {
        key.withLock { key in
            let bytes = key ?? FormToken.key(random)
            key = bytes
            return bytes
        }
    }

    /// Takes the key of the journal, unless one is in use already.
    /// - Returns: the row to write if the journal has no valid key.
    func restore(_ snapshot: JournalSnapshot) -> [JournalChange] {
        let stored = snapshot.states[FormKey.row].flatMap { $0.count == FormToken.keyBytes ? $0 : nil }
        guard let stored else { return change }
        key.withLock { if $0 == nil { $0 = stored } }
        return []
    }

    /// The row, for a journal that was created anew.
    var change: [JournalChange] { [.state(key: FormKey.row, bytes)] }
}
