import ArgumentParser
import Config
import Dispatching
import Platform
import Samples
import Text

struct RoutesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "Show and test the routing tree, like amtool config routes.",
        subcommands: [RoutesShowCommand.self, RoutesTestCommand.self, RoutesDiffCommand.self],
        defaultSubcommand: RoutesShowCommand.self)
}

/// The routing tree of a file or of a running agent. Secrets and the settings of receivers are not read, so that it can
/// be tested on any machine.
struct RoutingOptions: ParsableArguments {
    static let usualFile = "/etc/vaultwatch/vaultwatch.yml"

    @Option(
        name: .customLong("config.file"),
        help:
            "A configuration of vaultwatch or Alertmanager; takes precedence over --url. (default: \(RoutingOptions.usualFile), without --url)"
    )
    var configFile: String?

    @OptionGroup var agent: AgentURLOptions

    /// `config.original` of Alertmanager's API.
    private struct Status: Decodable {
        struct Config: Decodable { var original: String }
        var config: Config
    }

    func tree() async throws -> RouteTree {
        if configFile == nil, agent.url != nil {
            let text = try await agent.client().get(Status.self, "/api/v2/status").config.original
            return RouteTree(
                try RoutingOptions.route { () throws(ConfigurationErrors) in
                    try RoutingFile.parse(text, name: "config.original", files: SystemFiles())
                })
        }
        return try RoutingOptions.tree(of: configFile ?? RoutingOptions.usualFile)
    }

    /// The tree of a file. - Throws: `ExitCode`, after printing what is wrong with it.
    static func tree(of file: String) throws -> RouteTree { RouteTree(try route(of: file)) }

    /// The root of a file's tree. - Throws: `ExitCode`, after printing what is wrong with it.
    static func route(of file: String) throws -> Route {
        try route { () throws(ConfigurationErrors) in
            try RoutingFile.load(file, files: SystemFiles(), environment: Environment.all())
        }
    }

    private static func route(_ load: () throws(ConfigurationErrors) -> Route) throws -> Route {
        do {
            return try load()
        } catch {
            Terminal.error(error.description)
            throw ExitCode.failure
        }
    }
}

struct RoutesShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the routing tree.",
        discussion: """
            Examples:
              vaultwatch routes show --config.file=vaultwatch.yml
              vaultwatch routes show --url=http://localhost:9321
            """)

    @OptionGroup var routing: RoutingOptions
    @OptionGroup var output: DataOptions

    func run() async throws {
        let tree = try await routing.tree()
        if output.isJSON { return try JSONOutput.print(RouteBody(tree.root, of: tree)) }
        print(RoutesShowCommand.drawing(tree.show(), .current()))
    }

    /// A drawing of the tree whose long lines go on below their beginning.
    static func drawing(_ text: String, _ display: Display) -> String {
        guard display.width != nil else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
            let branch = line.prefix { "│├└─ \u{a0}".contains($0) }
            return Paragraph(String(line.dropFirst(branch.count)), lead: [.init(String(branch))]).lines(display)
        }.joined(separator: "\n")
    }
}

/// A route in the names of Alertmanager's configuration; durations as there.
private struct RouteBody: Encodable {
    var receiver: String
    var matchers: [String]
    var `continue`: Bool
    var group_by: [String]
    var group_wait: String
    var group_interval: String
    var repeat_interval: String
    var mute_time_intervals: [String]
    var active_time_intervals: [String]
    var routes: [RouteBody]

    init(_ node: RouteTree.Node, of tree: RouteTree) {
        receiver = node.receiver
        matchers = node.matchers.map(\.alertmanagerText)
        `continue` = node.continues
        switch node.groupBy {
        case .all: group_by = ["..."]
        case .labels(let names): group_by = names.sorted()
        }
        group_wait = node.groupWait.prometheusDescription
        group_interval = node.groupInterval.prometheusDescription
        repeat_interval = node.repeatInterval.prometheusDescription
        mute_time_intervals = node.muteTimeIntervals
        active_time_intervals = node.activeTimeIntervals
        routes = node.children.map { RouteBody(tree.nodes[$0], of: tree) }
    }
}

struct RoutesTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Show which receivers are notified of an alert with the given labels.",
        discussion: """
            Exits with 1 if the receivers differ from --verify.receivers.
            Examples:
              vaultwatch routes test --config.file=vaultwatch.yml severity=critical cluster=production
              vaultwatch routes test --config.file=alertmanager.yml --tree --verify.receivers=pager,db service=database
              vaultwatch routes test --url=http://localhost:9321 severity=critical
            """)

    @OptionGroup var routing: RoutingOptions
    @OptionGroup var output: DataOptions

    @Option(name: .customLong("verify.receivers"), help: "The expected receivers in order, separated by commas.")
    var expected = ""

    @Flag(help: "Also show the matching part of the tree.")
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
        // As in amtool, a receiver is listed once for each matching route.
        let nodes = routes.matching(found)
        let receivers = nodes.map(\.receiver).joined(separator: ",")
        let display = Display.current()
        if output.isJSON {
            try JSONOutput.print(nodes.map { RouteBody($0, of: routes) })
        } else {
            if tree { print(RoutesShowCommand.drawing(routes.show(matching: found), display) + "\n") }
            print(display.fitted(receivers))
        }
        if !expected.isEmpty, expected != receivers {
            let warning = "WARNING: Expected receivers did not match resolved receivers."
            if output.isJSON {
                Terminal.error(warning)
            } else {
                print(display.fitted(warning))
            }
            throw ExitCode.failure
        }
    }
}
