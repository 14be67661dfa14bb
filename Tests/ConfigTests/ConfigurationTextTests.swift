import Foundation
import Platform
import Simulation
import Testing
import YAML

@testable import Config

/// The configuration as pages and the API show it: readable, the same as the file, and without any secret.
struct ConfigurationTextTests {
    private static func text(_ yaml: String) throws -> ConfigurationText {
        ConfigurationText(try Node.parse(yaml, file: "c.yml"), secrets: [])
    }

    @Test func itIsTheFileWithoutComments() throws {
        let text = try Self.text(
            """
            # The password is hunter2.
            global: {poll_interval: 5s, external_labels: {}}
            vault:
              clusters:
                - name: prod   # ours
                  nodes: [{name: vault-1, url: "https://vault-1:8200"}]
            rules: [a.yml, "b #2.yml", 'no']
            postgres: {servers: []}
            web:
              external_url: >-
                https://watch.example.org
              listen_addresses:
            """)
        #expect(
            text.yaml == """
                global:
                  poll_interval: 5s
                  external_labels: {}
                vault:
                  clusters:
                    - name: prod
                      nodes:
                        - name: vault-1
                          url: 'https://vault-1:8200'
                rules:
                  - a.yml
                  - 'b #2.yml'
                  - 'no'
                postgres:
                  servers: []
                web:
                  external_url: 'https://watch.example.org'
                  listen_addresses:

                """)
    }

    /// What it writes is YAML with the same values.
    @Test func itIsReadAsWhatItIs() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sample = try String(contentsOf: root.appending(path: "packaging/vaultwatch.yml"), encoding: .utf8)
        for yaml in [
            sample, "a: \"x\\u0007\\ny\"\nb: [[1, [2]], {c: 'it''s'}, []]\n\"k: e\": {}\nd: [{e: [1]}, {f: }]\n",
        ] {
            let written = try Self.text(yaml)
            let again = try Self.text(written.yaml)
            #expect(again.yaml == written.yaml && again.changes(from: written).isEmpty)
        }
    }

    /// Wherever a secret may stand inline.
    @Test(arguments: [
        "vault: {clusters: [{token: hunter2, secret_id: hunter2}]}",
        "postgres: {servers: [{dsn: 'host=h password=hunter2'}, {password: hunter2}]}",
        "postgres: {servers: [{dsn: 'postgres://u:hunter2@h/d'}]}",
        "backups: [{secret_access_key: hunter2, access_key_id_file: /x, session_token: hunter2}]",
        "backups: [{verification: {encryption_key: hunter2}}]",
        "remote_write: [{bearer_token: hunter2}, {authorization: {credentials: hunter2}}, {basic_auth: {password: hunter2}}]",
        "backups: [{endpoint: 'https://u:hunter2@s3.example.org/x'}, {endpoint: 'https://s3/?signature=hunter2#hunter2'}]",
        "web: {users: {ann: hunter2}, tokens: {ci: hunter2}, pagerduty_webhook_secret: hunter2}",
        "alerting: {global: {smtp_auth_password: hunter2, slack_api_url: 'https://hooks/hunter2'}}",
        "alerting: {receivers: [{webhook_configs: [{url: 'https://h/hunter2'}]}]}",
        "alerting: {receivers: [{slack_configs: [{api_url: 'https://h/hunter2', app_token: hunter2}]}]}",
        "alerting: {receivers: [{pagerduty_configs: [{routing_key: hunter2, service_key: hunter2}]}]}",
        "alerting: {receivers: [{x: {http_config: {authorization: {credentials: hunter2}, bearer_token: hunter2}}}]}",
        "alerting: {receivers: [{x: {http_config: {basic_auth: {password: hunter2}}}}]}",
        "alerting: {receivers: [{x: {http_config: {http_headers: {X-Key: {secrets: [hunter2], values: [hunter2]}}}}}]}",
        "alerting: {receivers: [{x: {http_config: {proxy_url: 'http://u:hunter2@p', proxy_connect_header: {a: [hunter2]}}}}]}",
        "alerting: {receivers: [{x: {http_config: {oauth2: {client_secret: hunter2, endpoint_params: {a: hunter2}}}}}]}",
        "alerting: {receivers: [{x: {http_config: {tls_config: {cert: c, key: 'BEGIN PRIVATE KEY hunter2'}}}}]}",
        "alerting: {global: {smtp_tls_config: {cert: c, key: hunter2}}}",
        "alerting: {receivers: [{email_configs: [{headers: {X-Key: hunter2}, auth_password: hunter2, auth_secret: hunter2}]}]}",
        "a: &a {password: hunter2}\nb: *a\nc: {<<: *a}",
        "services: [{smtp: {password: hunter2}}, {http: {url: 'https://h/?key=hunter2', basic_auth: {password: hunter2}}}]",
        "services: [{smtp: {test_mail: {hook: {url: 'https://h/?key=hunter2', http_headers: {X: {secrets: [hunter2]}}}}}}]",
    ])
    func noSecretIsShown(_ yaml: String) throws {
        let text = try Self.text(yaml)
        #expect(!text.yaml.contains("hunter2"), "\(text.yaml)")
        #expect(text.yaml.contains("<secret>"))
        #expect(!text.changes(from: ConfigurationText()).joined().contains("hunter2"))
    }

    /// Paths are no secrets, and say where to look.
    @Test func pathsOfSecretsAreShown() throws {
        let text = try Self.text(
            "vault: {clusters: [{token_file: /t}]}\nweb: {tokens: {ci_file: /c}}\nx: {http_headers: {A: {files: [/h]}}}\n"
        )
        for path in ["/t", "/c", "/h"] { #expect(text.yaml.contains(path)) }
    }

    /// Whatever is read as a secret is hidden, by its position, whatever its key.
    @Test func whatIsReadAsASecretIsHidden() throws {
        let yaml = """
            vault:
              clusters:
                - name: c
                  allow_plaintext: true
                  role_id: hunter2
                  secret_id: hunter2
                  nodes: [{name: n, url: "http://n:8200"}]
            alerting: {route: {receiver: r}, receivers: [{name: r}]}
            """
        let configuration = try Configuration.load("/c.yml", files: MemoryFiles(["/c.yml": yaml]), environment: [:])
        #expect(configuration.text.yaml.contains("role_id: <secret>") && !configuration.text.yaml.contains("hunter2"))
        #expect(configuration.text.yaml.contains("url: 'http://n:8200'"))
    }

    @Test func aDifferenceNamesItsSetting() throws {
        let old = try Self.text(
            """
            global: {poll_interval: 5s}
            vault: {clusters: [{name: c, nodes: [{name: n1, url: a}, {name: n2, url: b}]}]}
            rules: [x]
            """)
        let new = try Self.text(
            """
            global: {poll_interval: 10s}
            vault: {clusters: [{name: c, nodes: [{name: n2, url: b}, {name: n3, url: c}]}]}
            rules: [x]
            """)
        #expect(
            new.changes(from: old) == [
                "global.poll_interval: 5s → 10s", "vault.clusters[c].nodes[n3].name: n3, new",
                "vault.clusters[c].nodes[n3].url: c, new", "vault.clusters[c].nodes[n1].name: n1, gone",
                "vault.clusters[c].nodes[n1].url: a, gone",
            ])
        #expect(new.changes(from: new).isEmpty)
    }

    @Test func aLongFileIsCut() throws {
        let line = "  - \(String(repeating: "x", count: 100))\n"
        let text = try Self.text("rules:\n" + String(repeating: line, count: 20_000))
        #expect(text.yaml.utf8.count <= 1 << 20 + 1)
    }
}
