import Lab
import Platform
import Transport

/// States of the watcher itself: its network, clock, disk, and what it could not deliver.
enum WatcherStates {
    /// One database beside the Vault nodes, of which no facts are known but that it answers.
    private static let database =
        "postgres: {servers: [{name: db-1, host: db-1, database: vault, user: vaultwatch, sslmode: disable}]}"

    /// What explains each other is the next step's work: with an estate that is gone at once, the alerts of its parts may
    /// fire beside the one that says so, and the shipped routing keeps them back.
    private static let everythingIsGone: Set<String> = [
        "VaultNodeUnreachable", "VaultNoActiveNode", "VaultTooFewStandbys", "VaultSecretReadFailing", "PostgresDown",
        "PostgresNoPrimary", "VaultTokenInvalid", "VaultTelemetryUnreadable", "VaultServesNothing", "VaultNoReserve",
        "VaultSecretReadsLossy", "VaultwatchTokenless", "VaultwatchProbeStalled",
    ]

    /// All targets fail for the same reason.
    private static func silent(_ name: String, _ reason: TransportError.Reason, _ source: String) -> StateRow {
        StateRow(
            name: "the watcher's own network: \(name)", source: source, fires: ["VaultwatchBlind"],
            mayFire: everythingIsGone
        ) { estate in
            estate.configuration = database
            estate.answer = { _ in .failure(TransportError(reason, name)) }
            estate.databases["db-1"] = { _ in .failure(PostgresError(reason, name)) }
        }
    }

    static let rows: [StateRow] = [
        silent("no name server", .dns, "louislam/uptime-kuma#774"),
        silent("no route", .unreachable, "louislam/uptime-kuma#2286; ip(7), ENETUNREACH"),
        silent("a firewall that drops everything", .timeout, "louislam/uptime-kuma#7807"),
        StateRow(
            name: "all processes of the estate are dead, and their hosts say so", source: "connect(2), ECONNREFUSED",
            fires: ["VaultNoActiveNode", "VaultNodeUnreachable"],
            mayFire: everythingIsGone
        ) { estate in
            estate.configuration = database
            for index in 0..<3 {
                _ = estate.vault.perform(.kill, on: index, at: estate.time.now(), random: estate.random)
            }
        },
        StateRow(
            name: "all Vault nodes hang, and there is nothing else to compare them with",
            source: "Recordings of Vault 1.8",
            fires: ["VaultNoActiveNode", "VaultNodeUnreachable"],
            mayFire: everythingIsGone
        ) { estate in
            for index in 0..<3 {
                _ = estate.vault.perform(.hang, on: index, at: estate.time.now(), random: estate.random)
            }
        },
        StateRow(
            name: "the watcher's clock is half a minute behind", source: "rules-audit: 0.8",
            fires: ["VaultwatchClockWrong"],
            mayFire: ["VaultClockSkew"]
        ) { estate in
            estate.clockOffset = .seconds(30)
        },
        StateRow(
            name: "the watcher's clock is half a minute ahead", source: "rules-audit: 0.8",
            fires: ["VaultwatchClockWrong"],
            mayFire: ["VaultClockSkew"]
        ) { estate in
            estate.clockOffset = .seconds(-30)
        },
        StateRow(
            name: "PagerDuty answers 429 once, and is obeyed", source: "prometheus/alertmanager#2352", isHealthy: true
        ) { estate in
            estate.receivers = webhook
            var isFirst = true
            estate.answer = hook { _ in
                defer { isFirst = false }
                return isFirst ? LabResponse(429, headers: ["Retry-After": "12"]) : LabResponse(202)
            }
        },
        StateRow(
            name: "a receiver drops each second connection", source: "prometheus/alertmanager#2352", isHealthy: true
        ) { estate in
            estate.receivers = webhook
            var count = 0
            estate.answer = { request in
                guard request.url.hasPrefix("https://hook") else { return nil }
                count += 1
                return .success(count % 2 == 1 ? .reset : .response(LabResponse(200)))
            }
        },
        StateRow(
            name: "a receiver is down", source: "prometheus/alertmanager#2352",
            fires: ["VaultwatchNotificationsFailing"]
        ) { estate in
            estate.receivers = webhook
            estate.answer = hook { _ in LabResponse(503) }
        },
        StateRow(
            name: "a receiver refuses every message for good", source: "Alertmanager: 4xx is not retried",
            fires: ["VaultwatchNotificationsRefused"]
        ) { estate in
            estate.receivers = webhook
            estate.answer = hook { _ in LabResponse(404) }
        },
    ]

    /// A receiver that gets all alerts again each minute.
    private static let webhook = """
        route: {receiver: hook, group_wait: 1s, group_interval: 1m, repeat_interval: 1m}
          receivers: [{name: hook, webhook_configs: [{url: "https://hook/"}]}]
        """

    private static func hook(_ answer: @escaping (HTTPRequest) -> LabResponse)
        -> (HTTPRequest) -> Result<LabReply, TransportError>?
    {
        { request in request.url.hasPrefix("https://hook") ? .success(.response(answer(request))) : nil }
    }
}
