import Alerts
import ArgumentParser
import Config
import Delivery
import Dispatching
import Platform
import Probes
import Samples
import Telemetry
import TimeZones
import Transport

struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Test receivers.", subcommands: [NotifyTestCommand.self])
}

struct NotifyTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Send a test alert through the configured route and print each receiver's response.",
        discussion: """
            The message is sent from here, with the receivers of the configuration file; a running agent is not asked.
            Exits with 0 if every receiver accepted it, else with 1.
            Examples:
              vaultwatch notify test --severity critical
              vaultwatch notify test --severity critical --resolved
              vaultwatch notify test --receiver high
            """)

    @OptionGroup var config: ConfigOptions
    @OptionGroup var output: DataOptions

    @Option(help: "Severity of the test alert, which selects the route: critical, high, medium or low.")
    var severity = "critical"

    @Option(help: "Notify only this receiver, regardless of the route.")
    var receiver: String?

    @Flag(help: "Send a resolved alert instead of a firing one.")
    var resolved = false

    /// What those expect who know the other commands.
    @Option(name: [.customLong("url"), .customLong("alertmanager.url")], help: .hidden)
    var url: String?

    func validate() throws {
        guard url == nil else {
            throw ValidationError(
                "--url: the message is sent from here, to the receivers of a configuration file, --config.file; a running agent tests its receivers from its page /routes"
            )
        }
        guard ["critical", "high", "medium", "low"].contains(severity) else {
            throw ValidationError("--severity: expected critical, high, medium or low, found \"\(severity)\"")
        }
    }

    func run() async throws {
        var configuration = try config.load()
        let platform = Platform.real(log: LogOptions.silent)
        if configuration.web.externalURL.isEmpty {
            let url = configuration.web.defaultExternalURL(
                hostname: platform.hostname, isTLS: configuration.web.configFile != nil)
            configuration.web.externalURL = url
            configuration.delivery.externalURL = url
        }
        configuration.delivery.timeZone =
            configuration.web.timeZone ?? (try? TimeZoneData.named("Local", platform.files)) ?? .utc
        let message = TestMessage(
            severity: Severity(label: severity), isResolved: resolved,
            cluster: configuration.vault.first?.name ?? "test", url: configuration.web.externalURL,
            now: platform.time.wall())
        let receivers: [String]
        if let receiver {
            guard configuration.delivery.receivers.contains(where: { $0.name == receiver }) else {
                let known = configuration.delivery.receivers.map(\.name).joined(separator: ", ")
                throw ValidationError("--receiver: there is no receiver \"\(receiver)\"; expected one of \(known)")
            }
            receivers = [receiver]
        } else {
            var seen: Set<String> = []
            receivers = RouteTree(configuration.dispatch.route).matching(message.alert.labels).map(\.receiver).filter {
                seen.insert($0).inserted
            }
        }
        let network = Network.real(platform)
        let notifier = try Notifier(
            configuration.delivery, http: network.receivers, mail: network.mail, platform: platform,
            registry: Registry(),
            events: NotifierEvents())
        let results = await notifier.test(receivers: receivers) { message.notification($0, $1) }
        if results.isEmpty {
            Terminal.error(
                "severity \(severity) goes to \(receivers.joined(separator: ", ")), which has no integrations")
            throw ExitCode.failure
        }
        let answers = results.map { result in
            let (isAccepted, detail) =
                switch result.outcome {
                case .accepted(let detail, _): (true, "\(detail)")
                case .failed(let error): (false, "\(error)")
                }
            return Answer(
                receiver: result.receiver, integration: result.integration.description, accepted: isAccepted,
                detail: detail)
        }
        if output.isJSON {
            try JSONOutput.print(answers)
        } else {
            let table = TextTable(
                ["RECEIVER", "INTEGRATION", "ANSWER"],
                answers.map { answer in
                    [
                        .init(answer.receiver), .init(answer.integration),
                        answer.accepted
                            ? .init("accepted: \(answer.detail)", .green) : .init("FAILED: \(answer.detail)", .red),
                    ]
                })
            print(table.render(.current()))
        }
        if !answers.allSatisfy(\.accepted) { throw ExitCode.failure }
    }

    /// What an integration answered.
    private struct Answer: Encodable {
        var receiver: String
        var integration: String
        var accepted: Bool
        var detail: String
    }
}
