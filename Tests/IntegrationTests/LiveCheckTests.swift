import Foundation
import Lab
import Platform
import Simulation
import Testing
@testable import vaultwatch

/// Commands that ask the targets themselves, without a running agent.
@Suite(.serialized) struct LiveCheckTests {
    /// Each target and each receiver is asked, and what contradicts itself is told.
    @Test func theLiveCheckAsksEverything() async throws {
        let estate = try await Estate.quiet(postgres: true, security: .https)
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                try estate.endpoints(), rules: Binary.root + "/rules/*.yml", listen: "127.0.0.1:0",
                storage: folder.path + "/state"))
        let (exit, output, error) = try await Binary.run(["check", "config", "--live", file])
        #expect(exit == .exited(0), "\(output)\(error)")
        let rows = output.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        for expected in [
            "ok load balancer routes to active", "ok vault-1 active", "ok vault-2 standby", "ok primary primary 15",
            "ok replica replica 15", "WARN daily complete",
            "! the backups claim to be snapshots, but Vault's storage is postgresql",
            "critical pagerduty/0 http://127.0.0.1", "critical email/0 smtp://127.0.0.1",
        ] {
            #expect(rows.contains { $0.hasPrefix(expected) }, "\(expected) is missing in\n\(output)")
        }
        #expect(rows.count { $0.contains(" reachable, SMTP 250") } == 4)
        #expect(rows.count { $0.contains(" reachable, HTTP 2") } == 3)
        #expect(estate.inbox.messages().isEmpty, "a check sends nothing")

        // Findings are a warning to Nagios; an outage is critical.
        #expect(try await Binary.run(["status", "--once", "--config.file=\(file)"]).exit == .exited(1))
        try await estate.perform(.node("vault-2", .seal))
        let sealed = try await Binary.run(["status", "--once", "--config.file=\(file)"])
        #expect(sealed.exit == .exited(2) && sealed.output.contains("sealed"))
        for node in ["vault-1", "vault-2", "vault-3"] { try await estate.perform(.node(node, .kill)) }
        try await estate.perform(.stopDatabase)
        let (after, gone, errors) = try await Binary.run(["check", "config", "--live", file])
        #expect(after == .exited(1), "\(errors)")
        // Vault first, since all else depends on it.
        let missing = gone.components(separatedBy: "Still missing, in the order in which to do it:\n").last ?? ""
        #expect(missing.hasPrefix("  1. Vault") && missing.contains("PostgreSQL"), "\(gone)")
        await estate.stop()
        folder.remove()
    }

    /// A machine without a network says so, in another way than a host that refuses.
    @Test func aNetworkThatIsGoneIsTold() async throws {
        if let refusal = KernelFeature.namespaces.refusal, !KernelFeature.namespaces.isRequired {
            print("skipped: \(refusal)")
            return
        }
        let folder = try TemporaryDirectory()
        let file = try folder.write(
            "vaultwatch.yml",
            """
            vault: {clusters: [{name: c, nodes: [{name: far, url: 'http://192.0.2.1:8200'}, {name: here, url: 'http://127.0.0.1:1'}]}]}
            postgres: {servers: [{name: db, host: 192.0.2.2, database: vault, user: u, sslmode: disable}]}
            rules: []
            alerting: {route: {receiver: nobody}, receivers: [{name: nobody}]}
            """)
        let child = try await ChildProcess.start(
            "unshare",
            [
                "--net", "sh", "-c", "ip link set lo up; exec \"$0\" \"$@\"", Binary.path, "check", "config", "--live",
                file,
            ])
        await child.wait()
        let said = String(decoding: child.standardOutput(limit: 1 << 16), as: UTF8.self)
        let lines = said.split(separator: "\n")
        #expect(
            lines.contains {
                $0.contains("far") && $0.contains("unreachable") && $0.contains("Network is unreachable")
            }, "\(said)")
        #expect(
            lines.contains { $0.contains("here") && $0.contains("connect") && !$0.contains("unreachable") }, "\(said)")
        #expect(lines.contains { $0.contains("db") && $0.contains("unreachable") }, "\(said)")
        folder.remove()
    }

    /// A receiver is asked on the way that its messages take; nothing that may be a secret is shown of its address.
    @Test func theLiveCheckGoesThroughProxiesAndShowsNoSecret() async throws {
        let proxy = try RawServer.http { request in
            let isKnown = request.hasPrefix("HEAD http://hook.invalid/ ") && !request.contains("s3cr3t")
            return isKnown
                ? RawServer.ok("") : "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
        }
        let folder = try TemporaryDirectory()
        let secret = try folder.write("url", "s3cr3t\n")
        let file = try folder.write(
            "vaultwatch.yml",
            """
            vault: {clusters: [{name: test, nodes: [{name: none, url: "http://127.0.0.1:1"}]}]}
            alerting:
              global: {http_config: {proxy_url: '\(proxy.url)'}}
              route: {receiver: ops}
              receivers:
                - name: ops
                  webhook_configs:
                    - url: 'http://me:s3cr3t@hook.invalid/s3cr3t'
                      http_config: {proxy_url: '\(proxy.url)', allow_plaintext: true}
                    - {url: 'http://hook.invalid?token=s3cr3t'}
                    - {url: 'http://other.invalid/s3cr3t'}
                    - {url_file: '\(secret)'}
            """)
        let (exit, output, error) = try await Binary.run(["check", "config", "--live", file])
        #expect(exit == .exited(1))
        #expect(!(output + error).contains("s3cr3t"), "\(output)\(error)")
        let rows = output.split(separator: "\n").map {
            $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
        }
        #expect(
            rows.filter {
                $0 == "ops webhook/0 http://hook.invalid reachable, HTTP 200"
                    || $0 == "ops webhook/1 http://hook.invalid reachable, HTTP 200"
            }.count == 2, "\(output)")
        #expect(rows.contains("ops webhook/2 http://other.invalid the proxy refuses the credentials, HTTP 407"))
        #expect(rows.contains { $0.hasPrefix("ops webhook/3 no URL ") })
        folder.remove()
    }
}
