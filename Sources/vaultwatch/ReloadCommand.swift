import ArgumentParser

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Makes the running agent read its configuration and rules anew, and waits for the answer.",
        discussion: """
            Exits 0 when they were taken, and 1 with the reason when they were refused: then the agent goes on with what
            it had. systemctl reload vaultwatch runs this.
            Examples:
              vaultwatch reload
              vaultwatch reload --url=https://localhost:9443
            """)

    @OptionGroup var agent: AgentURLOptions

    func run() async throws {
        _ = try await AgentClient(agent.url).post("/-/reload", json: [])
    }
}
