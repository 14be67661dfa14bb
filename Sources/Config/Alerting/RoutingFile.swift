package import Dispatching
package import Platform
import YAML

/// Loads only the routing tree of a configuration, vaultwatch's or Alertmanager's. Only the names of receivers are
/// read: no secret needs to be available.
package enum RoutingFile {
    /// Loads the routing tree of a file.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func load(_ path: String, files: any FileAccess, environment: [String: String])
        throws(ConfigurationErrors) -> Route
    {
        let context = ParsingContext(file: path, files: files, environment: environment)
        let errors = context.errors
        if let root = Configuration.document(path, context), let route = route(root, context) { return route }
        if errors.isEmpty {
            errors.add(SourcePosition(file: path, line: 1, column: 1), "expected \"route\", or \"alerting\" with it")
        }
        throw ConfigurationErrors(errors: errors.errors)
    }

    /// Parses the configuration that a running agent or Alertmanager returns in its API (`config.original`).
    /// - Parameter name: used instead of a file name in errors.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func parse(_ text: String, name: String, files: any FileAccess) throws(ConfigurationErrors) -> Route
    {
        let errors = ErrorList()
        let context = ParsingContext(errors: errors, files: files, environment: [:], folder: "/")
        do {
            if let route = parse(try Node.parse(text, file: name), context) { return route }
        } catch {
            errors.add(error)
        }
        throw ConfigurationErrors(errors: errors.errors)
    }

    private static func route(_ root: Node, _ context: ParsingContext) -> Route? {
        guard let alerting = root["alerting"] else { return root["route"] == nil ? nil : parse(root, context) }
        guard let file = alerting["file"], let text = file.scalar else { return parse(alerting, context) }
        return Configuration.document(context.path(text, at: file.position), context).flatMap { parse($0, context) }
    }

    private static func parse(_ node: Node, _ context: ParsingContext) -> Route? {
        var fields = Fields(node, context.errors, "the alerting configuration")
        _ = fields.node("global")
        fields.refuse(RefusedKey.top)
        let receivers = fields.list("receivers").compactMap { $0["name"]?.scalar }
        let result = RoutingParser(errors: context.errors, files: context.files).parse(
            &fields, receivers: receivers.map { .init(name: $0, integrations: []) })
        fields.finish()
        return context.errors.isEmpty ? result?.options.route : nil
    }
}
