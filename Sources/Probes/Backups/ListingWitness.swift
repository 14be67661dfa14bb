import Samples

/// A few keys of a complete listing, to check the next one: an object that is missing there must also be absent when
/// requested directly. The newest, the oldest and one from the middle, so that any truncation is noticed.
struct ListingWitness: Sendable {
    let keys: [String]
    /// The number of objects in that listing.
    let count: Int

    /// - Parameter entries: oldest first.
    init(_ entries: [BackupReport.Entry], count: Int) {
        var picked = entries.suffix(3).reversed().map(\.object.key)
        if entries.count > 4 { picked += [entries[entries.count / 2], entries[0]].map(\.object.key) }
        keys = picked
        self.count = count
    }

    /// - Returns: a key that the listing lacks although the store has it; nil if each missing one is really gone, or if
    ///   the store does not say.
    func leftOut(of objects: [BackupObject], _ store: any BackupStore) async -> String? {
        guard !keys.isEmpty else { return nil }
        var missing = Set(keys)
        for object in objects { missing.remove(object.key) }
        for key in keys where missing.contains(key) {
            do throws(ProbeFailure) {
                _ = try await store.metadata(of: key)
                return key
            } catch { continue }
        }
        return nil
    }
}
