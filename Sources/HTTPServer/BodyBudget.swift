import Synchronization

/// The bytes of all request bodies that a server keeps in memory; its connections reserve and release them.
final class BodyBudget: Sendable {
    private let limit: Int
    private let taken = Mutex(0)

    init(_ limit: Int) { self.limit = limit }

    /// - Returns: false if that would exceed the limit; nothing is reserved then.
    func take(_ bytes: Int) -> Bool {
        taken.withLock { taken in
            guard bytes <= limit - taken else { return false }
            taken += bytes
            return true
        }
    }

    func giveBack(_ bytes: Int) { taken.withLock { $0 -= bytes } }
}
