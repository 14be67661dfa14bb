import ArgumentParser

struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Reload the configuration and rules of the running agent, and wait for the result.",
        discussion: """
            Exits with 0 if they were applied, and with 1 and the reason if they were refused; the agent then keeps the
            running configuration. systemctl reload vaultwatch runs this command.
            Examples:
              vaultwatch reload
              vaultwatch reload --url=https://localhost:9443
            """)

    @OptionGroup var agent: AgentURLOptions

    func run() async throws {
        _ = try await agent.client().post("/-/reload", json: [])
    }
}
