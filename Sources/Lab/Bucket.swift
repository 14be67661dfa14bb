import Platform
package import Samples
import Text

/// The objects of a simulated S3 bucket, filled like that of the estate's backup job: a daily backup at 02:00 UTC for
/// thirty days and a monthly one on each first for a year, on which there is no daily one. It can be written to as well.
package struct Bucket: Sendable {
    /// One object.
    package struct Object: Hashable, Sendable {
        /// The content.
        package var bytes: [UInt8]
        /// The user metadata, names without `x-amz-meta-`.
        package var metadata: [String: String]
        /// When the object was last modified.
        package var modified: Timestamp
        /// Nil without Object Lock. The bucket's default retention is not applied.
        package var lock: Lock?
        /// The SHA-256 in Base64, if it came with the object.
        var checksum: String?
        /// Without its quotes.
        let etag: String

        /// - Parameter etag: nil for that of an object that was sent whole.
        init(
            bytes: [UInt8], metadata: [String: String], modified: Timestamp, lock: Lock? = nil,
            checksum: String? = nil, etag: String? = nil
        ) {
            self.bytes = bytes
            self.metadata = metadata
            self.modified = modified
            self.lock = lock
            self.checksum = checksum
            self.etag = etag ?? md5(bytes)
        }
    }

    /// How long Object Lock keeps an object.
    package struct Lock: Hashable, Sendable {
        /// `GOVERNANCE` or `COMPLIANCE`.
        package let mode: String
        /// Until when.
        package let until: Timestamp

        /// - Parameter mode: `GOVERNANCE` or `COMPLIANCE`.
        package init(mode: String, until: Timestamp) {
            self.mode = mode
            self.until = until
        }
    }

    /// How much clients may store.
    package struct Limits: Hashable, Sendable {
        /// Objects, hidden ones and parts included. Default: 10,000.
        package var entries = 10_000
        /// Their contents together. Default: 256 MiB.
        package var bytes = 256 << 20
        /// Uploads in parts that are open. Default: 1000, as many as a page lists.
        package var uploads = 1000

        /// The defaults.
        package init() {}
    }

    /// The bucket's name.
    package let name: String
    /// The AWS region.
    package let region: String
    /// The objects by key.
    package internal(set) var objects: [String: Object] = [:]
    /// Objects that a delete marker hides, with the time at which it was set.
    var hidden: [String: (object: Object, at: Timestamp)] = [:]
    /// Uploads in parts that are not ended, by their ids.
    package internal(set) var uploads: [String: Upload] = [:]
    /// How much clients may store.
    package var limits = Limits()
    /// The bucket's answers about its configuration.
    package var configuration = BucketConfiguration()
    /// The AES-256 key of the backups: 32 bytes.
    package let encryptionKey: [UInt8]
    private let vault: SimulatedVaultCluster.Options
    /// What every snapshot holds.
    private let lasting: VaultStorage
    /// What every backup holds; nil: a snapshot of the simulated Vault.
    var content: [UInt8]?
    private var filler: SplitMix

    /// An empty bucket.
    /// - Parameter vault: whose backups it holds.
    package init(
        name: String = "penguinmails-vault-backups", region: String = "us-east-1",
        vault: SimulatedVaultCluster.Options = .init(), seed: UInt64 = 1
    ) {
        self.name = name
        self.region = region
        self.vault = vault
        lasting = vault.lastingStorage
        filler = SplitMix(seed: seed)
        encryptionKey = filler.bytes(32)
    }

    /// The newest 02:00 UTC at or before a time.
    package static func scheduled(before now: Timestamp) -> Timestamp {
        let c = now.civil
        let today = Timestamp(year: c.year, month: c.month, day: c.day, hour: 2)
        return today <= now ? today : today - .seconds(86_400)
    }

    /// Replaces all objects by the backups that exist at `now`, without the newest `skipping` days.
    package mutating func fill(at now: Timestamp, skipping: Int = 0, days: Int = 30, months: Int = 12) {
        objects = [:]
        let newest = Bucket.scheduled(before: now)
        for day in stride(from: days - 1, through: skipping, by: -1) {
            takeBackup(at: newest - .seconds(86_400 * day))
        }
        let c = newest.civil
        for month in 0..<months {
            let first = Timestamp(
                year: c.year - (c.month - 1 < month ? Int64((month - c.month) / 12 + 1) : 0),
                month: (c.month - 1 - month + 24) % 12 + 1, day: 1, hour: 2)
            // A first of a month may be among the skipped days.
            guard first <= newest - .seconds(86_400 * skipping) else { continue }
            takeBackup(at: first)
        }
    }

    /// Adds one backup: a monthly one on a first, else a daily one. Sizes grow slowly over time.
    /// - Returns: its key.
    @discardableResult
    package mutating func takeBackup(at time: Timestamp) -> String {
        var random = filler
        random = SplitMix(seed: random.next() ^ UInt64(bitPattern: time.milliseconds))
        let backup = Backup(
            at: time, vaultVersion: vault.version, encryptionKey: encryptionKey, content: content,
            storage: vault.storage(at: time, lasting: lasting), rootKey: vault.rootKey,
            random: &random)
        objects[backup.key] = Object(bytes: backup.bytes, metadata: backup.metadata, modified: time + .seconds(4))
        return backup.key
    }

    /// Keys in S3's order: by UTF-8 bytes.
    package var keys: [String] { objects.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    /// The key of the newest backup by its own timestamp, which jobs write with more or fewer separators.
    package var newestKey: String? {
        func stamp(_ key: String) -> String {
            String(key.suffix(from: key.lastIndex(of: "/") ?? key.startIndex).filter(\.isNumber).prefix(14))
        }
        return objects.keys.max { (stamp($0), $0) < (stamp($1), $1) }
    }

    /// Flips a bit in the newest object; its metadata keeps the old checksum.
    package mutating func corruptNewest() {
        guard let key = newestKey, let object = objects[key], object.bytes.count > 64 else { return }
        var bytes = object.bytes
        bytes[bytes.count / 2] ^= 1
        objects[key] = Object(bytes: bytes, metadata: object.metadata, modified: object.modified)
    }

    /// Makes the newest object empty.
    package mutating func emptyNewest() {
        guard let key = newestKey, let object = objects[key] else { return }
        objects[key] = Object(bytes: [], metadata: object.metadata, modified: object.modified)
    }

    /// Removes the metadata of the newest object: in S3 that is a copy onto itself, with a new time.
    package mutating func stripNewest() {
        guard let key = newestKey, let object = objects[key] else { return }
        objects[key] = Object(bytes: object.bytes, metadata: [:], modified: object.modified + .seconds(1))
    }

    /// Replaces the content of the newest object by the encryption of another, with its right checksum.
    package mutating func saveInstead(_ plain: [UInt8]) {
        guard let key = newestKey, let object = objects[key] else { return }
        save(key, plain, metadata: object.metadata, modified: object.modified)
    }

    /// Stores a content as the backup job does: encrypted, with its checksum.
    package mutating func save(
        _ key: String, _ plain: [UInt8], metadata: [String: String] = [:], modified: Timestamp
    ) {
        let sealed = aes256GCM(plain, key: encryptionKey, iv: filler.bytes(16))
        var metadata = metadata
        metadata["checksum"] = sha256(sealed)
        metadata.merge(["timestamp": modified.rfc3339, "vault_version": vault.version]) { own, _ in own }
        put(key, bytes: sealed, metadata: metadata, modified: modified)
    }

    /// Stores an object.
    package mutating func put(
        _ key: String, bytes: [UInt8], metadata: [String: String] = [:], modified: Timestamp, lock: Lock? = nil
    ) {
        objects[key] = Object(bytes: bytes, metadata: metadata, modified: modified, lock: lock)
    }

    /// Deletes an object as in a bucket with versioning: a marker hides it, but its bytes stay.
    package mutating func hide(_ key: String, at time: Timestamp) {
        guard let object = objects.removeValue(forKey: key) else { return }
        hidden[key] = (object, time)
    }

    /// Deletes an object.
    package mutating func delete(_ key: String) { objects[key] = nil }
}
