/// Identifies decompressed content by its first bytes, and passes it to the reader of that format.
struct PlainContentReader {
    private enum State {
        case beginning
        case tar(TarReader)
        case custom(PostgresArchiveReader)
        case sql(PostgresScriptReader)
        /// Only zeros so far.
        case zeros
        case other(BackupContent.Format)
        /// Classified at the end, when its size is known.
        case markup(BackupContent.Fault)
        case words(BackupContent.Fault)
    }

    private var state = State.beginning
    private var head: [UInt8] = []
    private var bytes: Int64 = 0

    /// The size of a tar block, whose header has its magic at 257.
    private static let headBytes = 512
    /// Error messages of servers and shells are shorter.
    private static let wordsLimitBytes: Int64 = 4096

    mutating func take(_ piece: UnsafeBufferPointer<UInt8>) {
        bytes += Int64(piece.count)
        guard case .beginning = state else { return read(piece) }
        let missing = min(PlainContentReader.headBytes - head.count, piece.count)
        head += piece.prefix(missing)
        guard head.count == PlainContentReader.headBytes else { return }
        begin()
        read(UnsafeBufferPointer(rebasing: piece.dropFirst(missing)))
    }

    private mutating func begin() {
        state = PlainContentReader.state(head)
        let begin = head
        head = []
        begin.withUnsafeBufferPointer { read($0) }
    }

    private mutating func read(_ piece: UnsafeBufferPointer<UInt8>) {
        // The reader is moved out of the enumeration while it is changed, to avoid copying it.
        switch state {
        case .tar(var reader):
            state = .beginning
            reader.take(piece)
            state = .tar(reader)
        case .custom(var reader):
            state = .beginning
            reader.take(piece)
            state = .custom(reader)
        case .sql(var reader):
            state = .beginning
            reader.take(piece)
            state = .sql(reader)
        case .zeros: if piece.contains(where: { $0 != 0 }) { state = .other(.unknown) }
        case .beginning, .other, .markup, .words: break
        }
    }

    mutating func finish() -> BackupContent {
        if bytes == 0 { return BackupContent(format: .none, fault: .empty) }
        if case .beginning = state { begin() }
        switch state {
        case .tar(var reader): return reader.finish()
        case .custom(var reader):
            return BackupContent(format: .postgresCustom, fault: reader.finish())
        case .sql(var reader): return BackupContent(format: .postgresSQL, fault: reader.finish())
        case .zeros: return BackupContent(format: .none, fault: .zeros)
        case .other(let format): return BackupContent(format: format)
        case .markup(let fault): return BackupContent(format: .none, fault: fault)
        case .words(let fault):
            return bytes <= PlainContentReader.wordsLimitBytes
                ? BackupContent(format: .none, fault: fault) : BackupContent(format: .unknown)
        case .beginning: return BackupContent(format: .unknown)
        }
    }

    /// Sources of the magics: RFC 8878 (zstd), the formats' own descriptions (xz, bzip2, lz4), age-encryption.org/v1,
    /// RFC 9580 (OpenPGP), openssl-enc(1); pg_dump(1).
    private static func state(_ head: [UInt8]) -> State {
        func begins(_ text: String) -> Bool { head.starts(with: text.utf8) }
        func begins(_ magic: [UInt8]) -> Bool { head.starts(with: magic) }
        if begins("PGDMP") { return .custom(PostgresArchiveReader(.custom)) }
        if TarReader.isHeader(head) { return .tar(TarReader()) }
        if head.allSatisfy({ $0 == 0 }) { return .zeros }
        if begins([0x28, 0xb5, 0x2f, 0xfd]) || begins([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) || begins("BZh")
            || begins([0x04, 0x22, 0x4d, 0x18])
        {
            return .other(.compressed)
        }
        if begins("age-encryption.org/") || begins("-----BEGIN PGP MESSAGE") || begins("Salted__") {
            return .other(.encrypted)
        }
        return text(head)
    }

    private static func text(_ head: [UInt8]) -> State {
        // Text has no control characters except tab, line feed and carriage return.
        guard head.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || [9, 10, 13].contains($0) }), isText(head)
        else { return .other(.unknown) }
        let text = String(decoding: head, as: UTF8.self)
        if text.contains("-- PostgreSQL database") { return .sql(PostgresScriptReader()) }
        let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }.prefix(64).lowercased()
        if start.hasPrefix("<!doctype html") || start.hasPrefix("<html") || start.hasPrefix("<head") {
            return .markup(.html)
        }
        if start.hasPrefix("<?xml") || start.hasPrefix("<error") { return .markup(.xml) }
        if start.hasPrefix("{\"errors\"") { return .markup(.json) }
        if start.hasPrefix("{") || start.hasPrefix("[") { return .words(.json) }
        return .words(.text)
    }

    /// Whether bytes are UTF-8, except for a character that is cut off at the end.
    private static func isText(_ bytes: [UInt8]) -> Bool {
        (0...min(3, bytes.count)).contains { String(validating: bytes.dropLast($0), as: UTF8.self) != nil }
    }
}
