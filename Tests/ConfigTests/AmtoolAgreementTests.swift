import Foundation
import Platform
import Testing
import YAML

@testable import Config

/// An Alertmanager configuration is valid where `amtool check-config` accepts it; each intended difference has its
/// reason here.
struct AmtoolAgreementTests {
    /// Debian's amtool accepts these; vaultwatch rejects what can't work in it, before the first page is due.
    private static let stricter = [
        "em_pwfilemissing": "a secret's file is missing", "em_userwithoutpw": "a user without any secret can't log in",
        "sns": "a kind that we don't deliver", "telegram": "a kind that we don't deliver",
        "em_badheadername": "no mail can have such a header",
        "em_unknownport": "no such service: Alertmanager fails at each mail",
        "hc_certalone": "Alertmanager itself does not start", "hc_cafilemissing": "Alertmanager itself does not start",
        "hc_oauth2nourl": "no token is to be had there", "wh_space": "no URL has a space",
        "sl_secret": "what the API shows in a secret's position is no address",
        "wh_plaintext": "everybody on the way reads the password",
        "wh_userinfo": "everybody on the way reads the password",
        "twodocuments": "the second would be left out",
        "em_ownbothpw": "which of the two is meant?",
    ]
    /// Debian's amtool 0.25 rejects these; newer versions accept them.
    private static let newer = [
        "utf8match": "0.27 has UTF-8 in matchers", "groupbyinvalid": "0.27: any label name",
        "matchinvalidlabel": "0.27: any label name",
        "inhibit_badequal": "0.27: any label name", "hc_noproxy": "0.26 has no_proxy",
        "hc_noproxyalone": "no_proxy without a proxy is harmless",
    ]

    private func complaints(_ text: String) -> [String] {
        let errors = ErrorList()
        let context = ParsingContext(errors: errors, files: SystemFiles(), environment: [:], folder: "/nowhere")
        do {
            let node = try Node.parse(text, file: "am.yml")
            _ = AlertingParser(context: context).parse(node, at: node.position, externalURL: "")
        } catch {
            return ["\(error)"]
        }
        return errors.errors.map(\.description)
    }

    @Test func amtoolSaysTheSame() throws {
        #expect(AlertmanagerFiles.all.count > 85)
        let folder = FileManager.default.temporaryDirectory.appending(path: "amtool-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in AlertmanagerFiles.all.sorted(by: { $0.key < $1.key }) {
            let file = folder.appending(path: name + ".yml")
            try Data(text.utf8).write(to: file)
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/amtool")
            process.arguments = ["check-config", file.path]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            let theirs = process.terminationStatus == 0
            let ours = complaints(text)
            if AmtoolAgreementTests.stricter[name] != nil {
                #expect(theirs && !ours.isEmpty, "\(name)")
            } else if AmtoolAgreementTests.newer[name] != nil {
                #expect(!theirs && ours.isEmpty, "\(name): \(ours)")
            } else {
                #expect(ours.isEmpty == theirs, "\(name): amtool \(process.terminationStatus), ours \(ours)")
            }
        }
    }

    /// Every secret may be in a file of its own; giving both forms is an error.
    @Test(arguments: [
        ("global: {smtp_auth_password%}", "webhook_configs: []"),
        ("global: {smtp_auth_secret%}", "webhook_configs: []"),
        ("global: {slack_api_url%}", "webhook_configs: []"), ("global: {slack_app_token%}", "webhook_configs: []"),
        (
            "global: {smtp_smarthost: 'h:25', smtp_from: a@b}",
            "email_configs: [{to: x@y, auth_username: u, auth_password%}]"
        ),
        (
            "global: {smtp_smarthost: 'h:25', smtp_from: a@b}",
            "email_configs: [{to: x@y, auth_username: u, auth_secret%}]"
        ),
        (
            "global: {smtp_smarthost: 'h:25', smtp_from: a@b}",
            "email_configs: [{to: x@y, auth_username: u, auth_mechanism: XOAUTH2, auth_xoauth2_token%}]"
        ),
        ("global: {}", "slack_configs: [{channel: x, api_url%}]"),
        ("global: {}", "slack_configs: [{channel: x, app_token%}]"),
        ("global: {}", "pagerduty_configs: [{routing_key%}]"), ("global: {}", "pagerduty_configs: [{service_key%}]"),
        ("global: {}", "webhook_configs: [{url%}]"), ("global: {}", "heartbeat_configs: [{url%}]"),
        ("global: {http_config: {basic_auth: {username: u, password%}}}", "webhook_configs: []"),
        ("global: {http_config: {basic_auth: {username%, password: p}}}", "webhook_configs: []"),
        ("global: {http_config: {bearer_token%}}", "webhook_configs: []"),
        ("global: {http_config: {authorization: {credentials%}}}", "webhook_configs: []"),
        (
            "global: {http_config: {oauth2: {client_id: a, token_url: 'https://t', client_secret%}}}",
            "webhook_configs: []"
        ),
    ])
    func everySecretHasItsFile(_ global: String, _ receiver: String) {
        func complaints(_ secret: (String) -> String) -> [String] {
            let line = "\(global)\nroute: {receiver: a}\nreceivers: [{name: a, \(receiver)}]\n"
            guard let mark = line.firstIndex(of: "%") else { return ["no secret in \(line)"] }
            let key = String(line[..<mark].reversed().prefix { $0.isLetter || $0 == "_" || $0.isNumber }.reversed())
            return self.complaints(String(line[..<mark]) + secret(key) + line[line.index(after: mark)...])
        }
        #expect(complaints { _ in ": 'https://example.org/x'" } == [])
        #expect(complaints { _ in "_file: /etc/hostname" } == [])
        let both = complaints { "_file: /etc/hostname, \($0): 'https://example.org/x'" }
        #expect(both.count == 1 && both.first?.contains("keep one") == true, "\(both)")
        let missing = complaints { _ in "_file: /nonexistent/secret" }
        #expect(
            missing.count == 1 && missing.first?.contains("/nonexistent/secret: No such file") == true, "\(missing)")
    }

    /// Each of Alertmanager's integrations that is not supported is rejected by its name.
    @Test(arguments: [
        "discord", "jira", "mattermost", "msteams", "msteamsv2", "opsgenie", "pushover", "rocketchat", "sns",
        "telegram", "victorops", "webex", "wechat", "incidentio",
    ])
    func foreignKindsAreNamed(_ kind: String) {
        let found = complaints("route: {receiver: a}\nreceivers: [{name: a, \(kind)_configs: [{}]}]\n")
        #expect(
            found.count == 1
                && found.first?.contains("am.yml:2:23: the integration \"\(kind)\" is not supported") == true,
            "\(found)")
    }

    /// Fields of http_config that are not supported are rejected by their names, not ignored.
    @Test(arguments: ["tls_config: {max_version: TLS11}"])
    func whatCannotBeServedIsNamed(_ field: String) {
        let found = complaints("global: {http_config: {\(field)}}\nroute: {receiver: a}\nreceivers: [{name: a}]\n")
        let name =
            field.hasPrefix("tls_config")
            ? String(field.dropFirst("tls_config: {".count).prefix { $0 != ":" }) : String(field.prefix { $0 != ":" })
        #expect(found.count == 1 && found.first?.contains(name) == true, "\(found)")
    }
}
