import Synchronization
#if canImport(Glibc)
    package import Glibc
#endif

/// A child process in its own process group. It inherits no descriptors but its standard streams, and the kernel kills
/// it when this process dies for any reason.
///
/// Each child has one thread, which starts it and waits for it: PR_SET_PDEATHSIG, prctl(2), fires when the
/// *thread* that made the child ends, so it must be one that lives as long as the child.
package final class ChildProcess: Sendable {
    /// Where an output stream of the child goes.
    package enum Output: Hashable, Sendable {
        /// To /dev/null.
        case discard
        /// To the same stream of this process.
        case inherit
        /// Appended to a file, which is created if it does not exist.
        case file(String)
        /// Kept in an unnamed file until the last reference goes; see `standardOutput(limit:)`.
        case capture
        /// To an open descriptor, such as the end of a pipe. It stays the caller's, who closes it after the start.
        case descriptor(Int32)
    }

    /// How a child terminated.
    package enum Exit: Hashable, Sendable, CustomStringConvertible {
        /// With an exit status.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)

        /// `exit status 1`, `killed by signal 9`.
        package var description: String {
            switch self {
            case .exited(let code): "exit status \(code)"
            case .signalled(let signal): "killed by signal \(signal)"
            }
        }
    }

    /// The environment of a child.
    package struct Options: Sendable {
        /// Default: this process' environment.
        package var environment: [String: String]?
        /// Default: this process' working directory.
        package var workingDirectory: String?
        /// An open descriptor to read from; it stays the caller's. Default: none, the input is empty.
        package var standardInput: Int32?
        /// Default: captured.
        package var standardOutput: Output = .capture
        /// Default: captured.
        package var standardError: Output = .capture
        /// The account to run under; only root may set one. Default: this process' account.
        package var user: String?

        /// The defaults unless the rest is given.
        package init(
            environment: [String: String]? = nil, workingDirectory: String? = nil, standardInput: Int32? = nil,
            standardOutput: Output = .capture, standardError: Output = .capture, user: String? = nil
        ) {
            self.environment = environment
            self.workingDirectory = workingDirectory
            self.standardInput = standardInput
            self.standardOutput = standardOutput
            self.standardError = standardError
            self.user = user
        }
    }

    private struct State {
        var exit: Exit?
        var waiters: [CheckedContinuation<Exit, Never>] = []
    }

    /// The process id.
    package let pid: pid_t
    private let state = Mutex(State())
    private let captured: (output: Int32?, error: Int32?)

    fileprivate init(pid: pid_t, output: Int32?, error: Int32?) {
        self.pid = pid
        captured = (output, error)
    }

    deinit {
        if let descriptor = captured.output { close(descriptor) }
        if let descriptor = captured.error { close(descriptor) }
    }

    /// Starts a program.
    /// - Parameter executable: a path, or a name looked up in PATH.
    /// - Throws: `ChildProcessError` when it can't be started. A wrapped start (another account, setpriv(1))
    ///   shows a missing program only as exit status 127.
    package static func start(
        _ executable: String, _ arguments: [String] = [], options: Options = Options()
    ) async throws(ChildProcessError) -> ChildProcess {
        let result: Result<ChildProcess, ChildProcessError> = await withCheckedContinuation { continuation in
            do {
                try SystemThreads().start("child") {
                    switch spawn(executable, arguments, options) {
                    case .failure(let error):
                        continuation.resume(returning: .failure(error))
                    case .success(let child):
                        continuation.resume(returning: .success(child))
                        child.reap()
                    }
                }
            } catch {
                continuation.resume(
                    returning: .failure(ChildProcessError(program: executable, reason: "\(error)")))
            }
        }
        return try result.get()
    }

    /// Runs a program to its end.
    /// - Returns: its standard output, at most `limit` bytes.
    /// - Throws: `ChildProcessError` with the end of its standard error if it does not exit with 0.
    @discardableResult
    package static func run(
        _ executable: String, _ arguments: [String] = [], options: Options = Options(), limit: Int = 1 << 20
    ) async throws(ChildProcessError) -> [UInt8] {
        let child = try await start(executable, arguments, options: options)
        let exit = await child.wait()
        guard exit == .exited(0) else {
            let said = String(decoding: child.standardError(limit: 4096), as: UTF8.self)
            throw ChildProcessError(program: executable, reason: "\(exit): \(said)")
        }
        return child.standardOutput(limit: limit)
    }

    /// Waits until the child has ended, without blocking a thread; any number of tasks may wait.
    @discardableResult
    package func wait() async -> Exit {
        await withCheckedContinuation { continuation in
            let exit: Exit? = state.withLock {
                if $0.exit == nil { $0.waiters.append(continuation) }
                return $0.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// How the child ended; nil while it is running.
    package var exit: Exit? { state.withLock { $0.exit } }

    /// Sends a signal only to the child.
    /// - Returns: false if it has ended. A pid that was reused by another process is never signalled: the child is
    ///   reaped under the same lock.
    @discardableResult
    package func signal(_ number: Int32) -> Bool {
        state.withLock { $0.exit == nil && kill(pid, number) == 0 }
    }

    /// Sends SIGTERM (or the given signals in turn) and, after the last grace period, kills the whole process group.
    @discardableResult
    package func terminate(asking signals: [Int32] = [SIGTERM], grace: Duration = .seconds(5)) async -> Exit {
        for number in signals {
            guard signal(number) else { return await wait() }
            if let exit = await wait(atMost: grace) { return exit }
        }
        state.withLock { state in
            if state.exit == nil { _ = kill(-pid, SIGKILL) }
        }
        return await wait()
    }

    /// Waits up to a limit; nil if the child is still running then.
    package func wait(atMost limit: Duration) async -> Exit? {
        await withTaskGroup(of: Exit?.self) { group in
            let clock = ContinuousClock()
            let deadline = clock.now + limit
            group.addTask {
                // Polls, since a continuation cannot be abandoned.
                var pause = Duration.milliseconds(1)
                while clock.now < deadline {
                    if let exit = self.exit { return exit }
                    guard (try? await Task.sleep(for: pause)) != nil else { return self.exit }
                    pause = min(pause * 2, .milliseconds(50))
                }
                return self.exit
            }
            return await group.next() ?? nil
        }
    }

    /// The captured standard output so far, at most its last `limit` bytes.
    package func standardOutput(limit: Int) -> [UInt8] { ChildProcess.tail(captured.output, limit) }

    /// The captured standard error so far, at most its last `limit` bytes.
    package func standardError(limit: Int) -> [UInt8] { ChildProcess.tail(captured.error, limit) }

    private static func tail(_ descriptor: Int32?, _ limit: Int) -> [UInt8] {
        guard let descriptor else { return [] }
        // Not lseek(2): the offset is shared with the child.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return [] }
        var start = max(0, status.st_size - limit)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while bytes.count < limit {
            let count = pread(descriptor, &chunk, min(chunk.count, limit - bytes.count), start)
            guard count > 0 else { break }
            bytes += chunk[..<count]
            start += count
        }
        return bytes
    }

    /// How much of each captured output is kept on disk, at least; a child may write without end.
    private static let capturedBytes: Int64 = 64 << 20
    /// From one look at the size of what is captured to the next, in milliseconds.
    private static let capturePeriod: Int32 = 250

    private func trim() {
        for case let descriptor? in [captured.output, captured.error] {
            var status = stat()
            guard fstat(descriptor, &status) == 0, Int64(status.st_size) > 2 * ChildProcess.capturedBytes else {
                continue
            }
            ProcessDescriptor.freeBeginning(
                of: descriptor, bytes: Int64(status.st_size) - ChildProcess.capturedBytes)
        }
    }

    /// Blocks this child's thread until its end.
    private func reap() {
        if captured.output != nil || captured.error != nil {
            let end = ProcessDescriptor.open(pid)
            if end >= 0 {
                var polled = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
                while true {
                    let count = poll(&polled, 1, ChildProcess.capturePeriod)
                    if count > 0 || (count < 0 && errno != EINTR) { break }
                    trim()
                }
                close(end)
            }
        }
        var info = siginfo_t()
        while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (exit, waiters): (Exit, [CheckedContinuation<Exit, Never>]) = state.withLock { state in
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            let exit: Exit = signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
            state.exit = exit
            defer { state.waiters = [] }
            return (exit, state.waiters)
        }
        for waiter in waiters { waiter.resume(returning: exit) }
    }
}

/// A program that could not be started or failed.
package struct ChildProcessError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The program, or the system call that failed.
    package let program: String
    /// Its message, or the system's.
    package let reason: String

    /// An error with its parts.
    package init(program: String, reason: String) {
        self.program = program
        self.reason = reason
    }

    /// `initdb: exit status 1: …`.
    package var description: String { "\(program): \(reason)" }
}

extension ChildProcess {
    /// Starts the program with posix_spawn(3), through setpriv(1) if it exists: the parent-death signal and the account can
    /// only be set by a program after the fork.
    fileprivate static func spawn(_ executable: String, _ arguments: [String], _ options: Options) -> Result<
        ChildProcess, ChildProcessError
    > {
        func failure(_ code: Int32) -> Result<ChildProcess, ChildProcessError> {
            .failure(ChildProcessError(program: executable, reason: String(cString: strerror(code))))
        }
        var command = [executable] + arguments
        if let directory = options.workingDirectory { command = ["/usr/bin/env", "-C", directory] + command }
        if access("/usr/bin/setpriv", X_OK) == 0 {
            var wrapper = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
            if let user = options.user { wrapper += ["--reuid", user, "--regid", user, "--init-groups"] }
            command = wrapper + ["--"] + command
        } else if options.user != nil {
            return .failure(
                ChildProcessError(program: executable, reason: "no /usr/bin/setpriv to change the account with"))
        }

        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        if let input = options.standardInput {
            posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        var kept: [Int32] = []
        var captured: [Int32?] = []
        for (stream, output) in [(Int32(1), options.standardOutput), (Int32(2), options.standardError)] {
            switch output {
            case .discard:
                posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0)
                captured.append(nil)
            case .inherit:
                posix_spawn_file_actions_adddup2(&actions, stream, stream)
                captured.append(nil)
            case .file(let path):
                posix_spawn_file_actions_addopen(&actions, stream, path, O_WRONLY | O_CREAT | O_APPEND, 0o644)
                captured.append(nil)
            case .descriptor(let descriptor):
                posix_spawn_file_actions_adddup2(&actions, descriptor, stream)
                captured.append(nil)
            case .capture:
                let descriptor = OpenFile.unnamedDescriptor(in: "/tmp")
                guard descriptor >= 0 else {
                    let code = errno
                    for other in kept { close(other) }
                    return failure(code)
                }
                posix_spawn_file_actions_adddup2(&actions, descriptor, stream)
                kept.append(descriptor)
                captured.append(descriptor)
            }
        }
        for descriptor in inheritable() { posix_spawn_file_actions_addclose(&actions, descriptor) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This process may block or ignore signals; the child starts with the default dispositions.
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let argv = command.map { strdup($0) } + [nil]
        let envp = options.environment.map { $0.map { strdup("\($0.key)=\($0.value)") } + [nil] }
        defer {
            for pointer in argv { free(pointer) }
            for pointer in envp ?? [] { free(pointer) }
        }
        var pid: pid_t = 0
        let code =
            envp.map { posix_spawnp(&pid, command[0], &actions, &attributes, argv, $0) }
            ?? posix_spawnp(&pid, command[0], &actions, &attributes, argv, environ)
        guard code == 0 else {
            for descriptor in kept { close(descriptor) }
            return failure(code)
        }
        return .success(ChildProcess(pid: pid, output: captured[0], error: captured[1]))
    }
}

/// Descriptors that a child would get: those without FD_CLOEXEC; proc(5).
private func inheritable() -> [Int32] {
    guard let directory = opendir("/proc/self/fd") else { return [] }
    defer { closedir(directory) }
    var found: [Int32] = []
    while let entry = readdir(directory) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        guard let descriptor = Int32(name), descriptor > 2 else { continue }
        let flags = fcntl(descriptor, F_GETFD)
        if flags >= 0, flags & FD_CLOEXEC == 0 { found.append(descriptor) }
    }
    return found
}
