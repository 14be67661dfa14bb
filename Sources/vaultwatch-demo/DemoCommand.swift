import ArgumentParser
import Lab
import Logging
import Platform
import Supervision
#if canImport(Glibc)
    import Glibc
#endif

/// `vaultwatch-demo`: a simulated estate with the agent, `vaultwatch run`, as a child process beside it.
@main
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vaultwatch-demo",
        abstract:
            "Runs vaultwatch on a simulated estate: three Vault nodes, PostgreSQL with a replica, a bucket, services, an inbox.",
        discussion: """
            Type an action and Return, or use the buttons of the inbox page:
              seal vault-1, unseal vault-1, kill vault-1, start vault-1, hang vault-1, step-down vault-1
              cut-replication, restore-replication, stop-database, freeze-database, start-database
              skip-backup, corrupt-backup, restore-backups
              stop-mail, start-mail, break-website, heal-website, break-names, heal-names
              fail slack, rate-limit pagerduty, hang-receiver slack, heal-receivers
              quit
            """)

    @Option(name: .customLong("log.level"), help: "The agent's log level: debug, info, warn or error.")
    var logLevel = "info"

    @Option(name: .customLong("web.listen-address"), help: "The address on which the agent listens.")
    var listenAddress = "127.0.0.1:9321"

    @Option(
        help: "A shell pattern of rule files. Default: rules/*.yml here, beside the program or above, or as packaged.")
    var rules = ""

    @Option(help: "The agent's program. Default: the vaultwatch beside this program.")
    var agent = ""

    @Flag(help: "Leave PostgreSQL out, for machines without it.")
    var withoutPostgres = false

    @Flag(help: "Plain HTTP between the agent and the nodes.")
    var http = false

    /// An event that ends or drives the demo.
    private enum Event: Sendable {
        case ready
        case line(String)
        case signal
        case agentExited
    }

    func run() async throws {
        // Without rules no alert would ever fire, which is what users of the demo want to see.
        let pattern = rules.isEmpty ? DemoCommand.shippedRules() : rules
        guard !SystemFiles().glob(pattern).isEmpty else {
            say("no rule files match \(pattern), so nothing would ever alert; name some: --rules='…/rules/*.yml'")
            throw ExitCode.failure
        }
        let signals = Signals.shared
        var estateOptions = EstateOptions()
        if withoutPostgres {
            estateOptions.postgres = nil
            estateOptions.cluster.storageType = "raft"
            estateOptions.cluster.features.raft = .init()
            estateOptions.cluster.watchAllows.insert("raft")
        }
        estateOptions.staging = StagingVault.Options()
        if http { estateOptions.security = .http }
        estateOptions.auditLogs = true
        say("Starting the simulated estate …")
        let log = Logger(label: "vaultwatch-demo") { _ in SwiftLogNoOpLogHandler() }
        let estate = try await Estate.start(estateOptions, platform: .real(log: log))
        let folder = try TemporaryDirectory()
        let code: ExitCode?
        do {
            code = try await run(estate, folder, pattern, signals)
        } catch {
            say("\(error)")
            code = .failure
        }
        await estate.stop()
        folder.remove()
        if let code { throw code }
    }

    private func run(
        _ estate: Estate, _ folder: TemporaryDirectory, _ rules: String, _ signals: Signals
    ) async throws -> ExitCode? {
        let endpoints = try estate.endpoints()
        let records = try folder.write("recovery.jsonl", RecoveryDemoConfiguration.records(at: SystemTime().wall()))
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                endpoints, rules: rules, listen: listenAddress, storage: folder.path, records: records))
        if let recovery = RecoveryDemoConfiguration.text(
            endpoints, daemonConfig: file, directory: folder.path, recordFile: records)
        {
            try folder.write("recovery.yml", recovery)
        }
        let (events, post) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingOldest(100))
        let notifySocket = try NotifySocket(path: folder.file("notify")) { post.yield(.ready) }
        var environment = DemoCommand.environment()
        environment["NOTIFY_SOCKET"] = notifySocket.path
        let child = try await ChildProcess.start(
            agent.isEmpty ? DemoCommand.agentBesideThisProgram() : agent,
            ["run", "--config.file=\(file)", "--log.level=\(logLevel)"],
            options: .init(environment: environment, standardOutput: .discard, standardError: .inherit))
        let tasks = [
            Task { for await _ in signals.requests { post.yield(.signal) } },
            Task {
                _ = await child.wait()
                post.yield(.agentExited)
            },
        ]
        try StandardInput.readLines { post.yield(.line($0)) }
        defer { for task in tasks { task.cancel() } }

        loop: for await event in events {
            switch event {
            case .ready: greet(endpoints, folder, file)
            case .line(let text):
                if await perform(text, estate) { break loop }
            case .signal: break loop
            case .agentExited:
                say("the agent ended: \(child.exit.map(String.init(describing:)) ?? "")")
                return .failure
            }
        }
        _ = await child.terminate(grace: .seconds(30))
        return nil
    }

    private func greet(_ endpoints: EstateEndpoints, _ folder: TemporaryDirectory, _ file: String) {
        let host = listenAddress.hasPrefix(":") ? "localhost" + listenAddress : listenAddress
        say(
            """

            The simulated estate is being monitored; the agent's configuration is \(file)
              inbox and buttons   \(endpoints.inboxURL)
              status page         http://\(host)/
              metrics             http://\(host)/metrics
              command line        vaultwatch status --url=unix:\(folder.file("vaultwatch.sock"))
              make a backup       vaultwatch backup run --recovery.file=\(folder.file("recovery.yml"))
              restore a backup    vaultwatch restore-test --recovery.file=\(folder.file("recovery.yml"))
            Type "seal vault-1" and Return, then look at the inbox; "help" lists the other actions, "quit" ends.

            """)
    }

    /// - Returns: whether the line asks to quit.
    private func perform(_ line: String, _ estate: Estate) async -> Bool {
        let words = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        switch words {
        case "": break
        case "quit", "exit", "q": return true
        case "help", "?": say(DemoCommand.configuration.discussion)
        default:
            guard let action = EstateAction(words) else {
                say("unknown action \"\(words)\"; \"help\" lists them")
                return false
            }
            do {
                try await estate.perform(action)
                say("done: \(action)")
            } catch {
                say("\(action): \(error)")
            }
        }
        return false
    }

    /// The rule files in the working directory, otherwise those next to or above this program, as in a checkout,
    /// otherwise those of the installed package.
    private static func shippedRules() -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        var folders = [getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? "."]
        var folder = programFolder ?? "/"
        while folder != "/", folders.count < 64 {
            folders.append(folder)
            folder = parentFolder(of: folder)
        }
        let files = SystemFiles()
        return folders.map { $0 + "/rules/*.yml" }.first { !files.glob($0).isEmpty }
            ?? "/usr/share/vaultwatch/rules/*.yml"
    }

    private static func agentBesideThisProgram() -> String { programFolder.map { $0 + "/vaultwatch" } ?? "vaultwatch" }

    /// The folder of this program; nil if the system does not report it. Source: proc_pid_exe(5).
    private static var programFolder: String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard count > 0 else { return nil }
        return parentFolder(of: String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    private static func environment() -> [String: String] {
        var result: [String: String] = [:]
        var pointer = environ
        while let entry = pointer.pointee {
            let pair = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            pointer += 1
        }
        return result
    }
}

/// Prints a line to standard error, where the agent's log goes too.
func say(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
}
