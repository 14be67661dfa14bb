import Alerts
import Foundation
import Platform
import PromQL
@testable import Rules
import Synchronization
import Testing
import YAML

/// The shipped rules and their tests, checked for what operators and Prometheus' tools expect.
struct ShippedRulesTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let ruleFiles = SystemFiles().glob(root + "/rules/*.yml")
    private static let testFiles = SystemFiles().glob(root + "/rules/tests/*.yml")
    private static let promtool = "/usr/bin/promtool"

    /// A rule, named in the test's output by its file and name.
    struct Shipped: Sendable, CustomTestStringConvertible {
        let rule: Rule
        var testDescription: String { "\(rule.position): \(rule.name)" }
    }

    private static let alerts: [Shipped] = RuleSet.load(ruleFiles, files: SystemFiles(), errors: ErrorList()).groups
        .flatMap(\.rules).filter { $0.kind == .alerting }.map { Shipped(rule: $0) }

    /// By alert: whether a test expects it not to fire, and whether one expects it to fire.
    private static let expectations: [String: (quiet: Bool, firing: Bool)] = {
        var found: [String: (quiet: Bool, firing: Bool)] = [:]
        for file in testFiles {
            guard let bytes = try? SystemFiles().read(file, limit: 16 << 20),
                let root = try? Node.parse(bytes, file: file)
            else { continue }
            for check in (root["tests"]?.sequence ?? []).flatMap({ $0["alert_rule_test"]?.sequence ?? [] }) {
                guard let name = check["alertname"]?.scalar else { continue }
                let isQuiet = check["exp_alerts"]?.sequence?.isEmpty ?? true
                let before = found[name] ?? (false, false)
                found[name] = (before.quiet || isQuiet, before.firing || !isQuiet)
            }
        }
        return found
    }()

    /// The annotations that the unit tests expect, each with its alert.
    private static let expectedAnnotations: [(alert: String, annotations: [String: String])] = testFiles.flatMap {
        file -> [(alert: String, annotations: [String: String])] in
        guard let bytes = try? SystemFiles().read(file, limit: 16 << 20), let root = try? Node.parse(bytes, file: file)
        else { return [] }
        return (root["tests"]?.sequence ?? []).flatMap { $0["alert_rule_test"]?.sequence ?? [] }.flatMap { check in
            (check["exp_alerts"]?.sequence ?? []).map { alert in
                let pairs = (alert["exp_annotations"]?.mapping ?? []).compactMap { pair in
                    pair.value.scalar.map { (pair.key.text, $0) }
                }
                return (check["alertname"]?.scalar ?? "", Dictionary(pairs, uniquingKeysWith: { first, _ in first }))
            }
        }
    }

    @Test func everyFileIsReadWithoutComplaint() {
        let errors = ErrorList()
        let set = RuleSet.load(Self.ruleFiles, files: SystemFiles(), errors: errors)
        #expect(errors.isEmpty, "\(errors.errors)")
        #expect(set.findings().isEmpty, "\(set.findings())")
        #expect(Self.ruleFiles.count >= 4 && Self.testFiles.count >= 4 && Self.alerts.count >= 60)
        // Runbooks, routes and silences refer to alerts by name: rules share one where the same thing is graver or less so.
        let names = Self.alerts.map { "\($0.rule.name) \($0.rule.labels["severity"] ?? "")" }
        #expect(Set(names).count == names.count)
    }

    /// The table says of each alert why it has its severity, and what it does not mean.
    @Test func theTableNamesEachAlert() throws {
        let text = try String(contentsOfFile: Self.root + "/rules/README.md", encoding: .utf8)
        let words = Set(text.split { !$0.isLetter }.map(String.init))
        let missing = Set(Self.alerts.map(\.rule.name)).subtracting(words)
        #expect(missing.isEmpty, "\(missing.sorted())")
    }

    /// The table of causes is that of the rules, and every list can be read.
    @Test func theTableOfCausesIsThatOfTheRules() throws {
        let text = try String(contentsOfFile: Self.root + "/rules/README.md", encoding: .utf8)
        let table = try #require(text.components(separatedBy: "## Cause and consequence").last)
        let rows = table.split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst().map(String.init)
        let counts = Dictionary(Self.alerts.map { ($0.rule.name, 1) }, uniquingKeysWith: +)
        let expected = Self.alerts.compactMap { shipped -> String? in
            let rule = shipped.rule
            guard let causes = rule.annotations[Explanation.annotation] else { return nil }
            let severity = counts[rule.name] == 1 ? "" : ", " + (rule.labels["severity"] ?? "")
            return "| \(rule.name)\(severity) | \(causes) |"
        }
        #expect(
            expected.count > 100 && Set(rows) == Set(expected), "\(Set(rows).symmetricDifference(expected).sorted())")
        for shipped in Self.alerts {
            let causes = try Explanation.parse(shipped.rule.annotations[Explanation.annotation] ?? "")
            // These are causes alone: what always fires explains nothing, and neither does what a crash brings.
            #expect(!causes.contains { $0.alertName == "Watchdog" })
            if shipped.rule.name == "VaultNodeUnreachable" {
                #expect(!causes.contains { ["VaultNoActiveNode", "VaultActiveNodeLost"].contains($0.alertName) })
            }
        }
    }

    @Test(arguments: alerts)
    func saysWhatOperatorsNeed(_ shipped: Shipped) {
        let rule = shipped.rule
        #expect(["critical", "high", "medium", "low", "none"].contains(rule.labels["severity"] ?? "without"))
        for name in ["summary", "description", "action", "runbook_url"] {
            #expect(rule.annotations[name]?.isEmpty == false, "\(rule.position): \(rule.name) has no \(name)")
        }
        #expect(rule.annotations["runbook_url"]?.hasSuffix("#\(rule.name)") == true)
    }

    /// What the page and the message begin with: medium alerts may be at their top too.
    @Test(arguments: alerts.filter { !["low", "none"].contains($0.rule.labels["severity"]) })
    func saysWhatUsersLose(_ shipped: Shipped) {
        for name in ["impact", "because"] {
            #expect(shipped.rule.annotations[name]?.isEmpty == false, "\(shipped.rule.name) has no \(name)")
        }
    }

    /// The texts that the unit tests expect, which are compared exactly: filled in, short, and sentences.
    @Test func whatUsersLoseIsASentence() throws {
        var count = 0
        var told: [String: Set<String>] = [:]
        for (alert, annotations) in Self.expectedAnnotations {
            for (name, text) in annotations {
                for trace in ["{{", "}}", "<no value>", "NaN", "<error", "%!", "+Inf"] {
                    #expect(!text.contains(trace), "\(alert), \(name): \(text)")
                }
            }
            guard let impact = annotations["impact"], let because = annotations["because"] else { continue }
            count += 1
            told[alert, default: []].insert(impact)
            #expect(!impact.isEmpty && impact.count <= 90 && !impact.hasSuffix("."), "\(alert): \(impact)")
            #expect(because.hasSuffix("."), "\(alert): \(because)")
            // An outage has no margin.
            #expect(!impact.contains("serves nothing") || !impact.contains("may fail"), "\(alert): \(impact)")
            for gap in ["  ", " .", " ;"] {
                #expect(!(impact + because).contains(gap), "\(alert): \(impact) \(because)")
            }
        }
        #expect(count > 150)
        let effects = told["VaultUninitialized"] ?? []
        #expect(effects.contains("Vault serves; no further node may fail") && effects.count >= 7, "\(effects)")
    }

    @Test(arguments: alerts)
    func isTestedBothQuietAndFiring(_ shipped: Shipped) {
        let found = Self.expectations[shipped.rule.name]
        #expect(found?.firing == true, "\(shipped.rule.name): no test expects it to fire")
        // The Watchdog alert always fires; its absence is the alarm.
        #expect(
            found?.quiet == (shipped.rule.name != "Watchdog"),
            "\(shipped.rule.name): expected to be quiet by a test: \(found?.quiet ?? false)")
    }

    /// A test of an alert that no file defines would always pass.
    @Test func testsNameOnlyAlertsThatExist() {
        let names = Set(Self.alerts.map(\.rule.name))
        #expect(Set(Self.expectations.keys).subtracting(names).sorted() == [])
    }

    /// A changed threshold in a copy of a rule must fail its test.
    @Test func aChangedRuleFailsItsTest() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vaultwatch-shipped-\(UUID().uuidString)")
        let tests = folder.appending(path: "tests")
        try FileManager.default.createDirectory(at: tests, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = try String(contentsOfFile: Self.root + "/rules/vault.yml", encoding: .utf8)
        let changed = text.replacing("vault_cluster_active_nodes > 1", with: "vault_cluster_active_nodes > 2")
        try #require(changed != text)
        try changed.write(to: folder.appending(path: "vault.yml"), atomically: true, encoding: .utf8)
        try FileManager.default.copyItem(
            atPath: Self.root + "/rules/tests/vault.test.yml", toPath: tests.appending(path: "vault.test.yml").path)
        let result = RuleTestRunner(files: SystemFiles()).run(tests.appending(path: "vault.test.yml").path)
        let failed = result.tests.filter { !$0.failures.isEmpty }.map(\.name)
        #expect(result.errors.isEmpty && failed == ["VaultSplitBrain"], "\(result.errors) \(failed)")
    }

    /// All files at once, as many at a time as there are processors: promtool takes minutes for the tests of days.
    @Test func promtoolAcceptsAll() {
        let commands = Self.ruleFiles.map { ["check", "rules", $0] } + Self.testFiles.map { ["test", "rules", $0] }
        let refusals = Mutex<[String]>([])
        DispatchQueue.concurrentPerform(iterations: commands.count) { index in
            do {
                if let words = try Self.refusal(commands[index]) { refusals.withLock { $0.append(words) } }
            } catch { refusals.withLock { $0.append("promtool, which make test installs: \(error)") } }
        }
        #expect(refusals.withLock { $0 } == [])
    }

    /// What promtool says where it does not accept a file.
    private static func refusal(_ arguments: [String]) throws -> String? {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(filePath: promtool)
        process.arguments = arguments
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? nil : String(decoding: said, as: UTF8.self)
    }
}
