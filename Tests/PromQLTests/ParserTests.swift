@testable import PromQL
import Samples
import Testing
import Text

struct ParserTests {
    private func message(_ text: String) -> String {
        do {
            return "reads as \(try Expression.parse(text))"
        } catch {
            return "\(error.line):\(error.column) \(error.message)"
        }
    }

    @Test(arguments: [
        ("12.34e6", 12.34e6), ("+0.5", 0.5), (".5", 0.5), ("5.", 5), ("5.e3", 5000), ("0xc", 12), ("0x1F", 31),
        ("-0755", -493), ("08", 8), ("1_000", 1000),
        ("inf", .infinity), ("-Inf", -.infinity), ("5m", 300), ("1h30m", 5400), ("1s500ms", 1.5), ("-5m", -300),
        ("0x10", 16), ("1e-3", 0.001), ("0b", .nan), ("1e309", .nan), ("0xffffffffffffffffff", .nan),
        ("0x7fffffffffffffff", 0x1p63), ("0400000000000000000001", 0x1p62), ("1e308", 1e308),
    ]) func numbers(_ text: String, _ value: Double) throws {
        guard value.isFinite || value.isInfinite else {
            #expect(throws: ParseError.self) { try Expression.parse(text) }
            return
        }
        guard case .number(let read, _) = try Expression.parse(text).kind else {
            Issue.record("\(text) is no number")
            return
        }
        #expect(read == value)
    }

    @Test func stringsInThreeQuotings() throws {
        func bytes(_ text: String) throws -> [UInt8] {
            guard case .string(let literal) = try Expression.parse(text).kind else { return [] }
            return literal.bytes
        }
        #expect(try bytes(#""a\tb\"\x41\u00e9\101""#) == Array("a\tb\"AéA".utf8))
        #expect(try bytes(#"'it\'s "so"'"#) == Array("it's \"so\"".utf8))
        #expect(try bytes(#"`raw \n`"#) == Array(#"raw \n"#.utf8))
        #expect(try bytes(#""\xff""#) == [0xff])
        #expect(throws: ParseError.self) { try Expression.parse(#""\q""#) }
        #expect(throws: ParseError.self) { try Expression.parse("\"a\nb\"") }
        #expect(throws: ParseError.self) { try Expression.parse(#""\'""#) }
    }

    /// The printed form is that of Prometheus; parsed and printed again it is the same.
    @Test(arguments: [
        ("sum(a)by(b)", "sum by (b) (a)"), ("SUM without() (a)", "sum without () (a)"), ("topk(3,a)", "topk(3, a)"),
        ("a+b*c^-2", "a + b * c ^ -2"), ("-a^2", "-a ^ 2"), ("a==bool 1", "a == bool 1"), ("+a", "+a"),
        ("a and on(x,y) b", "a and on (x, y) b"), ("a*on(x)group_left b", "a * on (x) group_left () b"),
        ("a*ignoring()b", "a * b"),
        ("a/ignoring(x)group_right(y,z)b", "a / ignoring (x) group_right (y, z) b"),
        (#"{__name__="a",b!="c"}"#, #"{__name__="a",b!="c"}"#), (#"a{b=~'c',}"#, #"a{b=~"c"}"#),
        (#"{"a.b","c d"='e'}"#, #"{"a.b","c d"="e"}"#),
        ("a[300]", "a[5m]"), ("a[5m:]", "a[5m:]"),
        ("rate(a[5m])[1h:1m]@start()offset-1m", "rate(a[5m])[1h:1m] @ start() offset -1m"),
        ("a offset 5m @ 1.5", "a @ 1.500 offset 5m"), ("(a)", "(a)"), ("5m", "5m"), ("time()", "time()"),
        ("sum", "sum"), ("offset offset 1m", "offset offset 1m"),
        (#"label_replace(a, "\xff", "", "b", "")"#, #"label_replace(a, "\xff", "", "b", "")"#),
        ("sum by (\"a.b\") (c)", "sum by (\"a.b\") (c)"),
        ("a:b:c", "a:b:c"), ("a # comment\n+ 1", "a + 1"), ("foo{sum=\"1\"}", "foo{sum=\"1\"}"), ("start{}", "start"),
        ("a + on() 1", "a + 1"), ("a{inf='1',NaN!='2'}", #"a{inf="1",NaN!="2"}"#), ("rate(:[5m])", #"rate({":"}[5m])"#),
        ("a[5m*2]", "a[5m * 2]"), ("a[11s+10s-5*2^2]", "a[11s + 10s - 5 * 2 ^ 2]"),
        ("a[(5+2)*1m:1m%7]", "a[(5 + 2) * 1m:1m % 7]"), ("a[-(10s-5s)+20s]", "a[-(10s - 5s) + 20s]"),
        ("a offset (1h/2) + b", "a offset (1h / 2) + b"), ("a offset -(1h)", "a offset -(1h)"),
        ("a offset min(step(),5m)", "a offset min(step(), 5m)"), ("a[STEP()+range()]", "a[step() + range()]"),
        ("a offset 1h + 1m", "a offset 1h + 1m"), ("a[-2^2+10]", "a[-2 ^ 2 + 10]"), ("step + range", "step + range"),
        ("a offset (1h / -inf)", "a offset (1h / -Inf)"),
    ]) func prints(_ text: String, _ printed: String) throws {
        #expect(try Expression.parse(text).description == printed)
        #expect(try Expression.parse(printed).description == printed)
    }

    @Test(arguments: [
        ("", "1:1 no expression"), ("a +", "1:4 unexpected the end"), ("sum(a", "1:6 unexpected the end in call"),
        ("(a", "1:3"),
        ("rat(a[5m])", "1:1 unknown function with name \"rat\"; did you mean \"rate\"?"),
        ("a\n  + foo(1)", "2:5 unknown function"),
        ("rate(a)", "1:6 expected type range vector in call to function \"rate\", got instant vector"),
        ("a[5m] + 1", "1:1 binary expression must contain only"),
        ("1 == 1", "1:3 comparisons between scalars must use bool"), ("1 and a", "1:3 set operator"),
        ("a + bool b", "1:5 bool modifier"),
        ("a + on(x) 1", "1:3 vector matching only"), ("a and on(x) group_left b", "1:3 no grouping allowed"),
        ("a + on(x) group_left(x) b", "1:3 label \"x\" must not occur"),
        ("{}", "1:1 vector selector must contain"), (#"{a=~".*"}"#, "1:1 vector selector must contain"),
        (#"a{__name__="b"}"#, "1:1 metric name must not be set twice"),
        (#"a{b=~"("}"#, "1:6 invalid regular expression"),
        ("sum by (without) (a)", "1:9 unexpected \"without\" in grouping opts"), ("a{b}", "1:4 unexpected \"}\""),
        ("a{b=1}", "1:5"), ("a[0]", "1:3 duration must be greater"), ("a[1m-1m]", "1:3 duration must be greater"),
        ("a[5m/0]", "1:3 division by zero"), ("a[5m%0s]", "1:3 modulo by zero"),
        ("a[2^99]", "1:3 duration out of range"),
        ("a[sum()]", "1:3 unexpected \"sum\" in a duration"), ("a[5m == 1m]", "1:6 unexpected \"==\" in range"),
        ("a[min(5m)]", "1:9 unexpected"), ("a offset b", "1:10 unexpected \"b\" in offset"),
        ("a[-5m]", "1:3 duration must be greater"),
        ("a offset 1m[5m]", "1:12 no offset modifiers"), ("a @ 1 [5m]", "1:7 no @ modifiers"),
        ("a offset 1m offset 1m", "1:13 offset may not"), ("(a) offset 1m", "1:5 offset modifier must be preceded"),
        ("a @ Inf", "1:5 timestamp out of bounds"), ("a[5m][5m]", "1:6 ranges only allowed"),
        ("a[5m][5m:]", "1:1 subquery is only allowed"), ("sum(a,)", "1:6 trailing commas"),
        ("sum(1)", "1:5 expected type instant vector in aggregation"), ("topk(a)", "1:1 wrong number of arguments"),
        ("sum()", "1:1 no arguments"), ("time(1)", "1:1 expected 0 argument"),
        ("-\"a\"", "1:1 unary expression"), ("a b", "1:3 unexpected \"b\" after"),
        ("5mm", "1:1 bad number or duration"), ("1m1h", "1:1 bad number"), ("a ; b", "1:3 unexpected character"),
        ("'abc", "1:1 unterminated"),
    ]) func errorsHaveAPlace(_ text: String, _ start: String) {
        #expect(message(text).hasPrefix(start), "\(message(text))")
    }

    @Test func excerptPointsAtThePosition() throws {
        let error = #expect(throws: ParseError.self) { try Expression.parse("sum(\n\trat(a[5m]))") }
        #expect(error?.excerpt == "\trat(a[5m]))\n\t^")
        #expect(error?.offset == 6)
    }

    @Test func nestingAndChainsAreBounded() {
        #expect(message(String(repeating: "(", count: 5000) + "1").contains("nested deeper"))
        #expect(message(String(repeating: "-", count: 5000) + "1").contains("nested deeper"))
        #expect(message(String(repeating: "2^", count: 5000) + "1").contains("nested deeper"))
        #expect(message("1" + String(repeating: "+1", count: 5000)).contains("operations in a chain"))
        #expect(message("a[1" + String(repeating: "+1", count: 5000) + "]").contains("operations in a duration"))
        #expect(message("a[" + String(repeating: "(", count: 5000) + "1]").contains("nested deeper"))
        #expect(message("a offset " + String(repeating: "-", count: 5000) + "1").contains("nested deeper"))
        #expect(message("a" + String(repeating: " or a", count: 900)).hasPrefix("reads as"))
    }

    @Test func selectorsAreListedWithTheirReach() throws {
        let uses = try Expression.parse(
            #"rate(a{b="c"}[10m] offset 5m) / {__name__="d"} + max_over_time(e[1h:1m] @ 5)"#
        ).selectors
        #expect(uses.map(\.name) == ["a", "d", "e"])
        #expect(uses.map(\.reach) == [.seconds(900), .seconds(300), .seconds(3900)])
        #expect(uses.map(\.isAnchored) == [false, false, true])
    }

    /// Infinity is printed without a sign, since before `^` the sign would be parsed as an operator.
    @Test func infinityBeforeAPower() throws {
        let printed = try Expression.parse("inf ^ a").description
        let again = try Expression.parse(printed).description
        #expect(again == printed)
    }

    /// The tree that Prometheus' `/api/v1/parse_query` returns; the shapes are those of its translate_ast.go.
    @Test(arguments: [
        ("-1", #"{"type":"numberLiteral","val":"-1"}"#),
        (
            "-a",
            #"{"type":"unaryExpr","op":"-","expr":{"type":"vectorSelector","name":"a","matchers":[{"name":"__name__","value":"a","type":"="}],"offset":0,"timestamp":null,"startOrEnd":null}}"#
        ),
        (
            #"rate({x=~"y"}[5m] @ end() offset 1m)"#,
            #"{"type":"call","func":{"name":"rate","argTypes":["matrix"],"variadic":0,"returnType":"vector"},"args":[{"type":"matrixSelector","range":300000,"name":"","matchers":[{"name":"x","value":"y","type":"=~"}],"offset":60000,"timestamp":null,"startOrEnd":"end"}]}"#
        ),
        (
            "topk without (a) (2, vector(1))",
            #"{"type":"aggregation","op":"topk","expr":{"type":"call","func":{"name":"vector","argTypes":["scalar"],"variadic":0,"returnType":"vector"},"args":[{"type":"numberLiteral","val":"1"}]},"param":{"type":"numberLiteral","val":"2"},"grouping":["a"],"without":true}"#
        ),
        (
            "(1) > bool 2",
            #"{"type":"binaryExpr","op":">","lhs":{"type":"parenExpr","expr":{"type":"numberLiteral","val":"1"}},"rhs":{"type":"numberLiteral","val":"2"},"matching":null,"bool":true}"#
        ),
    ]) func asJSON(_ text: String, _ json: String) throws {
        let expression = try Expression.parse(text)
        #expect(String(decoding: JSONWriter.document { expression.write(to: &$0) }, as: UTF8.self) == json)
    }

    @Test func matchingAsJSON() throws {
        for (text, card) in [
            (
                "a + on (x) group_left (y) b",
                #""matching":{"card":"many-to-one","labels":["x"],"on":true,"include":["y"]}"#
            ),
            ("a or b", #""matching":{"card":"many-to-many","labels":[],"on":false,"include":[]}"#),
        ] {
            let expression = try Expression.parse(text)
            let json = String(decoding: JSONWriter.document { expression.write(to: &$0) }, as: UTF8.self)
            #expect(json.contains(card), "\(json)")
        }
        let nested = try Expression.parse("max_over_time(a[1h:5m])")
        let json = String(decoding: JSONWriter.document { nested.write(to: &$0) }, as: UTF8.self)
        #expect(json.contains(#""type":"subquery""#) && json.contains(#""range":3600000,"step":300000"#), "\(json)")
    }

    /// Any text is parsed or rejected; the printed form of what is parsed can be parsed and prints the same.
    @Test func randomTexts() {
        let words = [
            "a", "sum", "by", "without", "(", ")", "(", ")", "{", "}", "[", "]", "5m", "1", ":", ",", "+", "-", "*",
            "^", "==", "bool", "on", "ignoring", "inf",
            "group_left", "offset", "@", "start()", "end()", "rate", "topk", "\"x\"", "'y'", "=~", "=", "!=", "!~",
            "and", "or", "NaN", "0x1f", ".5", "`z`",
            "label_replace", "#", "\n", "é", "\\", "\"", "1e", "_", "a:b", "time()", "vector(1)", "a[5m]",
            "count_values", "quantile", "1h30m",
        ]
        let seed = FuzzTests.seed()
        var state = seed
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        for _ in 0..<20_000 * FuzzTests.rounds {
            let text = (0..<next(14) + 1).map { _ in words[next(words.count)] }.joined(
                separator: next(3) == 0 ? "" : " ")
            guard let expression = try? Expression.parse(text) else { continue }
            let printed = expression.description
            let again = (try? Expression.parse(printed))?.description
            #expect(again == printed, "seed \(seed): \(text) prints as \(printed)")
        }
    }
}
