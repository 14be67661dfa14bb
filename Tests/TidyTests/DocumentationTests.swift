import Foundation
import Testing

/// Declarations that other targets can use must have a doc comment.
struct DocumentationTests {
    /// The share of `package` and `public` declarations in Sources that must be documented.
    private static let requiredShare = 0.98

    @Test func declarationsAreDocumented() throws {
        var count = 0
        var undocumented: [(file: String, declarations: [Declaration])] = []
        for (path, text) in try DocumentationTests.sources() {
            let declarations = Declaration.all(in: text)
            count += declarations.count
            let missing = declarations.filter { !$0.isDocumented }
            if !missing.isEmpty { undocumented.append((path, missing)) }
        }
        try #require(count > 1000, "no declarations found")
        let missing = undocumented.reduce(0) { $0 + $1.declarations.count }
        let share = 1 - Double(missing) / Double(count)
        print(
            "documented: \(count - missing) of \(count) package and public declarations, \((share * 1000).rounded() / 10) %"
        )
        for (path, declarations) in undocumented {
            print("\(path):")
            for declaration in declarations { print("  \(declaration.line): \(declaration.text)") }
        }
        #expect(
            share >= DocumentationTests.requiredShare, "\(missing) declarations have no doc comment; see the list above"
        )
    }

    @Test func declarationsAreFoundWithTheirComments() {
        let text = #"""
            /// A thing.
            package struct Thing: Hashable {
                package let name: String
                /// Documented.
                @frozen
                @inlinable public static var other: Int { 1 }
                package private(set) var third = 0
                let notExported = 1
                package static func == (a: Thing, b: Thing) -> Bool { true }
                package func hash(into hasher: inout Hasher) {}
                package var description: String { "" }
                @inlinable(x) package mutating func change<T>(_ value: T) {}
                public convenience init() {}
                public final class func make() {}
                // Not a doc comment.
                package subscript(index: Int) -> Int { 0 }
                /// Cases need no comment of their own.
                package indirect enum Kind { case one }
            }
            """#
        let declarations = Declaration.all(in: text)
        #expect(declarations.filter(\.isDocumented).map(\.line) == [2, 6, 18])
        #expect(declarations.filter { !$0.isDocumented }.map(\.line) == [3, 7, 12, 13, 14, 16])
    }

    private static func sources() throws -> [(path: String, text: String)] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let folder = root.appending(path: "Sources")
        let found = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
        return try found.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }.map { url in
            (String(url.path.dropFirst(root.path.count + 1)), try String(contentsOf: url, encoding: .utf8))
        }.sorted { $0.0 < $1.0 }
    }
}

/// A `package` or `public` declaration, found by its first line.
private struct Declaration {
    /// From 1.
    let line: Int
    let text: String
    let isDocumented: Bool

    private static let keywords: Set<Substring> = [
        "struct", "class", "enum", "actor", "protocol", "func", "init", "var", "let", "typealias", "subscript",
    ]
    private static let modifiers: Set<Substring> = [
        "public", "package", "static", "class", "final", "indirect", "mutating", "nonmutating", "consuming",
        "borrowing", "override", "convenience", "required", "lazy", "weak", "nonisolated", "isolated", "private(set)",
        "fileprivate(set)", "internal(set)", "package(set)", "nonisolated(unsafe)",
    ]
    /// Members whose meaning a protocol of the standard library defines; operators are exempt as well.
    private static let exempt: Set<Substring> = ["description", "debugDescription", "customMirror", "hash"]

    static func all(in text: String) -> [Declaration] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0.drop { $0 == " " || $0 == "\t" })
        }
        return lines.indices.compactMap { index in
            guard isCounted(lines[index]) else { return nil }
            var above = index - 1
            while above >= 0, lines[above].hasPrefix("@"), withoutAttributes(lines[above]).isEmpty { above -= 1 }
            let isDocumented = above >= 0 && (lines[above].hasPrefix("///") || lines[above].hasSuffix("*/"))
            return Declaration(line: index + 1, text: lines[index], isDocumented: isDocumented)
        }
    }

    private static func isCounted(_ line: String) -> Bool {
        guard line.contains("public ") || line.contains("package ") else { return false }
        var words = withoutAttributes(line).split(separator: " ")[...]
        var isExported = false
        while let word = words.first, modifiers.contains(word) {
            // `class` is a modifier only before another one or a member.
            if word == "class", let next = words.dropFirst().first, !keywords.contains(name(next)) { break }
            if word == "public" || word == "package" { isExported = true }
            words.removeFirst()
        }
        guard isExported, let keyword = words.popFirst(), keywords.contains(name(keyword)) else { return false }
        guard let declared = words.first else { return true }
        let isOperator = keyword == "func" && !(declared.first.map { $0.isLetter || $0 == "_" || $0 == "`" } ?? false)
        return !isOperator && !exempt.contains(name(declared))
    }

    /// The word up to anything that is not part of an identifier.
    private static func name(_ word: Substring) -> Substring { word.prefix { $0.isLetter || $0.isNumber || $0 == "_" } }

    /// The line without the attributes at its start, such as `@inlinable`.
    private static func withoutAttributes(_ line: String) -> Substring {
        var rest = line[...]
        while rest.hasPrefix("@") {
            rest = rest.drop { $0 != " " && $0 != "(" }
            if rest.hasPrefix("(") { rest = rest.drop { $0 != ")" }.dropFirst() }
            rest = rest.drop { $0 == " " }
        }
        return rest
    }
}
