package import Delivery
package import Dispatching
package import Platform
import YAML

/// A configuration file of Alertmanager.
package struct AlertmanagerFile: Sendable {
    /// Its routing.
    package var dispatch: DispatchOptions
    /// Its receivers and templates.
    package var delivery: DeliveryOptions

    /// Parses and validates a file.
    /// - Returns: nil when the file cannot be read or is not Alertmanager's: it has no `route`, or has `alerting`.
    /// - Throws: `ConfigurationErrors` with all mistakes.
    package static func load(_ path: String, files: any FileAccess, environment: [String: String])
        throws(ConfigurationErrors) -> AlertmanagerFile?
    {
        let context = ParsingContext(file: path, files: files, environment: environment)
        let errors = context.errors
        guard let root = Configuration.document(path, context), root["route"] != nil, root["alerting"] == nil else {
            return nil
        }
        let result = AlertingParser(context: context).parse(root, at: root.position, externalURL: "")
        guard errors.isEmpty, let result else { throw ConfigurationErrors(errors: errors.errors) }
        return AlertmanagerFile(dispatch: result.dispatch, delivery: result.delivery)
    }
}
