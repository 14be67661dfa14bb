import Foundation
import Lab
import Platform
import Testing

struct EstateTests {
    /// - Returns: the status; 0 with curl's exit code as the reason when there is none.
    private func status(_ url: String, _ arguments: String...) async throws -> (code: Int, exit: ChildProcess.Exit) {
        let child = try await ChildProcess.start(
            "curl", ["-s", "-m", "2", "-o", "/dev/null", "-w", "%{http_code}"] + arguments + [url])
        let exit = await child.wait()
        return (Int(String(decoding: child.standardOutput(limit: 100), as: UTF8.self)) ?? 0, exit)
    }

    @Test func nodesLiveDieAndHangOverTLS() async throws {
        var options = EstateOptions()
        options.postgres = nil
        let estate = try await Estate.start(options, platform: .test)
        let endpoints = try estate.endpoints()
        let ca = try #require(endpoints.caFile)
        func health(_ index: Int) async throws -> (code: Int, exit: ChildProcess.Exit) {
            try await status(endpoints.nodes[index].url + "/v1/sys/health", "--cacert", ca)
        }
        #expect(try await health(0).code == 200)
        #expect(try await health(1).code == 429)
        #expect(try await status(endpoints.loadBalancer + "/v1/sys/health", "--cacert", ca).code == 200)
        try await estate.perform(.node("vault-2", .kill))
        #expect(try await health(1).exit == .exited(7), "refused")
        try await estate.perform(.node("vault-2", .start))
        #expect(try await health(1).code == 503)
        try await estate.perform(.node("vault-2", .unseal))
        #expect(try await health(1).code == 429)
        try await estate.perform(.node("vault-3", .hang))
        #expect(try await health(2).exit == .exited(28), "no answer in time")
        try await estate.perform(.node("vault-3", .start))
        #expect(try await health(2).code == 429)
        await estate.stop()
        #expect(try await health(0).exit == .exited(7))
    }

    @Test func servicesWorkAndFail() async throws {
        var options = EstateOptions()
        options.postgres = nil
        let estate = try await Estate.start(options, platform: .test)
        let services = try estate.endpoints().services
        let ca = try #require(try estate.endpoints().caFile)
        #expect(try await status(services.website, "--cacert", ca).code == 200)
        try await estate.perform(.breakWebsite)
        #expect(try await status(services.website, "--cacert", ca).code == 500)
        try await estate.perform(.healWebsite)
        #expect(try await status(services.website, "--cacert", ca).code == 200)

        // The mail is there once it has been taken, and not before.
        let hook = services.mailHook.replacing("{token}", with: "vaultwatch-1")
        #expect(try await status(hook).code == 404)
        let mail = try TemporaryDirectory()
        let file = try mail.write("mail", "Subject: t\r\nX-Vaultwatch-Token: vaultwatch-1\r\n\r\nbody\r\n")
        func send() async throws -> ChildProcess.Exit {
            let child = try await ChildProcess.start(
                "curl",
                [
                    "-s", "-m", "10", "--ssl-reqd", "--cacert", ca, "--mail-from", "a@example.org", "--mail-rcpt",
                    "b@example.org", "-T", file, "smtp://\(services.mail)",
                ])
            return await child.wait()
        }
        #expect(try await send() == .exited(0))
        #expect(try await status(hook).code == 200)
        try await estate.perform(.stopMail)
        #expect(try await send() == .exited(7), "refused")
        try await estate.perform(.startMail)
        #expect(try await send() == .exited(0))
        mail.remove()
        await estate.stop()
    }

    @Test func badCertificatesAreRefused() async throws {
        var options = EstateOptions()
        options.postgres = nil
        options.security = .expired(["vault-1"])
        let estate = try await Estate.start(options, platform: .test)
        let endpoints = try estate.endpoints()
        #expect(
            try await status(endpoints.nodes[0].url + "/v1/sys/health", "--cacert", endpoints.caFile ?? "").exit
                == .exited(60))
        #expect(
            try await status(endpoints.nodes[1].url + "/v1/sys/health", "--cacert", endpoints.caFile ?? "").code == 429)
        await estate.stop()
    }

    @Test func lockAndReplicationFollowTheActions() async throws {
        let estate = try await Estate.start(EstateOptions(), platform: .test)
        do {
            let postgres = try #require(estate.postgres)
            func holder() async throws -> String {
                try await postgres.primary.sql("SELECT ha_identity FROM vault_ha_locks WHERE valid_until > now()")
            }
            #expect(try await waitUntil { try await !holder().isEmpty })
            let first = try await holder()
            try await estate.perform(.node("vault-1", .seal))
            #expect(
                try await waitUntil {
                    let now = try await holder(); return !now.isEmpty && now != first
                })
            #expect(estate.roles.map(\.role) == [.sealed, .active, .standby])
            try await estate.perform(.cutReplication)
            #expect(try await postgres.primary.sql("SELECT count(*) FROM pg_stat_replication") == "0")
            try await estate.perform(.restoreReplication)
            #expect(try await postgres.primary.sql("SELECT count(*) FROM pg_stat_replication") == "1")
            try await estate.perform(.stopDatabase)
            #expect(
                estate.roles.map(\.role) == [.storageError, .active, .storageError],
                "the active node answers from its cache")
            try await estate.perform(.startDatabase)
            #expect(estate.roles.map(\.role) == [.sealed, .active, .standby])
        } catch {
            await estate.stop()
            throw error
        }
        let primary = estate.postgres?.primary
        await estate.stop()
        #expect(primary?.pid == nil)
    }

    @Test func skippedBackupIsOverdue() async throws {
        var options = EstateOptions()
        options.postgres = nil
        options.security = .http
        options.mailTLS = false
        let estate = try await Estate.start(options, platform: .test)
        func newest() -> String {
            var key = ""
            estate.changeBucket { key = $0.newestKey ?? "" }
            return key
        }
        let before = newest()
        try await estate.perform(.skipBackup)
        #expect(newest().suffix(30) < before.suffix(30))
        try await estate.perform(.restoreBackups)
        #expect(newest() == before)
        await estate.stop()
    }
}
