import CZlib
import HTTPServer

/// A snapshot as returned by sys/storage/raft/snapshot: a gzipped tar of `meta.json`, `state.bin`, their checksums, and
/// the checksums once more under the seal.
/// Source: a snapshot of Vault 1.8; https://developer.hashicorp.com/vault/api-docs/system/storage/raft.
package struct VaultSnapshot: Sendable {
    /// The rows.
    package let storage: VaultStorage
    /// `SHA256SUMS`.
    let sums: [UInt8]
    /// `SHA256SUMS.sealed`; nil if it is missing.
    let sealedSums: [UInt8]?

    /// Why Vault refuses a snapshot.
    struct Refusal: Error {
        /// As in Vault's answer.
        let message: String
    }

    /// - Parameters:
    ///   - node: the name of the node that made it.
    ///   - rootKey: the key for the sealed checksums; nil leaves them out.
    ///   - damaged: whether a bit of the state changes after its checksum was made.
    package static func archive(
        _ state: [UInt8], node: String = "vault-1", index: Int = 51, rootKey: [UInt8]? = nil, damaged: Bool = false
    ) -> [UInt8] {
        let meta = Array(
            """
            {"Version":1,"ID":"bolt-snapshot","Index":\(index),"Term":3,"Peers":null,"Configuration":{"Servers":\
            [{"Suffrage":0,"ID":"\(node)","Address":"127.0.0.1:8201"}]},"ConfigurationIndex":1,"Size":\(state.count)}

            """.utf8)
        let sums = Array("\(sha256(meta))  meta.json\n\(sha256(state))  state.bin\n".utf8)
        var written = state
        if damaged, let last = written.popLast() { written.append(last ^ 1) }
        var members = [("meta.json", meta), ("state.bin", written), ("SHA256SUMS", sums)]
        if let rootKey {
            members.append(
                ("SHA256SUMS.sealed", aes256GCM(sums, key: rootKey, iv: Array(sha256Bytes(sums).prefix(12)))))
        }
        return Gzip.compress(members.flatMap { member($0.0, $0.1) } + [UInt8](repeating: 0, count: 1024)) ?? []
    }

    /// Reads a snapshot as Vault does before it restores one.
    /// - Throws: `Refusal` with Vault's words.
    package init(_ bytes: [UInt8]) throws {
        guard bytes.starts(with: [0x1f, 0x8b]) else {
            throw Refusal(message: "failed to decompress snapshot: gzip: invalid header")
        }
        let truncated = Refusal(
            message: "failed to read snapshot file: failed to read or write snapshot data: unexpected EOF")
        guard let tar = VaultSnapshot.decompress(bytes), let members = VaultSnapshot.members(tar) else {
            throw truncated
        }
        guard let meta = members["meta.json"], let state = members["state.bin"], let sums = members["SHA256SUMS"] else {
            throw truncated
        }
        let lines = String(decoding: sums, as: UTF8.self).split(separator: "\n").map(String.init)
        for (name, content) in [("meta.json", meta), ("state.bin", state)]
        where !lines.contains("\(sha256(content))  \(name)") {
            throw Refusal(
                message:
                    "failed to read snapshot file: failed checking integrity of snapshot: hash check failed for \"\(name)\""
            )
        }
        guard let storage = VaultStorage(state: state) else { throw truncated }
        self.storage = storage
        self.sums = sums
        sealedSums = members["SHA256SUMS.sealed"]
    }

    /// Whether the running Vault's keys sealed the checksums.
    func isSealed(under rootKey: [UInt8]) -> Bool {
        sealedSums.flatMap { openAES256GCM($0, key: rootKey) } == sums
    }

    // MARK: gzip and tar

    /// At most 256 MiB; nil for data that is cut short or damaged. Source: zlib.h, `inflate`.
    private static func decompress(_ bytes: [UInt8]) -> [UInt8]? {
        var stream = z_stream()
        // A window of 15 bits; adding 16 selects the gzip format.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            return nil
        }
        defer { inflateEnd(&stream) }
        var out: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        return bytes.withUnsafeBufferPointer { input -> [UInt8]? in
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(clamping: input.count)
            while out.count <= 256 << 20 {
                let (code, count) = piece.withUnsafeMutableBufferPointer { output in
                    stream.next_out = output.baseAddress
                    stream.avail_out = UInt32(clamping: output.count)
                    let code = inflate(&stream, Z_NO_FLUSH)
                    return (code, output.count - Int(stream.avail_out))
                }
                out += piece.prefix(count)
                if code == Z_STREAM_END { return out }
                guard code == Z_OK else { return nil }
            }
            return nil
        }
    }

    private static func members(_ tar: [UInt8]) -> [String: [UInt8]]? {
        var found: [String: [UInt8]] = [:]
        var rest = tar[...]
        while rest.count >= 512, rest.first != 0 {
            let header = Array(rest.prefix(512))
            rest = rest.dropFirst(512)
            let name = String(decoding: header.prefix(100).prefix { $0 != 0 }, as: UTF8.self)
            let digits = String(decoding: header[124..<135], as: UTF8.self)
            guard let size = Int(digits, radix: 8), size >= 0, size <= rest.count else { return nil }
            found[name] = Array(rest.prefix(size))
            rest = rest.dropFirst(size + (512 - size % 512) % 512)
        }
        return found
    }

    /// A header of 512 bytes, and the content padded to a multiple of that. Source: POSIX pax, ustar.
    private static func member(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at start: Int) {
            header.replaceSubrange(start..<start + text.utf8.count, with: text.utf8)
        }
        func octal(_ number: Int, _ digits: Int) -> String {
            let text = String(number, radix: 8)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        put(name, at: 0)
        put("0000600", at: 100)
        put(octal(bytes.count, 11), at: 124)
        put("0", at: 156)
        put("ustar", at: 257)
        put("00", at: 263)
        // The checksum is computed with blanks in its own field.
        put("        ", at: 148)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
        return header + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }
}
