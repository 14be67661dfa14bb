import ArgumentParser
import Web

struct SilenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence", abstract: "Add, list and expire silences of a running agent, like amtool silence.",
        subcommands: [SilenceAddCommand.self, SilenceListCommand.self, SilenceExpireCommand.self],
        defaultSubcommand: SilenceListCommand.self)
}

extension SilenceBody.Window {
    /// `monday:friday 22:00-24:00 Europe/Berlin`
    var text: String {
        var words =
            (weekdays ?? []) + (days_of_month ?? []).map { "day \($0)" } + (months ?? []).map { "month \($0)" }
            + (years ?? [])
        words += (times ?? []).map { "\($0.start_time)-\($0.end_time)" }
        return (words + [location ?? "UTC"]).joined(separator: " ")
    }
}
