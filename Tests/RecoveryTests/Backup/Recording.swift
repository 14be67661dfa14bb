import FoundationEssentials

/// A file recorded from a real Vault or PostgreSQL, in `Recordings`.
func recording(_ name: String) throws -> [UInt8] {
    let url = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Recordings/\(name)")
    return [UInt8](try Data(contentsOf: url))
}
