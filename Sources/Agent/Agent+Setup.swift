import Config
import Delivery
import HTTPServer
import Journal
import Logging
import Platform
import Rules
import Samples
import Supervision
import Telemetry
import Web
import YAML
#if canImport(Glibc)
    import Glibc
#endif

extension Agent {
    /// Everything that a configuration file says, read and checked.
    struct Loaded: Sendable {
        var configuration: Configuration
        var rules: RuleSet
        var web: WebSettings
    }

    /// Reads the configuration, the rules and the web configuration; the command line's options go before the file's.
    /// - Throws: `ConfigurationErrors`.
    static func load(_ options: AgentOptions, _ platform: Platform) throws(ConfigurationErrors) -> Loaded {
        var configuration = try Configuration.load(
            options.configFile, files: platform.files, environment: options.environment)
        if !options.listenAddresses.isEmpty { configuration.web.listenAddresses = options.listenAddresses }
        if let url = options.externalURL { configuration.web.externalURL = url }
        if let path = options.storagePath { configuration.storage.path = path }
        if let file = options.webConfigFile { configuration.web.configFile = file }
        let web = try webConfiguration(configuration.web, options, platform)
        if configuration.web.externalURL.isEmpty {
            configuration.web.externalURL = configuration.web.defaultExternalURL(
                hostname: platform.hostname, isTLS: web.tls != nil)
        }
        configuration.delivery.externalURL = configuration.web.externalURL
        var webOptions = WebService.Options()
        webOptions.access = web.access
        webOptions.externalURL = configuration.web.externalURL
        // Sockets that systemd opened go before the configured addresses.
        var listen: [ServerOptions.Listen] = ServiceManager.listeningSockets().map { .descriptor($0) }
        if listen.isEmpty {
            listen = configuration.web.listenAddresses.compactMap { address in
                WebOptions.hostAndPort(address).map { .tcp(host: $0.host.isEmpty ? "::" : $0.host, port: $0.port) }
            }
        }
        return Loaded(
            configuration: configuration, rules: try ruleSet(configuration, platform),
            web: WebSettings(listen: listen, tls: web.tls, options: webOptions))
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

    /// The journal in the storage folder, which is made if need be.
    @Sendable static func openJournal(
        _ options: StorageOptions, _ platform: Platform, _ report: @escaping @Sendable (JournalEvent) -> Void
    ) -> any JournalStorage {
        // For its owner alone: alerts name hosts and secrets' paths.
        if mkdir(options.path, 0o700) != 0, errno != EEXIST {
            platform.log.error(
                "the storage folder cannot be made",
                metadata: ["path": "\(options.path)", "err": "\(String(cString: strerror(errno)))"])
        }
        return Journal(
            JournalOptions(path: options.path + "/journal.db", historyAge: options.historyRetention),
            time: platform.time, report: report)
    }

    static func log(_ event: JournalEvent, _ platform: Platform, _ metrics: AgentMetrics) {
        switch event {
        case .begunAnew(let keptAs, let reason):
            platform.log.error(
                "the journal could not be read; it is kept aside and a new one begun",
                metadata: ["kept": "\(keptAs)", "err": "\(reason)"])
            metrics.journalBegunAnew.set(platform.time.wall().seconds)
        case .failing(let reason):
            platform.log.error("the journal cannot be written; alerts still go out", metadata: ["err": "\(reason)"])
        case .recovered: platform.log.notice("the journal is written again")
        }
    }
}
