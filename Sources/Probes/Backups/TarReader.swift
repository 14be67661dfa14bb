import FoundationEssentials
import Text

/// Reads a tar archive: a snapshot of integrated storage, a dump or a base backup of PostgreSQL.
///
/// Source: POSIX pax, "ustar Interchange Format"; a snapshot's members are `meta.json`, `state.bin`, `SHA256SUMS` with the
/// SHA-256 of both and, from Vault, `SHA256SUMS.sealed` with the same under the seal
/// (https://developer.hashicorp.com/vault/api-docs/system/storage/raft).
struct TarReader {
    /// A member whose content is inspected.
    private enum Member {
        case other
        /// Hashed; kept if it is small enough to be parsed.
        case hashed(String)
        case tableOfContents
    }

    private struct Meta: Decodable {
        var index: Int64
        var size: Int64?

        enum CodingKeys: String, CodingKey {
            case index = "Index"
            case size = "Size"
        }
    }

    private var header: [UInt8] = []
    private var member = Member.other
    /// Remaining bytes of the member and of its padding.
    private var remaining: Int64 = 0
    private var padding = 0
    private var digest: SHA256Stream?
    private var stateReader = SnapshotStateReader()
    private var sums: [String: String] = [:]
    private var texts: [String: [UInt8]] = [:]
    private var sizes: [String: Int64] = [:]
    private var tableOfContents = PostgresArchiveReader(.tar)
    private var emptyBlocks = 0
    private var fault: BackupContent.Fault?

    private static let blockBytes = 512
    private static let textLimitBytes = 64 << 10
    /// The members that are relevant for a restore.
    private static let known: Set<String> = [
        "meta.json", "state.bin", "SHA256SUMS", "SHA256SUMS.sealed", "toc.dat", "PG_VERSION", "backup_label",
        "global/pg_control",
    ]

    /// Whether a block is a header, according to its magic and its checksum.
    static func isHeader(_ block: [UInt8]) -> Bool {
        guard block.count == blockBytes, block[257..<262].elementsEqual("ustar".utf8),
            let expected = number(block[148..<156])
        else { return false }
        // The checksum is computed with blanks in its own field.
        let sum = block.reduce(Int64(0)) { $0 + Int64($1) } - block[148..<156].reduce(0) { $0 + Int64($1) } + 8 * 0x20
        return sum == expected
    }

    mutating func take(_ piece: UnsafeBufferPointer<UInt8>) {
        var rest = piece[...]
        while !rest.isEmpty, fault == nil {
            if remaining > 0 {
                let count = Int(min(remaining, Int64(rest.count)))
                read(UnsafeBufferPointer(rebasing: rest.prefix(count)))
                remaining -= Int64(count)
                rest = rest.dropFirst(count)
                if remaining == 0 { endMember() }
            } else if padding > 0 {
                let count = min(padding, rest.count)
                padding -= count
                rest = rest.dropFirst(count)
            } else {
                let missing = TarReader.blockBytes - header.count
                header += rest.prefix(missing)
                rest = rest.dropFirst(min(missing, rest.count))
                if header.count == TarReader.blockBytes { beginMember() }
            }
        }
    }

    private mutating func beginMember() {
        let block = header
        header = []
        if block.allSatisfy({ $0 == 0 }) {
            emptyBlocks = min(2, emptyBlocks + 1)
            return
        }
        guard emptyBlocks == 0, TarReader.isHeader(block), let size = TarReader.number(block[124..<136]) else {
            fault = .corrupt
            return
        }
        remaining = size
        padding = Int((512 - size % 512) % 512)
        member = .other
        // Only regular files have content.
        guard [0, UInt8(ascii: "0")].contains(block[156]) else { return }
        let prefix = TarReader.text(block[345..<500])
        var name = (prefix.isEmpty ? "" : prefix + "/") + TarReader.text(block[0..<100])
        if name.hasPrefix("./") { name.removeFirst(2) }
        guard TarReader.known.contains(name) || name == tableOfContents.vaultFile else { return }
        guard sizes[name] == nil else {
            fault = .corrupt
            return
        }
        sizes[name] = size
        switch name {
        case "meta.json", "state.bin", "SHA256SUMS":
            member = .hashed(name)
            digest = SHA256Stream()
            texts[name] = name == "state.bin" ? nil : []
        case "toc.dat": member = .tableOfContents
        default: break
        }
        if remaining == 0 { endMember() }
    }

    private mutating func read(_ piece: UnsafeBufferPointer<UInt8>) {
        switch member {
        case .other: break
        case .tableOfContents: tableOfContents.take(piece)
        case .hashed(let name):
            digest?.take(piece)
            if name == "state.bin" { stateReader.take(piece) }
            guard let count = texts[name]?.count else { return }
            if count + piece.count > TarReader.textLimitBytes {
                fault = .corrupt
            } else {
                texts[name]?.append(contentsOf: piece)
            }
        }
    }

    private mutating func endMember() {
        if case .hashed(let name) = member, let digest { sums[name] = digest.finish() }
        digest = nil
        member = .other
    }

    mutating func finish() -> BackupContent {
        let has = { [sizes] (name: String) in sizes[name] != nil }
        let format: BackupContent.Format =
            if has("meta.json") || has("state.bin") {
                .raftSnapshot
            } else if has("toc.dat") {
                .postgresTar
            } else if has("PG_VERSION"), has("backup_label") || has("global/pg_control") {
                .postgresBase
            } else {
                .tar
            }
        if let fault { return BackupContent(format: format, fault: fault) }
        // Two empty blocks end an archive.
        guard remaining == 0, padding == 0, header.isEmpty, emptyBlocks == 2 else {
            return BackupContent(format: format, fault: .truncated)
        }
        let found: BackupContent.Fault? =
            switch format {
            case .raftSnapshot: snapshotFault
            case .postgresTar:
                tableOfContents.finish()
                    ?? ((sizes[tableOfContents.vaultFile] ?? 0) > PostgresArchiveReader.emptyTableBytes
                        ? nil : .emptyTable)
            case .postgresBase: nil
            default: .members
            }
        var content = BackupContent(format: format, fault: found)
        if format == .raftSnapshot, stateReader.isClean { content.snapshot = facts }
        return content
    }

    private var facts: SnapshotFacts {
        var facts = stateReader.facts
        let meta = texts["meta.json"].flatMap { try? JSONDecoder().decode(Meta.self, from: Data($0)) }
        facts.index = meta?.index ?? 0
        return facts
    }

    private var snapshotFault: BackupContent.Fault? {
        guard let meta = texts["meta.json"], let size = sizes["state.bin"],
            sizes["SHA256SUMS"] != nil || sizes["SHA256SUMS.sealed"] != nil
        else { return .members }
        if size == 0 { return .empty }
        guard let known = try? JSONDecoder().decode(Meta.self, from: Data(meta)) else { return .corrupt }
        if known.size.map({ $0 != size }) ?? false { return .sums }
        // The sealed checksums cannot be read without the seal.
        guard let lines = texts["SHA256SUMS"] else { return nil }
        var listed: Set<String> = []
        for line in lines.split(separator: UInt8(ascii: "\n")).prefix(100) {
            // 64 digits, two blanks or a blank and an asterisk, the name: sha256sum(1).
            let text = String(decoding: line, as: UTF8.self)
            let name = String(text.dropFirst(66))
            guard let sum = sums[name], text.prefix(64).lowercased() == sum else { return .sums }
            listed.insert(name)
        }
        return listed.isSuperset(of: ["meta.json", "state.bin"]) ? nil : .sums
    }

    private static func text(_ field: ArraySlice<UInt8>) -> String {
        String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    /// An octal number; or, as GNU tar writes beyond 8 GiB, the low bytes of a binary one. Nil for anything else.
    private static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        if field.first == 0x80 {
            guard field.dropFirst().dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
            return field.suffix(7).reduce(Int64(0)) { $0 << 8 | Int64($1) }
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
        guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x37 }) else { return nil }
        return digits.reduce(Int64(0)) { $0 << 3 | Int64($1 - 0x30) }
    }
}
