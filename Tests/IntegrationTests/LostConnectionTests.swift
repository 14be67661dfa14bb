import Foundation
import Lab
import Logging
import Platform
import TestServers
import Testing
import Transport

/// A PostgreSQL server that stops drops the agent's idle connection, and is probed at once rather than at its next turn.
struct LostConnectionTests {
    @Test func aStoppedServerIsKnownAtOnce() async throws {
        let postgres = try await LocalPostgres.start(LocalPostgres.Options(replica: false))
        let folder = try TemporaryDirectory()
        let password = try postgres.passwordFile()
        let port = try freePort()
        // One turn an hour: what is known sooner is known by the connection.
        let file = try folder.write(
            "vaultwatch.yml",
            """
            global: {poll_interval: 1h}
            postgres:
              servers:
                - name: primary
                  host: 127.0.0.1
                  port: \(postgres.primary.port)
                  database: \(postgres.database)
                  user: \(postgres.user)
                  sslmode: disable
                  password_file: \(password)
            alerting: {route: {receiver: none}, receivers: [{name: none}]}
            web: {listen_addresses: ["127.0.0.1:\(port)"]}
            storage: {path: \(folder.path)/state}
            """)
        let agent = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
        let http = CurlTransport(platform: .real(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        func isUp(_ value: Int) async -> Bool {
            let page = try? await http.send(HTTPRequest(url: "http://127.0.0.1:\(port)/metrics")).text
            return page?.split(separator: "\n").contains {
                $0.hasPrefix("postgres_up{") && $0.contains("server=\"primary\"") && $0.hasSuffix(" \(value)")
            } ?? false
        }
        #expect(await waitUntil { await isUp(1) })
        let server = try #require(postgres.primary.pid)
        // Immediate shutdown.
        let began = ContinuousClock.now
        kill(server, SIGQUIT)
        var isKnown = false
        while !isKnown, ContinuousClock.now - began < .seconds(30) { isKnown = await isUp(0) }
        #expect(isKnown, "\(String(decoding: agent.standardError(limit: 65536), as: UTF8.self))")
        print("stop of the primary until it is known: \(ContinuousClock.now - began)")
        _ = await agent.terminate()
        http.close()
        await postgres.stop()
        folder.remove()
    }
}
