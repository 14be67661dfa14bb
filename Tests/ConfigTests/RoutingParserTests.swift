import Dispatching
import Foundation
import Platform
import Samples
import Testing
import TimeZones
import YAML

@testable import Config

struct RoutingParserTests {
    private func parse(_ text: String, receivers: [String] = ["ops", "pager", "team-X"]) throws -> (
        result: RoutingParser.Result?, errors: [String]
    ) {
        let errors = ErrorList()
        var fields = Fields(try Node.parse(text, file: "am.yml"), errors, "the configuration")
        let result = RoutingParser(errors: errors, files: SystemFiles()).parse(
            &fields, receivers: receivers.map { .init(name: $0, integrations: []) })
        fields.finish()
        return (result, errors.errors.map(\.description))
    }

    /// The API and the command line write every matcher in the modern notation, which has a limit.
    @Test(arguments: ["match", "match_re"]) func aMatcherThatCanNotBeWritten(_ key: String) throws {
        for (count, isRight) in [(65_000, true), (65_536, false)] {
            let value = String(repeating: "a", count: count)
            let (_, errors) = try parse("route: {receiver: ops, routes: [{\(key): {severity: \(value)}}]}")
            #expect(errors.isEmpty == isRight, "\(count): \(errors)")
        }
    }

    @Test func aWholeConfiguration() throws {
        let (result, errors) = try parse(
            """
            templates: ['/etc/vaultwatch/*.tmpl']
            route:
              receiver: ops
              group_by: [alertname, cluster]
              group_wait: 30s
              group_interval: 5m
              repeat_interval: 3h
              routes:
                - matchers: [ 'severity="critical"', 'team=~"a|b", x!=y' ]
                  receiver: pager
                  continue: true
                  group_by: ['...']
                  mute_time_intervals: [night]
                - match: {service: db}
                  match_re: {owner: ^(X|Y)$}
                  receiver: team-X
                  active_time_intervals: [office]
            inhibit_rules:
              - source_matchers: [severity="critical"]
                target_match_re: {severity: low|medium}
                equal: [cluster]
            mute_time_intervals:
              - name: night
                time_intervals:
                  - times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '06:00'}]
            time_intervals:
              - name: office
                time_intervals:
                  - weekdays: ['monday:friday']
                    months: ['january:march', '12']
                    days_of_month: ['1:-1']
                    years: ['2026']
                    location: Europe/Berlin
            """)
        #expect(errors.isEmpty)
        let options = try #require(result?.options)
        let tree = RouteTree(options.route)
        #expect(tree.receivers(of: ["severity": "critical", "team": "a"]) == ["pager"])
        #expect(tree.receivers(of: ["service": "db", "owner": "X"]) == ["team-X"])
        #expect(tree.nodes[1].groupBy == .all)
        #expect(tree.nodes[1].repeatInterval == .seconds(3 * 3600))
        #expect(
            options.inhibitRules == [
                InhibitRule(
                    sourceMatchers: [Matcher("severity", equals: "critical")],
                    targetMatchers: [try Matcher("severity", .matches, "^(?:low|medium)$")], equal: ["cluster"])
            ])
        #expect(options.timeIntervals.keys.sorted() == ["night", "office"])
        #expect(options.timeIntervals["office"]?.first?.zone.name == "Europe/Berlin")
        #expect(result?.templates == ["/etc/vaultwatch/*.tmpl"])
    }

    /// Two keys of ours: what alerts from outside may take, and whether they may inhibit ours.
    @Test func whatAlertsFromOutsideMayDo() throws {
        let (result, errors) = try parse(
            """
            route: {receiver: pager}
            external_alerts: {max_alerts: 500, max_bytes: 2MiB, max_alert_bytes: 4KiB}
            inhibit_rules:
              - {source_matchers: [a=b], target_matchers: [c=d], external: true}
              - {source_matchers: [a=b], target_matchers: [c=d]}
            """)
        #expect(errors.isEmpty, "\(errors)")
        let options = try #require(result?.options)
        #expect(options.external.count == 500)
        #expect(options.external.bytes == 2 << 20)
        #expect(options.external.alertBytes == 4096)
        #expect(options.inhibitRules.map(\.external) == [true, false])
        // Alertmanager's tools would refuse it.
        #expect(!RoutingText.write(options).contains("external"))
        let wrong = try parse(
            """
            route: {receiver: pager}
            external_alerts: {max_alerts: -1, max_bytes: 1GiB, other: 1}
            """
        ).errors
        #expect(wrong.count == 3, "\(wrong)")
    }

    @Test func allErrorsAtOnceWithTheirPlaces() throws {
        let (_, errors) = try parse(
            """
            route:
              receiver: opps
              continue: true
              group_by: [a, a]
              group_interval: 0s
              routes:
                - receiver: pagr
                  mute_time_intervals: [nigth]
                  matchers: ['foo']
                  grup_wait: 5s
                - match_re: {a: '('}
                  repeat_interval: soon
            time_intervals:
              - name: night
                time_intervals:
                  - times: [{start_time: '25:00', end_time: '26:00'}]
                    weekdays: [someday]
                    location: Mars/Base
              - name: night
            """)
        let wanted = [
            ":2:13: undefined receiver \"opps\" used in route; did you mean \"ops\"?",
            "cannot have continue in root route", "duplicated label \"a\" in group_by",
            "group_interval cannot be zero", "undefined receiver \"pagr\" used in route; did you mean \"pager\"?",
            "undefined time interval \"nigth\" used in route; did you mean \"night\"?", "bad matcher format: foo",
            "did you mean \"group_wait\"?",
            "invalid regular expression \"(\"", "expected a duration such as 5m", "\"25:00\"",
            "\"someday\" is not a valid weekday", "Mars/Base",
            "time interval \"night\" is not unique",
        ]
        for text in wanted { #expect(errors.contains { $0.contains(text) }, "\(text) in \(errors)") }
        #expect(errors.allSatisfy { $0.hasPrefix("am.yml:") })
    }

    /// The routing that the API returns is parsed to the same routing, by vaultwatch and by amtool.
    @Test func whatIsWrittenReadsBackTheSame() throws {
        let (result, errors) = try parse(
            """
            route:
              receiver: ops
              group_by: ['it''s', b, alertname]
              group_wait: 0s
              repeat_interval: 1d12h
              routes:
                - {}
                - matchers: ['a="x\\ty\\n\\"\\\\z"', 'b=~"c|\\d+"', 'e!~"^f$"']
                  match: {service: db, n: '# no: comment'}
                  match_re: {owner: ^(X|Y)$}
                  receiver: "it's: #1\\t\\u2028"
                  continue: true
                  group_by: ['...']
                  mute_time_intervals: [night, never]
                  routes:
                    - matchers: ['"dotted.näme" = "1"', '"1st"=2']
                      active_time_intervals: [office]
                      group_interval: 90s
                      routes: [{receiver: pager}]
            inhibit_rules:
              - source_matchers: [severity="critical"]
                target_match_re: {severity: low|medium}
                equal: [cluster, node]
              - {}
            time_intervals:
              - {name: never, time_intervals: []}
              - name: night
                time_intervals:
                  - times: [{start_time: '22:00', end_time: '24:00'}, {start_time: '00:00', end_time: '06:30'}]
                  - {}
              - name: office
                time_intervals:
                  - weekdays: ['monday:friday', sunday]
                    months: ['january:march', '12']
                    days_of_month: ['1:-1', '-3:-1']
                    years: ['2026', '2027:2028']
                    location: Europe/Berlin
            """, receivers: ["ops", "pager", "it's: #1\t\u{2028}"])
        #expect(errors == [])
        var options = try #require(result?.options)
        options.resolveTimeout = .seconds(90)
        let text = RoutingText.write(options)
        let found = ErrorList()
        var fields = Fields(try Node.parse(text, file: "original"), found, "the configuration")
        let global = ReceiversParser(
            context: ParsingContext(errors: found, files: SystemFiles(), environment: [:], folder: "/")
        ).global(fields.node("global"))
        let names = fields.list("receivers").compactMap { $0["name"]?.scalar }
        let back = RoutingParser(errors: found, files: SystemFiles()).parse(
            &fields, receivers: names.map { .init(name: $0, integrations: []) })?.options
        fields.finish()
        #expect(found.errors.map(\.description) == [], "\(text)")
        #expect(names == options.receivers.map(\.name))
        #expect(global.resolveTimeout == .seconds(90))
        #expect(back?.route == options.route)
        #expect(back?.inhibitRules == options.inhibitRules)
        #expect(back?.timeIntervals == options.timeIntervals)
    }

    @Test func theRootHasItsOwnRules() throws {
        #expect(try parse("route: {}").errors == ["am.yml:1:8: root route must specify a default receiver"])
        #expect(try parse("templates: []").errors.first?.contains("no route provided") == true)
        #expect(
            try parse("route: {receiver: ops, match: {a: b}}").errors.first?.contains(
                "root route must not have any matchers") == true)
        #expect(try parse("route: {receiver: ops, group_by: ['...', a]}").errors.first?.contains("wildcard") == true)
    }

    /// The same file and labels through Debian's amtool, where it is installed.
    @Test(
        .enabled(
            if: FileManager.default.isExecutableFile(atPath: "/usr/bin/amtool"),
            "needs amtool, which make test installs"))
    func amtoolSaysTheSame() throws {
        let text = """
            route:
              receiver: ops
              group_by: [alertname]
              routes:
                - matchers: [ 'severity="critical"' ]
                  receiver: pager
                  continue: true
                  routes:
                    - match: {team: a}
                    - match_re: {team: 'b|c'}
                      receiver: team-X
                - match: {service: db}
                  match_re: {owner: ^(X|Y)$}
                  receiver: team-X
                  routes:
                    - matchers: [ 'severity=~"low|medium", env!=test' ]
                      receiver: ops
                - matchers: [ 'a="x,y"', b!~"c.*", "service =~ d[bc]" ]
                  receiver: pager
            receivers: [{name: ops}, {name: pager}, {name: team-X}]
            """
        let file = FileManager.default.temporaryDirectory.path + "/routes-\(UUID().uuidString).yml"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        func amtool(_ arguments: [String]) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/amtool")
            process.arguments = ["config", "routes"] + arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            let output = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: output, as: UTF8.self).trimmingCharacters(in: .newlines)
        }
        let errors = ErrorList()
        var fields = Fields(try Node.parse(text, file: file), errors, "the configuration")
        let receivers = fields.list("receivers").compactMap { $0["name"]?.scalar }.map {
            DispatchOptions.Receiver(name: $0, integrations: [])
        }
        let options = try #require(
            RoutingParser(errors: errors, files: SystemFiles()).parse(&fields, receivers: receivers)?.options)
        let tree = RouteTree(options.route)
        #expect(try amtool(["show", "--config.file=" + file]) == tree.show().trimmingCharacters(in: .newlines))
        for severity in ["", "critical", "low", "medium"] {
            for (more, env) in [
                ("team=a", ""), ("team=c", "test"), ("service=db owner=X", "test"), ("service=db owner=Y", "prod"),
                ("a=x,y service=dc", ""), ("b=cc", ""),
            ] {
                var labels: [String: String] = [:]
                for pair in (more + " severity=" + severity + " env=" + env).split(separator: " ") {
                    let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                    if parts.count == 2 { labels[parts[0]] = parts[1] }
                }
                let arguments = labels.map { "\($0.key)=\($0.value)" }
                let theirs = try amtool(["test", "--config.file=" + file, "--tree"] + arguments)
                let set = Labels(labels)
                let ours = tree.show(matching: set) + "\n\n" + tree.matching(set).map(\.receiver).joined(separator: ",")
                #expect(theirs == ours, "\(labels)")
            }
        }
    }
}
