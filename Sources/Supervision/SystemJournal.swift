package import Platform
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// systemd's journal, which stores the fields of an event in addition to its message: `journalctl
/// VAULTWATCH_RECEIVER=on-call`.
/// Source: systemd.journal-fields(7).
package enum SystemJournal {
    /// Whether a descriptor, standard error by default, is connected to the journal: `$JOURNAL_STREAM` has the device
    /// and inode of the stream that systemd created, but a shell in between may have redirected it. Source:
    /// systemd.exec(5).
    package static func isReached(_ environment: [String: String], by descriptor: Int32 = STDERR_FILENO) -> Bool {
        var status = stat()
        guard let stream = environment["JOURNAL_STREAM"], fstat(descriptor, &status) == 0 else { return false }
        return stream == "\(status.st_dev):\(status.st_ino)"
    }

    /// Whether the journal's socket is writable; it is missing in a service with its own root directory.
    package static var takesFields: Bool { access(path, W_OK) == 0 }

    /// The journal's socket.
    package static let path = "/run/systemd/journal/socket"
    private static let socket = Mutex<Int32>(-1)
    /// A socket's buffer must be able to hold an entire event.
    private static let limitBytes = 64 << 10

    /// Sends an event without waiting: sd_journal_sendv(3) would block while a hung journal leaves its socket full.
    /// Source: systemd.io, "Native Journal Protocol".
    /// - Returns: false if the journal does not accept it at once.
    package static func send(_ record: LineLogHandler.Record, to path: String = path) -> Bool {
        let message = datagram(fields(record))
        guard message.count <= limitBytes else { return false }
        return socket.withLock { socket in
            if socket < 0 {
                socket = Glibc.socket(
                    AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
                    0)
            }
            return withUnixAddress(path) {
                sendto(socket, message, message.count, Int32(MSG_NOSIGNAL), $0, $1) == message.count
            }
        }
    }

    /// One `NAME=value` line per field; a multi-line value is its length in 8 bytes, little-endian, followed by the
    /// value.
    static func datagram(_ fields: [(name: String, value: String)]) -> [UInt8] {
        var bytes: [UInt8] = []
        for field in fields {
            bytes += Array(field.name.utf8)
            let value = Array(field.value.utf8)
            if value.contains(10) {
                bytes.append(10)
                // Checked: a count.
                withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes += $0 }
            } else {
                bytes.append(UInt8(ascii: "="))
            }
            bytes += value + [10]
        }
        return bytes
    }

    /// Field names in the journal's form: `VAULTWATCH_` and the name in upper case, of letters, digits and `_`, at most
    /// 64 long.
    static func fields(_ record: LineLogHandler.Record) -> [(name: String, value: String)] {
        [("MESSAGE", record.line), ("PRIORITY", "\(record.priority)"), ("SYSLOG_IDENTIFIER", "vaultwatch")]
            + record.fields.map { field in
                let name = field.name.utf8.prefix(50).map { byte -> Character in
                    let isPlain =
                        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    return isPlain ? Character(UnicodeScalar(byte)) : "_"
                }
                return ("VAULTWATCH_\(String(name).uppercased())", field.value)
            }
    }
}
