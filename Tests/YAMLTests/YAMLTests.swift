import Testing
import YAML

struct ParserTests {
    @Test func everyValueHasItsPosition() throws {
        let node = try Node.parse("a:\n  - b: 1\n    c: \"x\"\n", file: "f.yml")
        let item = try #require(node["a"]?.sequence?.first)
        #expect(item["b"]?.position == SourcePosition(file: "f.yml", line: 2, column: 8))
        #expect(item.mapping?.last?.key.position == SourcePosition(file: "f.yml", line: 3, column: 5))
    }

    @Test(arguments: [
        ("a: 1\na: 2\n", "f:2:1: duplicate key \"a\""),
        ("a: [1\n", "f:2:1: did not find expected ',' or ']' while parsing a flow sequence"),
        ("a: *b\n", "f:1:4: unknown alias \"*b\""),
        ("a: 1\n---\nb: 2\n", "f:2:1: unexpected second document; expected one document per file"),
        ("? [x]\n: 1\n", "f:1:3: expected a scalar as a key, found a list"),
    ])
    func errorsHaveAPlace(text: String, message: String) {
        #expect { try Node.parse(text, file: "f") } throws: { "\($0)" == message }
    }

    @Test func mergeKeysAndAnchors() throws {
        let node = try Node.parse("base: &b {x: 1, y: 2}\nthis: {<<: *b, y: 3}\n", file: "f")
        #expect(node["this"]?["x"]?.scalar == "1")
        #expect(node["this"]?["y"]?.scalar == "3")
    }

    /// The "billion laughs": nine levels of nine aliases each.
    @Test func expandedAliasesAreLimited() {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for i in 1...9 {
            text += "a\(i): &a\(i) [" + Array(repeating: "*a\(i - 1)", count: 9).joined(separator: ",") + "]\n"
        }
        #expect { try Node.parse(text, file: "f") } throws: { "\($0)".contains("more than") }
    }

    @Test func deepNestingIsRejected() {
        #expect { try Node.parse(String(repeating: "[", count: 5000), file: "f") } throws: {
            "\($0)".contains("deeper")
        }
    }

    @Test func anEmptyDocumentIsAnEmptyMapping() throws {
        #expect(try Node.parse("", file: "f").mapping?.isEmpty == true)
        #expect(try Node.parse("# only a comment\n", file: "f").mapping?.isEmpty == true)
    }
}

struct FieldsTests {
    @Test func allMistakesAreReportedInOrder() throws {
        let node = try Node.parse("interval: fast\nlimit: -1\nrecieverz: x\nreciever: y\nlist: 3\n", file: "f")
        let errors = ErrorList()
        var fields = Fields(node, errors, "a group")
        _ = fields.parsed("interval", expected: "a duration such as 5m") { Int($0) }
        _ = fields.integer("limit", in: 0...10)
        _ = fields.string("receiver")
        _ = fields.list("list")
        _ = fields.requiredString("name")
        fields.finish()
        #expect(
            errors.errors.map(\.description) == [
                "f:1:1: a group needs \"name\"",
                "f:1:11: interval: expected a duration such as 5m, found \"fast\"",
                "f:2:8: limit: expected a whole number from 0 to 10, found \"-1\"",
                "f:3:1: unknown key \"recieverz\" in a group; expected interval, limit, list, name, receiver",
                "f:4:1: unknown key \"reciever\" in a group; did you mean \"receiver\"?",
                "f:5:7: list: expected a list, found \"3\"",
            ])
    }
}
