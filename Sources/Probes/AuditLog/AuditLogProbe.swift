import Logging
import Platform
import Samples
import Synchronization
import Text

/// Follows the audit logs of a Vault node. In the first run it only finds where they end, and reports what it has counted
/// so far, which is nothing: rules then see what is counted next as an increase.
final class AuditLogProbe: RunnableProbe {
    /// What is followed and what was counted.
    struct State {
        var follower: AuditFollower
        var tally: AuditTally
        /// When something new was last read.
        var read: Instant?
        var behind: Int64 = 0
        var isBaseline = true
        /// Of logs that were replaced: what followed is in rotated files, which are read in the next round.
        var replaced: [AuditPosition] = []
        var series = SeriesOfRun()
    }

    let target: ProbeTarget
    let options: AuditLogOptions
    let platform: Platform
    private let positions: AuditPositions
    let pool: any WorkPool
    let state: Mutex<State>

    private static let sliceBytes: Int64 = 1 << 20
    /// Maximum number of files that are followed.
    private static let fileLimit = 16

    init(options: AuditLogOptions, positions: AuditPositions, platform: Platform) {
        target = ProbeTarget(.auditLog, options.name)
        self.options = options
        self.platform = platform
        self.positions = positions
        pool = platform.workPool("audit", threads: 1, niceness: 5)
        state = Mutex(
            State(follower: AuditFollower(positions[options.name] ?? []), tally: AuditTally(options)))
    }

    var interval: Duration { options.interval }
    var timeout: Duration { options.timeout }

    func timedOut() -> ProbeReport {
        report(ProbeFailure("timeout", "reading the logs took longer than \(Words.duration(timeout))"))
    }

    func run() async -> ProbeReport {
        // Time is left for the last piece and for the report.
        let end = platform.time.monotonic() + timeout * 3 / 4
        var failure: ProbeFailure?
        do throws(FileError) {
            for path in try await paths() {
                do throws(FileError) {
                    try await see(path)
                } catch {
                    state.withLock { $0.follower.miss(path, error) }
                    // A node that was never active has no log.
                    if !error.isMissing { failure = failure ?? AuditLogProbe.failure(error) }
                }
            }
        } catch {
            failure = failure ?? AuditLogProbe.failure(error)
        }
        let now = platform.time.monotonic()
        let start = state.withLock { state -> [AuditPosition]? in
            guard state.isBaseline else { return nil }
            state.isBaseline = false
            _ = state.follower.endRound(now: now)
            return state.follower.positions { _ in false }
        }
        if let start {
            // What was stored of replaced logs is needed until these have been read.
            if state.withLock({ $0.replaced.isEmpty }) { positions[options.name] = start }
        } else {
            do throws(FileError) {
                try await readAll(until: end)
            } catch {
                failure = failure ?? AuditLogProbe.failure(error)
            }
        }
        return report(failure)
    }

    private static func failure(_ error: FileError) -> ProbeFailure {
        ProbeFailure(error.isStuck ? "timeout" : "other", error.description)
    }

    // MARK: Files

    /// The logs that are there, without what was rotated away.
    private func paths() async throws(FileError) -> [String] {
        var found: [String] = []
        for pattern in options.paths {
            guard pattern.isShellPattern else {
                found.append(pattern)
                continue
            }
            let files = platform.files
            found += try await files.inTime(pattern) { () throws(FileError) in files.glob(pattern) }
        }
        var seen: Set<String> = []
        let all = found.filter { seen.insert($0).inserted && !$0.hasSuffix(".gz") }
        let logs = all.filter { path in !all.contains { $0 != path && RotatedFiles.isRotated(path, of: $0) } }
        return Array(logs.prefix(AuditLogProbe.fileLimit))
    }

    private func see(_ path: String) async throws(FileError) {
        let files = platform.files
        // Where a file ends is asked of those that are found for the first time.
        let isKnown = state.withLock { $0.follower.current[path] != nil }
        let found = try await files.inTime(path) { () throws(FileError) in
            let file = try files.follow(path)
            let size = try file.size()
            return AuditFollower.Found(
                file: file, size: size, head: try file.read(at: 0, limit: AuditPosition.Head.limit),
                lastLineEnd: isKnown ? 0 : try AuditLogProbe.lastLineEnd(file, size))
        }
        let now = platform.time.monotonic()
        state.withLock { state in
            guard case .recover(let position) = state.follower.see(found, at: path, now: now) else { return }
            state.replaced.append(position)
        }
    }

    /// Where the last complete line ends, as far as the file's last bytes show it.
    private static func lastLineEnd(_ file: any FollowedFile, _ size: Int64) throws(FileError) -> Int64 {
        let limit = 65_536
        let start = max(size - Int64(limit), 0)
        let tail = try file.read(at: start, limit: limit)
        if let feed = tail.lastIndex(of: UInt8(ascii: "\n")) { return start + Int64(feed) + 1 }
        return start == 0 ? 0 : size
    }

    /// Goes on in the rotated files of logs that were replaced.
    private func recover(until end: Instant) async throws(FileError) {
        let replaced = state.withLock { state in
            defer { state.replaced = [] }
            return state.replaced
        }
        var failure: FileError?
        for position in replaced {
            guard let pieces = await AuditRecovery.pieces(after: position, platform.files) else {
                state.withLock { $0.follower.gaps += 1 }
                platform.log.warning(
                    "an audit log was replaced before it was read to its end, and its rotated file is not found",
                    metadata: ["path": "\(position.path)"])
                continue
            }
            do throws(FileError) {
                for piece in pieces {
                    if piece.isPacked {
                        try await readPacked(piece, until: end)
                    } else {
                        try await resume(piece, of: position.path)
                    }
                }
            } catch {
                // Deleted or compressed since they were found: nothing tries it again.
                state.withLock { $0.follower.gaps += 1 }
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }

    private func resume(_ piece: AuditRecovery.Piece, of path: String) async throws(FileError) {
        let files = platform.files
        let found = try await files.inTime(piece.path) { () throws(FileError) in
            let file = try files.follow(piece.path)
            return AuditFollower.Found(
                file: file, size: try file.size(), head: try file.read(at: 0, limit: AuditPosition.Head.limit),
                lastLineEnd: 0)
        }
        let now = platform.time.monotonic()
        state.withLock { $0.follower.resume(found, path, at: piece.offset, now: now) }
    }

    // MARK: Reading

    /// Reads every file to its end, or until the time is over.
    private func readAll(until end: Instant) async throws(FileError) {
        try await recover(until: end)
        var failure: FileError?
        var unread: [AuditFollower.Key: Int64] = [:]
        for key in state.withLock({ $0.follower.keys }) {
            do throws(FileError) {
                unread[key] = try await read(key, until: end)
            } catch {
                failure = failure ?? error
            }
        }
        let now = platform.time.monotonic()
        let wall = platform.time.wall()
        let behind = unread.values.reduce(Int64(0)) { $0.addingSaturated($1) }
        let positions = state.withLock { state in
            state.behind = behind
            let positions = state.follower.positions { unread[$0] ?? 0 > 0 }
            for log in state.follower.endRound(now: now) {
                // What has no line feed will get none any more.
                var splitter = log.splitter
                splitter.finish { state.tally.take($0, $1, now: wall) }
            }
            return positions
        }
        self.positions[options.name] = positions
        if let failure { throw failure }
    }

    /// - Returns: how many bytes are left in the file.
    private func read(_ key: AuditFollower.Key, until end: Instant) async throws(FileError) -> Int64 {
        while let log = state.withLock({ $0.follower[key] }) {
            let (file, offset) = (log.file, log.offset)
            let (bytes, left) = try await platform.files.inTime(log.path) { () throws(FileError) in
                let left = max(try file.size().subtractingSaturated(offset), 0)
                let limit = Int(clamping: min(left, AuditLogProbe.sliceBytes))
                return (limit == 0 ? [] : try file.read(at: offset, limit: limit), left)
            }
            guard !bytes.isEmpty else { return left }
            let (now, wall) = (platform.time.monotonic(), platform.time.wall())
            let isTaken: Void? = await pool.run { [self] in take(bytes, of: key, now: now, wall: wall) }
            // Without a thread the next turn reads it again.
            guard isTaken != nil, now < end, !Task.isCancelled else {
                return max(left - (isTaken == nil ? 0 : Int64(bytes.count)), 0)
            }
        }
        return 0
    }

    private func take(_ bytes: [UInt8], of key: AuditFollower.Key, now: Instant, wall: Timestamp) {
        state.withLock { state in
            guard var log = state.follower[key] else { return }
            // Not copied while it is changed.
            state.follower[key]?.splitter = AuditLineSplitter()
            log.splitter.take(bytes) { state.tally.take($0, $1, now: wall) }
            log.offset = log.offset.addingSaturated(Int64(bytes.count))
            log.grown = now
            state.follower[key] = log
            state.read = now
        }
    }
}
