import Logging
import Platform
import Probes
import Simulation
import Testing
import Transport

@testable import Agent

struct NetworkTests {
    private let network = Network.real(.real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))

    /// Receivers that accept and never shake hands take all places to connect, and thousands of messages wait for one:
    /// a probe connects all the same.
    @Test func aBurstOfMessagesDelaysNoProbe() async throws {
        let silent = try (0..<5).map { _ in try RawServer { connection in while !connection.read().isEmpty {} } }
        let node = try RawServer.http { _ in RawServer.ok("{}") }
        let receivers = network.receivers
        let messages = (0..<5000).map { number in
            Task {
                var request = HTTPRequest(url: "https://127.0.0.1:\(silent[number % silent.count].port)/hook")
                request.timeout = .seconds(60)
                request.connectTimeout = .seconds(60)
                _ = try? await receivers.send(request)
            }
        }
        while silent.contains(where: { $0.connections < 4 }) { await Task.yield() }
        var probe = HTTPRequest(url: node.url)
        probe.timeout = .seconds(4)
        #expect(try await network.http.send(probe).status == 200)
        for message in messages { message.cancel() }
        for message in messages { await message.value }
    }

    @Test func aLostConnectionNamesItsTargets() throws {
        let vault = [
            VaultClusterOptions(
                name: "main",
                nodes: [
                    .init(name: "a", url: "https://a.example"), .init(name: "b", url: "https://b.example:8200/"),
                ])
        ]
        let connection = PostgresOptions(parameters: ["host": "db-1", "port": "5432"])
        let postgres = [
            PostgresServerOptions(name: "one", connection: connection),
            PostgresServerOptions(name: "two", connection: PostgresOptions(parameters: ["host": "db-2"])),
        ]
        #expect(
            LostConnection.http(origin: "https://a.example:443").targets(vault: vault, postgres: postgres) == [
                ProbeTarget(.vaultNode, "main/a")
            ])
        #expect(
            LostConnection.http(origin: "https://b.example:8200").targets(vault: vault, postgres: postgres) == [
                ProbeTarget(.vaultNode, "main/b")
            ])
        #expect(LostConnection.http(origin: "http://b.example:8200").targets(vault: vault, postgres: postgres) == [])
        #expect(
            LostConnection.postgres(connection).targets(vault: vault, postgres: postgres) == [
                ProbeTarget(.postgres, "vault/one")
            ])
    }
}
