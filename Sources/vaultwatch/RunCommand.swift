import Agent
import ArgumentParser
import Platform
import Supervision

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run the agent until SIGTERM; SIGHUP reloads the configuration.",
        discussion: """
            Examples:
              vaultwatch run --config.file=vaultwatch.yml
              vaultwatch run --config.file=vaultwatch.yml --web.listen-address=127.0.0.1:9321 --log.format=json
            """)

    @OptionGroup var config: ConfigOptions
    @OptionGroup var log: LogOptions

    @Option(name: .customLong("web.listen-address"), help: "Address to listen on, host:port; repeatable.")
    var listenAddresses: [String] = []

    @Option(name: .customLong("web.external-url"), help: "The URL under which users reach the agent, for links.")
    var externalURL: String?

    @Option(
        name: .customLong("web.config.file"),
        help: "Web configuration file with TLS and basic authentication, in the exporter-toolkit format.")
    var webConfigFile: String?

    @Flag(
        name: .customLong("web.systemd-socket"),
        help: "Listen on sockets passed by systemd (socket activation); without any, the start fails.")
    var systemdSocket = false

    @Option(name: .customLong("storage.path"), help: "Directory of the journal.")
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
