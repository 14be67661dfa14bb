import Foundation
import Platform
import Probes
import Simulation
import Testing
import Transport

@testable import Config

/// `services`, as it is read and as its mistakes are told.
struct ServicesTests {
    private static let path = "/etc/vaultwatch/vaultwatch.yml"
    private static let alerting = "alerting: {route: {receiver: r}, receivers: [{name: r}]}\n"

    private func load(_ services: String, files: [String: String] = [:]) throws -> [ServiceOptions] {
        let text = Self.alerting + "services:\n" + services
        let all = files.merging([Self.path: text]) { _, own in own }
        return try Configuration.load(Self.path, files: MemoryFiles(all), environment: [:]).services
    }

    private func complaints(_ services: String) -> [String] {
        do {
            _ = try load(services)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map { String($0.replacing(Self.path, with: "c.yml")) }
        }
    }

    /// What the sample has in comments is valid, and has every key.
    @Test func theSampleIsRead() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let sample = try String(contentsOf: root.appending(path: "packaging/vaultwatch.yml"), encoding: .utf8)
        let commented = try #require(sample.components(separatedBy: "# services:\n").last)
        // Lines of the example are indented in their comments, comments inside it have a mark of their own.
        let lines = commented.split(separator: "\n", omittingEmptySubsequences: false).prefix { $0.hasPrefix("#   ") }
        let text = lines.map { $0.dropFirst(2) }.joined(separator: "\n") + "\n"
        let files = [
            "/etc/vaultwatch/secrets/watch-mailbox": "one", "/etc/vaultwatch/secrets/website": "two",
        ]
        let services = try load(text, files: files)
        #expect(services.map(\.name) == ["submission", "website", "directory", "mail-zone"])
        #expect(services.map(\.severity) == [.critical, .high, .high, .high])
        guard case .smtp(let mail) = services[0].check, case .http(let web) = services[1].check,
            case .tcp(let directory) = services[2].check, case .dns(let zone) = services[3].check
        else {
            Issue.record("\(services.map(\.check.kind))")
            return
        }
        #expect(
            mail.server.host == "smtp.example.org" && mail.server.port == 587 && mail.testMail?.to == "echo@example.net"
        )
        #expect(mail.testMail?.hook == .command(["/usr/local/bin/mail-is-there", "{token}"]))
        #expect(web.text == "ready" && web.statuses == [200...299] && web.endpoint.user == "watch")
        #expect(directory.usesTLS && directory.steps == [.expect("^220 "), .send("QUIT\r\n")])
        #expect(zone.servers.map(\.description) == ["192.0.2.53", "2001:db8::53"] && zone.records.count == 4)
        #expect(zone.records.map(\.allowsOthers) == [false, true, true, false])
    }

    @Test func defaultsAreTaken() throws {
        let services = try load(
            """
              - {name: a, smtp: {address: 'mx.example.org'}}
              - {name: b, smtp: {address: 'mx.example.org:465'}, poll_interval: 5s}
              - {name: c, smtp: {address: '[::1]', security: none, username: u, password: p}, timeout: 3s}
              - {name: d, http: {url: 'http://127.0.0.1:8080/a/'}}
              - {name: e, tcp: {address: '[2001:db8::1]:22'}}
              - {name: f, dns: {records: [{name: Example.ORG., type: NS, expect: [NS.example.org.]}]}}

            """)
        var servers: [SMTPServerOptions] = []
        for service in services { if case .smtp(let options) = service.check { servers.append(options.server) } }
        #expect(
            servers.map(\.port) == [587, 465, 587]
                && servers.map(\.host) == ["mx.example.org", "mx.example.org", "::1"])
        #expect(servers.map(\.security) == [.startTLSRequired, .implicitTLS, .none])
        #expect(services.map(\.interval) == [.seconds(30), .seconds(5)] + Array(repeating: .seconds(30), count: 4))
        #expect(services.map(\.timeout).prefix(3) == [.seconds(10), .seconds(5), .seconds(3)])
        guard case .http(let web) = services[3].check, case .tcp(let port) = services[4].check,
            case .dns(let zone) = services[5].check
        else {
            Issue.record("\(services.map(\.check.kind))")
            return
        }
        // The path is asked for as it is written.
        #expect(web.endpoint.url == "http://127.0.0.1:8080/a/" && web.redirectLimit == 0 && web.method == "GET")
        #expect(port.host == "2001:db8::1" && port.port == 22 && !port.usesTLS)
        #expect(zone.servers.isEmpty && zone.records[0].question.name == "example.org")
        #expect(zone.records[0].values == ["ns.example.org"] && !zone.records[0].allowsOthers)
    }

    @Test func secretsGoOverTLSAlone() {
        #expect(
            complaints(
                """
                  - {name: a, smtp: {address: 'mx.example.org', security: none, username: u, password: hunter2}}
                  - {name: b, http: {url: 'http://www.example.org', basic_auth: {username: u, password: hunter2}}}
                  - {name: c, http: {url: 'http://www.example.org', http_headers: {X-Key: {secrets: [hunter2]}}}}

                """) == [
                    #"c.yml:3:49: without TLS the password would go over the network unencrypted; expected security: starttls or tls, or "allow_plaintext: true" beside it"#,
                    #"c.yml:4:22: url: the password of basic_auth would go over the network unencrypted; expected https://, or "allow_plaintext: true" beside it"#,
                    #"c.yml:5:22: url: a secret of http_headers would go over the network unencrypted; expected https://, or "allow_plaintext: true" beside it"#,
                ])
        #expect(
            complaints(
                """
                  - {name: a, smtp: {address: 'mx.example.org', security: none, username: u, password: p, allow_plaintext: true}}
                  - {name: b, http: {url: 'http://localhost', basic_auth: {username: u, password: p}}}
                  - {name: c, http: {url: 'http://www.example.org', http_headers: {Accept: {values: [text/html]}}}}

                """) == [])
    }

    @Test(arguments: [
        ("{name: a}", "a service needs one of smtp, http, tcp, dns; found 0"),
        (
            "{name: a, tcp: {address: 'h:1'}, http: {url: 'http://h'}}",
            "a service needs one of smtp, http, tcp, dns; found 2"
        ),
        ("{tcp: {address: 'h:1'}}", #"an entry of services needs "name""#),
        (
            "{name: a, tcp: {address: 'h:1'}, severity: low}",
            #"severity: expected one of "critical", "high", found "low""#
        ),
        (
            "{name: a, tcp: {address: 'h:1'}, timeout: 1m}",
            "timeout is longer than the poll interval; expected at most 30s"
        ),
        ("{name: a, tcp: {address: h}}", "address: expected a host and a port such as ldap.example.org:636"),
        ("{name: a, tcp: {address: 'h:0'}}", "address: expected a host and a port such as ldap.example.org:636"),
        ("{name: a, tcp: {}}", #"tcp needs "address""#),
        (
            "{name: a, tcp: {address: 'h:1', insecure_skip_verify: true}}",
            #"options of TLS have no effect without "tls: true""#
        ),
        ("{name: a, tcp: {address: 'h:1', dialogue: [{expect: '('}]}}", "expect: invalid regular expression"),
        (
            "{name: a, tcp: {address: 'h:1', dialogue: [{expect: a, send: b}]}}",
            #"a step of dialogue needs either "expect" or "send""#
        ),
        (
            "{name: a, smtp: {address: h, username: u}}",
            #"a login needs "username" and "password" (or "password_file"); found one"#
        ),
        (
            "{name: a, smtp: {address: h, security: ssl}}",
            #"security: expected one of "starttls", "tls", "none", found "ssl""#
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: a, to: b@c, command: [/x, '{token}']}}}",
            "from: expected a mail address such as watch@example.org"
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: 'a@b', to: 'b@c>', command: [/x, '{token}']}}}",
            "to: expected a mail address such as watch@example.org"
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: a@b, to: b@c}}}",
            #"test_mail needs either "command" or "hook" with a url"#
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: a@b, to: b@c, command: [look, '{token}']}}}",
            "command: expected a program's absolute path"
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: a@b, to: b@c, command: [/look]}}}",
            "the hook must be told which mail to look for"
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: a@b, to: b@c, hook: {url: 'https://h/{token}'}, within: 2h}}}",
            "within is longer than the time from one mail to the next; expected at most 1h"
        ),
        (
            "{name: a, smtp: {address: h, test_mail: {from: a@b, to: b@c, hook: {url: 'https://h/{token}'}, timeout: 1m}}}",
            "timeout is longer than poll_interval; expected at most 30s"
        ),
        ("{name: a, http: {url: ftp://h}}", "url: expected a URL such as https://www.example.org/health"),
        ("{name: a, http: {url: 'http://h', method: get}}", "method: expected a method such as GET, HEAD or POST"),
        (
            "{name: a, http: {url: 'http://h', expect_status: [600]}}",
            "expect_status: expected statuses such as 200 or 2xx"
        ),
        (
            "{name: a, http: {url: 'http://h', method: HEAD, expect_text: x}}",
            "expect_text: the answer to HEAD has no body"
        ),
        (
            "{name: a, http: {url: 'http://h', body_limit: 1GiB}}",
            "body_limit: expected a number of bytes from 1KiB to 16MiB"
        ),
        (
            "{name: a, http: {url: 'http://h', follow_redirects: 11}}",
            "follow_redirects: expected a whole number from 0 to 10"
        ),
        ("{name: a, dns: {}}", "dns has no records; expected a list of name, type and expect"),
        (
            "{name: a, dns: {name_servers: [dns.example], records: [{name: a, type: A, expect: []}]}}",
            "name_servers: expected addresses such as 9.9.9.9"
        ),
        (
            "{name: a, dns: {records: [{name: 'ä.example', type: A, expect: []}]}}",
            "name: expected a name such as example.org"
        ),
        (
            "{name: a, dns: {records: [{name: a, type: SRV, expect: []}]}}",
            #"type: expected one of "A", "AAAA", "CNAME", "MX", "NS", "PTR", "TXT", found "SRV""#
        ),
        ("{name: a, dns: {records: [{name: a, type: A}]}}", #"an entry of records needs "expect""#),
        (
            "{name: a, dns: {records: [{name: a, type: MX, expect: [mail.example.org]}]}}",
            #"expect: expected preference and host such as "10 mail.example.org""#
        ),
        (
            "{name: a, dns: {records: [{name: a, type: A, expect: []}, {name: A., type: A, expect: []}]}}",
            "records: a A is there twice"
        ),
    ])
    func mistakesAreTold(_ service: String, _ words: String) {
        let found = complaints("  - \(service)\n")
        #expect(found.count == 1 && found.first?.contains(words) == true, "\(found)")
    }

    @Test func namesAreUniqueAndKeysKnown() {
        let found = complaints(
            "  - {name: a, tcp: {address: 'h:1', port: 3}}\n  - {name: a, tcp: {address: 'h:1'}, interval: 5s}\n")
        #expect(found.count == 3, "\(found)")
        #expect(found.contains { $0.contains(#"unknown key "port" in tcp"#) })
        #expect(found.contains { $0.contains(#"duplicate name "a": another entry of services has the same name"#) })
        #expect(found.contains { $0.contains(#"unknown key "interval" in an entry of services"#) })
    }

    @Test func connectionsAreCounted() {
        #expect(Configuration.connectionLimit(vault: [], buckets: 0, services: 7) == 71)
    }
}
