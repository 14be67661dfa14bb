import Platform
import Probes
import Text

/// The end of a test, whatever came of it.
extension RestoreTest {
    func cleanUp(_ run: RestoreRun, _ staging: Staging) async {
        let (stops, database) = staging.began
        guard stops || database != nil else { return }
        run.tell(.began(.cleanup))
        let began = run.time.monotonic()
        var remains: [String] = []
        if stops {
            do throws(RestoreFailure) { try await hooks(nil).run(options.stop, "stop") } catch {
                remains.append("staging still holds the copy, with all of production's secrets: \(error.message)")
            }
            if options.stop == nil {
                run.note {
                    $0.remarks.append(
                        "staging still holds the copy, with all of production's secrets: there is no hook stop to remove it"
                    )
                }
            }
        }
        if let database {
            do throws(RestoreFailure) { try await database.drop() } catch {
                remains.append("the scratch database \(database.name) remains: \(error.message)")
            }
        }
        if remains.isEmpty { staging.ended() }
        let seconds = (run.time.monotonic() - began).seconds
        run.note { report in
            report.phases.append(.init(phase: .cleanup, seconds: seconds))
            guard !remains.isEmpty else { return }
            report.remarks += remains
            // Secrets that lie about are a failure, even though the backup is good.
            if report.failure == nil {
                report.failure = RestoreFailure(.staging, remains.joined(separator: "; "))
                report.failure?.phase = .cleanup
            }
        }
        run.tell(.ended(.cleanup, seconds: seconds))
    }

    /// Removes what a run that was killed has left: the staging Vault with its copy, and scratch databases.
    /// - Returns: whether there was something.
    /// - Throws: `RestoreFailure`, also while another run is under way.
    package func removeLeftovers() async throws(RestoreFailure) -> Bool {
        let lock: FileLock
        do throws(FileError) { lock = try FileLock(RestoreTest.lockPath(configuration)) } catch {
            throw error.reason == FileLock.isHeld
                ? RestoreFailure(.busy, "a restore test is under way: it holds \(error.path)")
                : RestoreFailure(.space, error.description)
        }
        defer { withExtendedLifetime(lock) {} }
        let staging = Staging(folder: configuration.staging.directory, files: tools.platform.files)
        guard staging.isLeft else { return false }
        try await hooks(nil).run(options.stop, "stop")
        if let server = options.database {
            _ = try await ScratchDatabase(
                name: name(), options: options, server: server, tables: ScratchDatabase.VaultTables(),
                connector: tools.postgres, programs: tools.programs, files: tools.platform.files
            ).removeLeftovers()
        }
        staging.ended()
        return true
    }
}
