#if canImport(Glibc)
    import Glibc
#endif

/// The names of this machine's users and groups. Each call may query a network directory, and blocks meanwhile.
package enum Accounts {
    /// The name of a user; nil if there is none, or the directory does not respond. Source: getpwuid_r(3).
    package static func userName(_ id: UInt32) -> String? {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: bufferBytes)
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, let found, let name = found.pointee.pw_name
        else { return nil }
        return String(cString: name)
    }

    /// The id of a group; nil if there is none, or the directory does not respond. Source: getgrnam_r(3).
    package static func groupID(_ name: String) -> UInt32? {
        var entry = group()
        var buffer = [CChar](repeating: 0, count: bufferBytes)
        var found: UnsafeMutablePointer<group>?
        guard getgrnam_r(name, &entry, &buffer, buffer.count, &found) == 0, let found else { return nil }
        return found.pointee.gr_gid
    }

    /// Enough for a group with some thousand members.
    private static let bufferBytes = 65536
}
