import Lab
import Platform
import Testing

@Suite(.serialized) struct LocalPostgresTests {
    @Test func pairReplicatesIsCutAndRestored() async throws {
        let servers = try await LocalPostgres.start(LocalPostgres.Options(slot: true))
        do {
            try await servers.writeSecrets(count: 10)
            try await servers.waitForStreaming()
            let replica = try #require(servers.replica)
            #expect(try await replica.sql("SELECT count(*) FROM vault_kv_store") == "10")
            #expect(try await replica.sql("SELECT pg_is_in_recovery()") == "t")
            #expect(try await servers.primary.sql("SELECT state FROM pg_stat_replication") == "streaming")

            try await servers.cutReplication()
            try await servers.writeSecrets(count: 20)
            #expect(try await replica.sql("SELECT count(*) FROM vault_kv_store") == "10")
            #expect(try await servers.primary.sql("SELECT count(*) FROM pg_stat_replication") == "0")

            try await servers.restoreReplication()
            #expect(try await replica.sql("SELECT count(*) FROM vault_kv_store") == "20")
        } catch {
            await servers.stop()
            throw error
        }
        await servers.stop()
        #expect(servers.primary.pid == nil)
        #expect(servers.replica?.pid == nil)
    }

    @Test func roleReadsWhatItNeedsAndNoMore() async throws {
        let servers = try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        try await servers.holdLock(identity: "a", value: "b")
        #expect(try await servers.primary.sql("SELECT valid_until > now() FROM vault_ha_locks") == "t")
        #expect(try await servers.primary.sql("SET ROLE vaultwatch; SELECT ha_identity FROM vault_ha_locks") == "a")
        await #expect(throws: ChildProcessError.self) {
            try await servers.primary.sql("SET ROLE vaultwatch; SELECT value FROM vault_kv_store")
        }
        try await servers.releaseLock()
        #expect(try await servers.primary.sql("SELECT count(*) FROM vault_ha_locks") == "0")
        await servers.stop()
    }

    /// A crash leaves the lock file and possibly backends behind, neither of which may prevent the next start.
    @Test func serverComesBackAfterKillAndFreeze() async throws {
        let servers = try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        await servers.primary.kill()
        #expect(servers.primary.pid == nil)
        #expect(await servers.primary.isReady() == false)
        try await servers.primary.start()
        #expect(await servers.primary.isReady())
        servers.primary.freeze()
        #expect(await servers.primary.isReady() == false)
        servers.primary.thaw()
        #expect(await servers.primary.isReady())
        await servers.stop()
    }
}
