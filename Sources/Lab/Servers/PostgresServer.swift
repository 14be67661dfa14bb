package import Platform
import Synchronization
#if canImport(Glibc)
    package import Glibc
#endif

/// One PostgreSQL server on 127.0.0.1 with its own data directory.
package final class PostgresServer: Sendable {
    /// `primary` or `replica`.
    package let name: String
    /// Its TCP port.
    package let port: UInt16
    /// The directory of its Unix socket, through which the superuser `postgres` connects without a password.
    package let socketDirectory: String
    let data: String
    private let log: String
    private let installation: PostgresInstallation
    private let process = Mutex<ChildProcess?>(nil)

    init(name: String, directory: TemporaryDirectory, installation: PostgresInstallation) throws(ChildProcessError) {
        self.name = name
        self.installation = installation
        port = try freePort()
        data = directory.file(name)
        socketDirectory = directory.file("\(name)-socket")
        log = directory.file("\(name).log")
        for path in [data, socketDirectory] {
            guard mkdir(path, 0o700) == 0 else {
                throw ChildProcessError(program: path, reason: String(cString: strerror(errno)))
            }
            if let account = installation.account, let entry = getpwnam(account) {
                chown(path, entry.pointee.pw_uid, entry.pointee.pw_gid)
            }
        }
        chmod(socketDirectory, 0o755)
    }

    /// The process id of the postmaster; nil while it is not running.
    package var pid: pid_t? { process.withLock { $0 }.flatMap { $0.exit == nil ? $0.pid : nil } }

    /// The end of its log.
    package func logTail(limit: Int = 4096) -> String {
        let descriptor = open(log, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let size = lseek(descriptor, 0, SEEK_END)
        let count = pread(descriptor, &bytes, limit, max(0, size - limit))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Starts the server and waits until it accepts connections; does nothing if it is running.
    /// - Throws: `ChildProcessError` with the end of its log.
    package func start() async throws(ChildProcessError) {
        // After a kill, old backends may still hold the shared memory for a moment, and the start fails.
        for attempt in 1...20 {
            if pid == nil {
                let child = try await ChildProcess.start(
                    installation.program("postgres"), ["-D", data],
                    options: ChildProcess.Options(
                        standardOutput: .file(log), standardError: .file(log), user: installation.account))
                process.withLock { $0 = child }
            }
            if await waitUntil({ await self.isReady() || self.pid == nil }), pid != nil { return }
            if attempt < 20 { try? await Task.sleep(for: .milliseconds(100)) }
        }
        throw ChildProcessError(program: "postgres \(name)", reason: logTail())
    }

    /// Whether the server accepts connections.
    package func isReady() async -> Bool {
        let asked = try? await ChildProcess.start(
            installation.program("pg_isready"),
            ["-q", "-t", "2", "-h", socketDirectory, "-p", String(port), "-d", "postgres"],
            options: ChildProcess.Options(standardOutput: .discard, standardError: .discard))
        return await asked?.wait() == .exited(0)
    }

    /// Stops the server: fast shutdown, then immediate, then kill.
    package func stop() async {
        guard let child = process.withLock({ $0 }) else { return }
        thaw()
        await child.terminate(asking: [SIGINT, SIGQUIT], grace: .seconds(10))
    }

    /// Kills all processes of the server with SIGKILL, like a crash.
    package func kill() async {
        guard let child = process.withLock({ $0 }), child.exit == nil else { return }
        let backends = PostgresServer.children(of: child.pid)
        child.signal(SIGKILL)
        for backend in backends { _ = Glibc.kill(backend, SIGKILL) }
        await child.wait()
    }

    /// Stops all processes of the server with SIGSTOP: connections stay open, and nothing responds.
    package func freeze() {
        guard let child = process.withLock({ $0 }), child.signal(SIGSTOP) else { return }
        for backend in PostgresServer.children(of: child.pid) { _ = Glibc.kill(backend, SIGSTOP) }
    }

    /// Ends `freeze()`.
    package func thaw() {
        guard let child = process.withLock({ $0 }), child.exit == nil else { return }
        for backend in PostgresServer.children(of: child.pid) { _ = Glibc.kill(backend, SIGCONT) }
        child.signal(SIGCONT)
    }

    /// Runs SQL as the superuser, through psql(1).
    /// - Returns: the rows without headers, fields separated by `|`.
    /// - Throws: `ChildProcessError` with the server's message.
    @discardableResult
    package func sql(_ statements: String, database: String = "vault") async throws(ChildProcessError) -> String {
        let output = try await ChildProcess.run(
            installation.program("psql"),
            [
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h", socketDirectory, "-p",
                String(port), "-d", database, "-c", statements,
            ],
            options: ChildProcess.Options(environment: [
                "PGCONNECT_TIMEOUT": "5", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
            ]))
        var text = String(decoding: output, as: UTF8.self)
        while text.last == "\n" { text.removeLast() }
        return text
    }

    /// The child processes of a process, from /proc/PID/stat; proc(5). Backends leave the process group with setsid(2).
    private static func children(of parent: pid_t) -> [pid_t] {
        guard let directory = opendir("/proc") else { return [] }
        defer { closedir(directory) }
        var found: [pid_t] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let pid = pid_t(name) else { continue }
            let descriptor = open("/proc/\(name)/stat", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = read(descriptor, &bytes, bytes.count)
            // The name is in parentheses and may contain any; the state and the parent follow the last one.
            guard count > 0, let end = bytes[..<count].lastIndex(of: UInt8(ascii: ")")) else { continue }
            let fields = String(decoding: bytes[(end + 1)..<count], as: UTF8.self).split(separator: " ")
            if fields.count > 1, pid_t(fields[1]) == parent { found.append(pid) }
        }
        return found
    }
}
