import Platform
import Synchronization
import Testing

@testable import Recovery

struct RestoreHooksTests {
    private final class Programs: RestorePrograms {
        let tried = Mutex<[String]>([])
        let reachable: String

        init(reachable: String) { self.reachable = reachable }

        func run(
            _ arguments: [String], environment: [String: String], input: OpenFile?, timeout: Duration
        ) async -> ProgramOutcome {
            tried.withLock { $0.append(arguments.dropFirst().joined(separator: " ")) }
            return ProgramOutcome(status: arguments.contains(reachable) ? 0 : 1, words: "")
        }
    }

    private func reach(_ programs: Programs) async throws {
        var options = RestoreTestOptions(kind: .raft, url: "https://s")
        options.reach = .init(arguments: ["nc"])
        let watched = WatchedAddresses(
            vault: [.init(label: "vault", hosts: ["vault.example.org", "192.0.2.1", "192.0.2.2"], port: 8200)],
            postgres: [.init(label: "pg", hosts: ["/run/pg", "db.example.org"], port: 5432)])
        try await RestoreHooks(options: options, programs: programs, environment: [:]).tryToReach(watched)
    }

    @Test func eachAddressOfANameIsTried() async throws {
        let programs = Programs(reachable: "none")
        try await reach(programs)
        #expect(
            programs.tried.withLock { $0 } == ["192.0.2.1 8200", "192.0.2.2 8200", "db.example.org 5432"])
    }

    /// The first address of a load balancer may be cut off, and the second not.
    @Test func theSecondAddressOfANameRefusesToo() async {
        await #expect(throws: RestoreFailure.self) { try await reach(Programs(reachable: "192.0.2.2")) }
    }
}
