/// The result of inspecting the content of a backup.
package struct BackupContent: Sendable, Hashable {
    /// The format according to the first bytes, whether or not the rest is valid. The values of the label `format`.
    package enum Format: String, Sendable, Hashable, CaseIterable {
        /// A snapshot of integrated storage.
        case raftSnapshot = "raft_snapshot"
        /// `pg_dump --format=custom`.
        case postgresCustom = "postgresql_custom"
        /// `pg_dump --format=tar`.
        case postgresTar = "postgresql_tar"
        /// `pg_dump` and `pg_dumpall` as SQL.
        case postgresSQL = "postgresql_sql"
        /// `pg_basebackup --format=tar`.
        case postgresBase = "postgresql_base"
        /// Another tar archive.
        case tar
        /// gzip of unknown content.
        case gzip
        /// Compressed by zstd, xz, bzip2 or lz4, which are not unpacked here.
        case compressed
        /// Encrypted by age, OpenPGP or `openssl enc`, in addition to or inside the backup job's own encryption.
        case encrypted
        /// Something else.
        case unknown
        /// Nothing that could hold a backup.
        case none
    }

    /// Why it cannot be restored. The values of the label `reason`.
    package enum Fault: String, Sendable, Hashable, CaseIterable {
        /// It has no bytes.
        case empty
        /// Fewer bytes than any backup could have.
        case tooSmall = "too_small"
        /// Only zeros.
        case zeros
        /// A web page.
        case html
        /// An answer in XML, as S3 gives errors.
        case xml
        /// An answer in JSON, as Vault gives errors.
        case json
        /// Some lines of text.
        case text
        /// It ends too early.
        case truncated
        /// Its compression or its headers are damaged.
        case corrupt
        /// It decompresses to more than a hundred times its size.
        case bomb
        /// The archive lacks members that a restore needs.
        case members
        /// Members do not match the checksums in the archive.
        case sums
        /// A dump without Vault's table.
        case noVaultTable = "no_vault_table"
        /// A dump in which Vault's table has no row.
        case emptyTable = "empty_table"

        /// For the status table.
        package var phrase: String {
            switch self {
            case .empty: "nothing"
            case .tooSmall: "fewer bytes than any backup has"
            case .zeros: "zeros alone"
            case .html: "a web page"
            case .xml: "an answer in XML, such as an error of S3"
            case .json: "an answer in JSON, such as an error of Vault"
            case .text: "some lines of text"
            case .truncated: "a backup that ends too early"
            case .corrupt: "a damaged archive"
            case .bomb: "something that unpacks to more than a hundred times its size"
            case .members: "an archive without what a restore needs"
            case .sums: "members that are not those of its checksums"
            case .noVaultTable: "a dump without Vault's table"
            case .emptyTable: "a dump in which Vault's table is empty"
            }
        }
    }

    /// According to the first bytes.
    package var format: Format
    /// Nil if no fault is known.
    package var fault: Fault?
    /// Of a snapshot whose state is whole rows; nil otherwise.
    package var snapshot: SnapshotFacts?

    /// Whether it can be restored, judging by its structure; nil if the format is not checked.
    package var isValid: Bool? {
        if fault != nil { return false }
        switch format {
        case .raftSnapshot, .postgresCustom, .postgresTar, .postgresSQL, .postgresBase: return true
        case .tar, .gzip, .compressed, .encrypted, .unknown, .none: return nil
        }
    }
}

/// Inspects a backup's content while its bytes stream through, in constant memory: decompresses gzip and reads the
/// content.
package struct BackupContentReader {
    private var head: [UInt8] = []
    private var bytes: Int64 = 0
    private var inflater: Inflater?
    private var plain = PlainContentReader()
    private var fault: BackupContent.Fault?

    /// The first bytes of gzip: magic and method. Source: RFC 1952, 2.3.1.
    private static let gzip: [UInt8] = [0x1f, 0x8b, 8]

    /// A reader of content that has not begun.
    package init() {}

    /// Takes the next bytes; pieces must arrive in order.
    package mutating func take(_ piece: UnsafeBufferPointer<UInt8>) {
        bytes += Int64(piece.count)
        guard head.count < BackupContentReader.gzip.count else { return unpack(piece) }
        let missing = min(BackupContentReader.gzip.count - head.count, piece.count)
        head += piece.prefix(missing)
        guard head.count == BackupContentReader.gzip.count else { return }
        if head == BackupContentReader.gzip { inflater = Inflater(.gzip) }
        let begin = head
        begin.withUnsafeBufferPointer { unpack($0) }
        unpack(UnsafeBufferPointer(rebasing: piece.dropFirst(missing)))
    }

    private mutating func unpack(_ piece: UnsafeBufferPointer<UInt8>) {
        guard let inflater else { return plain.take(piece) }
        if fault != nil { return }
        fault = inflater.take(piece) { plain.take($0) }
    }

    /// Ends the reading after the last piece.
    package mutating func finish() -> BackupContent {
        if head.count < BackupContentReader.gzip.count { head.withUnsafeBufferPointer { plain.take($0) } }
        guard let inflater else {
            var content = plain.finish()
            if content.fault == nil, content.isValid != true, bytes < BackupContentReader.leastBytes {
                content = BackupContent(format: .none, fault: .tooSmall)
            }
            return content
        }
        if fault == nil, !inflater.isAtEnd { fault = .truncated }
        var content = plain.finish()
        switch content.fault {
        // The first bytes already show the cause.
        case .html, .xml, .json, .text, .zeros: break
        default: if let fault { content.fault = fault }
        }
        if content.format == .none || content.format == .unknown { content.format = .gzip }
        return content
    }

    /// No backup is smaller; even that of an empty Vault has a few kilobytes.
    private static let leastBytes = 512
}
