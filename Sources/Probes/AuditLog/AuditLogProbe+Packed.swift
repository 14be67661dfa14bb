import Platform
import Samples
import Synchronization

/// Logs that were rotated away and compressed while nobody read them.
extension AuditLogProbe {
    /// Reads a compressed file from a position in the log that it holds.
    func readPacked(_ piece: AuditRecovery.Piece, until end: Instant) async throws(FileError) {
        let files = platform.files
        let file = try await files.inTime(piece.path) { () throws(FileError) in try files.follow(piece.path) }
        let packed = PackedAuditLog()
        var progress = PackedProgress(skipping: piece.offset)
        while platform.time.monotonic() < end, !Task.isCancelled {
            let offset = progress.offset
            let bytes = try await files.inTime(piece.path) { () throws(FileError) in
                try file.read(at: offset, limit: PackedAuditLog.pieceBytes)
            }
            let (wall, before) = (platform.time.wall(), progress)
            let after = await pool.run { [self] in take(bytes, of: packed, before, wall: wall) }
            guard let after else { break }
            if after.isOver { return }
            progress = after
        }
        state.withLock { $0.follower.gaps += 1 }
    }

    /// Up to where a compressed file has been read.
    private struct PackedProgress: Sendable {
        var splitter = AuditLineSplitter()
        /// Bytes of the log that were counted before.
        var skipping: Int64
        /// The next byte of the file.
        var offset: Int64 = 0
        var isOver = false
    }

    private func take(
        _ piece: [UInt8], of packed: PackedAuditLog, _ before: PackedProgress, wall: Timestamp
    ) -> PackedProgress {
        var progress = before
        let (bytes, isGood) = packed.take(piece)
        let skipped = min(progress.skipping, Int64(bytes.count))
        progress.skipping -= skipped
        progress.offset += Int64(piece.count)
        progress.isOver = piece.isEmpty || !isGood
        state.withLock { state in
            progress.splitter.take(Array(bytes.dropFirst(Int(clamping: skipped)))) {
                state.tally.take($0, $1, now: wall)
            }
            if progress.isOver { progress.splitter.finish { state.tally.take($0, $1, now: wall) } }
        }
        return progress
    }
}
