import CSystemd
package import Platform
#if canImport(Glibc)
    import Glibc
#endif

/// systemd's journal, which keeps the fields of an event beside its line: `journalctl VAULTWATCH_RECEIVER=on-call`.
/// Source: sd_journal_sendv(3), systemd.journal-fields(7).
package enum SystemJournal {
    /// Whether a descriptor, standard error by default, goes to the journal: `$JOURNAL_STREAM` has the device and inode
    /// of the stream that systemd made, and a shell in between may have redirected it. Source: systemd.exec(5).
    package static func isReached(_ environment: [String: String], by descriptor: Int32 = STDERR_FILENO) -> Bool {
        var status = stat()
        guard let stream = environment["JOURNAL_STREAM"], fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    /// Whether `send` can be used: it reports success also where the journal's socket is missing, as in a service with a
    /// root of its own.
    package static var takesFields: Bool { access("/run/systemd/journal/socket", W_OK) == 0 }

    /// Sends an event.
    /// - Returns: false where the journal refuses it.
    package static func send(_ record: LineLogHandler.Record) -> Bool {
        let texts = fields(record).map { Array($0.utf8) }
        return texts.withVectors { sd_journal_sendv($0.baseAddress, Int32($0.count)) } == 0
    }

    /// As the journal names them: `VAULTWATCH_` and the name in upper case, of letters, digits and `_`, at most 64 long.
    static func fields(_ record: LineLogHandler.Record) -> [String] {
        ["MESSAGE=\(record.line)", "PRIORITY=\(record.priority)", "SYSLOG_IDENTIFIER=vaultwatch"]
            + record.fields.map { field in
                let name = field.name.utf8.prefix(50).map { byte -> Character in
                    let isPlain =
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    return isPlain ? Character(UnicodeScalar(byte)) : "_"
                }
                return "VAULTWATCH_\(String(name).uppercased())=\(field.value)"
            }
    }
}

extension [[UInt8]] {
    /// Calls the body with one iovec for each element.
    fileprivate func withVectors<Result>(_ body: (UnsafeBufferPointer<iovec>) -> Result) -> Result {
        // One buffer holds all bytes, so that the vectors stay valid together.
        var all = flatMap { $0 }
        return all.withUnsafeMutableBytes { bytes in
            var vectors: [iovec] = []
            var offset = 0
            for element in self {
                vectors.append(iovec(iov_base: bytes.baseAddress.map { $0 + offset }, iov_len: element.count))
                offset += element.count
            }
            return vectors.withUnsafeBufferPointer(body)
        }
    }
}
