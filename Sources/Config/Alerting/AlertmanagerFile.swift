import Delivery
import Dispatching
import Platform
import YAML

/// An Alertmanager's own configuration file, by itself.
package struct AlertmanagerFile: Sendable {
    package var dispatch: DispatchOptions
    package var delivery: DeliveryOptions

    /// - Returns: nil where the file is something else: it has no `route`, or `alerting` beside it.
    /// - Throws: all mistakes at once; none where the file can't be read, which whoever reads it next will say.
    package static func load(_ path: String, files: any FileAccess, environment: [String: String])
        throws(ConfigurationErrors) -> AlertmanagerFile?
    {
        let errors = ErrorList()
        let context = ParsingContext(
            errors: errors, files: files, environment: environment, folder: parentFolder(of: path))
        guard let root = Configuration.document(path, context), root["route"] != nil, root["alerting"] == nil else {
            return nil
        }
        let result = AlertingParser(context: context).parse(root, at: root.position, externalURL: "")
        guard errors.isEmpty, let result else { throw ConfigurationErrors(errors: errors.errors) }
        return AlertmanagerFile(dispatch: result.dispatch, delivery: result.delivery)
    }
}
