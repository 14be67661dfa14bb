import Foundation
import Testing

/// Every declaration that other targets can use says what it is.
struct DocumentationTests {
    /// Targets that are held to it.
    private static let targets: Set<String> = ["Probes", "Config", "Web", "HTTPServer", "Console", "Lab"]

    /// The least share of documented declarations.
    private static let minRatio = 0.98

    /// The `package` and `public` declarations of a text, extensions aside, and the lines of those without `///`.
    static func count(_ text: String) throws -> (all: Int, undocumented: [Int]) {
        let declaration = try Regex(
            #"^\s*(@\w+(\([^)]*\))?\s+)*(package|public)(\s+(internal|private|fileprivate)\(set\))?\s+((static|final|mutating|nonmutating|indirect|convenience|required|nonisolated)\s+)*(struct|class|enum|actor|protocol|func|init|var|let|subscript|typealias)\b"#
        )
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { $0.drop { $0 == " " } }
        var all = 0
        var undocumented: [Int] = []
        for (index, line) in lines.enumerated() where try declaration.prefixMatch(in: line) != nil {
            all += 1
            let before = lines[..<index].last { !$0.hasPrefix("@") }
            if before?.hasPrefix("///") != true { undocumented.append(index + 1) }
        }
        return (all, undocumented)
    }

    @Test func declarationsAreDocumented() throws {
        var all = 0
        var missing: [String] = []
        for (path, text) in TidyTests.sources
        where DocumentationTests.targets.contains(path.split(separator: "/").dropFirst().first.map(String.init) ?? "") {
            let found = try DocumentationTests.count(text)
            all += found.all
            missing += found.undocumented.map { "\(path):\($0)" }
        }
        #expect(all > 500)
        #expect(
            Double(all - missing.count) >= DocumentationTests.minRatio * Double(all),
            "\(missing.count) of \(all) have no comment: \(missing.joined(separator: ", "))")
    }

    @Test(arguments: [
        ("package struct A {", 1), ("/// A.\npackage struct A {", 0), ("/// A.\n@frozen\npublic struct A {", 0),
        ("    package private(set) var a = 1", 1), ("package extension A {", 0), ("struct A {}", 0),
        ("// A.\npackage func a()", 1),
    ])
    func findsWhatLacksAComment(_ text: String, _ count: Int) throws {
        #expect(try DocumentationTests.count(text).undocumented.count == count)
    }
}
