import Agent
import ArgumentParser
import Lab
import LocalServers
import Logging
import Platform
import Supervision
#if canImport(Glibc)
    import Glibc
#endif

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract:
            "Runs the agent on a simulated estate: three Vault nodes, PostgreSQL with a replica, a bucket, an inbox.",
        discussion: """
            Type an action and Return, or use the buttons of the inbox page:
              seal vault-1, unseal vault-1, kill vault-1, start vault-1, hang vault-1, step-down vault-1
              cut-replication, restore-replication, stop-database, freeze-database, start-database
              skip-backup, corrupt-backup, restore-backups
              fail slack, rate-limit pagerduty, hang-receiver slack, heal-receivers
              quit
            """)

    @OptionGroup var log: LogOptions

    @Option(name: .customLong("web.listen-address"), help: "Where the agent listens.")
    var listenAddress = "127.0.0.1:9321"

    @Option(help: "A pattern of rule files.")
    var rules = ""

    @Flag(help: "Without PostgreSQL: for machines that have none.")
    var withoutPostgres = false

    @Flag(help: "Plain HTTP between the agent and the nodes.")
    var http = false

    func run() async throws {
        let signals = Signals.shared
        let logger = log.logger()
        var estateOptions = EstateOptions()
        if withoutPostgres { estateOptions.postgres = nil }
        if http { estateOptions.security = .http }
        Terminal.error("Starting the simulated estate …")
        let estate = try await Estate.start(estateOptions, platform: .real(log: logger))
        let folder = try TemporaryDirectory()
        let code: ExitCode?
        do {
            let endpoints = try estate.endpoints()
            let file = folder.path + "/vaultwatch.yml"
            _ = try folder.write(
                "vaultwatch.yml",
                DemoConfiguration.text(
                    endpoints, rules: rules.isEmpty ? DemoCommand.shippedRules() : rules, listen: listenAddress,
                    storage: folder.path))
            var options = AgentOptions(configFile: file)
            options.version = Vaultwatch.version
            options.environment = Environment.all()
            let (requests, asking) = AsyncStream.makeStream(of: Request.self)
            let forwarding = Task { for await request in signals.requests { asking.yield(request) } }
            let keys = DemoCommand.readKeys(estate, asking)
            try await Daemon.run(options, log: logger, requests: requests) { addresses in
                Terminal.error(
                    """

                    The watched estate is up; its configuration is \(file)
                      inbox and buttons   \(endpoints.inboxURL)
                      status page         http://\(addresses.first ?? listenAddress)/
                      metrics             http://\(addresses.first ?? listenAddress)/metrics
                    Type "seal vault-1" and Return, then look at the inbox; "help" names the other actions, "quit" ends.

                    """)
            }
            forwarding.cancel()
            keys.cancel()
            code = nil
        } catch let exit as ExitCode {
            code = exit
        } catch {
            Terminal.error("\(error)")
            code = .failure
        }
        await estate.stop()
        folder.remove()
        if let code { throw code }
    }

    /// The rule files beside the sources, or those of the installed package.
    private static func shippedRules() -> String {
        let here = SystemFiles().glob("rules/*.yml")
        if here.isEmpty { return "/usr/share/vaultwatch/rules/*.yml" }
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let folder = getcwd(&buffer, buffer.count).map { String(cString: $0) } ?? "."
        return folder + "/rules/*.yml"
    }

    /// Lines from standard input, read on a thread of their own since reading blocks.
    private static func readKeys(_ estate: Estate, _ asking: AsyncStream<Request>.Continuation) -> Task<Void, Never> {
        let (lines, typing) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingOldest(100))
        do {
            // Reading a terminal blocks.
            try SystemThreads().start("demo-input") {
                while let line = readLine() { typing.yield(line) }
                typing.finish()
            }
        } catch {
            Terminal.error("\(error); Ctrl-C ends the demo")
            typing.finish()
        }
        return Task {
            for await line in lines {
                let text = line.trimmed
                switch text {
                case "": continue
                case "quit", "exit", "q":
                    asking.yield(.stop)
                case "help", "?":
                    Terminal.error(DemoCommand.configuration.discussion)
                default:
                    guard let action = EstateAction(text) else {
                        Terminal.error("unknown action \"\(text)\"; \"help\" names them")
                        continue
                    }
                    do {
                        try await estate.perform(action)
                        Terminal.error("done: \(action)")
                    } catch {
                        Terminal.error("\(action): \(error)")
                    }
                }
            }
        }
    }
}

extension String {
    fileprivate var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}
