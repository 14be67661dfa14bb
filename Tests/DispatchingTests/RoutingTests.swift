import Alerts
import Platform
import Samples
import Testing

@testable import Dispatching

struct RouteTreeTests {
    private let tree = RouteTree(
        Route(
            receiver: "default", groupBy: .labels(["alertname"]), groupWait: .seconds(10),
            routes: [
                Route(
                    receiver: "A", matchers: [matcher("owner=team-A")], groupInterval: .seconds(60),
                    routes: [
                        Route(receiver: "A-crit", matchers: [matcher("severity=~\"critical|page\"")], groupBy: .all)
                    ]),
                Route(matchers: [matcher("owner=team-B")], continues: true),
                Route(receiver: "B", matchers: [matcher("owner=~\"team-(B|C)\"")]),
                Route(receiver: "B", matchers: [matcher("owner=~\"team-(B|C)\"")]),
            ]))

    @Test func deepestMatchAndContinue() {
        #expect(tree.receivers(of: ["owner": "team-A"]) == ["A"])
        #expect(tree.receivers(of: ["owner": "team-A", "severity": "page"]) == ["A-crit"])
        #expect(tree.receivers(of: ["owner": "team-B"]) == ["default", "B"])
        #expect(tree.receivers(of: ["owner": "team-C"]) == ["B"])
        #expect(tree.receivers(of: [:]) == ["default"])
    }

    @Test func optionsComeFromTheParent() {
        let node = tree.matching(["owner": "team-A", "severity": "critical"])[0]
        #expect(node.groupWait == .seconds(10))
        #expect(node.groupInterval == .seconds(60))
        #expect(node.repeatInterval == .seconds(4 * 3600))
        #expect(node.groupLabels(of: ["a": "1", "b": "2"]) == ["a": "1", "b": "2"])
        #expect(tree.root.groupLabels(of: ["alertname": "X", "b": "2"]) == ["alertname": "X"])
    }

    @Test func keysAreAlertmanagersAndUnique() {
        #expect(tree.nodes[2].key == #"{}/{owner="team-A"}/{severity=~"critical|page"}"#)
        #expect(Set(tree.nodes.map(\.key)).count == tree.nodes.count)
        #expect(Dispatcher.key(tree.root, ["a": "1", "b": "x\"y"]) == #"{}:{a="1", b="x\"y"}"#)
    }
}

struct MatcherSyntaxTests {
    /// Swift's numbers may have a sign, Go's escapes have digits alone.
    @Test(arguments: ["\\x+4", "\\u+041", "\\U+0000041", "\\x-0", "\\0+1"])
    func escapesHaveNoSign(_ escape: String) {
        #expect(throws: MatcherSyntaxError.self) { try MatcherSyntax.parse("\"ü\"=\"\(escape)\"") }
    }

    private func read(_ text: String) -> [String]? { (try? MatcherSyntax.parse(text))?.map(\.description) }

    @Test func bothLanguages() {
        #expect(read(#"{foo="bar"}"#) == [#"foo="bar""#])
        #expect(read("foo=bar") == [#"foo="bar""#])
        #expect(read(#" foo = "bar" "#) == [#"foo="bar""#])
        #expect(read(#"{foo=~"b.*",baz!="q", x!~"y|z"}"#) == [#"foo=~"b.*""#, #"baz!="q""#, #"x!~"y|z""#])
        #expect(read(#"foo="a,b",c=d"#) == [#"foo="a,b""#, #"c="d""#])
        #expect(read(#"foo="bar","#) == [#"foo="bar""#])
        #expect(read(#"foo="a\"b\\c\nd""#) == [#"foo="a\"b\\c\nd""#])
        #expect(read("{}") == [])
        #expect(read("foo=") == [#"foo="""#])
    }

    @Test func onlyTheNewOne() {
        #expect(read(#""foo bar"="x""#) == [#"foo bar="x""#])
        #expect(read("größe=klein") == [#"größe="klein""#])
        #expect(read("\"🙂\"=\"\\u00e9\"") == [#"🙂="é""#])
    }

    @Test func onlyTheOldOne() {
        #expect(read("foo=bar baz") == [#"foo="bar baz""#])
        #expect(read("foo={bar") == [#"foo="{bar""#])
        // Both read it, differently: the old one holds.
        #expect(read(#"foo="a\db""#) == [#"foo="a\\db""#])
    }

    /// The classic parser, which comes first, knows three escapes only.
    @Test(arguments: ["x", "größe x", "a\"b\\"])
    func whatIsWrittenIsReadAgain(_ name: String) throws {
        for value in (0...0x7f).compactMap(Unicode.Scalar.init).map({ "a\($0).*" }) + [
            "", "\\n", "\\x1c", "a\\", "}", "ü🙂",
        ] {
            let matcher = Matcher(name, equals: value)
            #expect(try MatcherSyntax.parse(matcher.alertmanagerText) == [matcher])
            let two = [matcher, Matcher("b", equals: value)]
            let text = two.map(\.alertmanagerText).joined(separator: ", ")
            #expect(try MatcherSyntax.parse("{\(text)}") == two)
            let labels: Labels = [name: value, "b": "\t"]
            #expect(value.isEmpty || MatcherSyntax.labels(labels.description) == labels)
        }
    }

    @Test func wrongInBoth() {
        for text in ["foo", "=bar", "foo==\"bar", "{foo=\"bar\"", "foo=\"bar", "foo=~\"(\"", "foo=\"b\"c\"", "foo!bar"]
        {
            if text == "{foo=\"bar\"" {
                #expect(read(text) != nil, "the old language needs no closing brace")
            } else {
                #expect(read(text) == nil, "\(text)")
            }
        }
        #expect(throws: MatcherSyntaxError.self) { try MatcherSyntax.parse(String(repeating: "a", count: 70_000)) }
    }
}

struct InhibitorTests {
    @Test func twoSidedMatchesDoNotSilenceEachOther() {
        var inhibitor = Inhibitor([
            InhibitRule(sourceMatchers: [matcher("s=~\"1|2\"")], targetMatchers: [matcher("t=1")], equal: ["e"])
        ])
        let both: Labels = ["s": "1", "t": "1", "e": "x"]
        let alsoBoth: Labels = ["s": "2", "t": "1", "e": "x"]
        let target: Labels = ["t": "1", "e": "x"]
        inhibitor.update(both, firing: true)
        inhibitor.update(alsoBoth, firing: true)
        #expect(inhibitor.inhibiting(both).isEmpty)
        #expect(inhibitor.inhibiting(alsoBoth).isEmpty)
        #expect(inhibitor.inhibiting(target).count == 1)
        #expect(inhibitor.inhibiting(["t": "1", "e": "y"]).isEmpty)
        inhibitor.update(both, firing: false)
        inhibitor.update(alsoBoth, firing: false)
        #expect(inhibitor.inhibiting(target).isEmpty)
    }

    /// Alertmanager tells nobody of either.
    @Test func circlesSpeak() {
        let rules = [("a", "b"), ("b", "c"), ("c", "a"), ("outside", "b")].map {
            InhibitRule(sourceMatchers: [matcher("k=\($0)")], targetMatchers: [matcher("k=\($1)")], equal: ["e"])
        }
        var inhibitor = Inhibitor(rules)
        for name in ["a", "b", "c"] { inhibitor.update(["k": name, "e": "x"], firing: true) }
        for name in ["a", "b", "c"] { #expect(inhibitor.inhibiting(["k": name, "e": "x"]).isEmpty) }
        // One that speaks itself keeps the whole circle quiet.
        inhibitor.update(["k": "outside", "e": "x"], firing: true)
        for name in ["a", "b", "c"] { #expect(!inhibitor.inhibiting(["k": name, "e": "x"]).isEmpty) }
        inhibitor.update(["k": "outside", "e": "x"], firing: false)
        // A chain is none: the one in the middle keeps the last quiet, though it is quiet itself.
        inhibitor.update(["k": "c", "e": "x"], firing: false)
        #expect(inhibitor.inhibiting(["k": "a", "e": "x"]).isEmpty)
        #expect(inhibitor.inhibiting(["k": "b", "e": "x"]).count == 1)
        #expect(inhibitor.inhibiting(["k": "c", "e": "x"]).count == 1)
    }

    /// An alert for each source, each by its own `equal`; one alert may be two of them.
    @Test func everySourceMustFire() {
        var inhibitor = Inhibitor([
            InhibitRule(
                sources: [
                    .init(matchers: [matcher("s=1")], equal: ["site"]), .init(matchers: [matcher("s=~\"1|2\"")]),
                    .init(matchers: [matcher("s=3")]),
                ], targetMatchers: [matcher("t=1")])
        ])
        let target: Labels = ["t": "1", "site": "x"]
        inhibitor.update(["s": "1", "site": "x"], firing: true)
        #expect(inhibitor.inhibiting(target).isEmpty)
        inhibitor.update(["s": "3"], firing: true)
        #expect(inhibitor.inhibiting(target).count == 2)
        #expect(inhibitor.inhibiting(["t": "1", "site": "y"]).isEmpty)
        inhibitor.update(["s": "2"], firing: true)
        #expect(inhibitor.inhibiting(target).count >= 2)
        inhibitor.update(["s": "3"], firing: false)
        #expect(inhibitor.inhibiting(target).isEmpty)
        inhibitor.update(["s": "3"], firing: true)
        inhibitor.update(["s": "1", "site": "x"], firing: false)
        #expect(inhibitor.inhibiting(target).isEmpty)
    }

    /// A circle through rules of several sources speaks too, and a chain into it does not.
    @Test func circlesOfSeveralSources() {
        func rule(_ sources: [String], _ target: String) -> InhibitRule {
            InhibitRule(
                sources: sources.map { .init(matchers: [matcher("k=\($0)")]) }, targetMatchers: [matcher("k=\(target)")]
            )
        }
        var inhibitor = Inhibitor([rule(["b", "c"], "a"), rule(["a"], "b"), rule(["d"], "c")])
        for name in ["a", "b", "c"] { inhibitor.update(["k": name], firing: true) }
        #expect(inhibitor.inhibiting(["k": "a"]).isEmpty && inhibitor.inhibiting(["k": "b"]).isEmpty)
        inhibitor.update(["k": "d"], firing: true)
        #expect(inhibitor.inhibiting(["k": "c"]).count == 1)
        #expect(inhibitor.inhibiting(["k": "a"]).isEmpty, "b, which only a inhibits, does not make a quiet")
    }

    @Test func labelsAbsentOnBothAreEqual() {
        var inhibitor = Inhibitor([
            InhibitRule(sourceMatchers: [matcher("s=1")], targetMatchers: [matcher("t=1")], equal: ["e"])
        ])
        inhibitor.update(["s": "1"], firing: true)
        #expect(inhibitor.inhibiting(["t": "1"]).count == 1)
        #expect(inhibitor.inhibiting(["t": "1", "e": "x"]).isEmpty)
    }
}

extension Inhibitor {
    /// Adds an alert of our own with these labels that fires, or removes it.
    fileprivate mutating func update(_ labels: Labels, firing: Bool) { update(own(labels), firing: firing) }

    /// The fingerprints of alerts of our own that inhibit one with these labels.
    fileprivate func inhibiting(_ labels: Labels) -> [UInt64] { inhibiting(own(labels)) }
}

/// A firing alert of our own.
private func own(_ labels: Labels) -> Alert { Alert(labels: labels, startsAt: at(0).wall, updatedAt: at(0).wall) }
