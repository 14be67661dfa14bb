import Delivery
import Foundation
import Platform
import RemoteWrite
import Simulation
import Testing
import Transport

@testable import Config

/// `remote_write`: Prometheus' keys, and what is said of those that are not supported.
struct RemoteWriteParserTests {
    private static let path = "/etc/vaultwatch/vaultwatch.yml"
    private static let rest = """
        vault: {clusters: [{name: c, nodes: [{name: n, url: 'http://n:8200'}]}]}
        alerting: {route: {receiver: r}, receivers: [{name: r}]}

        """

    private func load(_ text: String, files: [String: String] = [:]) throws -> [RemoteWriteEndpoint] {
        let files = MemoryFiles(files.merging([Self.path: Self.rest + text]) { _, own in own })
        return try Configuration.load(Self.path, files: files, environment: [:]).remoteWrite
    }

    private func complaints(_ text: String) -> [String] {
        do {
            _ = try load(text)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { String($0.replacing(Self.path, with: "c.yml")) }
        }
    }

    @Test func aUrlIsEnough() throws {
        let found = try load("remote_write: [{url: 'http://prometheus.example.org:9090/api/v1/write'}]\n")
        #expect(found.count == 1 && found[0].url == "http://prometheus.example.org:9090/api/v1/write")
        #expect(found[0].options == RemoteWriteOptions(name: "prometheus.example.org-9090"))
        #expect(found[0].options.message == .version1 && found[0].options.maxQueueBytes == 64 << 20)
        #expect(found[0].http == HTTPClientOptions())
    }

    @Test func everyKeyIsRead() throws {
        let found = try load(
            """
            remote_write:
              - url: https://mimir.example.org/api/v1/push
                name: mimir
                remote_timeout: 10s
                protobuf_message: io.prometheus.write.v2.Request
                headers: {X-Scope-OrgID: vault}
                basic_auth: {username: agent, password_file: secrets/mimir}
                tls_config: {ca_file: ca.pem}
                follow_redirects: false
                queue_config:
                  max_samples_per_send: 500
                  batch_send_deadline: 2s
                  min_backoff: 100ms
                  max_backoff: 1m
                  retry_on_http_429: true
                  max_bytes: 1GiB
              - url: https://thanos.example.org/api/v1/receive
                authorization: {credentials: token}
            """,
            files: ["/etc/vaultwatch/secrets/mimir": "word\n", "/etc/vaultwatch/ca.pem": "x"])
        var options = RemoteWriteOptions(name: "mimir")
        options.timeout = .seconds(10)
        options.message = .version2
        options.maxSamplesPerSend = 500
        options.batchSendDeadline = .seconds(2)
        options.minBackoff = .milliseconds(100)
        options.maxBackoff = .seconds(60)
        options.maxQueueBytes = 1 << 30
        #expect(found[0].options == options)
        #expect(
            found[0].http.authorization
                == .basic(
                    username: Secret(value: "agent"), password: Secret(file: "/etc/vaultwatch/secrets/mimir")))
        #expect(found[0].http.tls.caFile == "/etc/vaultwatch/ca.pem" && !found[0].http.followRedirects)
        #expect(found[0].http.headers == [.init(name: "X-Scope-OrgID", value: Secret(value: "vault"))])
        #expect(found[1].options.name == "thanos.example.org-443")
        #expect(found[1].http.authorization == .scheme("Bearer", credentials: Secret(value: "token")))
    }

    /// What is commented out in the full sample is right without the marks, and shows the defaults.
    @Test func theSamplesExampleIsRead() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sample = try String(contentsOf: root.appending(path: "packaging/vaultwatch.yml"), encoding: .utf8)
        let lines = sample.split(separator: "\n").drop { $0 != "# remote_write:" }.map { $0.dropFirst(2) }
        let found = try load(
            lines.joined(separator: "\n") + "\n", files: ["/etc/vaultwatch/secrets/mimir-password": "x\n"])
        #expect(found.map(\.options) == [RemoteWriteOptions(name: "mimir")])
        #expect(found.first?.url == "https://mimir.example.org/api/v1/push")
    }

    @Test(arguments: [
        ("remote_write: [{}]\n", #"c.yml:3:16: a remote_write needs "url""#),
        ("remote_write: [{url: ftp://x}]\n", "c.yml:3:22: url: expected a URL"),
        (
            "remote_write: [{url: 'https://x/a'}, {url: 'https://x/b'}]\n",
            #"c.yml:3:39: another endpoint of remote_write is named "x-443"; give each a "name" of its own"#
        ),
        ("remote_write: [{url: 'https://x', name: 'a/b'}]\n", "c.yml:3:41: name: expected 1 to 100 letters"),
        (
            "remote_write: [{url: 'http://x', bearer_token: t}]\n",
            "c.yml:3:17: url: the credentials would go over the network unencrypted"
        ),
        (
            "remote_write: [{url: 'https://x', headers: {content-encoding: zstd}}]\n",
            #"c.yml:3:35: headers: "content-encoding" can't be set here"#
        ),
        (
            "remote_write: [{url: 'https://x', write_relabel_configs: [{action: drop}]}]\n",
            "c.yml:3:35: write_relabel_configs is not supported: every series is sent; drop series at the server"
        ),
        (
            "remote_write: [{url: 'https://x', send_exemplars: true}]\n",
            "c.yml:3:35: send_exemplars is not supported: there are no exemplars here"
        ),
        (
            "remote_write: [{url: 'https://x', queue_config: {max_shards: 3}}]\n",
            "c.yml:3:50: max_shards is not supported: requests go one after the other"
        ),
        (
            "remote_write: [{url: 'https://x', queue_config: {capacity: 3}}]\n",
            "c.yml:3:50: capacity is not supported: samples wait on disk; max_bytes limits them"
        ),
        (
            "remote_write: [{url: 'https://x', queue_config: {retry_on_http_429: false}}]\n",
            "c.yml:3:50: retry_on_http_429: 429 is always retried"
        ),
        (
            "remote_write: [{url: 'https://x', queue_config: {max_bytes: 1KiB}}]\n",
            "c.yml:3:50: max_bytes: expected 1MiB to 1TiB"
        ),
        (
            "remote_write: [{url: 'https://x', queue_config: {min_backoff: 5m}}]\n",
            "max_backoff is shorter than min_backoff (5m)"
        ),
        (
            "remote_write: [{url: 'https://x', queue_config: {max_samples_per_send: 0}}]\n",
            "max_samples_per_send: expected a whole number from 1 to 10000"
        ),
        (
            "remote_write: [{url: 'https://x', protobuf_message: v2}]\n",
            #"protobuf_message: expected one of "prometheus.WriteRequest", "io.prometheus.write.v2.Request""#
        ),
        ("remote_write: [{url: 'https://x', proto: v2}]\n", #"unknown key "proto" in a remote_write"#),
        ("global: {external_labels: {'9a': b}}\n", #"external_labels: "9a" is not a label name"#),
        ("global: {external_labels: {__name__: b}}\n", #"external_labels: "__name__" is not a label name"#),
    ])
    func aMistakeHasItsPlace(_ text: String, _ expected: String) {
        let found = complaints(text)
        #expect(found.count == 1 && found[0].contains(expected), "\(found)")
    }

    @Test func plaintextMayBeAllowedAndThisMachineIsExempt() throws {
        #expect(complaints("remote_write: [{url: 'http://x', bearer_token: t, allow_plaintext: true}]\n").isEmpty)
        #expect(complaints("remote_write: [{url: 'http://127.0.0.1:9090/api/v1/write', bearer_token: t}]\n").isEmpty)
    }
}
