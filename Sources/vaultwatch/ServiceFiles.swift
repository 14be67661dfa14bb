import FoundationEssentials
import Platform
import Samples
import Synchronization
#if canImport(Glibc)
    import Glibc
#endif

/// Files as seen by a systemd service: with the permissions of its account, and with the credentials of its unit where
/// systemd will place them. Requires root.
struct ServiceFiles: FileAccess {
    private let unit: ServiceUnit
    private let user: uid_t
    private let group: gid_t
    private let files = SystemFiles()

    /// - Throws: `ServiceUnitError` if this process is not root's or the account does not exist.
    init(_ unit: ServiceUnit) throws(ServiceUnitError) {
        guard geteuid() == 0 else {
            throw ServiceUnitError(message: "only root can access files as \(unit.user)")
        }
        guard let account = getpwnam(unit.user) else {
            throw ServiceUnitError(
                message:
                    "there is no account \"\(unit.user)\", which \(ServiceUnit.name) runs as; systemd-sysusers makes it"
            )
        }
        self.unit = unit
        user = account.pointee.pw_uid
        group = account.pointee.pw_gid
        // Root's own groups must not grant access.
        setgroups(0, nil)
    }

    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        if let credential = credential(path) { return try read(credential, path, limit: limit) }
        return try asService { () throws(FileError) in try files.read(path, limit: limit) }
    }

    func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        try asService { () throws(FileError) in try files.readDated(path, limit: limit) }
    }

    func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        try asService { () throws(FileError) in try files.tail(path, limit: limit) }
    }

    func follow(_ path: String) throws(FileError) -> any FollowedFile {
        try asService { () throws(FileError) in try files.follow(path) }
    }

    func glob(_ pattern: String) -> [String] {
        (try? asService { () throws(FileError) in files.glob(pattern) }) ?? []
    }

    func makeFolder(_ path: String, mode: UInt32) throws(FileError) { throw unchangeable(path) }
    func makePrivate(_ path: String) throws(FileError) { throw unchangeable(path) }
    func rename(_ path: String, to new: String) throws(FileError) { throw unchangeable(path) }
    func remove(_ path: String) throws(FileError) { throw unchangeable(path) }

    private func unchangeable(_ path: String) -> FileError {
        FileError(path: path, reason: "a check of the configuration changes no files")
    }

    private func modified(_ path: String) -> Date? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    }

    /// Credentials of the running service that are older than their sources, as sentences.
    func staleCredentials() -> [String] {
        unit.credentials.compactMap { credential in
            guard let copied = modified(ServiceUnit.credentialsFolder + "/" + credential.name),
                let changed = modified(credential.source), copied < changed
            else { return nil }
            return
                "the service still has the credential \(credential.name) from before \(credential.source) was changed; systemctl restart \(ServiceUnit.name) loads the new one"
        }
    }

    /// The credential that a path will refer to, with an error for a path that no credential matches.
    private func credential(_ path: String) -> String? {
        let folder = ServiceUnit.credentialsFolder + "/"
        return path.hasPrefix(folder) ? String(path.dropFirst(folder.count)) : nil
    }

    private func read(_ name: String, _ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard let credential = unit.credentials.last(where: { $0.name == name }) else {
            throw FileError(
                path: path, reason: "\(ServiceUnit.name) and its drop-ins have no LoadCredential=\(name):…")
        }
        // The service's own copy, while it is running.
        if let bytes = try? files.read(path, limit: limit) { return bytes }
        guard credential.isEncrypted else { return try files.read(credential.source, limit: limit) }
        _ = try files.read(credential.source, limit: limit)
        let (text, status) = ServiceUnit.output(
            of: "systemd-creds decrypt --name=\(quoted(name)) \(quoted(credential.source)) - 2>&1")
        guard status == 0 else {
            throw FileError(path: credential.source, reason: String(text.prefix(200)))
        }
        return Array(text.utf8)
    }

    /// Quotes for sh(1).
    private func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// The effective user applies to the whole process.
    private static let account = Mutex(())

    /// Runs something with the service's file permissions; seteuid(2).
    private func asService<T: Sendable>(_ body: () throws(FileError) -> T) throws(FileError) -> T {
        do {
            return try ServiceFiles.account.withLock { (_) throws(FileError) -> T in
                setegid(group)
                seteuid(user)
                defer {
                    seteuid(0)
                    setegid(0)
                }
                return try body()
            }
        } catch {
            guard error.reason == String(cString: strerror(EACCES)) else { throw error }
            throw FileError(
                path: error.path,
                reason:
                    "\(unit.user), the service's user, may not read it; chgrp \(unit.user) and chmod 0640 let it"
            )
        }
    }
}
