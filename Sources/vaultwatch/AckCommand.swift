import ArgumentParser
import FoundationEssentials
import Text
import Web

struct AckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ack", abstract: "Acknowledge incidents of a running agent, or list them.",
        discussion: """
            Acknowledged incidents are not repeated and do not escalate until they end, become more severe, or
            alerting.ack_timeout has passed. Without arguments the incidents under way are listed.
            Examples:
              vaultwatch ack
              vaultwatch ack -c "on it" 318
              vaultwatch ack VaultSealed node=vault-2
              vaultwatch ack --undo 318
            """)

    @OptionGroup var agent: AgentURLOptions

    @Option(name: .shortAndLong, help: "A comment.")
    var comment = ""

    @Flag(help: "Withdraw acknowledgements.")
    var undo = false

    @Argument(
        help:
            "An incident as the list names it, or matchers of alerts; a first word without an operator is an alert name."
    )
    var incident: [String] = []

    private static let path = "/api/v1/vaultwatch/acknowledgements"

    private struct Body: Encodable {
        var incident: String?
        var alert: String?
        var matchers: [SilenceBody.Matcher]?
        var comment: String
    }

    func run() async throws {
        let client = try agent.client()
        let all = try await client.get(IncidentBody.Answer.self, "/api/v1/vaultwatch/incidents").data.incidents
        guard let first = incident.first else {
            if undo { throw ValidationError("--undo needs an incident or matchers") }
            print(IncidentBody.table(all))
            return
        }
        var body = Body(comment: comment)
        if incident.count == 1, all.contains(where: { $0.id == first }) {
            body.incident = first
        } else if incident.count == 1, all.contains(where: { $0.id == nil && $0.cause.fingerprint == first }) {
            body.alert = first
        } else if first.allSatisfy(\.isNumber) {
            Terminal.error("there is no incident \(first) that goes on; `vaultwatch ack` lists them")
            throw ExitCode.failure
        } else {
            body.matchers = try MatcherWords.parse(incident).map { .init($0) }
        }
        let json = Array(try JSONEncoder().encode(body))
        let answer = try await client.change(undo ? "DELETE" : "POST", AckCommand.path, json: json)
        let done = try JSONDecoder().decode(IncidentBody.Answer.self, from: Data(answer)).data.incidents
        print(IncidentBody.table(done))
    }
}
