import ArgumentParser
import Foundation
import Lab
import Platform
import Testing
import TestServers

@testable import vaultwatch

/// The vaultwatch commands in runbooks exist, and their expressions use existing metrics.
struct RunbookCommandTests {
    private static let folder = Binary.root + "/rules/runbooks"

    private static func texts() throws -> [(name: String, text: String)] {
        try ["", "/procedures"].flatMap { sub in
            try FileManager.default.contentsOfDirectory(atPath: folder + sub).filter { $0.hasSuffix(".md") }.sorted()
                .map { ($0, try String(contentsOfFile: "\(folder)\(sub)/\($0)", encoding: .utf8)) }
        }
    }

    /// The arguments of each vaultwatch command in the fenced blocks, as a shell splits them.
    private static func commands() async throws -> [(name: String, arguments: [String])] {
        // Template actions and shell variables, which have a value only when the commands are run.
        let action = try Regex(#"\{\{[^}]*\}\}|\$\{?[A-Z_]+\}?"#)
        let lines = try texts().flatMap { name, text in
            text.components(separatedBy: "```sh\n").dropFirst().flatMap { block in
                block.components(separatedBy: "```")[0].split(separator: "\n").compactMap { line -> String? in
                    let line = line.drop { $0 == " " }.replacing(action, with: "x")
                    guard line.hasPrefix("vaultwatch ") || line.hasPrefix("sudo vaultwatch ") else { return nil }
                    return "name=\(name); \(line)"
                }
            }
        }
        let script =
            "vaultwatch() { printf '%s\\x1f' \"$name\" \"$@\"; echo; }; sudo() { \"$@\"; }\n"
            + lines.joined(separator: "\n")
        let output = String(decoding: try await ChildProcess.run("/bin/bash", ["-c", script]), as: UTF8.self)
        return output.split(separator: "\n").map { line in
            let words = line.split(separator: "\u{1f}", omittingEmptySubsequences: false).dropLast().map(String.init)
            return (words[0], Array(words.dropFirst()))
        }
    }

    @Test func eachCommandExists() async throws {
        let commands = try await Self.commands()
        #expect(commands.count > 150)
        for (name, arguments) in commands where !arguments.contains("--help") {
            do { _ = try Vaultwatch.parseAsRoot(arguments) } catch {
                Issue.record("\(name): vaultwatch \(arguments): \(Vaultwatch.message(for: error))")
            }
        }
    }

    /// Expressions of `query` actions and of `vaultwatch query`, as rules for `check rules`.
    @Test func expressionsNameMetricsThatExist() async throws {
        let action = try Regex(#"query \(printf "((?:[^"\\]|\\.)*)"|query "((?:[^"\\]|\\.)*)"|query `([^`]*)`"#)
        var expressions = Set<String>()
        for (_, text) in try Self.texts() {
            for match in text.matches(of: action) {
                let found = (1...3).compactMap { match[$0].substring }.first.map(String.init) ?? ""
                expressions.insert(
                    found.replacing("%q", with: "\"x\"").replacing("%%", with: "%").replacing("\\\"", with: "\"")
                        .replacing("\\\\", with: "\\"))
            }
        }
        for (_, arguments) in try await Self.commands() where arguments.first == "query" {
            expressions.formUnion(arguments.dropFirst().filter { !$0.hasPrefix("-") && $0 != "x" })
        }
        // Expressions that the shell assembles.
        expressions = expressions.filter { !$0.isEmpty && !$0.hasPrefix("$") }
        #expect(expressions.count > 200)
        try await check(expressions)
    }

    /// The same of the queries in the rules' annotations: one with a wrong name would find nothing, and say nothing.
    @Test func queriesOfAnnotationsNameMetricsThatExist() async throws {
        let action = try Regex(#"query \(printf `([^`]*)`|query `([^`]*)`"#)
        var expressions = Set<String>()
        for name in ["vault", "postgresql", "backups", "recovery", "vault-audit", "vaultwatch"] {
            let text = try String(contentsOfFile: Binary.root + "/rules/\(name).yml", encoding: .utf8)
            for match in text.replacing("\\\"", with: "\"").matches(of: action) {
                let found = (1...2).compactMap { match[$0].substring }.first.map(String.init) ?? ""
                expressions.insert(found.replacing("%q", with: "\"x\""))
            }
        }
        #expect(expressions.count > 100)
        try await check(expressions)
    }

    private func check(_ expressions: Set<String>) async throws {
        let rules = expressions.sorted().enumerated().map { index, text in
            "  - record: runbook:\(index)\n    expr: '\(text.replacing("'", with: "''"))'\n"
        }
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let file = try folder.write("runbooks.yml", "groups:\n- name: runbooks\n  rules:\n" + rules.joined())
        let (exit, output, error) = try await Binary.run(["check", "rules", file])
        #expect(exit == .exited(0), "\(output)\(error)")
    }
}
