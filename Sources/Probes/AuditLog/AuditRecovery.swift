import Platform
import Samples

/// Finds what a log held that was rotated while nobody read it, by its inode if it was renamed, by its first bytes if it
/// was copied or compressed.
enum AuditRecovery {
    /// A rotated file that is to be read.
    struct Piece: Sendable {
        let path: String
        /// Where reading begins, in bytes of the log itself.
        let offset: Int64
        let isPacked: Bool
    }

    /// The rotated files from a position on, the oldest first; nil if the file of the position is not among them.
    static func pieces(after position: AuditPosition, _ files: any FileAccess) async -> [Piece]? {
        var pieces: [Piece] = []
        for path in await RotatedFiles.paths(of: position.path, files) {
            let isPacked = path.hasSuffix(".gz")
            guard let head = await head(path, isPacked: isPacked, files) else { continue }
            let isSame =
                position.head.length > 0
                ? position.head.matches(head.bytes) : !isPacked && head.identity == position.identity
            pieces.insert(Piece(path: path, offset: isSame ? position.offset : 0, isPacked: isPacked), at: 0)
            if isSame { return pieces }
        }
        return nil
    }

    private static func head(
        _ path: String, isPacked: Bool, _ files: any FileAccess
    ) async -> (bytes: [UInt8], identity: FileIdentity)? {
        let limit = AuditPosition.Head.limit
        return try? await files.inTime(path) { () throws(FileError) in
            let file = try files.follow(path)
            guard isPacked else { return (try file.read(at: 0, limit: limit), file.identity) }
            let start = PackedAuditLog().take(try file.read(at: 0, limit: PackedAuditLog.pieceBytes))
            return (Array(start.bytes.prefix(limit)), file.identity)
        }
    }
}
