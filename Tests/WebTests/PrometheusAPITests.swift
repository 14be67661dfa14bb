import Exposition
import Foundation
import Samples
import Synchronization
import TestServers
import Testing
import Text

@testable import Web

struct PrometheusAPITests {
    private static let series: [Labels] = [
        ["__name__": "up", "job": "vault", "instance": "a"], ["__name__": "up", "job": "vault", "instance": "b\"<x>"],
        ["__name__": "age_seconds", "job": "pg"],
    ]

    private func scripted() -> Scripted {
        var scripted = Scripted()
        scripted.sources.query = { (expression, at, _) throws(QueryError) in
            switch expression {
            case "scalar": return .scalar(Point(t: at.milliseconds, v: 1.5))
            case "text": return .string("héllo \"\\\n", at: at)
            case "up":
                return .vector(
                    zip(PrometheusAPITests.series, [1, .nan, -.infinity]).map { ($0, Point(t: at.milliseconds, v: $1)) }
                )
            default: throw QueryError(.badData, "1:1: parse error: unexpected <\(expression)>")
            }
        }
        scripted.sources.queryRange = { (expression, start, end, step, _) throws(QueryError) in
            if expression == "slow" { throw QueryError(.timeout, "query timed out in expression evaluation") }
            var points: [Point] = []
            var t = start.milliseconds
            while t <= end.milliseconds {
                points.append(Point(t: t, v: Double(points.count)))
                t += step.milliseconds
            }
            return .matrix([Series(PrometheusAPITests.series[0], points)])
        }
        scripted.sources.parseSelector = { (text) throws(QueryError) in
            guard text == "up" else { throw QueryError(.badData, "1:2: parse error: bad selector") }
            return [Matcher("__name__", equals: "up")]
        }
        scripted.sources.series = { (sets, _, _, _) throws(QueryError) in
            PrometheusAPITests.series.filter { labels in sets.contains { $0.allSatisfy { $0.matches(labels) } } }
        }
        return scripted
    }

    /// The texts are those that Debian's Prometheus answers with.
    @Test(arguments: [
        (0.000013151310570538045, "0.000013151310570538045"), (-5.5e-6, "-0.0000055"), (1e-6, "0.000001"),
        (9.5e-7, "9.5e-07"), (1e-4, "0.0001"), (0, "0"), (1e20, "100000000000000000000"), (1e21, "1e+21"),
        (.infinity, "+Inf"), (.nan, "NaN"),
    ])
    func samplesAreWrittenAsPrometheusDoes(_ value: Double, _ text: String) {
        let bytes = JSONWriter.document { $0.point(1_500, value) }
        #expect(String(decoding: bytes, as: UTF8.self) == "[1.5,\"\(text)\"]")
    }

    @Test func instantQueriesOfEveryType() async throws {
        let scripted = scripted()
        #expect(
            await scripted.get("/api/v1/query?query=scalar&time=1435781451.781") == (
                200, #"{"status":"success","data":{"resultType":"scalar","result":[1435781451.781,"1.5"]}}"#
            ))
        let text = await scripted.get("/api/v1/query?query=text&time=2015-07-01T20:10:51.781Z")
        #expect(
            try canonicalJSON(text.text)
                == canonicalJSON(
                    #"{"status":"success","data":{"resultType":"string","result":[1435781451.781,"héllo \"\\\n"]}}"#))
        let vector = await scripted.form("/api/v1/query", "query=up&time=1435781451")
        #expect(
            try canonicalJSON(vector.text)
                == canonicalJSON(
                    #"""
                    {"status":"success","data":{"resultType":"vector","result":[
                    {"metric":{"__name__":"up","instance":"a","job":"vault"},"value":[1435781451,"1"]},
                    {"metric":{"__name__":"up","instance":"b\"<x>","job":"vault"},"value":[1435781451,"NaN"]},
                    {"metric":{"__name__":"age_seconds","job":"pg"},"value":[1435781451,"-Inf"]}]}}
                    """#))
        #expect(await scripted.get("/api/v1/query?query=scalar").text.contains("[1767323045,\"1.5\"]"))
    }

    /// What newer clients of Prometheus ask for; what means nothing here is answered as an empty Prometheus would.
    @Test(arguments: [
        ("/api/v1/format_query?query=up", 200, #""data":"<up>""#),
        ("/api/v1/format_query?query=bad(", 400, #""errorType":"bad_data""#),
        ("/api/v1/parse_query?query=up", 200, #""data":["<up>"]"#),
        ("/api/v1/parse_query?query=bad(", 400, #""errorType":"bad_data""#),
        ("/api/v1/parse_query", 400, #""errorType":"bad_data""#),
        ("/api/v1/format_query", 400, #""errorType":"bad_data""#),
        ("/api/v1/alertmanagers", 200, #""data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}"#),
        ("/api/v1/notifications", 200, #""data":[]"#), ("/api/v1/scrape_pools", 200, #""data":{"scrapePools":[]}"#),
        ("/api/v1/features", 200, #""format_query":true"#),
    ]) func endpointsOfPrometheus3(_ target: String, _ status: Int, _ part: String) async throws {
        var scripted = scripted()
        scripted.sources.formatQuery = { (text) throws(QueryError) in
            if text == "bad(" { throw QueryError(.badData, "1:4: parse error") }
            return "<\(text)>"
        }
        scripted.sources.parseQuery = { (text) throws(QueryError) in
            if text == "bad(" { throw QueryError(.badData, "1:4: parse error") }
            return { json in json.array { $0.string("<\(text)>") } }
        }
        let answer = await scripted.get(target)
        #expect(
            answer.status == status && answer.text.contains(part.replacing("<up>", with: "\\u003cup\\u003e")),
            "\(answer.text)")
        _ = try canonicalJSON(answer.text)
    }

    @Test func rangeQueries() async throws {
        let answer = await scripted().get("/api/v1/query_range?query=up&start=100&end=130.5&step=15s")
        #expect(
            try canonicalJSON(answer.text)
                == canonicalJSON(
                    #"""
                    {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","instance":"a","job":"vault"},"values":[[100,"0"],[115,"1"],[130,"2"]]}]}}
                    """#))
    }

    @Test(arguments: [
        (
            "/api/v1/query", 400, "bad_data",
            "invalid parameter \"query\": unknown position: parse error: no expression found in input"
        ),
        ("/api/v1/query?query=(", 400, "bad_data", "1:1: parse error: unexpected <(>"),
        (
            "/api/v1/query?query=up&time=yesterday", 400, "bad_data",
            "invalid parameter \"time\": cannot parse \"yesterday\" to a valid timestamp"
        ),
        (
            "/api/v1/query?query=up&time=NaN", 400, "bad_data",
            "invalid parameter \"time\": cannot parse \"NaN\" to a valid timestamp"
        ),
        (
            "/api/v1/query?query=up&timeout=x", 400, "bad_data",
            "invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"
        ),
        (
            "/api/v1/query_range?query=up&end=1&step=1", 400, "bad_data",
            "invalid parameter \"start\": cannot parse \"\" to a valid timestamp"
        ),
        (
            "/api/v1/query_range?query=up&start=2&end=1&step=1", 400, "bad_data",
            "invalid parameter \"end\": end timestamp must not be before start time"
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=2&step=0", 400, "bad_data",
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=2&step=1e-9", 400, "bad_data",
            "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"
        ),
        (
            "/api/v1/query_range?query=up&start=1&end=2&step=Inf", 400, "bad_data",
            "invalid parameter \"step\": cannot parse \"Inf\" to a valid duration"
        ),
        (
            "/api/v1/query_range?query=up&start=0&end=11001&step=1", 400, "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        ),
        (
            "/api/v1/query_range?query=up&start=-9e15&end=9e15&step=1", 400, "bad_data",
            "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"
        ),
        (
            "/api/v1/query_range?query=slow&start=1&end=2&step=1", 503, "timeout",
            "query timed out in expression evaluation"
        ),
        ("/api/v1/series", 400, "bad_data", "no match[] parameter provided"),
        ("/api/v1/series?match[]=!", 400, "bad_data", "invalid parameter \"match[]\": 1:2: parse error: bad selector"),
        (
            "/api/v1/series?match[]=up&limit=-1", 400, "bad_data",
            "invalid parameter \"limit\": cannot parse \"-1\" to a valid limit"
        ),
        ("/api/v1/label//values", 400, "bad_data", "invalid label name: \"\""),
        ("/api/v1/rules?type=other", 400, "bad_data", "invalid parameter \"type\": not supported value \"other\""),
        ("/api/v1/status/config", 404, "not_found", "the configuration is not shown"),
    ])
    func errors(_ target: String, _ status: Int, _ kind: String, _ message: String) async throws {
        let answer = await scripted().get(target)
        #expect(answer.status == status)
        let expected = try JSONSerialization.data(
            withJSONObject: ["status": "error", "errorType": kind, "error": message], options: .sortedKeys)
        #expect(try canonicalJSON(answer.text) == String(decoding: expected, as: UTF8.self))
    }

    @Test func labelsAndSeries() async throws {
        let scripted = scripted()
        #expect(
            await scripted.get("/api/v1/labels").text == #"{"status":"success","data":["__name__","instance","job"]}"#)
        #expect(
            await scripted.form(
                "/api/v1/labels",
                "match[]=up&start=-292273086-05-16T16:47:06Z&end=%2B292277025-08-18T07:12:54.999999999Z"
            ).text == #"{"status":"success","data":["__name__","instance","job"]}"#)
        #expect(
            await scripted.get("/api/v1/label/__name__/values").text
                == #"{"status":"success","data":["age_seconds","up"]}"#)
        #expect(
            await scripted.get("/api/v1/label/job/values?match[]=up&limit=1").text
                == #"{"status":"success","data":["vault"]}"#)
        let series = await scripted.get("/api/v1/series?match%5B%5D=up&limit=1")
        #expect(series.text == #"{"status":"success","data":[{"__name__":"up","instance":"a","job":"vault"}]}"#)
    }

    @Test func rulesAndTheirAlerts() async throws {
        var scripted = scripted()
        var sealed = RuleView(
            name: "VaultSealed", query: "vault_node_sealed == 1", labels: ["severity": "critical"],
            kind: .alerting(
                .init(
                    hold: .seconds(10), keepFiring: .zero,
                    annotations: ["summary": "{{ $labels.node }} is sealed"],
                    alerts: [
                        AlertView(
                            labels: ["alertname": "VaultSealed", "node": "v1"],
                            annotations: ["summary": "v1 is sealed"], state: .firing,
                            activeAt: Scripted.now, value: 12.5)
                    ])),
            health: .err, lastError: "boom")
        (sealed.series, sealed.samples, sealed.readsNothing) = (3, 180, true)
        let recording = RuleView(
            name: "job:up:sum", query: "sum by (job) (up)", kind: .recording, health: .ok,
            evaluationTime: 0.001, lastEvaluation: Scripted.now)
        let group = RuleGroupView(
            name: "g", file: "/r/vault.yml", interval: .seconds(5), rules: [recording, sealed])
        scripted.sources.ruleGroups = { { [group] } }
        let all = await scripted.get("/api/v1/rules")
        #expect(
            try canonicalJSON(all.text)
                == canonicalJSON(
                    #"""
                    {"status":"success","data":{"groups":[{"name":"g","file":"/r/vault.yml","interval":5,"limit":0,"evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","lateness":0,"rules":[
                    {"name":"job:up:sum","query":"sum by (job) (up)","health":"ok","evaluationTime":0.001,"lastEvaluation":"2026-01-02T03:04:05Z","type":"recording","lastSeriesFetched":0,"lastSamplesFetched":0},
                    {"state":"firing","name":"VaultSealed","query":"vault_node_sealed == 1","duration":10,"keepFiringFor":0,"labels":{"severity":"critical"},
                    "annotations":{"summary":"{{ $labels.node }} is sealed"},"health":"err","lastError":"boom","evaluationTime":0,"lastEvaluation":"0001-01-01T00:00:00Z","type":"alerting","lastSeriesFetched":3,"lastSamplesFetched":180,"readsNothing":true,
                    "alerts":[{"labels":{"alertname":"VaultSealed","node":"v1"},"annotations":{"summary":"v1 is sealed"},"state":"firing","activeAt":"2026-01-02T03:04:05Z","value":"1.25e+01"}]}]}]}}
                    """#))
        #expect(!(await scripted.get("/api/v1/rules?type=alert").text.contains("job:up:sum")))
        #expect(
            await scripted.get("/api/v1/rules?rule_name[]=nobody").text == #"{"status":"success","data":{"groups":[]}}"#
        )
        #expect(await scripted.get("/api/v1/rules?exclude_alerts=true").text.contains(#""alerts":[]"#))
        #expect(await scripted.get("/api/v1/alerts").text.contains(#""value":"1.25e+01""#))
    }

    @Test(
        arguments: [
            (0, "0e+00"), (1, "1e+00"), (0.001, "1e-03"), (-123456, "-1.23456e+05"), (1e100, "1e+100"),
            (2.5e-300, "2.5e-300"), (.nan, "NaN"), (.infinity, "+Inf"), (1e16, "1e+16"), (0.1, "1e-01"),
        ] as [(Double, String)])
    func goExponents(_ value: Double, _ text: String) { #expect(WebService.goExponent(value) == text) }

    @Test func targetsMetadataAndStatus() async throws {
        var scripted = scripted()
        scripted.sources.targets = {
            {
                [
                    TargetView(
                        pool: "vault", url: "https://v1:8200", labels: ["node": "v1"], health: .down,
                        lastError: "connect: refused", lastProbe: Scripted.now, duration: 0.25, interval: .seconds(5),
                        timeout: .seconds(4))
                ]
            }
        }
        scripted.sources.families = {
            {
                [MetricFamily("up", .untyped, help: "Up."), MetricFamily("x_total", .counter, help: "X \"quoted\".")]
                    .map(
                        FamilySource.init)
            }
        }
        scripted.sources.configuration = {
            ConfigurationView(text: "vault: <secret>\n", path: "/v.yml", loadedAt: Scripted.now)
        }
        scripted.sources.flags = { ["web.listen-address": ":9321"] }
        let targets = await scripted.get("/api/v1/targets?state=active")
        #expect(
            try canonicalJSON(targets.text)
                == canonicalJSON(
                    #"""
                    {"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"https://v1:8200"},"labels":{"node":"v1"},"scrapePool":"vault","scrapeUrl":"https://v1:8200","globalUrl":"https://v1:8200","lastError":"connect: refused","lastScrape":"2026-01-02T03:04:05Z","lastScrapeDuration":0.25,"health":"down","scrapeInterval":"5s","scrapeTimeout":"4s"}],"droppedTargets":[]}}
                    """#))
        #expect(
            await scripted.get("/api/v1/metadata?metric=x_total").text
                == #"{"status":"success","data":{"x_total":[{"type":"counter","help":"X \"quoted\".","unit":""}]}}"#)
        #expect(await scripted.get("/api/v1/metadata?limit=1").text.contains("x_total") == false)
        #expect(
            await scripted.get("/api/v1/status/config").text
                == #"{"status":"success","data":{"yaml":"vault: \u003csecret\u003e\n"}}"#)
        #expect(
            await scripted.get("/api/v1/status/flags").text
                == #"{"status":"success","data":{"web.listen-address":":9321"}}"#)
        for path in ["buildinfo", "runtimeinfo", "tsdb"] {
            let answer = await scripted.get("/api/v1/status/\(path)")
            #expect(answer.status == 200)
            _ = try canonicalJSON(answer.text)
        }
        #expect(
            await scripted.get("/api/v1/status/tsdb").text.contains(
                #""seriesCountByMetricName":[{"name":"up","value":2},{"name":"age_seconds","value":1}]"#))
    }

    @Test func theEstateCanBeReadBack() async throws {
        var scripted = Scripted()
        let status = EstateStatus(
            version: "1", startedAt: "a", now: "b",
            sections: [
                .init(title: "T", targets: [.init(name: "n", health: .critical, state: "sealed", seconds: 0.1)])
            ],
            receivers: [.init(name: "r", integration: "email/0", health: .ok)])
        scripted.sources.status = { { status } }
        let answer = await scripted.get("/api/v1/vaultwatch/status")
        #expect(try JSONDecoder().decode(EstateStatus.self, from: Data(answer.text.utf8)) == status)
        #expect(status.health == .critical)
    }

    /// promtool as a client; what it prints, it has parsed.
    @Test func promtoolUnderstandsUs() async throws {
        try await scripted().serve { url in
            let instant = try await run("/usr/bin/promtool", ["query", "instant", url, "up"])
            #expect(instant.output.contains(#"up{instance="a", job="vault"} => 1 @["#), "\(instant.output)")
            #expect(instant.status == 0)
            let scalar = try await run("/usr/bin/promtool", ["query", "instant", url, "scalar"])
            #expect(scalar.output.contains("scalar: 1.5 @["), "\(scalar.output)")
            let bad = try await run("/usr/bin/promtool", ["query", "instant", url, "nonsense"])
            #expect(bad.output.contains("bad_data: 1:1: parse error: unexpected <nonsense>"), "\(bad.output)")
            #expect(bad.status != 0)
            let range = try await run(
                "/usr/bin/promtool", ["query", "range", "--start=100", "--end=130", "--step=15s", url, "up"])
            #expect(range.output.contains("0 @[100]\n1 @[115]\n2 @[130]"), "\(range.output)")
            let labels = try await run("/usr/bin/promtool", ["query", "labels", url, "job"])
            #expect(labels.output == "pg\nvault\n")
            let series = try await run("/usr/bin/promtool", ["query", "series", "--match=up", url])
            #expect(series.output.contains(#"{__name__="up", instance="a", job="vault"}"#), "\(series.output)")
        }
    }
}
