import ArgumentParser
import Config
import Dispatching
import Platform
import Samples

struct RoutesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "Shows and tests the routing tree, as amtool config routes does.",
        subcommands: [RoutesShowCommand.self, RoutesTestCommand.self], defaultSubcommand: RoutesShowCommand.self)
}

/// The routing part of a configuration: of a file, or the one in force at a running agent. No secret and no receiver's
/// settings are looked at, so that it can be tested anywhere.
struct RoutingOptions: ParsableArguments {
    static let usualFile = "/etc/vaultwatch/vaultwatch.yml"

    @Option(
        name: .customLong("config.file"),
        help:
            "vaultwatch's configuration, or an Alertmanager's; it wins over --url. (default: \(RoutingOptions.usualFile), without --url)"
    )
    var configFile: String?

    @Option(
        name: [.customLong("url"), .customLong("alertmanager.url")],
        help:
            "A running agent, or an Alertmanager, whose routes in force are taken; with user:password@ where it asks for them."
    )
    var url: String?

    /// `config.original` of Alertmanager's API.
    private struct Status: Decodable {
        struct Config: Decodable { var original: String }
        var config: Config
    }

    func tree() async throws -> RouteTree {
        if configFile == nil, let url {
            let text = try await AgentClient(url).get(Status.self, "/api/v2/status").config.original
            return try RoutingOptions.tree { () throws(ConfigurationErrors) in
                try RoutingFile.parse(text, name: "config.original", files: SystemFiles())
            }
        }
        let file = configFile ?? RoutingOptions.usualFile
        return try RoutingOptions.tree { () throws(ConfigurationErrors) in
            try RoutingFile.load(file, files: SystemFiles(), environment: Environment.all())
        }
    }

    private static func tree(_ load: () throws(ConfigurationErrors) -> Route) throws -> RouteTree {
        do {
            return RouteTree(try load())
        } catch {
            Terminal.error(error.description)
            throw ExitCode.failure
        }
    }
}

struct RoutesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Draws the routing tree.",
        discussion: """
            Examples:
              vaultwatch routes show --config.file=vaultwatch.yml
              vaultwatch routes show --url=http://localhost:9321
            """)

    @OptionGroup var routing: RoutingOptions

    func run() async throws { print(try await routing.tree().show()) }
}

struct RoutesTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Tells which receivers hear of an alert with these labels.",
        discussion: """
            Exits 1 when --verify.receivers names others than the tree does.
            Examples:
              vaultwatch routes test --config.file=vaultwatch.yml severity=critical cluster=production
              vaultwatch routes test --config.file=alertmanager.yml --tree --verify.receivers=pager,db service=database
              vaultwatch routes test --url=http://localhost:9321 severity=critical
            """)

    @OptionGroup var routing: RoutingOptions

    @Option(name: .customLong("verify.receivers"), help: "The receivers to expect, in order, with commas between them.")
    var expected = ""

    @Flag(help: "Also draw the part of the tree that the alert takes.")
    var tree = false

    @Argument(help: "Labels: name=value.")
    var labels: [String] = []

    func run() async throws {
        let routes = try await routing.tree()
        var pairs: [String: String] = [:]
        for word in labels {
            guard let matcher = try? MatcherSyntax.parse(word), matcher.count == 1, matcher[0].operation == .equal
            else {
                Terminal.error("Failed to parse labels: bad matcher format: \(word)")
                throw ExitCode.failure
            }
            pairs[matcher[0].name] = matcher[0].value
        }
        let found = Labels(pairs)
        if tree { print(routes.show(matching: found) + "\n") }
        // A receiver stands there once for each route that leads to it, as with amtool.
        let receivers = routes.matching(found).map(\.receiver).joined(separator: ",")
        print(receivers)
        if !expected.isEmpty, expected != receivers {
            print("WARNING: Expected receivers did not match resolved receivers.")
            throw ExitCode.failure
        }
    }
}
