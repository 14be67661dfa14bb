import Platform
import Samples
import Text

/// Which files a target's log lies in, and up to where each is read: decides what a file is that is found under a path.
/// It reads nothing itself.
struct AuditFollower: Sendable {
    /// A file that is being read.
    struct Log: Sendable {
        let path: String
        let file: any FollowedFile
        /// The next byte to read.
        var offset: Int64
        var head: AuditPosition.Head
        var splitter = AuditLineSplitter()
        /// When it was last seen to grow.
        var grown: Instant

        var position: AuditPosition {
            AuditPosition(path: path, identity: file.identity, offset: offset - splitter.pending, head: head)
        }
    }

    /// What was found under a path.
    struct Found: Sendable {
        let file: any FollowedFile
        let size: Int64
        /// Up to `Head.limit` bytes.
        let head: [UInt8]
        /// Where the last line ends that is complete, as far as the file's last bytes show it.
        let lastLineEnd: Int64
    }

    /// What else is to be done about a path.
    enum Step: Sendable, Hashable {
        case none
        /// What followed this position is to be looked for in rotated files.
        case recover(AuditPosition)
    }

    /// Files that are still written to under their old name, by path; the newest last.
    private(set) var older: [Log] = []
    private(set) var current: [String: Log] = [:]
    private(set) var rotations = 0.0
    private(set) var truncations = 0.0
    var gaps = 0.0
    /// Files that have been read to their end, and may be found under another name.
    private var done: [AuditPosition] = []
    private var saved: [String: AuditPosition]
    /// Paths whose file was there and could not be opened: what it holds then is no news either.
    private var refused: Set<String> = []
    private(set) var isFirst = true

    /// Vault writes to a renamed file until SIGHUP makes it open the new one.
    static let patience = Duration.seconds(60)
    private static let olderLimit = 8
    private static let doneLimit = 64

    /// - Parameter positions: of the last run.
    init(_ positions: [AuditPosition]) {
        saved = Dictionary(positions.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// All files that are read, in the order in which they were written.
    var keys: [Key] { older.indices.map { .older($0) } + current.keys.sorted().map { .current($0) } }

    /// A file that is read.
    enum Key: Sendable, Hashable {
        case older(Int)
        case current(String)
    }

    subscript(_ key: Key) -> Log? {
        get {
            switch key {
            case .older(let index): older.indices.contains(index) ? older[index] : nil
            case .current(let path): current[path]
            }
        }
        set {
            switch key {
            case .older(let index):
                if older.indices.contains(index), let newValue { older[index] = newValue }
            case .current(let path): current[path] = newValue
            }
        }
    }

    /// Notes the file under a path.
    mutating func see(_ found: Found, at path: String, now: Instant) -> Step {
        if let log = current[path] {
            if log.file.identity == found.file.identity { return seeAgain(log, found, now) }
            retire(log)
            rotations += 1
            begin(path, found, at: 0, now)
            return .none
        }
        let identity = found.file.identity
        // Another path of a file that is read: a link, or the name that it was rotated to.
        let others = older + Array(current.values)
        guard !others.contains(where: { $0.file.identity == identity }) else { return .none }
        if let position = done.last(where: { $0.identity == identity }), continues(position, found) {
            begin(path, found, at: position.offset, now)
            return .none
        }
        if let position = saved.removeValue(forKey: path) {
            if position.identity == identity, continues(position, found) {
                begin(path, found, at: position.offset, now)
                return .none
            }
            rotations += 1
            begin(path, found, at: 0, now)
            return .recover(position)
        }
        // What happened before the first start is no news; a file that appears later is.
        let isOld = refused.remove(path) != nil || isFirst
        begin(path, found, at: isOld ? found.lastLineEnd : 0, now)
        return .none
    }

    /// Notes that the file under a path cannot be opened.
    mutating func miss(_ path: String, _ error: FileError) {
        if error.isMissing { refused.remove(path) } else { refused.insert(path) }
    }

    private mutating func seeAgain(_ log: Log, _ found: Found, _ now: Instant) -> Step {
        guard found.size >= log.offset, log.head.matches(found.head) else {
            truncations += 1
            begin(log.path, found, at: 0, now)
            return .recover(log.position)
        }
        if log.head.length < AuditPosition.Head.limit, found.head.count > log.head.length {
            current[log.path]?.head = AuditPosition.Head(found.head)
        }
        return .none
    }

    private func continues(_ position: AuditPosition, _ found: Found) -> Bool {
        found.size >= position.offset && position.head.matches(found.head)
    }

    private mutating func begin(_ path: String, _ found: Found, at offset: Int64, _ now: Instant) {
        current[path] = Log(
            path: path, file: found.file, offset: offset, head: AuditPosition.Head(found.head), grown: now)
    }

    /// Reads a rotated file on, which has been found by its position.
    mutating func resume(_ found: Found, _ path: String, at offset: Int64, now: Instant) {
        retire(
            Log(
                path: path, file: found.file, offset: offset, head: AuditPosition.Head(found.head), grown: now))
    }

    private mutating func retire(_ log: Log) {
        older.append(log)
        while older.count > AuditFollower.olderLimit { finish(older.removeFirst()) }
    }

    /// Notes that a round is over: forgets renamed files that no longer grow.
    /// - Returns: the logs that are not read any more.
    mutating func endRound(now: Instant) -> [Log] {
        isFirst = false
        let ended = older.filter { now - $0.grown >= AuditFollower.patience }
        older.removeAll { now - $0.grown >= AuditFollower.patience }
        for log in ended { finish(log) }
        return ended
    }

    private mutating func finish(_ log: Log) {
        done.append(log.position)
        if done.count > AuditFollower.doneLimit { done.removeFirst() }
    }

    /// Where reading is to go on after a restart: for each path its oldest file that is not read to its end.
    /// - Parameter unread: whether a file has more.
    func positions(_ unread: (Key) -> Bool) -> [AuditPosition] {
        let read = current.keys.sorted().compactMap { path in
            let first = older.indices.first { older[$0].path == path && unread(.older($0)) }
            return first.map { older[$0].position } ?? current[path]?.position
        }
        // Logs that are not there just now may come back.
        return read + saved.values.sorted { $0.path < $1.path }
    }
}
