/// Reads the SQL of `pg_dump` or `pg_dumpall`: whether it is complete, and whether it contains Vault's table with rows.
/// Both begin and end with a comment that identifies them. Source: pg_dump(1), and its output.
struct PostgresScriptReader {
    private enum Section {
        case outside
        /// In the rows of a `COPY … FROM stdin`.
        case rows(areVaults: Bool)
    }

    /// The beginning of the current line.
    private var line: [UInt8] = []
    private var section = Section.outside
    /// Databases and clusters that have begun and not ended.
    private var open: Set<String> = []
    private var hasBegun = false
    private var hasVaultTable = false
    private var hasVaultRows = false

    /// How much of a line is kept: the column names are in the first bytes.
    private static let lineLimitBytes = 512

    mutating func take(_ piece: UnsafeBufferPointer<UInt8>) {
        for byte in piece {
            if byte == UInt8(ascii: "\n") {
                endLine()
                line.removeAll(keepingCapacity: true)
            } else if line.count < PostgresScriptReader.lineLimitBytes {
                line.append(byte)
            }
        }
    }

    private mutating func endLine() {
        if case .rows(let areVaults) = section {
            if line.elementsEqual("\\.".utf8) {
                section = .outside
            } else if areVaults {
                hasVaultRows = true
            }
            return
        }
        guard let first = line.first, [UInt8(ascii: "-"), UInt8(ascii: "C"), UInt8(ascii: "I")].contains(first) else {
            return
        }
        let text = String(decoding: line, as: UTF8.self)
        switch text {
        case "-- PostgreSQL database dump", "-- PostgreSQL database cluster dump":
            hasBegun = true
            open.insert(text)
        case "-- PostgreSQL database dump complete", "-- PostgreSQL database cluster dump complete":
            open.remove(String(text.dropLast(" complete".utf8.count)))
        default:
            let isVaults = text.contains("parent_path")
            if text.hasPrefix("COPY "),
                text.hasSuffix("FROM stdin;") || text.utf8.count >= PostgresScriptReader.lineLimitBytes
            {
                section = .rows(areVaults: isVaults)
                hasVaultTable = hasVaultTable || isVaults
            } else if text.hasPrefix("CREATE TABLE "), text.contains("vault_kv_store") {
                hasVaultTable = true
            } else if text.hasPrefix("INSERT INTO "), isVaults || text.contains("vault_kv_store") {
                hasVaultTable = true
                hasVaultRows = true
            }
        }
    }

    /// - Returns: the fault, if any.
    mutating func finish() -> BackupContent.Fault? {
        if !line.isEmpty { endLine() }
        if case .rows = section { return .truncated }
        guard hasBegun, open.isEmpty else { return .truncated }
        return hasVaultRows ? nil : hasVaultTable ? .emptyTable : .noVaultTable
    }
}
