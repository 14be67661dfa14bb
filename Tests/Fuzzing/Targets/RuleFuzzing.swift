import Alerts
import GoTemplate
import Platform
import PromQL
import Rules
import Samples
import Store
import Synchronization
import Telemetry
import YAML

// Foundation has an Expression as well.
private typealias Expression = PromQL.Expression

/// A small store, and evaluations that are over after some thousand turns.
enum SmallStore {
    /// Every 30 s for 20 minutes from the epoch.
    static let store: Store = {
        let store = Store(options: StoreOptions(), registry: Registry())
        var samples: [Sample] = []
        for step in 0..<40 {
            let at = Timestamp(milliseconds: Int64(step) * 30_000)
            for i in 0..<3 {
                samples.append(Sample(Labels(name: "a", ["i": "\(i)"]), Double(step * i), at: at))
                samples.append(
                    Sample(
                        Labels(name: "c_bucket", ["le": ["1", "2.5", "+Inf"][i]]), Double(step * (i + 1)), at: at))
            }
            let extremes: [Double] = [.nan, .infinity, -.infinity, 1e308, -1e308, 0, -0.0, .leastNonzeroMagnitude]
            samples.append(Sample(Labels(name: "extreme"), extremes[step % 8], at: at))
        }
        store.append(samples)
        return store
    }()

    struct Source: SampleSource {
        func select(_ matchers: [Matcher], start: Int64, end: Int64) throws -> [Series] {
            SmallStore.store.select(matchers, start: start, end: end)
        }
    }

    static func limits(turns: Int = 3000) -> EvaluationLimits {
        var limits = EvaluationLimits()
        limits.samples = 100_000
        limits.series = 1000
        limits.steps = 500
        let counter = Counter()
        limits.isOverdue = { counter.next() > turns }
        return limits
    }
}

/// The two languages of rule files, and the files.
enum RuleFuzzing {
    /// What parses means the same after it was printed, and is evaluated at one time and over a range.
    static func promQL(_ bytes: [UInt8]) throws {
        guard bytes.count <= 4096, let expression = try? Expression.parse(String(decoding: bytes, as: UTF8.self)) else {
            return
        }
        let printed = expression.description
        guard let again = try? Expression.parse(printed), again.description == printed else {
            throw FuzzFinding("\(printed) can't be read again, or is then another")
        }
        let evaluator = Evaluator(source: SmallStore.Source(), limits: SmallStore.limits())
        for seconds in [600.0, 0, -1e15] {
            _ = try? evaluator.instant(expression, at: Timestamp(seconds: seconds))
        }
        guard
            let series = try? evaluator.range(
                expression, start: Timestamp(seconds: 0), end: Timestamp(seconds: 1200), step: .seconds(120))
        else { return }
        guard Set(series.map(\.labels)).count == series.count else { throw FuzzFinding("two series have equal labels") }
    }

    /// The groups of a file are linted and evaluated thrice, their state stored and restored between.
    static func file(_ bytes: [UInt8]) throws {
        guard bytes.count <= 16384 else { return }
        let errors = ErrorList()
        let groups = RuleFile.parse(bytes, file: "rules.yml", checksTemplates: true, errors: errors)
        _ = errors.errors.map(\.description)
        _ = RuleSet(groups).findings().map(\.description)
        var context = RuleContext(source: SmallStore.Source())
        context.externalLabels = ["dc": "eu"]
        for group in groups.prefix(8) where group.rules.count <= 16 {
            var evaluator = GroupEvaluator(group)
            for seconds in [300.0, 330, 1_000_000_000] {
                context.limits = SmallStore.limits(turns: 300)
                let now = Timestamp(seconds: seconds)
                _ = evaluator.evaluate(at: now, context)
                let saved = evaluator.saved(at: now)
                evaluator = GroupEvaluator(group)
                evaluator.restore(saved, now: now + .seconds(10))
            }
            _ = evaluator.ends(at: Timestamp(seconds: 400))
        }
    }

    /// A message's data, as far as templates use them.
    private static let data: TemplateValue = {
        func pairs(_ values: [String: String]) -> TemplateValue {
            .map(TemplateMap(values.mapValues { .string($0) }, zero: .string("")))
        }
        let time = TemplateTime(Timestamp(milliseconds: 1_767_323_045_678))
        let alert = TemplateValue.object(
            TemplateObject(
                typeName: "template.Alert",
                ordered: [
                    ("Status", .string("firing")), ("Labels", pairs(["alertname": "A", "i": "1"])),
                    ("Annotations", pairs(["summary": "<b>&\u{1F600}\\\""])), ("StartsAt", .time(time)),
                    ("EndsAt", .time(time)), ("GeneratorURL", .string("javascript:alert(1)")),
                ]))
        return .object(
            TemplateObject(
                typeName: "template.Data",
                ordered: [
                    ("Status", .string("firing")), ("Alerts", .list(TemplateList([alert, alert, alert]))),
                    ("CommonLabels", pairs(["alertname": "A"])), ("GroupLabels", pairs([:])),
                    ("ExternalURL", .string("https://alerts.example")), ("GroupKey", .string("{}:{}")),
                    ("TruncatedAlerts", .int(.max)),
                ]))
    }()
    private static let functions = PrometheusFunctions.table(
        now: Timestamp(seconds: 600), externalURL: "https://alerts.example"
    ) { text in
        let evaluator = Evaluator(source: SmallStore.Source(), limits: SmallStore.limits(turns: 100))
        let value = try evaluator.instant(Expression.parse(text), at: Timestamp(seconds: 600))
        guard case .vector(let elements) = value else { return [] }
        return elements.map { Sample($0.labels, $0.value, at: Timestamp(seconds: 600)) }
    }

    /// As an annotation of a rule, as a text of a receiver, and as HTML.
    static func template(_ bytes: [UInt8]) throws {
        guard bytes.count <= 4096 else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        let set = TemplateSet(
            functions: functions, options: TemplateOptions(outputLimit: 1 << 16, stepLimit: 20_000))
        for value in [1.5, .nan, -.infinity, 1e308, -9.3e18] {
            let data: [(name: String, value: TemplateValue)] = [
                ("$labels", .labels(["alertname": "A", "i": "1"])), ("$value", .float(value)),
                ("$externalURL", .string("https://alerts.example")),
            ]
            _ = try? set.expand(
                text, name: "annotation",
                .object(
                    TemplateObject(
                        typeName: "template.Data", ordered: [("Labels", data[0].value), ("Value", data[1].value)])),
                variables: data)
        }
        for escapesHTML in [false, true] {
            let set = TemplateSet(
                functions: messageFunctions,
                options: TemplateOptions(escapesHTML: escapesHTML, outputLimit: 1 << 16, stepLimit: 20_000))
            _ = try? set.expand(text, name: "message", data)
        }
    }

    private static let messageFunctions = AlertmanagerFunctions.table(
        now: Timestamp(milliseconds: 1_767_323_045_000)
    ) { name, _ in name.hasPrefix("E") ? TemplateTime.Zone(offsetSeconds: 3600, abbreviation: "CET") : nil }
}
