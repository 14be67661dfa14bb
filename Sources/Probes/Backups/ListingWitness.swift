import Samples

/// A few keys of a listing that was whole, by which the next one is checked: an object that is missing there has to be
/// gone when it is asked for itself. Newest, oldest and one from the middle, so that no cut goes by unseen.
struct ListingWitness: Sendable {
    let keys: [String]
    /// How many objects that listing had.
    let count: Int

    /// - Parameter entries: oldest first.
    init(_ entries: [BackupReport.Entry], count: Int) {
        var picked = entries.suffix(3).reversed().map(\.object.key)
        if entries.count > 4 { picked += [entries[entries.count / 2], entries[0]].map(\.object.key) }
        keys = picked
        self.count = count
    }

    /// - Returns: a key that the listing lacks and the store has; nil where each that it lacks is gone, or where the
    ///   store does not say.
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
