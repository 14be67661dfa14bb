import Lab
import Platform
import Samples
import Simulation
import Transport

/// States of the watcher's own access to Vault: its token, its login, the canary.
enum TokenStates {
    private typealias Life = SimulatedVaultCluster.TokenLife

    private static let fileToken = "s.LabWatchToken0000000000"
    private static let day: Int64 = 86_400

    /// A row whose token comes from a file and has a life of its own.
    private static func file(
        _ name: String, _ source: String, _ life: SimulatedVaultCluster.TokenLife, issuedBefore age: Duration = .zero,
        isHealthy: Bool = false, fires: Set<String> = [], mayFire: Set<String> = [], lasts: Duration = .seconds(3600),
        then change: @escaping @Sendable (StateEstate) -> Void = { _ in }
    ) -> StateRow {
        StateRow(
            name: name, source: source, isHealthy: isHealthy, fires: fires, mayFire: mayFire, lasts: lasts,
            prepare: { estate in
                let now = estate.time.wall()
                estate.vault.add(
                    token: fileToken, life, issued: now - age, renewed: life.isRenewable ? now : now - age)
                change(estate)
            })
    }

    /// A row whose agent logs in with AppRole.
    private static func appRole(
        _ name: String, _ source: String, isHealthy: Bool = false, fires: Set<String> = [],
        mayFire: Set<String> = [],
        lasts: Duration = .seconds(3600), _ change: @escaping @Sendable (StateEstate) -> Void = { _ in }
    ) -> StateRow {
        StateRow(
            name: name, source: source, isHealthy: isHealthy, fires: fires, mayFire: mayFire, lasts: lasts,
            prepare: { estate in
                estate.authentication = "role_id_file: /role\n      secret_id_file: /secret"
                estate.files["/role"] = estate.vault.options.roleID
                estate.files["/secret"] = estate.vault.options.secretID
                change(estate)
            })
    }

    /// A row in which reads of the canary are answered in a way of their own.
    private static func canary(
        _ name: String, _ source: String, fires: Set<String>, mayFire: Set<String> = [], status: Int, body: String
    ) -> StateRow {
        StateRow(name: name, source: source, fires: fires, mayFire: mayFire) { estate in
            estate.answer = { request in
                guard request.url.hasSuffix("/smtp/canary/admin") else { return nil }
                return .success(
                    .response(
                        LabResponse(status, headers: ["Content-Type": "application/json"], body: Array(body.utf8))))
            }
        }
    }

    static let rows: [StateRow] = kinds + endings + logins + canaries + audits

    private static let kinds: [StateRow] = [
        file(
            "a periodic token of half an hour in a file", "Recorded token.lookup-self-periodic", Life(period: 1800),
            isHealthy: true, lasts: .seconds(2 * 3600)),
        file(
            "a renewable token of 10 minutes in a file", "Recorded token.renew-self-capped; Vault API, renew-self",
            Life(ttl: 600), isHealthy: true, lasts: .seconds(2 * 3600)),
        file(
            "a token with an end far away", "Recorded token.lookup-self-non-renewable",
            Life(ttl: 30 * day, isRenewable: false), isHealthy: true),
        file(
            "a root token without an end", "Recorded token.lookup-self-root",
            Life(isRenewable: false, policies: ["root"]), isHealthy: true),
        file(
            "a batch token of 25 days in a file", "Recorded token.lookup-self-batch",
            Life(ttl: 25 * day, isBatch: true),
            isHealthy: true),
        file(
            "a short token that a machine replaces", "Vault Agent's documentation, auto-auth sinks",
            Life(ttl: 7200, isRenewable: false), isHealthy: true, lasts: .seconds(5400)),
        file(
            "a token with few uses that is not to be wasted", "Recorded token.lookup-self-num-uses",
            Life(ttl: 20 * day, uses: 100_000), isHealthy: true),
        StateRow(
            name: "a policy that allows nothing but the canary", source: "Recorded active.canary-denied",
            isHealthy: true
        ) { estate in
            estate.vault.options.watchAllows = []
        },
    ]

    private static let endings: [StateRow] = [
        file(
            "a token that cannot be renewed has ten days left", "Recorded token.renew-self-non-renewable",
            Life(ttl: 30 * day, isRenewable: false), issuedBefore: .seconds(20 * day), fires: ["VaultTokenEnding"]),
        file(
            "a token that cannot be renewed has two days left", "Recorded token.renew-self-non-renewable",
            Life(ttl: 30 * day, isRenewable: false), issuedBefore: .seconds(28 * day),
            fires: ["VaultTokenEnding", "VaultTokenEndingSoon"]),
        file(
            "a batch token has two days left", "Recorded token.renew-self-batch",
            Life(ttl: 20 * day, isBatch: true), issuedBefore: .seconds(18 * day),
            fires: ["VaultTokenEnding", "VaultTokenEndingSoon"]),
        file(
            "a periodic token nears its explicit maximum", "Vault's documentation, concepts/tokens",
            Life(period: day, explicitMaxTTL: 30 * day), issuedBefore: .seconds(20 * day),
            fires: ["VaultTokenEnding"]),
        file(
            "a renewable token nears the longest life of its mount",
            "Recorded token.renew-self-capped; Vault API, sys/mounts/auth/token/tune",
            Life(ttl: day), issuedBefore: .seconds(22 * day), fires: ["VaultTokenEnding"]),
        file(
            "a token in a file expired", "Recorded token.lookup-self-expired; field case A8",
            Life(ttl: 1800, isRenewable: false), fires: ["VaultTokenInvalid"], mayFire: ["VaultTokenEnding"]),
        file(
            "a token in a file ran out of uses", "Recorded token.renew-self-used-up",
            Life(ttl: 20 * day, uses: 30), fires: ["VaultTokenInvalid"]),
        StateRow(
            name: "a token in a file was revoked", source: "Recorded token.lookup-self-revoked",
            fires: ["VaultTokenInvalid"]
        ) { $0.vault.revoke(token: fileToken) },
        StateRow(
            name: "a token in a file was revoked, on a newer Vault", source: "Vault's documentation, concepts/tokens",
            fires: ["VaultTokenInvalid"]
        ) { estate in
            estate.vault.options.version = "1.17.2"
            estate.vault.revoke(token: fileToken)
        },
    ]

    private static let logins: [StateRow] = [
        appRole(
            "AppRole tokens of 20 minutes", "Recorded approle.login", isHealthy: true, lasts: .seconds(3 * 3600)
        ) { estate in estate.vault.options.issuedLife = Life(ttl: 1200, explicitMaxTTL: 3600) },
        appRole(
            "AppRole batch tokens of 20 minutes", "Recorded approle.login-batch", isHealthy: true,
            lasts: .seconds(2 * 3600)
        ) { estate in estate.vault.options.issuedLife = Life(ttl: 1200, isBatch: true) },
        appRole(
            "AppRole tokens of 10 s and a secret id of one use", "Field case A8", fires: ["VaultSecretIDSpent"]
        ) { estate in
            estate.vault.options.issuedLife = Life(ttl: 10)
            estate.vault.options.secretIDUses = 1
        },
        appRole(
            "a spent secret id, and the token at its maximum", "Field case A8; recorded approle.login-exhausted",
            fires: ["VaultCanaryBlind", "VaultSecretIDSpent"]
        ) { estate in
            estate.vault.options.issuedLife = Life(ttl: 600, explicitMaxTTL: 1200)
            estate.vault.options.secretIDUses = 1
        },
        appRole(
            "a wrong secret id", "Recorded approle.login-wrong-secret", fires: ["VaultCanaryBlind"]
        ) { $0.files["/secret"] = "another" },
        appRole(
            "a wrong role id", "Recorded approle.login-wrong-role", fires: ["VaultCanaryBlind"]
        ) { $0.files["/role"] = "another" },
        appRole(
            "a secret id with ten days left", "vault#8020; recorded approle.secret-id-lookup",
            fires: ["VaultTokenEnding"]
        ) { estate in
            let end = estate.time.wall() + .seconds(10 * day)
            estate.vault.options.secretIDEnd = end
        },
        appRole(
            "a secret id with two days left", "vault#8020; recorded approle.secret-id-lookup",
            fires: ["VaultTokenEnding", "VaultTokenEndingSoon"]
        ) { estate in
            let end = estate.time.wall() + .seconds(2 * day)
            estate.vault.options.secretIDEnd = end
        },
        appRole(
            "a token from a login was revoked by somebody", "Recorded token.lookup-self-revoked", isHealthy: true
        ) { estate in
            // The first login's token is unknown from its first use on.
            let asked = Asked()
            estate.answer = { request in
                guard !request.url.contains("/sys/"), !request.url.hasSuffix("/login"), asked.count < 2 else {
                    return nil
                }
                asked.count += 1
                return .success(.response(refused("permission denied")))
            }
        },
    ]

    private static let canaries: [StateRow] = [
        canary(
            "the policy lacks the canary's path", "Recorded active.canary-denied", fires: ["VaultCanaryMisconfigured"],
            status: 403, body: #"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#),
        canary(
            "the canary's secret does not exist", "Vault API, KV: 404 with no errors",
            fires: ["VaultCanaryMisconfigured"], status: 404, body: #"{"errors":[]}"#),
        canary(
            "a quota refuses the canary", "Vault's documentation, concepts/resource-quotas",
            fires: ["VaultSecretReadFailing"], status: 429,
            body: #"{"errors":["request path \"smtp/canary/admin\": rate limit quota exceeded"]}"#),
        canary(
            "the mount's own storage fails while health is 200", "Vault API: 500",
            fires: ["VaultSecretReadFailing", "VaultServesNothing"], status: 500,
            body: #"{"errors":["1 error occurred:\n\t* timeout: context deadline exceeded\n\n"]}"#),
        canary(
            "a proxy between answers for Vault", "Common proxies: 502 with a page of their own",
            fires: ["VaultSecretReadFailing", "VaultServesNothing"], status: 502, body: "<html>Bad Gateway</html>"),
        canary(
            "the canary is redirected to a node that died", "recovery.md 3.2: 307 for up to 15 s after kill -9",
            fires: ["VaultSecretReadFailing"], status: 307, body: ""),
        StateRow(
            name: "a standby redirects the load balancer's read for ten seconds", source: "recovery.md 6, kill -9",
            isHealthy: true
        ) { estate in
            estate.vaultSettings = "load_balancer_url: https://balancer"
            let begin = estate.time.monotonic()
            estate.answer = { request in
                guard request.url.hasPrefix("https://balancer/") else { return nil }
                if request.url.hasSuffix("/smtp/canary/admin"),
                    (600..<610).contains(Int((estate.time.monotonic() - begin) / .seconds(1)))
                {
                    return .success(
                        .response(LabResponse(307, headers: ["Location": "https://vault-1:8200/v1/smtp/canary/admin"])))
                }
                return .success(estate.reply(request, node: 0))
            }
        },
        StateRow(
            name: "the load balancer's reads hang, its health is answered", source: "Field case A11, through the door",
            fires: ["VaultSecretReadFailing"]
        ) { estate in
            estate.vaultSettings = "load_balancer_url: https://balancer"
            estate.answer = { request in
                guard request.url.hasPrefix("https://balancer/") else { return nil }
                return .success(request.url.hasSuffix("/smtp/canary/admin") ? .hang : estate.reply(request, node: 0))
            }
        },
        StateRow(
            name: "reads take half a second", source: "domain.md 7: 100 ms", fires: ["VaultSecretLatencyHigh"]
        ) { estate in
            estate.delay = { $0.url.hasSuffix("/smtp/canary/admin") ? .milliseconds(500) : .milliseconds(2) }
        },
        StateRow(
            name: "an audit socket hangs for 3 s at times", source: "recovery.md 5.4; recorded audit-socket-hung",
            mayFire: ["VaultSecretLatencyHigh"]
        ) { estate in
            let asked = Asked()
            estate.delay = { request in
                guard request.url.hasSuffix("/smtp/canary/admin") else { return .milliseconds(2) }
                asked.count += 1
                return asked.count % 30 == 0 ? .seconds(3) : .milliseconds(2)
            }
        },
        StateRow(
            name: "one read in ten fails", source: "rules-audit: an error rate where Vault exports none",
            fires: ["VaultSecretReadsLossy"], lasts: .seconds(5400)
        ) { estate in
            let asked = Asked()
            estate.answer = { request in
                guard request.url.hasSuffix("/smtp/canary/admin") else { return nil }
                asked.count += 1
                guard asked.count % 10 == 0 else { return nil }
                return .success(.response(LabResponse(502)))
            }
        },
        StateRow(
            name: "one mount hangs, and Vault serves the rest", source: "Field case A11: look-ups are answered",
            fires: ["VaultSecretReadFailing", "VaultServesNothing"]
        ) { estate in
            estate.answer = { $0.url.hasSuffix("/smtp/canary/admin") ? .success(.hang) : nil }
        },
    ]

    private static let audits: [StateRow] = [
        StateRow(
            name: "an audit device blocks", source: "Field case A11; recovery.md 5.4",
            fires: ["VaultSecretReadFailing", "VaultServesNothing", "VaultAuditBlocked"]
        ) { $0.vault.options.audit = .blocked },
        appRole(
            "an audit device blocks when the agent starts and would log in", "Field case A11; recovery.md 5.4",
            fires: ["VaultSecretReadFailing", "VaultServesNothing"]
        ) { $0.vault.options.audit = .blocked },
        StateRow(
            name: "the only audit device's disk is full", source: "Recorded audit-full.canary-read",
            fires: ["VaultSecretReadFailing", "VaultServesNothing"]
        ) { $0.vault.options.audit = .full },
        StateRow(
            name: "no audit device is enabled", source: "OpenBao #2168; recovery.md 8", fires: ["VaultAuditNone"]
        ) { $0.vault.options.auditDevices = [:] },
        StateRow(
            name: "an audit entry failed once and reads are fine", source: "Field case B3, vault#27531",
            mayFire: ["VaultAuditFailing"]
        ) { estate in
            let begin = estate.time.monotonic()
            estate.answer = { request in
                guard request.url.hasPrefix("https://vault-1:"), request.url.contains("/sys/metrics") else {
                    return nil
                }
                let failures = estate.time.monotonic() - begin > .seconds(600) ? 1 : 0
                return .success(
                    .response(
                        LabResponse(
                            200, type: "text/plain",
                            "vault_runtime_alloc_bytes 3e7\nvault_audit_log_request_failure \(failures)\nvault_audit_log_response_failure 0\n"
                        )))
            }
        },
    ]

    private static func refused(_ words: String) -> LabResponse {
        LabResponse(
            403, headers: ["Content-Type": "application/json"], body: Array("{\"errors\":[\"\(words)\"]}".utf8))
    }

    /// Counts requests, on the thread of the run.
    private final class Asked: @unchecked Sendable {
        var count = 0
    }
}
