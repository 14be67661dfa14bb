import Foundation
import Lab
import Platform
import Testing

/// `alerts`, `silence`, `history`, `routes`, `template` as a user types them, side by side with amtool.
@Suite(.serialized) struct AlertCommandTests {
    private static let alerting = """
        route: {receiver: ops, group_wait: 0s, group_interval: 1s}
        receivers:
          - name: ops
            webhook_configs: [{url: "http://127.0.0.1:1/"}]
        """

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            var line = String(line)
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    private func amtool(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, output: String) {
        let child = try await ChildProcess.start("amtool", arguments)
        let exit = await child.wait()
        return (exit, String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self))
    }

    /// What one command shows and the other leaves out is said by both.
    @Test func statusAndAlertsAgree() async throws {
        let agent = try await RunningAgent.start(
            alerting: """
                route:
                  receiver: ops
                  group_wait: 0s
                  routes:
                    - {matchers: [alertname=Mute], mute_time_intervals: [always]}
                    - {matchers: [alertname=Late], group_wait: 1h}
                time_intervals: [{name: always, time_intervals: [{months: ['1:12']}]}]
                inhibit_rules: [{source_matchers: [alertname=Cause], target_matchers: [alertname=Effect]}]
                receivers:
                  - name: ops
                    webhook_configs: [{url: "http://127.0.0.1:1/"}]
                """,
            rules: """
                groups:
                  - name: test
                    rules:
                      - {alert: Cause, expr: vector(1), labels: {severity: high}}
                      - {alert: Effect, expr: vector(1), labels: {severity: low}}
                      - {alert: Mute, expr: vector(1), labels: {severity: low}}
                      - {alert: Late, expr: vector(1), labels: {severity: low}}
                      - {alert: Quiet, expr: vector(1), labels: {severity: low}}
                """)
        #expect(
            await waitUntil { (try? await agent.command("alerts").output.contains("Quiet")) == true }, "\(agent.log)")
        let id = try await agent.command("silence", "add", "-c", "c", "-d", "1h", "Quiet").output
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let status = try await agent.command("status").output
        for line in [
            "Cause (firing since", "Late (firing since", "Effect (suppressed, inhibited by Cause; since",
            "Mute (suppressed, muted by always; since", "Quiet (suppressed, silenced by \(id); since",
        ] {
            #expect(status.contains(line), "\(status)")
        }
        let alerts = try await agent.command("alerts")
        #expect(lines(alerts.output).count == 2 && alerts.output.contains("Cause"), "\(alerts.output)")
        #expect(
            alerts.error
                == "Left out: 3 suppressed (--silenced --inhibited --muted), 1 waiting for the first message of the group (--unprocessed); vaultwatch status shows all.\n"
        )
        #expect(try await agent.command("alerts", "Cause").error == "")
        let json = try await agent.command("alerts", "-o", "json")
        #expect(json.output.contains("Cause") && !json.output.contains("Mute") && json.error == "")
        await agent.stop()
    }

    @Test func alertsSilencesAndHistoryOfARunningAgent() async throws {
        let alerting = AlertCommandTests.alerting.replacingOccurrences(
            of: "group_interval: 1s}",
            with: """
                group_interval: 1s, routes: [{matchers: [alertname=Mute], mute_time_intervals: [always]}]}
                time_intervals: [{name: always, time_intervals: [{months: ['1:12']}]}]
                """)
        let agent = try await RunningAgent.start(
            alerting: alerting,
            rules: """
                groups:
                  - name: test
                    rules:
                      - {alert: Sealed, expr: vector(1), labels: {severity: critical, node: v1}, annotations: {summary: "It is sealed"}}
                      - {alert: Sealed, expr: vector(2), labels: {severity: high, node: v2}}
                      - {alert: Other, expr: vector(3), labels: {severity: low}}
                      - {alert: Mute, expr: vector(4), labels: {severity: low}}
                """)
        #expect(
            await waitUntil { (try? await agent.command("alerts").output.contains("Other")) == true }, "\(agent.log)")
        let all = try await agent.command("alerts")
        #expect(all.exit == .exited(0))
        #expect(
            lines(all.output).first?.split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) } == [
                "Alertname", "Severity", "Starts At", "Summary", "State",
            ])
        #expect(all.output.contains("It is sealed  active"))
        #expect(!all.output.contains("Mute"))
        #expect(try await agent.command("alerts", "--muted", "Mute").output.contains("muted by always"))
        let one = try await agent.command("alerts", "Sealed", "severity=~crit.*")
        #expect(lines(one.output).count == 2 && one.output.contains("critical"))
        let extended = try await agent.command("alerts", "-o", "extended", "node=v2")
        #expect(extended.output.contains(#"alertname="Sealed" node="v2" severity="high""#))
        let json = try await agent.command("alerts", "-o", "json", "Other")
        #expect((try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [Any])?.count == 1)
        #expect(try await agent.command("alerts", "a=~(").exit == .exited(2))

        // A silence of amtool's kind.
        let made = try await agent.command(
            "silence", "add", "-c", "upgrade", "-a", "ann", "-d", "2h", "Sealed", "node=v1")
        #expect(made.exit == .exited(0), "\(made.error)")
        let id = made.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(id.count == 36)
        #expect(await waitUntil { (try? await agent.command("alerts", "Sealed").output.contains("v1")) == false })
        let silenced = try await agent.command("alerts", "--silenced", "Sealed", "node=v1")
        #expect(silenced.output.contains("silenced by \(id)"), "\(silenced.output)")
        let listed = try await agent.command("silence", "list")
        let theirs = try await amtool("--alertmanager.url=\(agent.url)", "silence", "query")
        #expect(lines(listed.output) == lines(theirs.output).filter { !$0.hasPrefix("Warning") })
        #expect(
            listed.output.contains(#"alertname="Sealed" node="v1""#) && listed.output.contains("ann")
                && listed.output.contains("upgrade"))

        // One that recurs; a window that is never now keeps nothing quiet.
        let recurring = try await agent.command(
            "silence", "add", "-c", "weekly", "-d", "8760h", "--weekdays", "monday:friday", "--times", "22:00-24:00",
            "--months", "1:12", "--location",
            "Europe/Berlin", "Other")
        #expect(recurring.exit == .exited(0), "\(recurring.error)")
        let weekly = recurring.output.trimmingCharacters(in: .whitespacesAndNewlines)
        let shown = try await agent.command("silence", "list", "-o", "extended", "Other")
        #expect(shown.output.contains("monday:friday month 1:12 22:00-24:00 Europe/Berlin"), "\(shown.output)")
        // amtool, which knows of no schedules, changes the end and leaves the schedule as it is.
        #expect(
            try await amtool(
                "--alertmanager.url=\(agent.url)", "--http.config.file=\(agent.login)", "silence", "update", "-c",
                "still weekly", "-d", "4h", weekly
            ).exit == .exited(0))
        let still = try await agent.command("silence", "query", "-o", "extended", "--within", "5h")
        #expect(
            still.output.contains("still weekly") && still.output.contains("22:00-24:00 Europe/Berlin"),
            "\(still.output)")
        let wrong = try await agent.command("silence", "add", "-c", "x", "--times", "25:00-26:00", "Other")
        #expect(wrong.exit == .exited(1) && wrong.error.contains("invalid schedule"), "\(wrong.error)")

        #expect(try await agent.command("silence", "list", "-q", "--created-by", "ann").output == id + "\n")
        #expect(try await agent.command("silence", "expire", id).exit == .exited(0))
        let unknown = try await agent.command("silence", "expire", "00000000-0000")
        #expect(unknown.exit == .exited(1) && unknown.error.contains("there is no silence 00000000-0000"), "\(unknown)")
        #expect(try await agent.command("silence", "list", "-q", "Sealed").output == "")
        #expect(try await agent.command("silence", "list", "-q", "--expired").output.contains(id))
        #expect(
            await waitUntil {
                (try? await agent.command("alerts", "Sealed", "node=v1").output.contains("active")) == true
            })

        // Usage is 2, what the agent refuses is 1.
        #expect(try await agent.command("silence", "add", "Sealed").exit == .exited(2))
        #expect(try await agent.command("silence", "add", "-c", "x").exit == .exited(2))
        #expect(try await agent.command("silence", "add", "-c", "x", "node=").exit == .exited(1))

        let kept = try await agent.command("silence", "list", "-q").output
        // What it would match is told before it is made: a misspelt name is no silence that nobody sees.
        let dry = try await agent.command("silence", "add", "-c", "x", "--dry-run", "Sealed", "node=~v1|v2")
        #expect(dry.exit == .exited(0) && dry.output.hasPrefix("matches 2 of 4 firing alerts\n"), "\(dry)")
        #expect(dry.output.contains("Sealed") && dry.output.contains(#"node="v2""#), "\(dry.output)")
        let misspelt = try await agent.command("silence", "add", "-c", "x", "--dry-run", "nodee=v1")
        #expect(
            misspelt.output.contains("matches 0 of 4 firing alerts")
                && misspelt.output.contains("no alert has a label \"nodee\""), "\(misspelt.output)")
        let quoted = try await agent.command("silence", "add", "-c", "x", "--dry-run", #"{"ein satz🙂"="ä"}"#)
        #expect(quoted.exit == .exited(0) && quoted.output.contains("no alert has a label \"ein satz🙂\""), "\(quoted)")
        let doubled = try await agent.command("silence", "add", "-c", "x", "node==v1")
        #expect(
            doubled.exit == .exited(2) && doubled.error.contains("equality is one sign, 'node=v1'"), "\(doubled.error)")
        #expect(try await agent.command("silence", "list", "-q").output == kept)

        // What happened, oldest first.
        #expect(
            await waitUntil {
                (try? await agent.command("history", "--kind", "failed").output.contains("ops webhook/0")) == true
            })
        let history = try await agent.command("history", "--since", "1h", "--contains", "sealed")
        #expect(history.exit == .exited(0))
        #expect(
            history.output.contains("firing") && history.output.contains("It is sealed")
                && history.output.contains("silence"), "\(history.output)")
        let silences = try await agent.command("history", "--kind", "silence", "-o", "json")
        let entries = try JSONSerialization.jsonObject(with: Data(silences.output.utf8)) as? [[String: Any]] ?? []
        #expect(
            entries.first?["detail"] as? String == entries.first.flatMap { $0["detail"] as? String }
                && entries.count == 4, "\(silences.output)")
        #expect(try await agent.command("history", "--kind", "agent").output.contains("started"))
        #expect(try await agent.command("history", "--kind", "loud").exit == .exited(2))
        #expect(
            try await agent.command("history", "--to", "2020-01-01T00:00:00Z", "--from", "2019-01-01T00:00:00Z").output
                == "TIME  INCIDENT  KIND  SUBJECT  RECEIVER  DETAIL\n")
        await agent.stop()
    }

    @Test func nobodyAnswers() async throws {
        for words in [
            ["alerts"], ["silence", "list"], ["silence", "expire", "x"], ["silence", "add", "-c", "x", "A"],
            ["history"],
        ] {
            let (exit, _, error) = try await Binary.run(words + ["--url", "http://127.0.0.1:1"])
            #expect(exit == .exited(1))
            #expect(error.contains("http://127.0.0.1:1"), "\(error)")
            let socket = try await Binary.run(words + ["--url", "unix:/nowhere/vaultwatch.sock"])
            #expect(socket.exit == .exited(1))
            #expect(
                socket.error.hasPrefix("unix:/nowhere/vaultwatch.sock: ") && !socket.error.contains("localhost"),
                "\(socket.error)")
            // ps shows the arguments to everybody.
            let shown = try await Binary.run(words + ["--url", "http://user:secret@127.0.0.1:1"])
            #expect(shown.exit == .exited(2))
            #expect(
                shown.error.contains("--http.config.file") && !shown.error.contains("secret@")
                    && !shown.error.contains("user:secret"), "\(shown.error)")
        }
    }

    private static let tree = """
        global: {slack_api_url_file: /nonexistent/secret}
        route:
          receiver: ops
          routes:
            - receiver: db
              matchers: [service="database"]
              continue: true
              routes: [{receiver: pager, matchers: [severity="critical"]}]
            - receiver: web
              match_re: {service: ^(a|b)$}
            - receiver: pager
              match: {severity: critical}
        receivers: [{name: ops}, {name: db}, {name: web}, {name: pager, slack_configs: [{channel: x}]}]
        """

    /// What amtool prints, and its exit codes, byte for byte.
    @Test func routesAsAmtoolTellsThem() async throws {
        let folder = try TemporaryDirectory()
        let file = try folder.write("alertmanager.yml", AlertCommandTests.tree)
        for words in [
            ["show"], ["test"], ["test", "service=database", "severity=critical"],
            ["test", "--tree", "service=database", "severity=critical"],
            ["test", "--tree", "service=a"],
            ["test", "--verify.receivers=pager,pager", "service=database", "severity=critical"],
            ["test", "--verify.receivers=web", "service=a"], ["test", "--verify.receivers=ops", "service=a"],
            ["test", "foo"],
        ] {
            let theirs = try await ChildProcess.start(
                "amtool", ["config", "routes"] + words + ["--config.file=\(file)"])
            let exit = await theirs.wait()
            let ours = try await Binary.run(["routes"] + words + ["--config.file=\(file)"])
            #expect(ours.exit == exit, "\(words): \(ours.error)")
            #expect(ours.output == String(decoding: theirs.standardOutput(limit: 1 << 16), as: UTF8.self), "\(words)")
        }
        // The same tree inside vaultwatch's own configuration, inline and as a file.
        let own = try folder.write("vaultwatch.yml", "alerting: {file: alertmanager.yml}\n")
        #expect(try await Binary.run(["routes", "test", "--config.file=\(own)", "service=b"]).output == "web\n")
        let none = try folder.write("none.yml", "global: {}\n")
        #expect(try await Binary.run(["routes", "--config.file=\(none)"]).exit == .exited(1))
        let bad = try folder.write(
            "bad.yml", AlertCommandTests.tree.replacingOccurrences(of: "receiver: web", with: "receiver: wbe"))
        let (exit, _, error) = try await Binary.run(["routes", "show", "--config.file=\(bad)"])
        #expect(
            exit == .exited(1) && error.contains("bad.yml:9:17: undefined receiver \"wbe\" used in route"), "\(error)")
        folder.remove()
    }

    /// The routes in force at a running agent, asked for by amtool and by us; amtool reads the whole that we show.
    @Test func routesOfARunningAgent() async throws {
        let folder = try TemporaryDirectory()
        let timed =
            "match_re: {service: ^(a|b)$}\n      mute_time_intervals: [night]\n      active_time_intervals: [night]\n      group_by: ['...']\n      repeat_interval: 1d12h"
        let tree = AlertCommandTests.tree.replacingOccurrences(of: "match_re: {service: ^(a|b)$}", with: timed)
        let own = """
            \(tree.replacingOccurrences(of: "slack_api_url_file: /nonexistent/secret", with: "resolve_timeout: 2m, slack_api_url: 'https://hooks.example.org/s3cr3t'"))
            inhibit_rules: [{source_matchers: [severity=critical], target_matchers: [severity=low], equal: [cluster]}]
            time_intervals:
              - name: night
                time_intervals: [{times: [{start_time: '22:00', end_time: '24:00'}], weekdays: ['monday:friday'], location: Europe/Berlin}]
            """
        // What Alertmanager does not know is no hindrance to amtool.
        let agent = try await RunningAgent.start(
            alerting: own.replacingOccurrences(
                of: "{name: web}",
                with: "{name: web, fallback: ops, heartbeat_configs: [{url: 'http://127.0.0.1:1/s3cr3t'}]}"))
        let file = try folder.write("alertmanager.yml", own)
        for words in [
            ["show"], ["test", "service=database", "severity=critical"], ["test", "--tree", "service=a"],
            ["test", "--verify.receivers=pager,pager", "service=database", "severity=critical"],
            ["test", "--verify.receivers=ops", "service=a"], ["test", "foo"],
        ] {
            let ofFile = try await ChildProcess.start(
                "amtool", ["config", "routes"] + words + ["--config.file=\(file)"])
            let expected = await ofFile.wait()
            let text = String(decoding: ofFile.standardOutput(limit: 1 << 16), as: UTF8.self)
            let theirs = try await ChildProcess.start(
                "amtool", ["config", "routes"] + words + ["--alertmanager.url=\(agent.url)"])
            let exit = await theirs.wait()
            let said = String(decoding: theirs.standardOutput(limit: 1 << 16), as: UTF8.self)
            #expect(
                exit == expected && said == text,
                "amtool \(words): \(said)\(String(decoding: theirs.standardError(limit: 1 << 16), as: UTF8.self))")
            for option in ["--url", "--alertmanager.url"] {
                let ours = try await Binary.run(["routes"] + words + ["\(option)=\(agent.url)"])
                #expect(ours.exit == expected && ours.output == text, "\(words): \(ours)")
            }
        }
        let original = try await amtool("--alertmanager.url=\(agent.url)", "config", "show")
        #expect(
            original.exit == .exited(0) && original.output.contains("resolve_timeout: 2m")
                && original.output.contains("name: 'web'"), "\(original)")
        #expect(!original.output.contains("s3cr3t"))
        // The file wins, as with amtool; and where nobody answers, this is said.
        #expect(
            try await Binary.run(["routes", "test", "--config.file=\(file)", "--url=http://127.0.0.1:1", "service=b"])
                .output == "web\n")
        let nobody = try await Binary.run(["routes", "show", "--url=http://127.0.0.1:1"])
        #expect(
            nobody.exit == .exited(1) && nobody.error.contains("http://127.0.0.1:1") && nobody.output.isEmpty,
            "\(nobody)")
        let other = try await Binary.run(["routes", "show", "--url=\(agent.url)/nowhere"])
        #expect(other.exit == .exited(1) && other.error.contains("404"), "\(other)")
        await agent.stop()
        folder.remove()
    }

    /// An Alertmanager's file by itself, as amtool checks it; a template that can't be read is told before the start.
    @Test func checksAnAlertmanagersFile() async throws {
        let folder = try TemporaryDirectory()
        _ = try folder.write("good.tmpl", #"{{ define "x" }}{{ .Status }}{{ end }}"#)
        let plain = try folder.write("plain.yml", AlertCommandTests.alerting)
        let more = try folder.write(
            "more.yml",
            AlertCommandTests.alerting
                + "\ntemplates: [good.tmpl, '*.none']\ninhibit_rules: [{source_matchers: [a=b], target_matchers: [c=d]}]\n"
        )
        for file in [plain, more] {
            let theirs = try await amtool("check-config", file)
            let ours = try await Binary.run(["check", "config", file])
            #expect(ours.exit == theirs.exit && theirs.exit == .exited(0), "\(ours.error)")
            #expect(ours.output == theirs.output)
        }
        // Without a rule nothing will ever alert: that is not fine.
        _ = try folder.write("good.tmpl", #"{{ define "x" }}{{ .Status }}{{ end }}"#)
        let silent = try folder.write(
            "silent.yml",
            """
            vault: {clusters: [{name: t, nodes: [{name: n, url: "http://127.0.0.1:1"}]}]}
            rules: []
            alerting: {file: more.yml}
            """)
        let bare = try await Binary.run(["check", "config", silent])
        #expect(
            bare.exit == .exited(0) && bare.output.contains("fine: 1 Vault node in 1 cluster, no PostgreSQL servers")
                && bare.error.contains("warning: no rules are loaded: nothing will ever alert"), "\(bare)")
        let any = try folder.write(
            "any.yml",
            AlertCommandTests.alerting
                + "\ninhibit_rules: [{name: night, target_matchers: [c=d]}, {target_matchers: [e=f]}]\n")
        let warned = try await Binary.run(["check", "config", any])
        #expect(
            warned.exit == .exited(0) && warned.error.contains("warning: inhibit rule \"night\" has no source matchers")
                && warned.error.contains("inhibit rule number 2 has no source matchers"), "\(warned.error)")
        _ = try folder.write("good.tmpl", #"{{ define "x" }}{{ .Status }}"#)
        let broken = try await Binary.run(["check", "config", more])
        #expect(broken.exit == .exited(1) && broken.error.contains("good.tmpl:1:"), "\(broken)")
        let own = try folder.write(
            "vaultwatch.yml",
            """
            vault: {clusters: [{name: t, nodes: [{name: n, url: "http://127.0.0.1:1"}]}]}
            alerting: {file: more.yml}
            """)
        let inside = try await Binary.run(["check", "config", own])
        #expect(inside.exit == .exited(1) && inside.error.contains("good.tmpl:1:"), "\(inside)")
        let wrong = try folder.write("wrong.yml", "route: {receiver: b}\nreceivers: [{name: a}]\n")
        let refused = try await Binary.run(["check", "config", wrong])
        #expect(
            refused.exit == .exited(1) && refused.error.contains("wrong.yml:1:19: undefined receiver \"b\""),
            "\(refused)")
        folder.remove()
    }

    @Test func templatesAsAmtoolRendersThem() async throws {
        let folder = try TemporaryDirectory()
        let template = try folder.write(
            "my.tmpl",
            """
            {{ define "my.title" }}{{ .Status | toUpper }}: {{ range .Alerts }}{{ .Labels.instance }} {{ end }}{{ end }}
            {{ define "my.text" }}{{ range .Alerts.Firing }}{{ .Annotations.summary }} since {{ .StartsAt.Format "15:04:05" }}
            {{ end }}{{ .CommonLabels.SortedPairs.Values | join "," }} {{ .ExternalURL }} {{ .GroupLabels.team }}{{ end }}
            """)
        let data = try folder.write(
            "data.json",
            """
            {"receiver": "ops", "status": "firing", "externalURL": "https://am.example.org", "groupLabels": {"team": "<x>"},
             "commonLabels": {"a": "1", "b": "2"}, "commonAnnotations": {},
             "alerts": [{"status": "firing", "labels": {"instance": "i1"}, "annotations": {"summary": "one & two"}, "startsAt": "2026-01-02T03:04:05Z",
                         "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://g", "fingerprint": "f"},
                        {"status": "resolved", "labels": {"instance": "i2"}, "annotations": {}, "startsAt": "2026-01-02T03:04:05Z",
                         "endsAt": "2026-01-02T04:04:05Z"}]}
            """)
        for words in [
            ["--template.text={{ template \"my.title\" . }}"],
            ["--template.text={{ template \"my.text\" . }}", "--template.data=\(data)"],
            ["--template.text={{ template \"my.text\" . }}", "--template.data=\(data)", "--template.type=html"],
            [
                "--template.text={{ .CommonLabels }} {{ .GroupLabels.Names }} {{ range .Alerts }}{{ .Labels }} {{ .Annotations.SortedPairs }}{{ end }} {{ (index .Alerts 1).Fingerprint }} {{ len .Alerts.Firing }}"
            ],
            ["--template.text={{ template \"nobody\" . }}"], ["--template.text={{ .Nobody }}"],
            ["--template.text={{ if }}"],
        ] {
            let theirs = try await ChildProcess.start(
                "amtool", ["template", "render", "--template.glob=\(template)"] + words)
            let exit = await theirs.wait()
            let ours = try await Binary.run(["template", "render", "--template.glob=\(template)"] + words)
            #expect(ours.exit == exit, "\(words): \(ours.error)")
            #expect(ours.output == String(decoding: theirs.standardOutput(limit: 1 << 16), as: UTF8.self), "\(words)")
        }
        #expect(try await Binary.run(["template", "render", "--template.text={{ .Receiver }}"]).output == "receiver")
        #expect(try await Binary.run(["template", "render"]).exit == .exited(2))
        let broken = try await Binary.run(["template", "render", "--template.text=x", "--template.data=\(template)"])
        #expect(broken.exit == .exited(1) && broken.error.contains("my.tmpl: not a webhook body"), "\(broken)")
        #expect(
            try await Binary.run(["template", "render", "--template.glob=/nonexistent", "--template.text=x"]).exit
                == .exited(1))
        folder.remove()
    }

    @Test func everyCommandHasHelpWithExamples() async throws {
        for words in [
            ["alerts"], ["silence", "add"], ["silence", "list"], ["silence", "expire"], ["history"],
            ["routes", "show"], ["routes", "test"],
            ["template", "render"], ["notify", "test"],
        ] {
            let (exit, output, _) = try await Binary.run(words + ["--help"])
            #expect(exit == .exited(0))
            #expect(
                output.contains("Example") && output.contains("vaultwatch \(words.joined(separator: " "))"), "\(words)")
        }
    }
}
