import FoundationEssentials
import Platform
import Synchronization

/// Up to where a log has been counted.
struct AuditPosition: Sendable, Hashable, Codable {
    /// The first bytes of a file, by which it is known after it was copied, and told from what was written over it: each
    /// entry begins with its time.
    struct Head: Sendable, Hashable, Codable {
        var length = 0
        var hash: UInt64 = 0

        static let limit = 256

        init(_ bytes: some Collection<UInt8>) {
            length = bytes.count
            // FNV-1a: the same after a restart. https://datatracker.ietf.org/doc/html/draft-eastlake-fnv
            hash = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }

        /// Whether a file that begins with these bytes may be the same.
        func matches(_ bytes: some Collection<UInt8>) -> Bool {
            bytes.count >= length && Head(bytes.prefix(length)) == self
        }
    }

    /// As the configuration names it, also after it was renamed.
    var path: String
    var identity: FileIdentity
    /// Where the first line begins that has not been counted, in bytes.
    var offset: Int64
    var head: Head
}

/// Up to where each target's logs have been counted. It outlives reloads, and restarts through its owner's storage.
package final class AuditPositions: StoredRows {
    package static let keyPrefix = "audit_log/"

    private struct State {
        var positions: [String: [AuditPosition]] = [:]
        var changed: Set<String> = []
    }

    private let state = Mutex(State())

    /// No positions.
    package init() {}

    /// Adds what was stored about a target, unless its logs are being read already. What cannot be decoded is left out:
    /// reading begins at the end of the logs then.
    /// - Parameters:
    ///   - name: the target's name.
    ///   - bytes: a JSON array of objects with `path`, `identity` (`device` and `inode`), `offset` and `head` (`length` and
    ///     `hash`), as `takeChanges` has it.
    package func restore(_ name: String, _ bytes: [UInt8]) {
        guard let stored = try? JSONDecoder().decode([AuditPosition].self, from: Data(bytes)) else { return }
        // A length or an offset below 0 is no place in a file.
        let sound = stored.filter { $0.offset >= 0 && $0.head.length >= 0 }
        state.withLock { if $0.positions[name] == nil { $0.positions[name] = sound } }
    }

    /// What has changed since the last call, by target, to be stored; nil for targets that are gone.
    package func takeChanges() -> [String: [UInt8]?] {
        state.withLock { state in
            defer { state.changed = [] }
            let changes = state.changed.map { ($0, AuditPositions.encoded(state.positions[$0])) }
            return Dictionary(changes, uniquingKeysWith: { first, _ in first })
        }
    }

    /// Everything, by target.
    package var all: [String: [UInt8]] {
        state.withLock { state in state.positions.compactMapValues { AuditPositions.encoded($0) } }
    }

    /// Forgets all other targets.
    package func retain(_ names: Set<String>) {
        state.withLock { state in
            for name in state.positions.keys where !names.contains(name) {
                state.positions[name] = nil
                state.changed.insert(name)
            }
        }
    }

    subscript(_ name: String) -> [AuditPosition]? {
        get { state.withLock { $0.positions[name] } }
        set {
            state.withLock { state in
                guard state.positions[name] != newValue else { return }
                state.positions[name] = newValue
                state.changed.insert(name)
            }
        }
    }

    private static func encoded(_ positions: [AuditPosition]?) -> [UInt8]? {
        positions.flatMap { try? JSONEncoder().encode($0) }.map { Array($0) }
    }
}
