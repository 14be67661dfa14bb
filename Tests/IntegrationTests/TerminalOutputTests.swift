import Foundation
import Lab
import Platform
import Testing

@testable import vaultwatch

/// What commands print on a terminal, to programs, and as JSON; with labels that are long and hostile.
@Suite(.serialized) struct TerminalOutputTests {
    private static let long = String(repeating: "a-long-name-without-any-space-", count: 8)
    private static let rules = """
        groups:
          - name: test
            rules:
              - alert: Sealed
                expr: vector(1)
                labels: {severity: critical, node: "\(long)"}
                annotations: {summary: "\(long) is sealed", impact: "Nothing is served", action: "Unseal \(long)"}
              - {alert: Low, expr: vector(1), labels: {severity: low}, annotations: {summary: "1 thing is low"}}
        """
    private static let alerting = """
        route: {receiver: ops, group_wait: 0s, group_interval: 1s}
        receivers:
          - name: ops
            webhook_configs: [{url: "http://127.0.0.1:1/\(long)"}]
        """

    private static func start() async throws -> RunningAgent {
        let agent = try await RunningAgent.start(alerting: alerting, rules: rules)
        #expect(
            await waitUntil {
                let history = try? await agent.command("history", "--kind", "failed").output
                let status = try? await agent.command("status").output
                return history?.contains("webhook/0") == true && status?.contains("#") == true
            }, "\(agent.log)")
        let silence = try await agent.command("silence", "add", "-c", long, "-d", "1h", "node=\(long)x")
        #expect(silence.exit == .exited(0), "\(silence.error)")
        return agent
    }

    /// Runs a shell script on a terminal of its own, script(1).
    private func onTerminal(
        _ script: String, in folder: TemporaryDirectory, columns: Int, environment: [String: String] = [:]
    ) async throws -> ChildProcess {
        let file = try folder.write("terminal.sh", "stty cols \(columns) rows 40\n" + script + "\n")
        var all = ProcessInfo.processInfo.environment.merging(["TERM": "xterm", "SHELL": "/bin/sh"]) { $1 }
        all["COLUMNS"] = nil
        all["NO_COLOR"] = nil
        return try await ChildProcess.start(
            "script", ["-qec", "sh '\(file)'", "/dev/null"],
            options: .init(environment: all.merging(environment) { $1 }))
    }

    private func text(_ child: ChildProcess) -> String {
        String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self)
    }

    private static let commands = [
        ["status"], ["alerts"], ["alerts", "-o", "simple"], ["alerts", "-o", "extended"], ["ack"], ["history"],
        ["history", "-o", "extended"], ["silence", "list"], ["silence", "list", "-o", "simple"],
        ["silence", "list", "-o", "extended"], ["silence", "add", "-c", "x", "--dry-run", "node=\(long)"],
        ["query", "ALERTS"], ["query", "ALERTS", "--range", "1m", "--step", "30s"], ["query", "ALERTZ"],
        ["routes", "show"],
    ]

    /// The terminal's width holds for whatever is printed, on standard error too.
    @Test(arguments: [40, 80, 132]) func noLineIsWiderThanTheTerminal(columns: Int) async throws {
        let agent = try await TerminalOutputTests.start()
        for words in TerminalOutputTests.commands {
            let command = (["'\(Binary.path)'"] + words.map { "'\($0)'" } + ["--url", "'unix:\(agent.socket)'"])
                .joined(separator: " ")
            let child = try await onTerminal(
                command, in: agent.folder, columns: columns, environment: ["NO_COLOR": "1"])
            _ = await child.wait()
            let shown = text(child)
            #expect(!shown.isEmpty, "\(words)")
            for line in shown.replacing("\r\n", with: "\n").split(separator: "\n") {
                #expect(String(line).columns <= columns, "\(words): \(line)")
            }
            #expect(!shown.contains("\u{1b}"), "\(words)")
            #expect(shown.firstMatch(of: /(^|[ (,])[01] [a-z]{3,}s\b/) == nil, "\(words): \(shown)")
            // One form of durations: "2 min 33 s".
            #expect(shown.firstMatch(of: /(^|[ (,])\d+(\.\d+)?(ms|s|m|h|d)\b/) == nil, "\(words): \(shown)")
        }
        await agent.stop()
    }

    @Test func theOrderIsThatOfThePagesAndColoursAreForTerminals() async throws {
        let agent = try await TerminalOutputTests.start()
        let command = "'\(Binary.path)' status --url 'unix:\(agent.socket)'"
        let child = try await onTerminal(command, in: agent.folder, columns: 100)
        #expect(await child.wait() == .exited(2))
        let shown = text(child)
        #expect(shown.hasPrefix("\u{1b}[1;31mCRITICAL\u{1b}[0m #"), "\(shown)")
        let order = ["Nothing is served", "since", "told", "Webhook", "on it", "nobody yet", "Also open", "Low"]
        var rest = shown[...]
        for word in order {
            let found = try #require(rest.firstRange(of: word), "\(word) is missing or too late in\n\(shown)")
            rest = rest[found.upperBound...]
        }
        let piped = try await agent.command("status")
        #expect(!piped.output.contains("\u{1b}"))
        // A line for programs is whole.
        #expect(piped.output.contains("Sealed (firing since ") && piped.output.contains("\(Self.long) is sealed\n"))
        let narrow = try await Binary.run(
            ["status", "--url", "unix:\(agent.socket)"],
            environment: ProcessInfo.processInfo.environment.merging(["COLUMNS": "50"]) { $1 })
        #expect(narrow.output.split(separator: "\n").allSatisfy { String($0).columns <= 50 }, "\(narrow.output)")
        await agent.stop()
    }

    @Test func everyJSONCanBeRead() async throws {
        let agent = try await TerminalOutputTests.start()
        func json(_ exit: Int32, _ words: [String], isFile: Bool = false) async throws -> Any? {
            let address = isFile ? [] : ["--url", "unix:\(agent.socket)"]
            let done = try await Binary.run(words + ["--output=json"] + address)
            #expect(done.exit == .exited(exit), "\(words): \(done)")
            let value = try? JSONSerialization.jsonObject(with: Data(done.output.utf8))
            #expect(value != nil, "\(words): \(done.output)")
            return value
        }
        let status = try #require(try await json(2, ["status"]) as? [String: Any])
        #expect((status["incidents"] as? [Any])?.count == 2 && status["health"] as? String == "critical")
        for words in [
            ["alerts"], ["ack"], ["history"], ["silence", "list"], ["silence", "add", "-c", "x", "--dry-run", "A"],
            ["silence", "add", "-c", "x", "-d", "1h", "A"], ["query", "ALERTS"], ["routes", "show"],
            ["routes", "test", "severity=critical"], ["ack", "-c", "x", "Low"],
        ] { _ = try await json(0, words) }
        let (file, rules) = (agent.folder.path + "/vaultwatch.yml", agent.folder.path + "/rules.yml")
        let test = try agent.folder.write(
            "rules.test.yml",
            """
            tests:
              - interval: 1m
                promql_expr_test: [{expr: vector(1), eval_time: 1m, exp_samples: [{labels: '{}', value: 1}]}]
            """)
        let wrong = try agent.folder.write("wrong.yml", "nonsense: 1\n")
        let checked = try await json(0, ["check", "config", file], isFile: true) as? [String: Any]
        #expect((checked?["found"] as? [String: Any])?["rule"] as? Int == 2)
        let refused = try await json(1, ["check", "config", wrong], isFile: true) as? [String: Any]
        #expect((refused?["errors"] as? [String])?.first?.contains("wrong.yml:1:1") == true, "\(refused ?? [:])")
        _ = try await json(0, ["check", "rules", rules, "--lint=none"], isFile: true)
        _ = try await json(0, ["test", "rules", test], isFile: true)
        _ = try await json(0, ["routes", "diff", "--rules", rules, file, file], isFile: true)
        _ = try await json(1, ["notify", "test", "--config.file=\(file)"], isFile: true)
        _ = try await json(0, ["replay", rules, "--from", "1m"])
        await agent.stop()
    }

    /// The number that pages and messages show is the one that commands take.
    @Test func anIncidentIsAcknowledgedByItsNumber() async throws {
        let agent = try await TerminalOutputTests.start()
        let list = try await agent.command("ack").output
        let number = try #require(list.firstMatch(of: /#(\d+) +critical/)?.1)
        let done = try await agent.command("ack", "-c", "on it", "#\(number)")
        #expect(done.exit == .exited(0) && done.output.contains("“on it”"), "\(done)")
        #expect(try await agent.command("ack", "--undo", String(number)).exit == .exited(0))
        let withdrawn = try await agent.command("ack").output
        #expect(!withdrawn.contains("“on it”"))
        await agent.stop()
    }

    @Test func aQueryWithoutAnAnswerSaysWhy() async throws {
        let agent = try await TerminalOutputTests.start()
        let misspelt = try await agent.command("query", "vault_node_sealedd")
        #expect(misspelt.exit == .exited(1) && misspelt.output.isEmpty, "\(misspelt)")
        #expect(misspelt.error == "there is no metric vault_node_sealedd; did you mean vault_node_sealed?\n")
        let none = try await agent.command("query", "ALERTS > 5")
        #expect(none.exit == .exited(0) && none.error.hasPrefix("nothing matches"), "\(none)")
        let some = try await agent.command("query", #"ALERTS{alertname="Low"}"#)
        #expect(some.output.contains(" UTC") && !some.output.contains("@["), "\(some)")
        let scripted = try await agent.command("query", "-o", "promtool", "vector(1)")
        #expect(scripted.output.hasPrefix("{} => 1 @["), "\(scripted)")
        await agent.stop()
    }

    @Test func whatIsTypedWronglyIsExplained() async throws {
        let usage = try await Binary.run(["history", "--since", "yesterday"])
        #expect(usage.exit == .exited(2) && usage.error.contains("Usage: vaultwatch history "), "\(usage)")
        let tested = try await Binary.run(["notify", "test", "--url", "http://127.0.0.1:1"])
        #expect(tested.exit == .exited(2) && tested.error.contains("--config.file"), "\(tested)")
        let empty = try await Binary.run(
            ["template", "render", "--template.text", "{{ .CommonLabels.alertname }}"])
        #expect(empty.exit == .exited(0) && empty.error.contains("--template.data=FILE"), "\(empty)")
        let some = try await Binary.run(
            ["template", "render", "--template.text", "{{ .CommonLabels.commonlabelkey1 }}"])
        #expect(some.output == "commonlabelvalue1" && some.error.isEmpty, "\(some)")
    }

    /// The view follows the estate, and gives the terminal back as it was.
    @Test(arguments: [SIGTERM, SIGINT]) func theLiveViewFollowsAndEnds(signal: Int32) async throws {
        let agent = try await TerminalOutputTests.start()
        let pidFile = agent.folder.path + "/pid"
        let child = try await onTerminal(
            """
            sh -c 'echo $$ >"$0.new"; mv "$0.new" "$0"; exec "$@"' '\(pidFile)' '\(Binary.path)' watch \
            --interval 200ms --url 'unix:\(agent.socket)'
            stty -a
            """, in: agent.folder, columns: 70)
        #expect(await waitUntil { text(child).contains("Nothing is served") }, "\(text(child))")
        #expect(text(child).contains("\u{1b}[?1049h\u{1b}[?25l"))
        try await agent.post(#""alertname":"Posted","severity":"high""#, endsAt: "2099-01-01T00:00:00Z")
        #expect(await waitUntil { text(child).contains("Posted") }, "\(text(child))")
        let pid = try #require(
            pid_t(
                try String(contentsOfFile: pidFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)))
        kill(pid, signal)
        _ = await child.wait()
        let parts = text(child).components(separatedBy: "\u{1b}[?25h\u{1b}[?1049l")
        #expect(parts.count == 2, "\(parts.count)")
        let after = parts.last ?? ""
        #expect(after.contains(" icanon") && after.contains(" echo "), "\(after)")
        await agent.stop()
    }

    @Test func withoutATerminalTheViewIsPrintedOnce() async throws {
        let agent = try await TerminalOutputTests.start()
        let once = try await agent.command("watch")
        #expect(once.exit == .exited(2) && once.output.contains("Nothing is served"), "\(once)")
        #expect(once.error.hasPrefix("standard output is no terminal: "), "\(once.error)")
        #expect(!once.output.contains("\u{1b}"))
        let nobody = try await Binary.run(["watch", "--url", "http://127.0.0.1:1"])
        #expect(nobody.exit == .exited(3) && nobody.error.contains("is vaultwatch running there?"), "\(nobody)")
        #expect(try await Binary.run(["watch", "--interval", "1ms"]).exit == .exited(2))
        await agent.stop()
    }
}
