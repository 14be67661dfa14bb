import Foundation
import Lab
import Platform
import Samples
import Simulation
import Synchronization
import Testing
import Transport

@testable import Probes

/// The agent's token on a simulated cluster, in virtual time.
struct VaultSessionTests {
    /// A cluster of one node that the probes talk to, turn by turn.
    private final class Estate: Sendable {
        let time = VirtualTime()
        let http: ScriptedHTTP
        let cluster: VaultCluster
        let probes: [any RunnableProbe]

        init(
            _ authentication: VaultClusterOptions.Authentication, canary: Bool = true,
            _ change: (inout SimulatedVaultCluster.Options) -> Void = { _ in }
        ) {
            let time = self.time
            let random = SeededRandom(seed: 1)
            var options = SimulatedVaultCluster.Options()
            change(&options)
            var simulated = SimulatedVaultCluster(
                options, nodes: [("a", "https://a:8200", "https://a:8201")], at: time.wall())
            _ = simulated.perform(.unseal, on: 0, at: time.now(), random: random)
            let shared = Shared(simulated)
            http = ScriptedHTTP { request in
                var headers: [String: String] = [:]
                for (name, value) in request.headers { headers[name.lowercased()] = value }
                let uri = String(request.url.dropFirst("https://a:8200".count))
                let reply = shared.vault.withLock {
                    $0.answer(
                        LabRequest(method: request.method, uri: uri, headers: headers, body: request.body), node: 0,
                        at: time.now(), random: random
                    ).reply
                }
                guard case .response(let answer) = reply else {
                    return .failure(TransportError(.timeout, "no answer"))
                }
                return .success(json(answer.status, String(decoding: answer.body, as: UTF8.self)))
            }
            var watched = VaultClusterOptions(name: "main", nodes: [.init(name: "a", url: "https://a:8200")])
            watched.authentication = authentication
            watched.canaryPath = canary ? "smtp/canary/admin" : nil
            cluster = VaultCluster(options: watched, http: http, platform: testPlatform(time))
            probes = cluster.probes()
            self.shared = shared
        }

        private let shared: Shared

        func change(_ change: (inout SimulatedVaultCluster) -> Void) { shared.vault.withLock { change(&$0) } }

        var tokens: SimulatedVaultCluster.TokenStore { shared.vault.withLock { $0.tokens } }

        /// Turns of five seconds.
        /// - Returns: the samples of the last one, and how many canary reads failed.
        func turns(_ count: Int) async -> (samples: [Sample], failures: Int) {
            var samples: [Sample] = []
            var failures = 0
            for _ in 0..<count {
                samples = []
                for probe in probes {
                    let report = await probe.run()
                    samples += report.samples
                    if probe.target.kind == .vaultCanary, report.failure != nil { failures += 1 }
                }
                await time.run(for: .seconds(5))
            }
            return (samples, failures)
        }
    }

    private final class Shared: Sendable {
        let vault: Mutex<SimulatedVaultCluster>
        init(_ vault: sending SimulatedVaultCluster) { self.vault = Mutex(vault) }
    }

    private static let options = SimulatedVaultCluster.Options()
    private static let appRole = VaultClusterOptions.Authentication.appRole(
        roleID: Secret(value: options.roleID), secretID: Secret(value: options.secretID), mount: "approle")
    private static let file = VaultClusterOptions.Authentication.token(Secret(value: "s.LabWatchToken0000000000"))

    /// Field case A8: tokens of 10 s, a secret id of one use.
    @Test func aRenewableTokenCostsOneLogin() async {
        let estate = Estate(Self.appRole) {
            $0.issuedLife = .init(ttl: 10)
            $0.secretIDUses = 1
        }
        let (samples, failures) = await estate.turns(60)
        #expect(failures == 0)
        #expect(estate.tokens.logins == 1)
        #expect(estate.tokens.renewals >= 25)
        #expect(samples.value("vault_token_valid") == 1)
        #expect(samples.value("vault_secret_id_usable") == 0)
        #expect(samples.value("vault_token_failure") == nil)
    }

    @Test func atItsMaximumATokenIsReplacedAndRevoked() async {
        let estate = Estate(Self.appRole) { $0.issuedLife = .init(ttl: 1200, explicitMaxTTL: 3600) }
        let (_, failures) = await estate.turns(3 * 720)
        #expect(failures == 0)
        #expect((3...5).contains(estate.tokens.logins), "\(estate.tokens.logins)")
        #expect((estate.tokens.logins - 2...estate.tokens.logins - 1).contains(estate.tokens.revocations))
        #expect(estate.tokens.issued <= 2)
    }

    /// Each reload makes new probes, each with a login: without this the tokens of the old ones fill the token store.
    @Test func theLastProbeRevokesWhatTheAgentLoggedInFor() async {
        let estate = Estate(Self.appRole)
        _ = await estate.turns(3)
        #expect(estate.tokens.logins == 1 && estate.tokens.revocations == 0)
        for _ in 0..<2 { for probe in estate.probes { await probe.close() } }
        #expect(estate.tokens.revocations == 1)

        let file = Estate(Self.file)
        file.change { $0.add(token: "s.LabWatchToken0000000000", .init(period: 600), issued: file.time.wall()) }
        _ = await file.turns(3)
        for probe in file.probes { await probe.close() }
        #expect(file.tokens.revocations == 0)
    }

    /// Vault 2.0.
    @Test func attemptsAreAskedForWithTheTokenWhereTheyNeedOne() async {
        let estate = Estate(Self.appRole)
        estate.change {
            $0.options.features.attemptsNeedToken = true
            $0.options.features.rootGeneration = .init(progress: 1)
        }
        let (samples, _) = await estate.turns(2)
        #expect(samples.value("vault_root_generation_started") == 1)
        #expect(samples.value("vault_rekey_started", ["keys": "unseal"]) == 0)
        #expect(samples.value("vault_fact_available", ["fact": "generate_root"]) == 1)
        // Not where it is free.
        let older = Estate(Self.appRole)
        _ = await older.turns(2)
        #expect(
            !older.http.requests.contains { request in
                request.url.contains("generate-root") && request.headers.contains { $0.name == "X-Vault-Token" }
            })
    }

    @Test func batchTokensAreReplacedInTimeAndNotRevoked() async {
        let estate = Estate(Self.appRole) { $0.issuedLife = .init(ttl: 1200, isBatch: true) }
        let (_, failures) = await estate.turns(720)
        #expect(failures == 0)
        #expect((3...5).contains(estate.tokens.logins), "\(estate.tokens.logins)")
        #expect(!estate.http.requests.contains { $0.url.hasSuffix("/revoke-self") || $0.url.hasSuffix("/renew-self") })
    }

    @Test func aTokenOfAFileIsRenewedAndNeverRevoked() async {
        let estate = Estate(Self.file)
        estate.change { $0.add(token: "s.LabWatchToken0000000000", .init(period: 600), issued: estate.time.wall()) }
        let (samples, failures) = await estate.turns(720)
        #expect(failures == 0)
        #expect((10...14).contains(estate.tokens.renewals), "\(estate.tokens.renewals)")
        #expect(estate.tokens.logins == 0 && estate.tokens.revocations == 0)
        #expect(samples.has("vault_token_expiry_timestamp_seconds"))
        #expect(!samples.has("vault_credential_end_timestamp_seconds"))
        #expect(samples.value("vault_token_info", ["source": "file", "type": "service", "renewable": "true"]) == 1)
        #expect(samples.value("vault_audit_devices") == 1)
        #expect(!"\(samples)".contains("LabWatchToken"))
    }

    @Test func aRevokedTokenIsOursAndNotTheSecrets() async {
        let estate = Estate(Self.file)
        estate.change { $0.revoke(token: "s.LabWatchToken0000000000") }
        let (samples, _) = await estate.turns(4)
        #expect(samples.value("vault_canary_failure", ["reason": "token"]) == 1)
        #expect(samples.value("vault_token_failure", ["reason": "refused"]) == 1)
        #expect(samples.value("vault_token_valid") == 0)
        // Not with every read.
        #expect(estate.http.requests.count { $0.url.hasSuffix("/lookup-self") } <= 2)
    }

    @Test func anUnreadableFileLeavesTheAgentBlind() async {
        let estate = Estate(.token(Secret(file: "/nonexistent/token")))
        let (samples, _) = await estate.turns(2)
        #expect(samples.value("vault_canary_failure", ["reason": "token"]) == 1)
        #expect(samples.value("vault_token_failure", ["reason": "configuration"]) == 1)
        #expect(samples.value("vault_token_valid") == 0)
    }

    @Test func theTokenIsKeptWithoutACanaryToo() async {
        let estate = Estate(Self.file, canary: false)
        let (samples, _) = await estate.turns(3)
        #expect(samples.value("vault_token_valid") == 1)
        #expect(samples.value("vault_audit_devices") == 1)
    }

    /// An audit device that blocks is told from one mount that hangs by a second request.
    @Test func aBlockedAuditDeviceIsSeen() async {
        let estate = Estate(Self.file)
        #expect(await estate.turns(3).samples.value("vault_audit_blocked") == 0)
        estate.change { $0.options.audit = .blocked }
        let (samples, _) = await estate.turns(4)
        #expect(samples.value("vault_canary_failure", ["reason": "blocked"]) == 1)
        #expect(samples.value("vault_audit_blocked") == 1)
        #expect(samples.value("vault_token_valid") == 1, "it was good a moment ago")
        estate.change { $0.options.audit = .working }
        #expect(await estate.turns(2).samples.value("vault_audit_blocked") == 0)
    }

    /// Only the agent's own token is touched.
    @Test func nothingElseIsWritten() async {
        let estate = Estate(Self.appRole) { $0.issuedLife = .init(ttl: 60, explicitMaxTTL: 120) }
        _ = await estate.turns(200)
        let written = Set(estate.http.requests.filter { $0.method != "GET" }.map { $0.url.dropFirst(18) })
        #expect(
            written == [
                "auth/approle/login", "auth/token/renew-self", "auth/token/revoke-self",
                "auth/approle/role/vaultwatch/secret-id/lookup",
            ])
    }
}
