#if canImport(Glibc)
    import Glibc
#endif

/// The location of PostgreSQL's programs on this machine, and the account to run them under, since the server refuses
/// to run as root.
package struct PostgresInstallation: Hashable, Sendable {
    /// The directory of the programs.
    package let directory: String
    /// The account to run them under; nil for the current one.
    package let account: String?

    /// A known installation.
    package init(directory: String, account: String?) {
        self.directory = directory
        self.account = account
    }

    /// Finds the newest version in Debian's /usr/lib/postgresql, else the first in PATH.
    package static func find() -> PostgresInstallation? {
        let account: String? = geteuid() == 0 ? "postgres" : nil
        if let account, getpwnam(account) == nil { return nil }
        var candidates: [(version: Int, path: String)] = []
        if let directory = opendir("/usr/lib/postgresql") {
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if let version = Int(name) { candidates.append((version, "/usr/lib/postgresql/\(name)/bin")) }
            }
        }
        candidates.sort { $0.version > $1.version }
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let all = candidates.map(\.path) + path.split(separator: ":").map(String.init)
        return all.first { access("\($0)/initdb", X_OK) == 0 && access("\($0)/postgres", X_OK) == 0 }
            .map { PostgresInstallation(directory: $0, account: account) }
    }

    /// The path of one of the programs.
    package func program(_ name: String) -> String { "\(directory)/\(name)" }
}
