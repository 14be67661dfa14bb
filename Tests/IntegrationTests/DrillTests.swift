import Foundation
import Lab
import Platform
import Testing

/// Drills on the simulated estate, with the real daemon and the shipped scenarios: what the watch measures, what
/// on-call is sent, and what nobody may drill.
@Suite(.serialized) struct DrillTests {
    /// An estate, the daemon on it, and what a drill needs beside them.
    private final class Watch: Sendable {
        let estate: Estate
        let folder: TemporaryDirectory
        let agent: ChildProcess
        let cluster: String
        let url: String

        init(estate: Estate, folder: TemporaryDirectory, agent: ChildProcess, cluster: String, url: String) {
            self.estate = estate
            self.folder = folder
            self.agent = agent
            self.cluster = cluster
            self.url = url
        }

        var log: String { String(decoding: agent.standardError(limit: 1 << 20), as: UTF8.self) }
        var records: String { (try? String(contentsOfFile: folder.path + "/records.jsonl", encoding: .utf8)) ?? "" }

        func stop() async {
            _ = await agent.terminate()
            await estate.stop()
            folder.remove()
        }

        /// A command against this agent.
        func run(_ arguments: String...) async throws -> (exit: ChildProcess.Exit, output: String, error: String) {
            try await Binary.run(arguments + ["--recovery.file", folder.path + "/recovery.yml"])
        }

        func holds(_ expression: String) async -> Bool {
            let answer = try? await ChildProcess.run(
                "curl",
                ["-sf", "--max-time", "10", "-G", "--data-urlencode", "query=\(expression)", url + "/api/v1/query"])
            return answer.map { !String(decoding: $0, as: UTF8.self).contains(#""result":[]"#) } ?? false
        }
    }

    /// - Parameter targets: the clusters that may be drilled; nil: the estate's.
    private func watch(targets: String? = nil) async throws -> Watch {
        let estate = try await Estate.quiet()
        let folder = try TemporaryDirectory()
        let endpoints = try estate.endpoints()
        let listen = "127.0.0.1:\(try freePort())"
        let file = try folder.write(
            "vaultwatch.yml",
            DemoConfiguration.text(
                endpoints, rules: Binary.root + "/rules/*.yml", listen: listen, storage: folder.path + "/state"
            )
            .replacingOccurrences(of: "poll_interval: 5s\n  timeout: 4s", with: "poll_interval: 1s\n  timeout: 1s")
                + "\nrecords: [\(folder.path)/records.jsonl]\n")
        _ = try folder.write(
            "recovery.yml",
            """
            drills: {directory: \(Binary.root)/packaging/drills, hooks: \(folder.path)/hooks, reports: \(folder.path)/reports, agent_socket: \(folder.path)/state/vaultwatch.sock}
            drill_targets: [\(targets ?? endpoints.clusterName)]
            record_file: \(folder.path)/records.jsonl
            """)
        try hooks(folder, endpoints)
        // That restores have been tested is one of the preconditions.
        let recorded = try await Binary.run(["record", "restore-test", "--file", folder.path + "/records.jsonl"])
        #expect(recorded.exit == .exited(0), "\(recorded.error)")
        let agent = try await ChildProcess.start(Binary.path, ["run", "--config.file=\(file)"])
        let watch = Watch(
            estate: estate, folder: folder, agent: agent, cluster: endpoints.clusterName, url: "http://\(listen)")
        let isReady = await waitUntil(atMost: .seconds(60)) {
            guard await watch.holds("restore_test_last_success_timestamp_seconds") else { return false }
            guard await watch.holds(#"vault_canary_success{via="active_node"} == 1"#) else { return false }
            return await watch.holds("backup_verified_timestamp_seconds")
        }
        #expect(isReady, "\(watch.log)")
        return watch
    }

    /// The operator's own programs, which act on the simulated estate.
    private func hooks(_ folder: TemporaryDirectory, _ estate: EstateEndpoints) throws {
        let act = """
            #!/bin/sh
            set -e
            act() { curl -sf -H 'Content-Type: application/json' -d "{\\"action\\":\\"$1\\"}" \(estate.inboxURL)/api/control; }
            NODES='\(estate.nodes.map(\.name).joined(separator: " "))'

            """
        try FileManager.default.createDirectory(
            atPath: folder.path + "/hooks", withIntermediateDirectories: true)
        let acting = [
            ("stop-node", #"act "kill $2""#), ("start-node", #"act "start $2"; act "unseal $2""#),
            ("stop-cluster", #"for N in $NODES; do act "kill $N"; done"#), ("provision-cluster", "true"),
            ("restore-cluster", #"for N in $NODES; do act "start $N"; act "unseal $N"; done"#),
            ("start-cluster", #"for N in $NODES; do act "start $N"; act "unseal $N"; done"#),
            ("seal-cluster", #"for N in $NODES; do act "seal $N"; done"#),
            ("break-mail-credentials", #"act stop-mail"#), ("install-mail-credentials", #"act start-mail || true"#),
            ("retire-machine", #"act stop-mail"#), ("install-secrets", #"act start-mail"#),
        ]
        // What is outside this estate.
        let others = [
            "rotate-credentials", "verify-credentials", "assess-audit-log", "revoke-access", "rotate-keys",
            "rotate-all-credentials", "restore-access", "provision-machine", "point-dns", "return-machine",
        ].map { ($0, "true") }
        for (name, body) in acting + others {
            _ = try folder.write("hooks/\(name)", act + body + "\n", mode: 0o755)
        }
    }

    private func parsed(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
    }

    private func measured(_ report: [String: Any], _ name: String) -> Double? {
        let objectives = report["objectives"] as? [[String: Any]] ?? []
        return objectives.first { $0["name"] as? String == name }?["measured_seconds"] as? Double
    }

    @Test(.timeLimit(.minutes(5))) func aNodeFailsAndTheWatchMeasuresTheTakeover() async throws {
        let watch = try await watch()
        let (exit, output, error) = try await watch.run(
            "drill", "run", "vault_failure", "--cluster", watch.cluster, "--yes", watch.cluster, "--confirmed", "-o",
            "json")
        #expect(exit == .exited(0), "\(output)\n\(error)\n\(watch.log)")
        let report = try parsed(output)
        #expect(report["outcome"] as? String == "passed")
        // It takes a standby some seconds to take over from a node that was killed; the watch saw them.
        #expect(measured(report, "rto").map { $0 > 1 } == true, "\(output)")
        #expect(report["interrupted_at"] != nil && report["known_at"] != nil)
        #expect(measured(report, "paged").map { $0 > 0 } == true)
        // Whoever was paged saw that it was a drill, and nothing of it is left.
        let subjects = watch.estate.inbox.messages(kind: .mail).compactMap(\.mail?.subject)
        #expect(subjects.contains { $0.contains("DRILL: ") }, "\(subjects)")
        let drills = try await ChildProcess.run("curl", ["-sf", watch.url + "/api/v1/vaultwatch/drills"])
        #expect(String(decoding: drills, as: UTF8.self).contains(#""data":[]"#))
        #expect(watch.records.contains(#""event":"dr_drill_completed""#) && watch.records.contains(#""success":true"#))

        let list = try await watch.run("drill", "list", "-o", "json")
        #expect(
            list.exit == .exited(0) && list.output.contains(#""outcome" : "passed""#), "\(list.output)\(list.error)")
        let text = try await watch.run("drill", "report")
        #expect(text.output.contains("fault to page") && text.output.contains("| yes |"), "\(text.output)\(text.error)")
        // The incident of the drill says so in the report of the period as well.
        let period = try await Binary.run([
            "report", "--from", try #require(report["started_at"] as? String), "--url", watch.url,
        ])
        #expect(period.exit == .exited(0), "\(period.error)")
        #expect(period.output.contains("(drill vault\\_failure)"), "\(period.output)")
        #expect(period.output.contains("drill began"))
        await watch.stop()
    }

    @Test(.timeLimit(.minutes(5))) func aClusterIsLostAndRestored() async throws {
        let watch = try await watch()
        let (exit, output, error) = try await watch.run(
            "drill", "run", "cluster_loss", "--cluster", watch.cluster, "--yes", watch.cluster, "--confirmed", "-o",
            "json")
        #expect(exit == .exited(0), "\(output)\n\(error)\n\(watch.log)")
        let report = try parsed(output)
        #expect(report["outcome"] as? String == "passed")
        #expect(measured(report, "rto") != nil)
        // What was written since the newest backup is lost.
        #expect(measured(report, "rpo").map { $0 > 0 } == true)
        // Whether it lasted long enough for PagerDuty depends on how fast it was restored.
        #expect(report["paged_at"] != nil, "\(output)")
        await watch.stop()
    }

    /// What is outside, the credential or the machine, is a hook's; whether it worked is seen by the watch.
    @Test(.timeLimit(.minutes(10)), arguments: ["credential_compromise", "smtp_recovery", "vps_compromise"])
    func aServiceIsRecovered(_ scenario: String) async throws {
        let watch = try await watch()
        let isUp = await waitUntil(atMost: .seconds(60)) {
            await watch.holds(#"service_as_expected{service="submission"} == 1"#)
        }
        #expect(isUp, "\(watch.log)")
        let (exit, output, error) = try await watch.run(
            "drill", "run", scenario, "--cluster", watch.cluster, "--service", "submission", "--yes", watch.cluster,
            "--confirmed", "-o", "json")
        #expect(exit == .exited(0), "\(output)\n\(error)\n\(watch.log)")
        let report = try parsed(output)
        #expect(report["outcome"] as? String == "passed")
        #expect(measured(report, "rto") != nil)
        let subjects = watch.estate.inbox.messages(kind: .mail).compactMap(\.mail?.subject)
        // The rotation has no outage; whoever was told of the others saw that they were a drill.
        #expect(subjects.contains { $0.contains("DRILL: ") } == (scenario != "credential_compromise"), "\(subjects)")
        await watch.stop()
    }

    /// Every node is sealed, which is more than one request; the keys are humans', played by this test.
    @Test(.timeLimit(.minutes(10))) func aCompromisedVaultIsContained() async throws {
        let watch = try await watch()
        // What is asked rarely must have been asked once.
        let isKnown = await waitUntil(atMost: .seconds(90)) { await watch.holds("vault_rekey_started == 0") }
        #expect(isKnown, "\(watch.log)")
        let child = try await ChildProcess.start(
            Binary.path,
            [
                "drill", "run", "vault_compromise", "--cluster", watch.cluster, "--yes", watch.cluster, "--confirmed",
                "-o", "json", "--recovery.file", watch.folder.path + "/recovery.yml",
            ])
        func said() -> String { String(decoding: child.standardError(limit: 1 << 20), as: UTF8.self) }
        let isSealed = await waitUntil(atMost: .seconds(60)) { said().contains("\nUnseal\n") || child.exit != nil }
        #expect(isSealed && child.exit == nil, "\(said())")
        for node in try watch.estate.endpoints().nodes {
            try await watch.estate.perform(try #require(EstateAction("unseal \(node.name)")))
        }
        let exit = await child.wait()
        let output = String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self)
        #expect(exit == .exited(0), "\(output)\n\(said())\n\(watch.log)")
        let report = try parsed(output)
        #expect(report["outcome"] as? String == "passed" && measured(report, "rto") != nil)
        let subjects = watch.estate.inbox.messages(kind: .mail).compactMap(\.mail?.subject)
        #expect(subjects.contains { $0.contains("DRILL: ") && $0.contains("sealed") }, "\(subjects)")
        await watch.stop()
    }

    @Test(.timeLimit(.minutes(3))) func whatNobodyNamedIsNotDrilled() async throws {
        let watch = try await watch(targets: "another")
        let refused = try await watch.run(
            "drill", "run", "vault_failure", "--cluster", watch.cluster, "--yes", watch.cluster)
        #expect(refused.exit == .exited(1))
        #expect(refused.error.contains("is not among drill_targets (another)"), "\(refused.error)")
        #expect(watch.records.split(separator: "\n").count == 1)
        let wrong = try await watch.run("drill", "run", "vault_failure", "--cluster", "another", "--yes", "other")
        #expect(wrong.exit == .exited(2) && wrong.error.contains("--yes"), "\(wrong.error)")
        // A cluster that is no target of the agent.
        let posted = try await ChildProcess.run(
            "curl",
            [
                "-s", "-H", "Content-Type: application/json", "-d",
                #"{"scenario":"vault_failure","cluster":"another","until":"2099-01-01T00:00:00Z"}"#,
                watch.url + "/api/v1/vaultwatch/drills",
            ])
        #expect(String(decoding: posted, as: UTF8.self).contains("there is no cluster"))
        let unknown = try await watch.run("drill", "run", "vault_failure", "--cluster", "another", "--yes", "another")
        #expect(unknown.exit == .exited(4), "\(unknown.error)")
        #expect(unknown.error.contains("One node of another must be active."))
        await watch.stop()
    }

    /// Without a terminal nobody can be asked; and Ctrl-C puts back what was done.
    @Test(.timeLimit(.minutes(3))) func nothingHarmsWithoutConsentAndCtrlCPutsBack() async throws {
        let watch = try await watch()
        let scenario = try watch.folder.write(
            "own.yml",
            """
            name: own
            description: A drill of this test.
            steps:
              - {name: Harm, run: [/usr/bin/touch, "\(watch.folder.path)/harmed"], harms: true}
              - {name: Never, wait: 'vector(1) == 2', timeout: 10m}
            finally:
              - {name: Put back, run: [/usr/bin/touch, "\(watch.folder.path)/restored"]}
            """)
        let checked = try await Binary.run(["check", "drills", scenario])
        #expect(checked.exit == .exited(0), "\(checked.output)\(checked.error)")
        let asked = try await watch.run("drill", "run", scenario, "--cluster", watch.cluster)
        #expect(asked.exit == .exited(1) && asked.error.contains("name the cluster with --yes"), "\(asked.error)")
        let exists = { FileManager.default.fileExists(atPath: watch.folder.path + "/" + $0) }
        #expect(!exists("harmed") && !exists("restored"))

        let child = try await ChildProcess.start(
            Binary.path,
            [
                "drill", "run", scenario, "--cluster", watch.cluster, "--yes", watch.cluster, "--recovery.file",
                watch.folder.path + "/recovery.yml",
            ])
        #expect(await waitUntil { exists("harmed") })
        // While one is under way there is no second one.
        let second = try await watch.run("drill", "run", scenario, "--cluster", watch.cluster, "--yes", watch.cluster)
        #expect(second.exit == .exited(1) && second.error.contains("another drill"), "\(second.error)")
        #expect(child.signal(SIGINT))
        #expect(await child.wait() == .exited(1))
        #expect(exists("restored"))
        let said = String(decoding: child.standardOutput(limit: 1 << 20), as: UTF8.self)
        #expect(said.contains(": aborted") && said.contains("interrupted"), "\(said)")
        #expect(watch.records.contains(#""event":"dr_drill_failed""#))
        // Killed, it tells the agent nothing: that is done by hand.
        let killed = try await ChildProcess.start(
            Binary.path,
            [
                "drill", "run", scenario, "--cluster", watch.cluster, "--yes", watch.cluster, "--recovery.file",
                watch.folder.path + "/recovery.yml",
            ])
        let isUnderWay = await waitUntil {
            let drills = try? await ChildProcess.run("curl", ["-sf", watch.url + "/api/v1/vaultwatch/drills"])
            return drills.map { String(decoding: $0, as: UTF8.self).contains(#""scenario":"own""#) } ?? false
        }
        #expect(isUnderWay)
        #expect(killed.signal(SIGKILL))
        _ = await killed.wait()
        let ended = try await watch.run("drill", "end", "--cluster", watch.cluster)
        #expect(ended.exit == .exited(0), "\(ended.error)")
        let none = try await watch.run("drill", "end", "--cluster", watch.cluster)
        #expect(none.exit == .exited(1) && none.error.contains("no drill is under way"), "\(none.error)")
        await watch.stop()
    }

    @Test func shippedScenariosAreFine() async throws {
        let (exit, output, error) = try await Binary.run(["check", "drills", "packaging/drills/*.yml"])
        #expect(exit == .exited(0), "\(output)\(error)")
        #expect(output.split(separator: "\n").count { $0.contains(": fine: ") } == 6)
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let wrong = try folder.write(
            "d.yml", "name: d\ndescription: e\nsteps: [{name: s, check: vault_no_such_metric == 1}]\n")
        let found = try await Binary.run(["check", "drills", wrong])
        #expect(
            found.exit == .exited(3) && found.output.contains("d.yml:3:26: vault_no_such_metric"), "\(found.output)")
    }
}
