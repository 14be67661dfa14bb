import Platform
import Probes
import Text
import Transport
#if canImport(Glibc)
    import Glibc
#endif

/// Dumps Vault's database with `pg_dump` of the server's version, in the custom format, as one snapshot. The dump streams
/// through `pg_restore -f /dev/null` at the same time, which finds damage that a listing does not: it never is on a disk
/// unencrypted. Sources: pg_dump(1), pg_restore(1).
struct PostgresDumpReader: Sendable {
    private let source: PostgresSource
    private let network: Network
    private let platform: Platform
    private let environment: [String: String]

    /// Where Debian and Ubuntu install the versions side by side.
    private static let root = "/usr/lib/postgresql"
    /// How long a program may take to end after its last byte.
    private static let grace = Duration.seconds(30)

    init(_ source: PostgresSource, network: Network, platform: Platform, environment: [String: String]) {
        self.source = source
        self.network = network
        self.platform = platform
        self.environment = environment
    }

    func read(
        _ begin: SourceReader.Begin
    ) async throws(SourceError) -> (BackupSealer, SourceReader.Facts) {
        let major = try await serverMajor()
        let program = try program(for: major)
        var facts = SourceReader.Facts(postgresMajor: major)
        facts.origin = source.connection.parameters["host"] ?? source.connection.parameters["hostaddr"] ?? ""
        if let health = await health() { (facts.vaultVersion, facts.clusterID) = (health.version, health.clusterID) }
        let sealer: BackupSealer
        do throws(BackupFailure) { sealer = try begin() } catch { throw SourceError(error) }
        try await dump(program, into: sealer)
        return (sealer, facts)
    }

    private func serverMajor() async throws(SourceError) -> Int {
        let connection = network.database.connection(to: source.connection)
        let rows: PostgresRows
        do throws(PostgresError) {
            rows = try await connection.query("SHOW server_version_num")
        } catch {
            throw SourceError("PostgreSQL: \(error.message)", mayPass: error.reason != .auth)
        }
        await connection.close()
        guard let number = rows.value(0, "server_version_num").flatMap({ Int($0) }) else {
            throw SourceError("PostgreSQL does not tell its version")
        }
        return number / 10_000
    }

    /// The configured program, or that of the server's version or the next newer one: pg_dump refuses older programs.
    private func program(for major: Int) throws(SourceError) -> String {
        if let program = source.program { return program }
        let installed = platform.files.glob("\(PostgresDumpReader.root)/*/bin/pg_dump").compactMap {
            path -> (Int, String)? in
            path.split(separator: "/").dropFirst(3).first.flatMap { Int($0) }.map { ($0, path) }
        }
        guard let found = installed.filter({ $0.0 >= major }).min(by: { $0.0 < $1.0 }) else {
            let known = installed.isEmpty ? "none" : Words.list(installed.map { "\($0.0)" })
            throw SourceError(
                "PostgreSQL is of version \(major), and \(PostgresDumpReader.root) has no pg_dump of that or a newer one (\(known)); install postgresql-client-\(major), or name the program as source.postgres.pg_dump"
            )
        }
        return found.1
    }

    private func health() async -> HealthAnswer? {
        guard let vault = source.vault else { return nil }
        for node in vault.nodes {
            let response = try? await network.http.send(vault.request(node.url, "/v1/sys/health"))
            if let health = response.flatMap({ decodeJSON(HealthAnswer.self, $0.body) }), health.version != nil {
                return health
            }
        }
        return nil
    }

    /// The arguments of pg_dump; the password is in none. The rows of `lockTable` are left out, since a copy with a valid
    /// lock would pass reads on to production; the table is needed.
    static func arguments(_ source: PostgresSource) -> [String] {
        var parameters = source.connection.parameters
        parameters["connect_timeout"] = String(max(2, Int(saturating: source.connection.connectTimeout.seconds)))
        parameters["application_name"] = "vaultwatch-backup"
        let connection = parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\(quoted($0.value))" }
            .joined(separator: " ")
        return [
            "--format=custom", "--exclude-table-data=\(source.lockTable)", "--no-owner", "--no-privileges",
            "--lock-wait-timeout=\(source.lockWait.milliseconds)", "--no-password", "--dbname=\(connection)",
        ]
    }

    /// A value of a connection string. Source: PostgreSQL manual, "Keyword/Value Connection Strings".
    private static func quoted(_ value: String) -> String {
        "'" + value.reduce(into: "") { $0 += $1 == "'" || $1 == "\\" ? "\\\($1)" : String($1) } + "'"
    }

    /// The password as a password file, in an unnamed file that the child reads as its standard input: it has no name that
    /// could be left behind, and is neither in arguments nor in the environment. Source: PostgreSQL manual, "The Password
    /// File".
    private func passwordFile() async throws(SourceError) -> OpenFile? {
        guard let secret = source.connection.password else { return nil }
        do throws(FileError) {
            let password = try await secret.revealInTime(platform.files)
            let escaped = password.reduce(into: "") { $0 += $1 == ":" || $1 == "\\" ? "\\\($1)" : String($1) }
            let file = try OpenFile(unnamedIn: "/tmp")
            try file.write(Array("*:*:*:*:\(escaped)\n".utf8), at: 0)
            return file
        } catch {
            throw SourceError(BackupFailure(.source, "the password of source.postgres: \(error)"))
        }
    }

    /// PATH, language and where libpq looks; nothing else of this process's environment, which may hold secrets.
    private func childEnvironment(hasPassword: Bool) -> [String: String] {
        var child = ["PATH": "/usr/bin:/bin", "LC_MESSAGES": "C"]
        for name in ["HOME", "TZ", "PGSSLROOTCERT", "PGSYSCONFDIR"] { child[name] = environment[name] }
        if hasPassword {
            child["PGPASSFILE"] = "/dev/stdin"
        } else {
            for name in ["PGPASSFILE", "PGSERVICEFILE"] { child[name] = environment[name] }
        }
        return child
    }

    private func dump(_ program: String, into sealer: BackupSealer) async throws(SourceError) {
        let passwords = try await passwordFile()
        let restore = parentFolder(of: program) + "/pg_restore"
        let deadline = platform.time.monotonic() + source.timeout
        let (dumpOut, checkIn): (Pipe, Pipe)
        do throws(FileError) { (dumpOut, checkIn) = (try Pipe(), try Pipe()) } catch { throw SourceError("\(error)") }
        var options = ChildProcess.Options(environment: childEnvironment(hasPassword: passwords != nil))
        options.standardInput = passwords?.descriptor
        options.standardOutput = .descriptor(dumpOut.writer)
        var checkOptions = ChildProcess.Options(environment: childEnvironment(hasPassword: false))
        checkOptions.standardInput = checkIn.reader
        checkOptions.standardOutput = .discard
        let dump: ChildProcess
        let check: ChildProcess
        do throws(ChildProcessError) {
            check = try await ChildProcess.start(restore, ["-f", "/dev/null"], options: checkOptions)
        } catch { throw SourceError("\(error)") }
        do throws(ChildProcessError) {
            dump = try await ChildProcess.start(
                program, PostgresDumpReader.arguments(source), options: options)
        } catch {
            await check.terminate(grace: .zero)
            throw SourceError("\(error)")
        }
        // The children hold the other ends; ours would keep the pipes open after their end.
        dumpOut.closeWriter()
        checkIn.closeReader()
        do throws(SourceError) {
            try copy(dumpOut, to: checkIn, sealer, until: deadline)
            checkIn.closeWriter()
            try await conclude(dump, check)
        } catch {
            checkIn.closeWriter()
            await dump.terminate(grace: .zero)
            await check.terminate(grace: .zero)
            // The program's own words say more than a broken pipe.
            if error.failure.kind == .source, let said = PostgresDumpReader.words(of: dump) {
                throw SourceError("pg_dump: \(said)", mayPass: error.mayPass)
            }
            throw error
        }
    }

    /// Blocks its thread.
    private func copy(
        _ from: Pipe, to: Pipe, _ sealer: BackupSealer, until deadline: Instant
    ) throws(SourceError) {
        var checks = true
        while true {
            if Task.isCancelled { throw SourceError(.interrupted) }
            let left = deadline - platform.time.monotonic()
            guard left > .zero else {
                throw SourceError("pg_dump took longer than dump_timeout (\(Words.duration(source.timeout)))")
            }
            let piece: [UInt8]?
            do throws(FileError) { piece = try from.read(wait: min(left, .seconds(1))) } catch {
                throw SourceError("pg_dump: \(error)")
            }
            guard let piece else { continue }
            if piece.isEmpty { return }
            do throws(BackupFailure) { try sealer.take(piece) } catch { throw SourceError(error) }
            // A check that has ended tells why at its end.
            if checks { checks = to.write(piece, until: { Task.isCancelled || platform.time.monotonic() >= deadline }) }
        }
    }

    private func conclude(_ dump: ChildProcess, _ check: ChildProcess) async throws(SourceError) {
        guard let exit = await dump.wait(atMost: PostgresDumpReader.grace) else {
            throw SourceError("pg_dump does not end")
        }
        guard exit == .exited(0) else {
            let words = PostgresDumpReader.words(of: dump) ?? exit.description
            throw SourceError("pg_dump: \(words)", mayPass: !words.contains("permission denied"))
        }
        guard let verdict = await check.wait(atMost: PostgresDumpReader.grace), verdict == .exited(0) else {
            throw SourceError(
                BackupFailure(
                    .content,
                    "pg_restore cannot read the dump: \(PostgresDumpReader.words(of: check) ?? "it did not end")"))
        }
    }

    /// What a program said last, on one line.
    private static func words(of child: ChildProcess) -> String? {
        let said = String(decoding: child.standardError(limit: 2048), as: UTF8.self)
        let lines = said.split(whereSeparator: \.isNewline).map(String.init)
        return lines.isEmpty ? nil : lines.suffix(3).joined(separator: "; ").prefix(400).description
    }
}
