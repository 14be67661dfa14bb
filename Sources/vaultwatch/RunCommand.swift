import Agent
import ArgumentParser
import Platform
import Supervision

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs the agent until SIGTERM; SIGHUP reloads.",
        discussion: """
            Examples:
              vaultwatch run --config.file=vaultwatch.yml
              vaultwatch run --config.file=vaultwatch.yml --web.listen-address=127.0.0.1:9321 --log.format=json
            """)

    @OptionGroup var config: ConfigOptions
    @OptionGroup var log: LogOptions

    @Option(name: .customLong("web.listen-address"), help: "host:port to listen on; may be given several times.")
    var listenAddresses: [String] = []

    @Option(name: .customLong("web.external-url"), help: "Where people reach the agent, for links.")
    var externalURL: String?

    @Option(
        name: .customLong("web.config.file"), help: "TLS and basic authentication, in the exporter toolkit's format.")
    var webConfigFile: String?

    @Flag(
        name: .customLong("web.systemd-socket"),
        help: "Listen on the sockets that systemd hands over, and on nothing else; without any the start fails.")
    var systemdSocket = false

    @Option(name: .customLong("storage.path"), help: "The folder of the journal.")
    var storagePath: String?

    func run() async throws {
        if systemdSocket, ServiceManager.listeningSockets().isEmpty {
            Terminal.error(
                "--web.systemd-socket: systemd hands over no socket; is vaultwatch.socket enabled and started?")
            throw ExitCode.failure
        }
        var options = AgentOptions(configFile: config.configFile)
        options.listenAddresses = listenAddresses
        options.externalURL = externalURL
        options.webConfigFile = webConfigFile
        options.storagePath = storagePath
        options.version = Vaultwatch.version
        options.environment = Environment.all()
        try await Daemon.run(options, log: log.logger(), requests: Signals.shared.requests)
    }
}
