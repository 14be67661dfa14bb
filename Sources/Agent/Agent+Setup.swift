import Config
import Delivery
import HTTPServer
import Logging
import Platform
import Rules
import Samples
import Supervision
import TimeZones
import Web
import YAML

extension Agent {
    /// All configuration files, parsed and checked.
    struct Loaded: Sendable {
        var configuration: Configuration
        var rules: RuleSet
        var web: WebSettings
        /// What `vaultwatch check config` warns of.
        var warnings: [String]
    }

    /// Reads the configuration, the rules and the web configuration; command-line options take precedence over the
    /// file's.
    /// - Throws: `ConfigurationErrors`.
    static func load(_ options: AgentOptions, _ platform: Platform) throws(ConfigurationErrors) -> Loaded {
        var configuration = try Configuration.load(
            options.configFile, files: platform.files, environment: options.environment)
        if !options.listenAddresses.isEmpty { configuration.web.listenAddresses = options.listenAddresses }
        if let url = options.externalURL { configuration.web.externalURL = url }
        if let path = options.storagePath { configuration.storage.path = path }
        if let file = options.webConfigFile { configuration.web.configFile = file }
        var webFile = WebFile()
        if let path = configuration.web.configFile {
            webFile = try WebFile.load(path, files: platform.files, environment: options.environment)
        }
        if configuration.web.externalURL.isEmpty {
            configuration.web.externalURL = configuration.web.defaultExternalURL(
                hostname: platform.hostname, isTLS: webFile.tls != nil)
        }
        configuration.delivery.externalURL = configuration.web.externalURL
        configuration.delivery.timeZone =
            configuration.web.timeZone ?? (try? TimeZoneData.named("Local", platform.files)) ?? .utc
        var webOptions = WebService.Options()
        do throws(FileError) {
            webOptions.access = try configuration.web.access(
                webFile, hostname: platform.hostname, files: platform.files)
        } catch {
            throw ConfigurationErrors(
                errors: [
                    YAMLError(SourcePosition(file: configuration.path, line: 1, column: 1), "web: \(error)")
                ])
        }
        webOptions.externalURL = configuration.web.externalURL
        // Sockets passed by systemd take precedence over the configured addresses.
        var listen: [ServerOptions.Listen] = ServiceManager.listeningSockets().map { .descriptor($0) }
        if listen.isEmpty {
            listen = configuration.web.listenAddresses.compactMap { address in
                WebOptions.hostAndPort(address).map { .tcp(host: $0.host.isEmpty ? "::" : $0.host, port: $0.port) }
            }
        }
        let rules = try ruleSet(configuration, platform)
        return Loaded(
            configuration: configuration, rules: rules,
            web: WebSettings(
                listen: listen,
                socket: configuration.web.socketPath(
                    environment: options.environment, storagePath: configuration.storage.path),
                tls: webFile.tls, options: webOptions),
            warnings: ConfigurationWarnings.all(configuration, rules))
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
