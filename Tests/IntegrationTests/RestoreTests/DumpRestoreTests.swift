import Foundation
import Lab
import Platform
import Synchronization
import Testing

/// `vaultwatch restore-test` with dumps: real pg_dump, pg_restore and PostgreSQL servers, and a simulated Vault on the
/// scratch database.
@Suite(.serialized) struct DumpRestoreTests {
    @Test func aDumpComesBackAndItsDatabaseIsDropped() async throws {
        let staged = try await StagedEstate.start(postgres: true)
        let file = try staged.configuration()
        let (status, output, error) = try await staged.restore(file)
        #expect(status == 0, "\(output)\(error)")
        #expect(output.contains("passed") && output.contains("database "), "\(output)")
        #expect(try await staged.scratchDatabases() == [])
        let record = try staged.lastRecord()
        #expect(record.event == "vault_backup_test_success" && record.details["restore_kind"] as? String == "postgres")
        try staged.expectNoSecrets([output, error])

        // The safest kind: nothing starts in it.
        let recovery = try await staged.restore(try staged.configuration(kind: "recovery_mode"))
        #expect(recovery.status == 0, "\(recovery)")
        #expect(recovery.output.contains("not        that every secret is there; that auth methods and policies work"))
        #expect(try await staged.scratchDatabases() == [])
        let wrong = try staged.folder.write("wrong-key", String(repeating: "5c", count: 33) + "\n", mode: 0o600)
        let keys = try #require(staged.endpoints.staging?.unsealKeyFiles)
        let refused = try await staged.restore(try staged.configuration(kind: "recovery_mode", [(keys[0], wrong)]))
        #expect(refused.status == 35 && refused.output.contains("do not open this backup"), "\(refused)")
        await staged.stop()
    }

    /// What a copy must not do: ask production, and act on its leases.
    @Test func theCopyIsAloneAndRevokesNothing() async throws {
        let staged = try await StagedEstate.start(postgres: true)
        // The hook stop looks at the copy before it ends it.
        let leases = Mutex<[String]?>(nil)
        staged.estate.staging?.change { options in
            options.onStop = { vault in leases.withLock { $0 = vault.revokedLeases } }
        }
        let (status, output, error) = try await staged.restore(try staged.configuration())
        #expect(status == 0, "\(output)\(error)")
        #expect(leases.withLock { $0 } == [])

        // A staging Vault with ha_enabled that finds production's lock passes the read on, and production answers.
        let asked = Mutex(0)
        let active = try #require(staged.estate.active)
        staged.estate.staging?.change { options in
            options.haEnabled = true
            options.production = StagingVault.Production(address: active.address) { request in
                asked.withLock { $0 += 1 }
                return await active.answer(request)
            }
            let database = options.database
            options.database = { name in
                var copy = try await database?(name) ?? .init(storage: VaultStorage(), isLocked: nil)
                copy.isLocked = true
                return copy
            }
        }
        let forwarded = try await staged.restore(try staged.configuration())
        #expect(forwarded.status == 36, "\(forwarded)")
        #expect(forwarded.output.contains("a read would be answered by production"))
        #expect(asked.withLock { $0 } == 0, "nothing was read by way of it")
        #expect(try staged.lastRecord().event == "vault_backup_test_failure")
        #expect(try await staged.scratchDatabases() == [])
        await staged.stop()
    }

    /// Damage that a listing does not show, and a dump of something else.
    @Test func damagedDumpsAreFound() async throws {
        let staged = try await StagedEstate.start(postgres: true)
        let whole = try await staged.estate.dump()
        staged.estate.changeBucket { $0.saveInstead(Array(whole.prefix(whole.count * 9 / 10))) }
        let cut = try await staged.restore(try staged.configuration())
        #expect(cut.status == 33, "\(cut)")
        #expect(try await staged.scratchDatabases() == [])
        // Another database: whole, but no Vault.
        staged.estate.changeBucket {
            $0.saveInstead(Array(String(repeating: "no dump at all, but long enough ", count: 200).utf8))
        }
        let other = try await staged.restore(try staged.configuration())
        #expect(other.status == 33 && other.output.contains("staging of kind postgres"), "\(other)")
        // The scratch server is the watched one.
        staged.estate.changeBucket { $0.saveInstead(whole) }
        let scratch = try #require(staged.endpoints.staging?.scratch)
        let watched = try #require(staged.endpoints.databases.first)
        let shared = try await staged.restore(
            try staged.configuration([("port: \(scratch.port)", "port: \(watched.port)")]))
        #expect(shared.status == 30 && shared.output.contains("must not share storage"), "\(shared)")
        await staged.stop()
    }

    /// kill -9 in the middle: what the unit runs after it drops the database, and does nothing after a run that ended.
    @Test func theUnitRemovesWhatAKilledOneLeft() async throws {
        let staged = try await StagedEstate.start(postgres: true)
        let hanging = try staged.configuration([("sh, -c, 'curl", "sh, -c, 'sleep 300; curl")])
        let child = try await ChildProcess.start(Binary.path, ["restore-test", "--recovery.file=\(hanging)"])
        #expect(await waitUntil(atMost: .seconds(30)) { (try? await staged.scratchDatabases())?.isEmpty == false })
        // While it runs it is let alone.
        #expect(try await staged.restore(hanging, ["--clean-up"]).status != 0)
        #expect(try await staged.scratchDatabases().count == 1)
        #expect(child.signal(SIGKILL))
        await child.wait()
        let (status, _, error) = try await staged.restore(try staged.configuration(), ["--clean-up"])
        #expect(status == 0, "\(error)")
        #expect(error.contains("had left is removed"))
        #expect(try await staged.scratchDatabases() == [])
        let again = try await staged.restore(try staged.configuration(), ["--clean-up"])
        #expect(again.status == 0 && again.error.isEmpty, "\(again.error)")
        let names = try FileManager.default.contentsOfDirectory(atPath: staged.folder.path)
        #expect(names.allSatisfy { $0.hasPrefix("recovery") || $0 == "vaultwatch.yml" || $0 == "restore-test.lock" })
        await staged.stop()
    }

    /// kill -9 in the middle: the database stays, and the next run drops it.
    @Test func theNextRunRemovesWhatAKilledOneLeft() async throws {
        let staged = try await StagedEstate.start(postgres: true)
        let hanging = try staged.configuration([("sh, -c, 'curl", "sh, -c, 'sleep 300; curl")])
        let child = try await ChildProcess.start(Binary.path, ["restore-test", "--recovery.file=\(hanging)"])
        #expect(await waitUntil(atMost: .seconds(30)) { (try? await staged.scratchDatabases())?.isEmpty == false })
        let found = try await staged.scratchDatabases()
        #expect(found.count == 1)
        #expect(child.signal(SIGKILL))
        await child.wait()
        #expect(try await staged.scratchDatabases() == found)
        let (status, output, error) = try await staged.restore(try staged.configuration())
        #expect(status == 0, "\(output)\(error)")
        #expect(output.contains("which an earlier test left behind"))
        #expect(try await staged.scratchDatabases() == [])
        // Nothing but what the test itself wrote is left of the temporary files.
        let names = try FileManager.default.contentsOfDirectory(atPath: staged.folder.path)
        #expect(names.allSatisfy { $0.hasPrefix("recovery") || $0 == "vaultwatch.yml" || $0 == "restore-test.lock" })
        await staged.stop()
    }
}
