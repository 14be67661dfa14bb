/// Reads an archive of `pg_dump --format=custom`, or the table of contents of one of `--format=tar`: whether it is
/// complete, and whether it contains Vault's table with data.
///
/// An archive is a header, a table of contents and, in the custom format, a block of chunks for each entry with data.
/// Numbers are a sign byte and as many bytes as the header specifies, the lowest first; texts are a length and bytes.
/// Source: PostgreSQL's pg_dump, archive versions 1.12 to 1.16 (PostgreSQL 9.0 to 18); pg_restore(1) lists the contents
/// of an archive.
struct PostgresArchiveReader {
    /// The pg_dump format.
    enum Kind: UInt8 {
        case custom = 1
        case tar = 3
    }

    private enum State {
        case header
        case entry
        case block
        /// The number of the next large object of a block; 0 ends them.
        case objectNumber
        case chunkLength(inObjects: Bool)
        case chunk(remaining: Int64, inObjects: Bool)
        /// Everything relevant has been read.
        case ended
    }

    /// Why the bytes received so far can't be parsed further.
    private enum Step: Error {
        case needsMore
        case fault(BackupContent.Fault)
    }

    private let kind: Kind
    private var state = State.header
    private var pending: [UInt8] = []
    /// The read position in `pending`.
    private var at = 0
    private var version = 0
    private var integerBytes = 4
    private var offsetBytes = 8
    private var isDeflated = false
    private var entriesToCome: Int64 = 0
    /// Numbers of the entries whose data has not been seen yet.
    private var awaited: Set<Int64> = []
    private var tables: Set<String> = []
    private var vaultEntry: Int64?
    private var currentEntry: Int64 = 0
    private var inflater: Inflater?
    private var vaultBytes: Int64 = 0
    private var fault: BackupContent.Fault?
    /// In the tar format, the member with the data of Vault's table; empty until known.
    private(set) var vaultFile = ""

    /// Maximum bytes of one entry: definitions of functions can be long.
    private static let entryLimitBytes = 4 << 20
    /// Maximum number of entries with data.
    private static let entryLimit: Int64 = 1_000_000
    /// The end mark and line feeds that follow the rows of a `COPY`, and that an empty table has too.
    static let emptyTableBytes: Int64 = 16

    init(_ kind: Kind) { self.kind = kind }

    mutating func take(_ piece: UnsafeBufferPointer<UInt8>) {
        var rest = piece[...]
        while fault == nil {
            if case .chunk(let remaining, let inObjects) = state {
                // The rest of the previous pieces comes first.
                if at < pending.count {
                    let count = Int(min(remaining, Int64(pending.count - at)))
                    pending.withUnsafeBufferPointer { [at] in
                        data(UnsafeBufferPointer(rebasing: $0[at..<at + count]))
                    }
                    at += count
                    advance(remaining - Int64(count), inObjects)
                } else {
                    guard !rest.isEmpty else { break }
                    let count = Int(min(remaining, Int64(rest.count)))
                    data(UnsafeBufferPointer(rebasing: rest.prefix(count)))
                    rest = rest.dropFirst(count)
                    advance(remaining - Int64(count), inObjects)
                }
                continue
            }
            if case .ended = state { break }
            if !rest.isEmpty {
                pending.removeFirst(at)
                at = 0
                pending += rest
                rest = rest.dropFirst(rest.count)
            }
            if !readPending() { break }
        }
    }

    /// Reads what is complete among the pending bytes, up to the next chunk.
    /// - Returns: whether a chunk has begun.
    private mutating func readPending() -> Bool {
        while fault == nil {
            let begin = at
            do throws(Step) {
                try step()
            } catch {
                at = begin
                switch error {
                case .needsMore: if pending.count - at > PostgresArchiveReader.entryLimitBytes { fault = .corrupt }
                case .fault(let found): fault = found
                }
                return false
            }
            switch state {
            case .chunk: return true
            case .ended:
                at = pending.count
                return false
            default: continue
            }
        }
        return false
    }

    private mutating func advance(_ remaining: Int64, _ inObjects: Bool) {
        state = remaining > 0 ? .chunk(remaining: remaining, inObjects: inObjects) : .chunkLength(inObjects: inObjects)
    }

    private mutating func data(_ piece: UnsafeBufferPointer<UInt8>) {
        let isVaults = currentEntry == vaultEntry
        guard let inflater else {
            if isVaults { vaultBytes += Int64(piece.count) }
            return
        }
        var unpacked: Int64 = 0
        let found = inflater.take(piece) { unpacked += Int64($0.count) }
        if isVaults { vaultBytes += unpacked }
        // Tables of other programs may well be that compressible.
        if let found, found != .bomb || isVaults { fault = found }
        if found == .bomb { self.inflater = nil }
    }

    private mutating func step() throws(Step) {
        switch state {
        case .header: try header()
        case .entry: try entry()
        case .block:
            let type = try byte()
            currentEntry = try integer()
            guard type == 1 || type == 3 else { throw .fault(.corrupt) }
            awaited.remove(currentEntry)
            if type == 1 { beginData(inObjects: false) } else { state = .objectNumber }
        case .objectNumber: if try integer() == 0 { state = .block } else { beginData(inObjects: true) }
        case .chunkLength(let inObjects):
            let length = try integer()
            guard length >= 0 else { throw .fault(.corrupt) }
            if length > 0 {
                state = .chunk(remaining: length, inObjects: inObjects)
            } else {
                if let inflater, !inflater.isAtEnd { throw .fault(.truncated) }
                inflater = nil
                state = inObjects ? .objectNumber : .block
            }
        case .chunk, .ended: break
        }
    }

    private mutating func beginData(inObjects: Bool) {
        inflater = isDeflated ? Inflater(.zlib) : nil
        state = .chunkLength(inObjects: inObjects)
    }

    private mutating func header() throws(Step) {
        for expected in "PGDMP".utf8 where try byte() != expected { throw .fault(.corrupt) }
        let (major, minor) = (Int(try byte()), Int(try byte()))
        _ = try byte()
        version = major * 256 + minor
        integerBytes = Int(try byte())
        offsetBytes = Int(try byte())
        guard major == 1, (12...16).contains(minor), [4, 8].contains(integerBytes), [4, 8].contains(offsetBytes),
            try byte() == kind.rawValue
        else { throw .fault(.corrupt) }
        // Since 1.15 the algorithm: none, gzip, lz4, zstd; before that a compression level.
        if minor >= 15 { isDeflated = try byte() == 1 } else { isDeflated = try integer() != 0 }
        // Second to year, and the DST flag; then the database and the versions of server and pg_dump.
        for _ in 0..<7 { _ = try integer() }
        for _ in 0..<3 { _ = try text() }
        entriesToCome = try integer()
        guard (0...PostgresArchiveReader.entryLimit).contains(entriesToCome) else { throw .fault(.corrupt) }
        nextEntry()
    }

    private mutating func nextEntry() {
        if entriesToCome > 0 { state = .entry } else { state = kind == .custom ? .block : .ended }
    }

    private mutating func entry() throws(Step) {
        let id = try integer()
        let hasData = try integer() != 0
        // Catalogue numbers, then the type of the entry.
        for _ in 0..<2 { _ = try text() }
        let tag = try text()
        let description = try text()
        _ = try integer()
        let definition = try text()
        _ = try text()
        let copy = try text()
        // Schema, tablespace, since 1.14 the access method, since 1.16 the kind of relation, the owner, OIDs.
        for _ in 0..<(version >= 256 + 14 ? 3 : 2) { _ = try text() }
        if version >= 256 + 16 { _ = try integer() }
        for _ in 0..<2 { _ = try text() }
        while try text() != nil {}
        var file: String?
        if kind == .custom {
            _ = try byte()
            for _ in 0..<offsetBytes { _ = try byte() }
        } else {
            file = try text()
        }
        // The whole entry is available: from here on nothing is read twice.
        if description == "TABLE", definition?.contains("parent_path") == true, let tag { tables.insert(tag) }
        if hasData, kind == .custom { awaited.insert(id) }
        if description == "TABLE DATA", vaultEntry == nil, let tag,
            copy?.contains("parent_path") == true || tables.contains(tag)
        {
            vaultEntry = id
            vaultFile = file ?? ""
        }
        entriesToCome -= 1
        nextEntry()
    }

    private mutating func byte() throws(Step) -> UInt8 {
        guard at < pending.count else { throw .needsMore }
        defer { at += 1 }
        return pending[at]
    }

    private mutating func integer() throws(Step) -> Int64 {
        guard pending.count - at > integerBytes else { throw .needsMore }
        let isNegative = pending[at] != 0
        let number = pending[at + 1...at + integerBytes].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        at += 1 + integerBytes
        guard number <= UInt64(UInt32.max) else { throw .fault(.corrupt) }
        return isNegative ? -Int64(number) : Int64(number)
    }

    /// The first bytes of a text; nil for none.
    private mutating func text() throws(Step) -> String? {
        let length = try integer()
        if length < 0 { return nil }
        guard length <= Int64(PostgresArchiveReader.entryLimitBytes) else { throw .fault(.corrupt) }
        guard Int64(pending.count - at) >= length else { throw .needsMore }
        defer { at += Int(length) }
        return String(decoding: pending[at..<at + Int(min(length, 4096))], as: UTF8.self)
    }

    /// - Returns: the fault, if any.
    mutating func finish() -> BackupContent.Fault? {
        if let fault { return fault }
        switch state {
        case .block: guard at == pending.count, awaited.isEmpty else { return .truncated }
        case .ended: break
        default: return .truncated
        }
        guard vaultEntry != nil else { return .noVaultTable }
        return kind == .tar || vaultBytes > PostgresArchiveReader.emptyTableBytes ? nil : .emptyTable
    }
}
