import Foundation
import Platform
@testable import Rules
import Testing

struct RuleTestRunnerTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let conformance = root + "/Tests/PromQLTests/Conformance"

    private static func files(_ pattern: String) -> [String] { SystemFiles().glob(pattern) }

    private func failures(_ result: RuleTestRunner.FileResult) -> [String] {
        result.errors + result.tests.flatMap(\.failures)
    }

    /// Without this check a moved folder would make the next two tests pass without a case.
    @Test func filesAreThere() {
        #expect(
            Self.files(Self.conformance + "/*.yaml").count >= 10
                && Self.files(Self.root + "/rules/tests/*.yml").count >= 4)
        #expect(
            !Self.files(Self.conformance + "/newer/*.yaml").isEmpty
                && !Self.files(Self.conformance + "/must_fail/*.yaml").isEmpty)
    }

    @Test(
        arguments: files(conformance + "/*.yaml") + files(conformance + "/newer/*.yaml")
            + files(root + "/rules/tests/*.yml"))
    func passes(file: String) {
        let result = RuleTestRunner(files: SystemFiles()).run(file)
        #expect(result.isSuccess, "\(failures(result).joined(separator: "\n"))")
    }

    @Test(arguments: files(conformance + "/must_fail/*.yaml"))
    func fails(file: String) {
        #expect(!RuleTestRunner(files: SystemFiles()).run(file).isSuccess)
    }

    /// vaultwatch and promtool come to the same verdict on these files: alerts, templates, times and order.
    @Test(arguments: [
        (Self.alerts(summary: "b is down for 1m 30s: 0"), true),
        (Self.alerts(summary: "b is down for 1m 30s: 1"), false),
        (Self.alerts(summary: "b is down for 1m 30s: 0", evalTime: "1m59s"), false),
        (Self.alerts(summary: "b is down for 1m 30s: 0", evalTime: "2m59s"), true),
        (Self.alerts(summary: "b is down for 1m 30s: 0", severity: "low"), false),
        (Self.alerts(summary: "b is down for 1m 30s: 0", expected: "0.5"), false),
        (Self.alerts(summary: "b is down for 1m 30s: 0", key: "evaluation_intervall"), false),
        (Self.alerts(summary: "b is down for 1m 30s: 0", order: "[second, first]"), false),
    ])
    func judgesAsPromtool(test: String, passes: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vaultwatch-rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "t.yml").path
        try Self.rules.write(toFile: folder.appending(path: "r.yml").path, atomically: true, encoding: .utf8)
        try test.write(toFile: path, atomically: true, encoding: .utf8)
        let result = RuleTestRunner(files: SystemFiles()).run(path)
        #expect(result.isSuccess == passes, "\(failures(result).joined(separator: "\n"))")
        let promtool = Process()
        promtool.executableURL = URL(filePath: "/usr/bin/promtool")
        promtool.arguments = ["test", "rules", path]
        promtool.standardOutput = FileHandle.nullDevice
        promtool.standardError = FileHandle.nullDevice
        try promtool.run()
        promtool.waitUntilExit()
        #expect((promtool.terminationStatus == 0) == passes)
    }

    @Test func onlyNamedTestsRun() throws {
        var options = RuleTestRunner.Options()
        options.run = ["^operators/[12]"]
        let all = RuleTestRunner(files: SystemFiles()).run(Self.conformance + "/operators.yaml").tests.map(\.name)
        let some = RuleTestRunner(options, files: SystemFiles()).run(Self.conformance + "/operators.yaml").tests.map(
            \.name)
        #expect(some == all.filter { $0.hasPrefix("operators/1") || $0.hasPrefix("operators/2") })
        #expect(!some.isEmpty && some.count < all.count)
    }

    /// The output is promtool's, since scripts parse it.
    @Test func failuresReadAsPromtools() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "vaultwatch-rules-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Self.rules.write(toFile: folder.appending(path: "r.yml").path, atomically: true, encoding: .utf8)
        let path = folder.appending(path: "t.yml").path
        try Self.alerts(summary: "s", expected: "1234.5").write(toFile: path, atomically: true, encoding: .utf8)
        let result = RuleTestRunner(files: SystemFiles()).run(path)
        #expect(
            failures(result) == [
                """
                    alertname: Down, time: 2m,\(" ")
                        exp:[
                            0:
                              Labels:{alertname="Down", job="b", severity="high"}
                              Annotations:{summary="s"}
                            ],\(" ")
                        got:[
                            0:
                              Labels:{alertname="Down", job="b", severity="high"}
                              Annotations:{summary="b is down for 1m 30s: 0"}
                            ]
                """,
                """
                    expr: "job:up:sum", time: 2m,
                        exp: {__name__="job:up:sum", job="a"} 1E+00, {__name__="job:up:sum", job="b"} 1.2345E+03
                        got: {__name__="job:up:sum", job="a"} 1E+00, {__name__="job:up:sum", job="b"} 0E+00
                """,
            ])
    }

    private static let rules = """
        groups:
          - name: first
            rules:
              - record: job:up:sum
                expr: sum by (job) (up)
          - name: second
            rules:
              - alert: Down
                expr: job:up:sum < 1
                for: 1m
                labels: {severity: high}
                annotations: {summary: "{{ $labels.job }} is down for {{ 90.0 | humanizeDuration }}: {{ $value }}"}
        """

    private static func alerts(
        summary: String, severity: String = "high", expected: String = "0", evalTime: String = "2m",
        key: String = "evaluation_interval", order: String = "[first, second]"
    ) -> String {
        """
        rule_files: [r.yml]
        \(key): 1m
        group_eval_order: \(order)
        tests:
          - name: one
            interval: 30s
            external_labels: {site: s}
            input_series:
              - {series: 'up{job="a"}', values: '1x20'}
              - {series: 'up{job="b", instance="1"}', values: '1 1 0x20'}
            alert_rule_test:
              - eval_time: \(evalTime)
                alertname: Down
                exp_alerts:
                  - exp_labels: {severity: \(severity), job: b}
                    exp_annotations: {summary: "\(summary)"}
              - {eval_time: 1m, alertname: Down, exp_alerts: []}
            promql_expr_test:
              - expr: job:up:sum
                eval_time: 2m
                exp_samples:
                  - {labels: 'job:up:sum{job="a"}', value: 1}
                  - {labels: 'job:up:sum{job="b"}', value: \(expected)}
              - {expr: 'vector(1) + 1', eval_time: 2m, exp_samples: [{labels: '{}', value: 2}]}
        """
    }
}
