import Config
import Delivery
import Journal
import Logging
import Platform
import Rules
import Samples
import Telemetry
import YAML
#if canImport(Glibc)
    import Glibc
#endif

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

    static func journal(_ options: StorageOptions, _ platform: Platform, _ metrics: AgentMetrics, _ begunAnew: Flag)
        -> Journal
    {
        let log = platform.log
        // Only its owner may look: alerts name hosts and secrets' paths.
        if mkdir(options.path, 0o700) != 0, errno != EEXIST {
            log.error(
                "the storage folder cannot be made",
                metadata: ["path": "\(options.path)", "err": "\(String(cString: strerror(errno)))"])
        }
        return Journal(
            JournalOptions(path: options.path + "/journal.db", historyAge: options.historyRetention),
            time: platform.time
        ) { event in
            switch event {
            case .begunAnew(let keptAs, let reason):
                log.error(
                    "the journal could not be read; it is kept aside and a new one begun",
                    metadata: ["kept": "\(keptAs)", "err": "\(reason)"])
                metrics.journalBegunAnew.set(platform.time.wall().seconds)
                begunAnew.raise()
            case .failing(let reason):
                log.error("the journal cannot be written; alerts still go out", metadata: ["err": "\(reason)"])
            case .recovered: log.notice("the journal is written again")
            }
        }
    }
}
