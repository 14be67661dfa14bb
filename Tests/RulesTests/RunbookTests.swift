import Foundation
import GoTemplate
import Platform
import PromQL
@testable import Rules
import Samples
import Testing
import YAML

/// The shipped runbooks: one for each alert that pages or notifies, complete, and well-formed with and without data.
struct RunbookTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let sections = [
        "Meaning", "What users notice", "Check", "Fix", "Do not", "Escalate", "Afterwards", "See also",
    ]
    private static let procedureSections = [
        "When", "Before you begin", "Steps", "If it goes wrong", "Do not", "Escalate", "Afterwards", "See also",
    ]

    /// A file of the folder, by its name without the extension.
    struct File: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var testDescription: String { name }

        static func all(_ folder: String) -> [File] {
            SystemFiles().glob(folder + "/*.md").compactMap { path in
                guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
                return File(name: URL(filePath: path).deletingPathExtension().lastPathComponent, text: text)
            }
        }
    }

    private static let runbooks = File.all(root + "/rules/runbooks")
    private static let procedures = File.all(root + "/rules/runbooks/procedures")

    private static let rules = RuleSet.load(
        SystemFiles().glob(root + "/rules/*.yml"), files: SystemFiles(), errors: ErrorList()
    ).groups.flatMap(\.rules).filter { $0.kind == .alerting }
    /// The alerts that require action within the hour.
    private static let alerts = Set(
        rules.filter { !["low", "none"].contains($0.labels["severity"] ?? "none") }.map(\.name))

    /// The labels that the rules' unit tests expect of each alert.
    private static let labels: [String: [Labels]] = {
        var found: [String: [Labels]] = [:]
        for file in SystemFiles().glob(root + "/rules/tests/*.yml") {
            guard let bytes = try? SystemFiles().read(file, limit: 16 << 20),
                let tests = try? Node.parse(bytes, file: file)
            else { continue }
            for check in (tests["tests"]?.sequence ?? []).flatMap({ $0["alert_rule_test"]?.sequence ?? [] }) {
                for alert in check["exp_alerts"]?.sequence ?? [] {
                    let pairs = alert["exp_labels"]?.mapping ?? []
                    let labels = Labels(
                        Dictionary(
                            pairs.compactMap { pair in pair.value.scalar.map { (pair.key.text, $0) } },
                            uniquingKeysWith: { first, _ in first }))
                    found[check["alertname"]?.scalar ?? "", default: []].append(labels)
                }
            }
        }
        return found
    }()

    @Test func eachAlertThatCallsForActionHasOne() {
        #expect(Self.alerts.count > 100)
        #expect(Self.alerts.subtracting(Self.runbooks.map(\.name)) == [])
        #expect(Set(Self.runbooks.map(\.name)).subtracting(Self.alerts) == [])
        let needed = ["RestoreVault", "FailoverVault", "FailoverPostgreSQL", "CompromisedVault", "RestoreTest"]
        #expect(Set(needed).subtracting(Self.procedures.map(\.name)) == [])
    }

    @Test(arguments: runbooks)
    func aRunbookIsComplete(_ file: File) throws {
        #expect(file.text.hasPrefix("# \(file.name)\n"))
        #expect(RunbookTests.headings(file.text) == Self.sections)
        let runbook = try Runbook(file.text)
        let time = Timestamp(milliseconds: 1_795_671_000_000)
        let bare = try runbook.text(externalURL: "https://watch", at: time)
        try check(bare, file.name)
        let labels = try #require(Self.labels[file.name], "no unit test expects \(file.name)")
        for labels in Set(labels) {
            for value in [0, 1, 1_795_600_000] {
                let context = RuleContext(source: Abundance(value: Double(value)))
                try check(try runbook.text(for: labels, context, at: time), "\(file.name) \(labels) \(value)")
            }
            try check(try runbook.text(for: labels, RuleContext(source: Scripted()), at: time), file.name)
            // A label that an alert lacks would be rendered as an empty string.
            for name in RuleTemplates.labelNames(in: file.text) where file.text.contains("$labels.\(name)") {
                let isOptional = file.text.contains("{{ with $labels.\(name) }}")
                #expect(labels[name] != nil || isOptional, "\(file.name) has no label \(name)")
            }
        }
    }

    @Test(arguments: procedures)
    func aProcedureIsComplete(_ file: File) throws {
        #expect(file.text.hasPrefix("# "))
        #expect(RunbookTests.headings(file.text) == Self.procedureSections)
        try check(file.text, file.name)
    }

    /// The rendered text contains no template syntax, its links are valid, and a shell can parse its commands.
    private func check(_ text: String, _ name: String) throws {
        for trace in ["{{", "}}", "<no value>", "NaN", "%!", "+Inf"] {
            #expect(!text.contains(trace), "\(name) shows \(trace)")
        }
        for match in text.matches(of: try Regex(#"\]\(([^)]*)\)"#)) {
            let target = String(match[1].substring ?? "")
            let isKnown =
                target.hasPrefix("https://") || Self.rules.contains { $0.name == target }
                || Self.procedures.contains { $0.name == target || "procedures/" + $0.name == target }
            #expect(isKnown, "\(name) links to \(target)")
        }
        let blocks = RunbookTests.blocks(text)
        #expect(!blocks.isEmpty, "\(name) has no command")
        let said = try shell(blocks.joined(separator: "\n"))
        #expect(said == "", "\(name)")
    }

    private static func headings(_ text: String) -> [String] {
        var isCode = false
        return text.split(separator: "\n").compactMap { line in
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isCode.toggle() }
            return !isCode && line.hasPrefix("## ") ? String(line.dropFirst(3)) : nil
        }
    }

    /// The fenced blocks, all of them shell code, without their list indentation.
    private static func blocks(_ text: String) -> [String] {
        let parts = text.components(separatedBy: "```sh\n")
        return zip(parts, parts.dropFirst()).map { before, block in
            let indentation = before.reversed().prefix { $0 == " " }.count
            return block.components(separatedBy: "```")[0].split(separator: "\n", omittingEmptySubsequences: false)
                .map { line in line.dropFirst(min(indentation, line.prefix { $0 == " " }.count)) }
                .joined(separator: "\n")
        }
    }

    /// The errors of `bash -n`.
    private func shell(_ commands: String) throws -> String {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/bash")
        process.arguments = ["-n"]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(commands.utf8))
        try input.fileHandleForWriting.close()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: said, as: UTF8.self)
    }
}

/// Returns a sample for any query: with the labels in its matchers, and others that runbooks show.
private struct Abundance: SampleSource {
    let value: Double

    func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
        var labels = [
            "node": "vault-1", "server": "pg-1", "cluster": "prod", "leader_address": "https://vault-1:8200",
            "reason": "connect", "backup_set": "daily", "slot": "s", "setting": "fsync", "device": "file/",
            "target": "prod/vault-1", "date": "2026-11-29",
            "address": "smtp.example.org:587", "name_server": "192.0.2.53",
        ]
        for matcher in matchers where matcher.operation == .equal { labels[matcher.name] = matcher.value }
        let points = [Point(t: start + 1, v: value), Point(t: end, v: value)]
        return [Series(Labels(labels), points.filter { $0.t > start && $0.t <= end })]
    }
}
