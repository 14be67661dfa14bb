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
}
