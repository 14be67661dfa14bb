import Foundation
import Testing

/// Numbers that come from outside must not trap the process: what may trap is found by its spelling.
///
/// Where such a spelling is right, a comment on the line or in the lines above says why, as `// Checked: …`.
struct ConversionTests {
    /// Each with what to write in its place.
    private static let patterns: [(pattern: String, instead: String)] = [
        (#"(^|[^\w.])abs\("#, "magnitude"),
        (#"-\s?\(?[A-Za-z0-9]*\.min\b"#, "the type's largest value, or magnitude"),
        (#"\b(try|as)!"#, "an error"),
        (#"[\w)\]]!(\.|[\s,)\]]|$)"#, "guard let"),
        (#"\b(fatalError|preconditionFailure|precondition|assertionFailure)\("#, "an error"),
        (#"uniqueKeysWithValues:"#, "Dictionary(_:uniquingKeysWith:)"),
    ]

    /// What is left of a conversion to an integer when its argument may be a floating-point number: the names and calls
    /// that such numbers have in this code.
    private static let floating = [
        ".rounded", ".squareRoot", "seconds", "Seconds", "Double(", "value", "parameter", "ratio", "lower", "upper",
        "rank",
    ]

    /// Whether a line converts what may be a floating-point number without a label such as `saturating:`.
    private static func convertsUnchecked(_ code: String) -> Bool {
        let types = Set(["", "8", "16", "32", "64"].flatMap { ["Int" + $0 + "(", "UInt" + $0 + "("] })
        let characters = Array(code)
        for start in characters.indices {
            guard start == 0 || !(characters[start - 1].isLetter || characters[start - 1].isNumber),
                let call = types.first(where: { characters[start...].starts(with: $0) })
            else { continue }
            var depth = 1
            var argument = ""
            for character in characters[(start + call.count)...] {
                if character == "(" { depth += 1 }
                if character == ")" { depth -= 1 }
                if depth == 0 { break }
                argument.append(character)
            }
            if argument.prefix(while: { $0.isLetter || $0 == "_" }).count < argument.count,
                argument.drop(while: { $0.isLetter || $0 == "_" }).first == ":"
            {
                continue
            }
            let words = argument.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            let hasFraction = argument.contains(#/\d\.\d|\de\d/#)
            let hasFloat = ConversionTests.floating.contains {
                $0.first?.isLetter == true && $0.last?.isLetter == true ? words.contains($0) : argument.contains($0)
            }
            if hasFraction || hasFloat { return true }
        }
        return false
    }

    /// The lines of a text that hold a pattern and no reason, each with what to write instead.
    static func findings(_ text: String) throws -> [(line: Int, instead: String)] {
        let rules = try patterns.map { (regex: try Regex($0.pattern), instead: $0.instead) }
        var findings: [(line: Int, instead: String)] = []
        var isChecked = false
        var isText = false
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let marks = line.ranges(of: "\"\"\"").count
            defer { if marks % 2 == 1 { isText.toggle() } }
            if isText { continue }
            let trimmed = line.drop { $0 == " " }
            if trimmed.hasPrefix("//") {
                if trimmed.contains("Checked: ") { isChecked = true }
                continue
            }
            defer { isChecked = false }
            if isChecked || trimmed.contains("// Checked: ") { continue }
            // What stands in a string literal is text.
            let code = trimmed.replacing(#/"([^"\\]|\\[^(])*"/#, with: "\"\"")
            for rule in rules where code.contains(rule.regex) { findings.append((index + 1, rule.instead)) }
            if convertsUnchecked(String(code)) {
                findings.append((index + 1, "Int(saturating:), or init?(exactly:) and a refusal"))
            }
        }
        return findings
    }

    @Test func nothingTraps() throws {
        for (path, text) in TidyTests.sources {
            for finding in try ConversionTests.findings(text) {
                Issue.record(
                    "\(path):\(finding.line): write \(finding.instead), or say why it can't trap: // Checked: …")
            }
        }
    }

    @Test(arguments: [
        "Int(seconds.rounded())", "Int64(base * 1000.5)", "UInt32(value)", "Int((Double(ms) / 1000))", "abs(day)",
        "let x = -Int.min", "try! f()", "x as! Y", "list.first!.name", "let y = list[0]!", "fatalError()",
        "Dictionary(uniqueKeysWithValues: pairs)", "f(Int(seconds * 1e3))",
    ])
    func findsWhatTraps(_ line: String) throws {
        #expect(try !ConversionTests.findings(line).isEmpty)
        #expect(try ConversionTests.findings("// Checked: for a reason.\n\(line)").isEmpty)
        #expect(try ConversionTests.findings("\(line)  // Checked: for a reason.").isEmpty)
        #expect(try !ConversionTests.findings("// Checked: for a reason.\nlet a = 1\n\(line)").isEmpty)
    }

    @Test(arguments: [
        "Int(saturating: seconds)", "Int(exactly: value)", "Int(text)", "labels(value)", "a != b", "fabs(x)",
        "\"abs(\"", "if !x.isEmpty {", "// abs(day) would trap", "Int64(hour) * 3600",
    ])
    func leavesTheRest(_ line: String) throws {
        #expect(try ConversionTests.findings(line).isEmpty)
    }
}
