import Foundation
import Lab
import Platform
import Samples
import Testing

@testable import vaultwatch

@Suite(.serialized) struct InitTests {
    @Test func keysShowSetsAndTheirPeriods() {
        func objects(_ prefix: String, count: Int, days: Double) -> [(key: String, modified: Timestamp)] {
            (0..<count).map { index in
                (
                    "\(prefix)2026-01-\(index)/vault.enc",
                    Timestamp(seconds: 1_790_000_000 + Double(index) * days * 86400)
                )
            }
        }
        let sets = EstateDraft.sets(
            objects("vault/daily/", count: 30, days: 1) + objects("old/", count: 5, days: 30)
                + objects("monthly/", count: 1, days: 0) + [("README", Timestamp(seconds: 0))])
        #expect(
            sets == [
                .init(name: "monthly", prefix: "monthly/", period: "monthly", count: 1),
                .init(name: "old", prefix: "old/", period: "monthly", count: 5),
                .init(name: "vault-daily", prefix: "vault/daily/", period: "daily", count: 30),
            ])
    }

    @Test func namesAreHostsWithoutTheirDomain() {
        var draft = EstateDraft()
        for url in ["https://vault-1.example.org:8200", "https://vault-1.example.net:8200", "https://10.0.0.7:8200"] {
            draft.add(node: url, name: nil)
            draft.add(node: url, name: nil)
        }
        draft.add(server: "2001:db8::5", port: 5432)
        #expect(draft.nodes.map(\.name) == ["vault-1", "vault-1-2", "10.0.0.7"])
        #expect(draft.servers.map(\.port) == [5432])
        #expect(InitCommand.hostAndPort("[2001:db8::5]:5433") == ("2001:db8::5", 5433))
        #expect(InitCommand.hostAndPort("pg-1:5433") == ("pg-1", 5433))
        #expect(InitCommand.hostAndPort("2001:db8::5") == ("2001:db8::5", nil))
    }

    /// A standby's address leads to the active node, and the bucket to its sets. What is written is valid but for
    /// the secrets, which `check config` then asks for one by one.
    @Test func aFewAddressesLeadToTheEstate() async throws {
        let estate = try await Estate.quiet(postgres: true, security: .https)
        let folder = try TemporaryDirectory()
        let endpoints = try estate.endpoints()
        var environment = ProcessInfo.processInfo.environment
        func first(_ path: String) throws -> String {
            try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .newlines)
        }
        environment["VAULT_TOKEN"] = try first(endpoints.tokenFile)
        environment["AWS_ACCESS_KEY_ID"] = try first(endpoints.bucket.accessKeyFile)
        environment["AWS_SECRET_ACCESS_KEY"] = try first(endpoints.bucket.secretKeyFile)
        let database = try #require(endpoints.databases.first)
        environment["PGUSER"] = database.user
        environment["PGPASSWORD"] = try first(database.passwordFile)
        let file = folder.file("vaultwatch.yml")
        let arguments = [
            "init", "--vault=\(endpoints.nodes[1].url)", "--vault=\(endpoints.nodes[2].url)",
            "--ca-file=\(try #require(endpoints.caFile))",
            "--postgres=\(database.host):\(database.port)", "--database=\(database.database)",
            "--bucket=\(endpoints.bucket.name)", "--endpoint=\(endpoints.bucket.endpoint)",
            "--region=\(endpoints.bucket.region)", "--output=\(file)",
        ]
        let (exit, _, said) = try await Binary.run(arguments, environment: environment)
        #expect(exit == .exited(0), "\(said)")
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for node in endpoints.nodes { #expect(text.contains(node.url), "\(said)\n\(text)") }
        #expect(text.contains("prefix: daily/") && text.contains("prefix: monthly/"), "\(said)\n\(text)")
        #expect(said.contains("vault policy write vaultwatch"))
        // It does not write over what is there.
        let again = try await Binary.run(arguments, environment: environment)
        #expect(again.exit == .exited(1) && again.error.contains("--force"))

        // With the secrets in another folder, since this machine's own is not the test's.
        let secrets = folder.path + "/secrets"
        try FileManager.default.createDirectory(atPath: secrets, withIntermediateDirectories: false)
        _ = try folder.write("vaultwatch.yml", text.replacingOccurrences(of: EstateDraft.secrets, with: secrets))
        let missing = try await Binary.run(["check", "config", file])
        #expect(missing.exit == .exited(1))
        for (name, what) in [
            ("vault-token", "a Vault token"), ("postgres-password", "the password"),
            ("s3-access-key-id", "the id of an access key"), ("s3-secret-access-key", "the secret access key"),
        ] {
            #expect(missing.error.contains("\(secrets)/\(name): No such file or directory; put there: \(what)"))
            _ = try folder.write("secrets/\(name)", "x\n", mode: 0o600)
        }
        let complete = try await Binary.run(["check", "config", file])
        #expect(complete.exit == .exited(0), "\(complete.error)")
        await estate.stop()
        folder.remove()
    }
}
