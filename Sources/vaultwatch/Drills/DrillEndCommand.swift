import ArgumentParser
import Recovery

struct DrillEndCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "end",
        abstract: "Tell the agent that the drill of a cluster is over, where the command that ran it was killed.",
        discussion: """
            The cluster's alerts are real again, and who was told DRILL of one that still fires is told anew. What the
            scenario's "finally" names is not done.
            """)

    @OptionGroup var files: DrillFileOptions
    @OptionGroup var agent: AgentURLOptions

    @Option(help: "The cluster, by its name in the agent's configuration.")
    var cluster: String

    func run() async throws {
        let client = try files.client(agent, try files.settings())
        do {
            try await DrillAgent.running(client).end(cluster)
        } catch {
            Terminal.error("\(error)")
            throw ExitCode.failure
        }
    }
}
