import Config
import Dispatching
import Platform
import Recovery
import Simulation
import Web
import YAML

/// Files in YAML that an administrator writes.
enum ConfigurationFuzzing {
    private static let path = "/etc/vaultwatch/vaultwatch.yml"

    /// Every file that the configuration names is there; the content of secrets is another.
    private static func files(_ bytes: [UInt8]) -> PlayedFiles {
        PlayedFiles(contents: [path: bytes], others: Array((String(repeating: "0a", count: 32) + "\n").utf8))
    }

    static func yaml(_ bytes: [UInt8]) throws {
        guard let node = try? Node.parse(bytes, file: "f.yml") else { return }
        guard depth(of: node, 0) <= 200 else { throw FuzzFinding("a node is nested more than 200 deep") }
    }

    private static func depth(of node: Node, _ depth: Int) -> Int {
        guard depth <= 1000 else { return depth }
        return switch node.content {
        case .sequence(let nodes): nodes.map { self.depth(of: $0, depth + 1) }.max() ?? depth
        case .mapping(let entries): entries.map { self.depth(of: $0.value, depth + 1) }.max() ?? depth
        default: depth
        }
    }

    /// vaultwatch's own; its routing is written down and read again.
    static func agent(_ bytes: [UInt8]) throws {
        let files = files(bytes)
        let environment = ["HOME": "/root", "CREDENTIALS_DIRECTORY": "/run/credentials"]
        _ = try? RoutingFile.load(path, files: files, environment: environment)
        guard let configuration = try? Configuration.load(path, files: files, environment: environment) else { return }
        _ = configuration.global
        try again(configuration.dispatch, files)
    }

    /// A drill's scenario. What is read has a bounded course.
    static func drill(_ bytes: [UInt8]) throws {
        let errors = ErrorList()
        guard let scenario = DrillScenario.parse(bytes, file: "d.yml", errors: errors) else {
            guard !errors.isEmpty else { throw FuzzFinding("a scenario was refused without a reason") }
            return
        }
        guard scenario.steps.count <= 100, scenario.longest <= .seconds(90_000 * 201) else {
            throw FuzzFinding("a scenario of \(scenario.steps.count) steps may take \(scenario.longest)")
        }
        _ = scenario.conditions.map(\.metricNames)
    }

    /// Alertmanager's.
    static func alertmanager(_ bytes: [UInt8]) throws {
        let files = files(bytes)
        _ = try? RoutingFile.load(path, files: files, environment: [:])
        guard let found = try? AlertmanagerFile.load(path, files: files, environment: [:]) else { return }
        try again(found.dispatch, files)
    }

    private static func again(_ dispatch: DispatchOptions, _ files: PlayedFiles) throws {
        let text = RoutingText.write(dispatch)
        do {
            let route = try RoutingFile.parse(text, name: "routing", files: files)
            guard RouteTree(route).show() == RouteTree(dispatch.route).show() else {
                throw FuzzFinding("the routing was written as\n\(text)\nand is another when read again")
            }
        } catch let error as FuzzFinding {
            throw error
        } catch {
            throw FuzzFinding("the routing was written as\n\(text)\nand can't be read: \(error)")
        }
    }

    /// The exporter toolkit's.
    static func web(_ bytes: [UInt8]) throws {
        var files = files([])
        files.contents["/etc/vaultwatch/web.yml"] = bytes
        guard let found = try? WebFile.load("/etc/vaultwatch/web.yml", files: files, environment: [:]) else { return }
        guard found.headers.allSatisfy({ !$0.name.isEmpty }) else { throw FuzzFinding("a header has no name") }
    }
}
