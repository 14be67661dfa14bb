import ArgumentParser
import Text

struct SilenceExpireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire", abstract: "Expire silences.",
        discussion: """
            Example:
              vaultwatch silence expire 29e2f970-7898-47c9-a07f-b6c7ba7b0935
            """)

    @OptionGroup var agent: AgentURLOptions

    @Argument(help: "IDs of silences.")
    var ids: [String]

    func run() async throws {
        let client = try agent.client()
        // A missing silence does not prevent the others from being expired.
        var failure: (any Error)?
        for id in ids {
            do {
                try await client.delete(
                    "/api/v2/silence/" + PercentCoding.encode(id),
                    missing: "there is no silence \(id); `vaultwatch silence list` shows the current ones")
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
