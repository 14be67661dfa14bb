import Config
import Delivery
import Logging
import Platform
import Rules
import Samples
import YAML

extension Agent {
    /// The configuration with the command line's words over it.
    static func load(_ options: AgentOptions, _ platform: Platform) throws(ConfigurationErrors) -> Configuration {
        var configuration = try Configuration.load(
            options.configFile, files: platform.files, environment: options.environment)
        if !options.listenAddresses.isEmpty { configuration.web.listenAddresses = options.listenAddresses }
        if let url = options.externalURL {
            configuration.web.externalURL = url
            configuration.delivery.externalURL = url
        }
        if let path = options.storagePath { configuration.storage.path = path }
        if let file = options.webConfigFile { configuration.web.configFile = file }
        return configuration
    }

    /// The rules of a configuration.
    static func ruleSet(_ configuration: Configuration, _ platform: Platform) throws(ConfigurationErrors) -> RuleSet {
        let errors = ErrorList()
        let set = RuleSet.load(configuration.ruleFiles, files: platform.files, errors: errors)
        guard errors.isEmpty else { throw ConfigurationErrors(errors: errors.errors) }
        if set.groups.isEmpty {
            platform.log.warning(
                "no rules are loaded, so no alert will ever fire; \"rules:\" in the configuration names their files",
                metadata: [
                    "rules": "\(configuration.ruleFiles.joined(separator: ","))"
                ])
        }
        return set
    }
}
