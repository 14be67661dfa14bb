import Foundation
import Platform
import Probes
import Samples
import Simulation
import Testing
import YAML

@testable import Recovery

/// Scenarios of drills: what is read from a file, and what is wrong with one.
struct DrillScenarioTests {
    private func complaints(_ text: String) -> [String] {
        let errors = ErrorList()
        let scenario = DrillScenario.parse(Array(text.utf8), file: "d.yml", errors: errors)
        #expect((scenario == nil) == !errors.isEmpty)
        return errors.errors.map(\.description)
    }

    @Test func everythingIsRead() throws {
        let text = """
            name: vault_failure
            description: The active node fails.
            objective: {rto: 30m, rpo: 1h, paged: 5m}
            served: vault_canary_success{cluster="${cluster}"} == 1
            data_loss: time() - max(backup_newest_timestamp_seconds)
            alerts: ['service="${service}"']
            silence: ['alertname="VaultVersionUnsupported"']
            preconditions:
              - {check: up == 1, otherwise: 'Mend ${cluster} first.'}
            steps:
              - {name: Ask, confirm: 'Are all there?', timeout: 2h}
              - {name: Kill, run: ["${hooks}/stop-node", "${active}"], harms: true}
              - {name: Wait, wait: up == 1}
              - {name: Check, check: up == 1}
            finally:
              - {name: Start, run: [vaultwatch, status], timeout: 1m}
            """
        let errors = ErrorList()
        let found = try #require(DrillScenario.parse(Array(text.utf8), file: "d.yml", errors: errors))
        #expect(errors.isEmpty)
        #expect(found.objective == .init(recoveryTime: .seconds(1800), dataLoss: .seconds(3600), paged: .seconds(300)))
        #expect(found.steps.map(\.timeout) == [7200, 600, 300, 60].map { .seconds($0) })
        #expect(found.steps.map(\.harms) == [false, true, false, false])
        // Without a step that says so, the fault is the first that harms.
        #expect(found.faultIndex == 1)
        #expect(found.longest == .seconds(8520 + 3600))
        #expect(found.conditions.count == 5)
        #expect(found.conditions.flatMap(\.metricNames).contains("backup_newest_timestamp_seconds"))
        #expect(found.alerts == ["service=\"${service}\""])
    }

    private static let head = "name: a\ndescription: b\n"

    private static let mistakes: [(text: String, error: String)] = [
        ("", "d.yml:1:1: a scenario needs \"name\""),
        (
            "name: A b\ndescription: c\nsteps: [{name: s, check: up}]\n",
            "d.yml:1:1: name: expected 1 to 64 lowercase letters, digits, hyphens and underscores, found \"A b\""
        ),
        (head, "d.yml:1:1: a scenario needs \"steps\""),
        (
            head + "steps: [{name: s}]\n",
            "d.yml:3:9: a step needs one of run, wait, check and confirm, found none"
        ),
        (
            head + "steps: [{name: s, run: [/bin/true], check: up}]\n",
            "d.yml:3:9: a step needs one of run, wait, check and confirm, found run, check"
        ),
        (
            head + "steps: [{name: s, run: /bin/true -x}]\n",
            "d.yml:3:24: run: expected a list, found \"/bin/true -x\""
        ),
        (
            head + "steps: [{name: s, run: [reboot]}]\n",
            "d.yml:3:25: run: expected the program's absolute path, one below ${hooks}, or vaultwatch; found \"reboot\""
        ),
        (
            head + "steps: [{name: s, run: [/bin/true, \"${node}\"]}]\n",
            "d.yml:3:36: run: unknown placeholder \"${node}\"; expected one of ${cluster}, ${active}, ${standby}, ${service}, ${hooks}, ${drill}"
        ),
        (
            head + "steps: [{name: s, check: 'up ==', timeout: 1m}]\n",
            "d.yml:3:26: check: 1:"
        ),
        (
            head + "steps: [{name: s, wait: up, harms: true}]\n",
            "d.yml:3:9: wait and check change nothing: expected no \"harms\" or \"fault\" with them"
        ),
        (
            head + "steps: [{name: s, check: up, timeout: 2d}]\n",
            "d.yml:3:39: timeout: expected a duration from 0s to 1d such as 30m, found \"2d\""
        ),
        (
            head + "objective: {rpo: 1h}\nsteps: [{name: s, check: up}]\n",
            "d.yml:3:1: rpo needs \"data_loss\": an expression for the seconds that the fault loses"
        ),
        (
            head + "silence: ['a=~\".*\"']\nsteps: [{name: s, check: up}]\n",
            "d.yml:3:11: silence: at least one matcher must not match the empty string"
        ),
        (
            head + "step: []\nsteps: [{name: s, check: up}]\n",
            "d.yml:3:1: unknown key \"step\" in a scenario; did you mean \"steps\"?"
        ),
        (
            head + "steps: [{name: s, check: up}]\nfinally: [{name: f, run: [/bin/true], fault: true}]\n",
            "d.yml:4:11: fault: expected among \"steps\"; \"finally\" puts back what they did"
        ),
    ]

    @Test(arguments: DrillScenarioTests.mistakes.indices) func mistakesHaveTheirPlace(_ index: Int) {
        let (text, expected) = DrillScenarioTests.mistakes[index]
        let found = complaints(text)
        #expect(found.contains { $0.hasPrefix(expected) }, "\(found)")
    }

    @Test func aFileThatCannotBeReadIsAMistakeOfItsOwn() {
        let errors = ErrorList()
        #expect(DrillScenario.load("/none.yml", files: MemoryFiles([:]), errors: errors) == nil)
        #expect(errors.errors.first?.description.hasPrefix("/none.yml:1:1: cannot read the file: ") == true)
    }

    @Test func namesOfTheEstateCannotBreakOut() throws {
        let names = DrillPlaceholders([.cluster: #"a"} or vector(1) #"#, .active: "-rf", .hooks: "/h"])
        #expect(
            try names.expand(#"x{cluster="${cluster}"}"#, .promQL) == #"x{cluster="a\"} or vector(1) #"}"#)
        #expect(throws: DrillPlaceholders.Failure.self) { _ = try names.arguments(["/bin/kill", "${active}"]) }
        #expect(try names.arguments(["${hooks}/stop", "--node=${active}"]) == ["/h/stop", "--node=-rf"])
        #expect(throws: DrillPlaceholders.Failure.self) { _ = try names.expand("${standby}") }
    }

    /// Each shipped scenario is valid, its name is that of its file, and what it reads is exported.
    @Test func shippedScenariosAreValid() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let paths = SystemFiles().glob(root.path + "/packaging/drills/*.yml")
        #expect(paths.count == 6)
        for path in paths {
            let errors = ErrorList()
            let scenario = DrillScenario.load(path, files: SystemFiles(), errors: errors)
            #expect(errors.isEmpty, "\(errors.errors)")
            guard let scenario else { continue }
            #expect(path.hasSuffix("/\(scenario.name).yml"))
            // Whoever changes the estate says when it is asked about.
            #expect(scenario.faultIndex.map { scenario.steps[$0].harms } == true, "\(path)")
            for name in scenario.conditions.flatMap(\.metricNames) where name != "ALERTS" {
                #expect(Catalogue.entry(forSeries: name) != nil, "\(path): \(name)")
            }
        }
    }
}
