import Probes

/// Refuses a staging that is, or may be, something that is watched, before anything is touched.
enum RestoreGuard {
    /// - Throws: `RestoreFailure` of the kind `.refused` or `.configuration`.
    static func check(
        _ options: RestoreTestOptions, _ staging: WatchedAddresses.Endpoint?, _ database: [WatchedAddresses.Endpoint],
        _ watched: WatchedAddresses
    ) throws(RestoreFailure) {
        guard options.isIsolated else {
            throw RestoreFailure(
                .refused,
                "staging is not stated to be isolated. A restored Vault at once revokes leases that ran out, on the real databases and clouds: run it where nothing can be reached but its own storage, then set \"isolated: true\" in restore_test"
            )
        }
        guard let staging else {
            throw RestoreFailure(.configuration, "restore_test's url has no host and port: \(options.url)")
        }
        // Behind a socket the URL's host is only a name.
        if options.unixSocket == nil, let same = watched.vault(at: staging) {
            throw RestoreFailure(
                .refused, "staging's url \(options.url) is \(same.label), which is watched; nothing was touched")
        }
        for server in database {
            guard let same = watched.postgres(at: server) else { continue }
            throw RestoreFailure(
                .refused,
                "the scratch database's server \(server.label) is watched as \(same.label): staging must not share storage with production; nothing was touched"
            )
        }
        guard options.canary != nil else {
            throw RestoreFailure(.configuration, "restore_test needs canary: the path of a secret to read")
        }
        if options.kind != .recoveryMode, let canary = options.canary,
            case VaultClusterOptions.Authentication.none = canary.authentication
        {
            throw RestoreFailure(
                .configuration,
                "canary needs a credential that lives in the backup: an AppRole whose secret_id does not end, or a token that outlives the oldest backup; kind recovery_mode needs none"
            )
        }
        if options.kind == .recoveryMode, options.keys.isEmpty {
            throw RestoreFailure(.configuration, "kind recovery_mode needs key_files: the source's unseal keys")
        }
    }

    /// Refuses a Vault that answers at staging's address as one of those that are watched.
    static func check(_ health: StagingAnswer<StagingHealth>, watched ids: Set<String>) throws(RestoreFailure) {
        guard case .value(let health) = health, let id = health.clusterID, ids.contains(id) else { return }
        throw RestoreFailure(
            .refused,
            "the Vault at staging's address has the cluster id of one that is watched (\(id)): it is production, or a copy that an earlier test left there. Make it a fresh one, best by the hooks start and stop"
        )
    }

    /// Refuses a Vault that still serves at staging's address after the hook `stop`: the hooks are another one's. Without a
    /// watched cluster's id it might be production, which would answer in the copy's place.
    static func checkStopped(_ health: StagingAnswer<StagingHealth>) throws(RestoreFailure) {
        guard case .value(let health) = health, let id = health.clusterID, !id.isEmpty else { return }
        throw RestoreFailure(
            .refused,
            "a Vault (cluster id \(id.prefix(40))) still serves at staging's address after the hook stop: url names another one than the hooks start and stop"
        )
    }
}
