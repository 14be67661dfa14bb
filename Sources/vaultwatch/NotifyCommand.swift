import Agent
import Alerts
import ArgumentParser
import Config
import Delivery
import Dispatching
import Platform
import Probes
import Samples
import Telemetry

struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify", abstract: "Tries receivers out.", subcommands: [NotifyTestCommand.self])
}

struct NotifyTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Sends a test alert through the real route to the real receivers, and tells what each answered.",
        discussion: """
            Exits 0 when every receiver took it, else 1.
            Examples:
              vaultwatch notify test --severity critical
              vaultwatch notify test --severity critical --resolved
              vaultwatch notify test --receiver high
            """)

    @OptionGroup var config: ConfigOptions

    @Option(help: "critical, high, medium or low: the route of this severity is taken.")
    var severity = "critical"

    @Option(help: "Only this receiver, whatever the route says.")
    var receiver: String?

    @Flag(help: "The end of the test alert instead of its beginning.")
    var resolved = false

    func validate() throws {
        guard ["critical", "high", "medium", "low"].contains(severity) else {
            throw ValidationError("--severity: expected critical, high, medium or low, found \"\(severity)\"")
        }
    }

    func run() async throws {
        let configuration = try config.load()
        let platform = Platform.real(log: LogOptions.silent)
        let now = platform.time.wall()
        let alert = Alert(
            labels: [
                "alertname": "VaultwatchTest", "severity": severity,
                "cluster": configuration.vault.first?.name ?? "test",
            ],
            annotations: [
                "summary": "Test of the \(severity) route",
                "description": "Somebody tries out whether messages of severity \(severity) arrive. Nothing is wrong.",
                "action": "None.",
            ],
            startsAt: now - .seconds(60), endsAt: resolved ? now : nil, updatedAt: now,
            generatorURL: configuration.web.externalURL)
        let receivers: [String]
        if let receiver {
            guard configuration.delivery.receivers.contains(where: { $0.name == receiver }) else {
                let known = configuration.delivery.receivers.map(\.name).joined(separator: ", ")
                throw ValidationError("--receiver: there is no receiver \"\(receiver)\"; expected one of \(known)")
            }
            receivers = [receiver]
        } else {
            var seen: Set<String> = []
            receivers = RouteTree(configuration.dispatch.route).matching(alert.labels).map(\.receiver).filter {
                seen.insert($0).inserted
            }
        }
        let network = Network.real(platform)
        let service = try DeliveryService(
            configuration.delivery, http: network.receivers, mail: network.mail, platform: platform,
            registry: Registry(),
            threads: ThreadStore(get: { _ in nil }, set: { _, _ in }),
            events: CourierEvents(
                begin: { _ in nil }, accepted: { _, _, _ in }, failed: { _, _, _, _ in }, abandoned: { _, _, _ in }))
        let results = await service.test(receivers: receivers) { receiver, integration in
            Notification(
                receiver: receiver, integration: integration,
                groupKey: "vaultwatch-test:{severity=\"\(alert.severity.rawValue)\"}",
                groupLabels: ["alertname": "VaultwatchTest"], alerts: [alert], reason: "test", decidedAt: now)
        }
        if results.isEmpty {
            Terminal.error(
                "severity \(severity) goes to \(receivers.joined(separator: ", ")), which has nobody to tell")
            throw ExitCode.failure
        }
        var failed = false
        print(
            Terminal.table(
                ["RECEIVER", "INTEGRATION", "ANSWER"],
                results.map { result in
                    switch result.outcome {
                    case .accepted(let detail): return [result.receiver, result.integration, "accepted: \(detail)"]
                    case .failed(let error):
                        failed = true
                        return [result.receiver, result.integration, "FAILED: \(error)"]
                    }
                }))
        if failed { throw ExitCode.failure }
    }
}
