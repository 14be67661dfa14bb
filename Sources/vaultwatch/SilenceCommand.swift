import ArgumentParser

struct SilenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "silence", abstract: "Add, list and expire silences of a running agent, like amtool silence.",
        subcommands: [SilenceAddCommand.self, SilenceListCommand.self, SilenceExpireCommand.self],
        defaultSubcommand: SilenceListCommand.self)
}

/// A silence in the form of Alertmanager's API. `schedule` is an extension of vaultwatch.
struct SilenceBody: Codable {
    struct Matcher: Codable {
        var name: String
        var value: String
        var isRegex: Bool
        var isEqual: Bool?
    }
    struct Window: Codable {
        struct Times: Codable {
            var start_time: String
            var end_time: String
        }
        var times: [Times]?
        var weekdays: [String]?
        var days_of_month: [String]?
        var months: [String]?
        var years: [String]?
        var location: String?

        /// `monday:friday 22:00-24:00 Europe/Berlin`
        var text: String {
            var words =
                (weekdays ?? []) + (days_of_month ?? []).map { "day \($0)" } + (months ?? []).map { "month \($0)" }
                + (years ?? [])
            words += (times ?? []).map { "\($0.start_time)-\($0.end_time)" }
            return (words + [location ?? "UTC"]).joined(separator: " ")
        }
    }
    struct Status: Codable { var state: String }

    var id: String?
    var matchers: [Matcher]
    var startsAt: String
    var endsAt: String
    var updatedAt: String?
    var createdBy: String
    var comment: String
    var status: Status?
    var schedule: [Window]?
}
