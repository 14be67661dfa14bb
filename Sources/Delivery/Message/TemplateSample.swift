import Alerts
import FoundationEssentials
package import GoTemplate
package import Samples

/// Data for rendering templates without an alert, in the form of a webhook's body.
/// Source: pkg.go.dev/github.com/prometheus/alertmanager/template, `Data`; amtool, `template render`.
package struct TemplateSample: Sendable {
    struct Sample: Codable, Sendable {
        struct Alert: Codable, Sendable {
            var status: String?
            var labels: [String: String]?
            var annotations: [String: String]?
            var startsAt: String?
            var endsAt: String?
            var generatorURL: String?
            var fingerprint: String?
        }
        /// An incident in the form of webhooks: its alerts by their fingerprints.
        struct Incident: Codable, Sendable {
            var id: String?
            var cause: String
            var consequences: [String]?
            var startsAt: String?
        }
        var receiver: String?
        var status: String?
        var incidents: [Incident]?
        var alerts: [Alert]?
        var groupLabels: [String: String]?
        var commonLabels: [String: String]?
        var commonAnnotations: [String: String]?
        var externalURL: String?
        var groupKey: String?
        var truncatedAlerts: Int?
    }

    private let data: Sample
    /// The value of `.ExternalURL`; empty if the sample has none.
    package var externalURL: String { data.externalURL ?? "" }

    /// - Throws: what `JSONDecoder` says.
    package init(json bytes: [UInt8]) throws { data = try JSONDecoder().decode(Sample.self, from: Data(bytes)) }

    private init(_ data: Sample) { self.data = data }

    /// The sample that amtool uses when no data is given.
    package static func made(now: Timestamp) -> TemplateSample {
        let labels = ["commonlabelkey1": "commonlabelvalue1", "commonlabelkey2": "commonlabelvalue2"]
        let annotations = [
            "commonannotationkey1": "commonannotationvalue1", "commonannotationkey2": "commonannotationvalue2",
        ]
        func alert(_ number: Int, minutes: Int, _ ownLabels: [String: String], _ ownAnnotations: [String: String])
            -> Sample.Alert
        {
            .init(
                status: "alertstatus", labels: labels.merging(ownLabels) { old, _ in old },
                annotations: annotations.merging(ownAnnotations) { old, _ in old },
                startsAt: (now - .seconds(minutes * 60)).rfc3339, endsAt: now.rfc3339,
                generatorURL: "https://generatorurl.com",
                fingerprint: "fingerprint\(number)")
        }
        return TemplateSample(
            Sample(
                receiver: "receiver", status: "alertstatus",
                alerts: [
                    alert(
                        1, minutes: 5, ["label1": "value1", "label2": "value2", "instance": "foo.bar:1234"],
                        ["annotation1": "value1", "annotation2": "value2"]),
                    alert(2, minutes: 10, ["foo": "bar", "baz": "qux"], ["aaa": "bbb", "ccc": "ddd"]),
                ], groupLabels: ["grouplabelkey1": "grouplabelvalue1", "grouplabelkey2": "grouplabelvalue2"],
                commonLabels: labels,
                commonAnnotations: annotations, externalURL: "https://example.com"))
    }

    var value: TemplateValue {
        let all = (data.alerts ?? []).map { ($0.status ?? "", TemplateSample.value($0)) }
        let list = TemplateData.alerts(
            all.map(\.1), firing: all.filter { $0.0 == "firing" }.map(\.1),
            resolved: all.filter { $0.0 == "resolved" }.map(\.1))
        let incidentTexts = self.incidentTexts
        let samples = (data.alerts ?? []).map { TemplateSample.alert($0) }
        let (firing, resolved) = (alerts("firing"), alerts("resolved"))
        let isPlain = firing.isEmpty && resolved.isEmpty
        let title = MessageTitle(sample: isPlain ? samples : firing, resolved, incidentTexts)
        let singles = IncidentText.alerts(isPlain ? samples : firing + resolved, outside: incidentTexts).map {
            IncidentText(
                .init(id: nil, startsAt: $0.startsAt, cause: $0, consequences: []), at: TemplateSample.decidedAt)
        }
        let tellings = (incidentTexts + singles).map { Telling($0, in: nil, externalURL: externalURL) }
        let others = zip(data.alerts ?? [], all).filter { sample, _ in
            !incidentTexts.contains { $0.tells(TemplateSample.alert(sample)) }
        }.map(\.1)
        var fields: [String: TemplateValue] = [
            "Receiver": .string(data.receiver ?? ""), "Status": .string(data.status ?? ""), "Alerts": list,
            "GroupLabels": AlertmanagerFunctions.keyValues(data.groupLabels ?? [:]),
            "CommonLabels": AlertmanagerFunctions.keyValues(data.commonLabels ?? [:]),
            "CommonAnnotations": AlertmanagerFunctions.keyValues(data.commonAnnotations ?? [:]),
            "ExternalURL": .string(externalURL),
            "GroupKey": .string(data.groupKey ?? ""), "TruncatedAlerts": .int(Int64(data.truncatedAlerts ?? 0)),
            "StillFiring": .list(TemplateList([], typeName: "[]template.Alert")),
            "NotificationReason": .string(""),
            "Acknowledgements": .strings([]), "Answering": .strings([]), "StillLines": .strings([]),
            "Untold": .int(Int64(data.truncatedAlerts ?? 0)),
            "Headline": TemplateData.headline(firing, samples, incidentTexts),
            "OtherAlerts": TemplateData.alerts(
                others.map(\.1), firing: others.filter { $0.0 == "firing" }.map(\.1),
                resolved: others.filter { $0.0 == "resolved" }.map(\.1)),
        ]
        fields.merge(
            TemplateData.incidents(incidentTexts, TemplateSample.decidedAt, externalURL: externalURL)
        ) { own, _ in own }
        fields.merge(TemplateData.told(tellings, title, nil, externalURL)) { own, _ in own }
        return .object(TemplateObject(typeName: "*template.Data", fields: fields))
    }

    private func alerts(_ status: String) -> [Alert] {
        (data.alerts ?? []).filter { $0.status == status }.map { TemplateSample.alert($0) }
    }

    /// After every end that an alert of the sample may have.
    private static let decidedAt = Timestamp(milliseconds: .max)

    private var incidentTexts: [IncidentText] {
        let alerts = Dictionary((data.alerts ?? []).map { ($0.fingerprint ?? "", TemplateSample.alert($0)) }) {
            old, _ in
            old
        }
        return (data.incidents ?? []).compactMap { sample in
            let consequences = (sample.consequences ?? []).compactMap { alerts[$0] }
            guard let cause = alerts[sample.cause], !consequences.isEmpty else { return nil }
            return IncidentText(
                .init(
                    id: sample.id.flatMap { UInt64($0) },
                    startsAt: sample.startsAt.flatMap { Timestamp(rfc3339: $0) } ?? cause.startsAt, cause: cause,
                    consequences: consequences),
                at: TemplateSample.decidedAt)
        }
    }

    private static func alert(_ sample: Sample.Alert) -> Alert {
        let startsAt = sample.startsAt.flatMap { Timestamp(rfc3339: $0) } ?? Timestamp(milliseconds: 0)
        return Alert(
            labels: Labels(sample.labels ?? [:]), annotations: sample.annotations ?? [:], startsAt: startsAt,
            endsAt: sample.status == "resolved" ? sample.endsAt.flatMap { Timestamp(rfc3339: $0) } ?? startsAt : nil,
            updatedAt: startsAt, generatorURL: sample.generatorURL ?? "")
    }

    private static func value(_ alert: Sample.Alert) -> TemplateValue {
        func time(_ text: String?) -> TemplateValue {
            .time(text.flatMap { Timestamp(rfc3339: $0) }.map { TemplateTime($0) } ?? .zero)
        }
        return .object(
            TemplateObject(
                typeName: "template.Alert",
                fields: [
                    "Status": .string(alert.status ?? ""),
                    "Labels": AlertmanagerFunctions.keyValues(alert.labels ?? [:]),
                    "Annotations": AlertmanagerFunctions.keyValues(alert.annotations ?? [:]),
                    "StartsAt": time(alert.startsAt), "EndsAt": time(alert.endsAt),
                    "GeneratorURL": .string(alert.generatorURL ?? ""), "Fingerprint": .string(alert.fingerprint ?? ""),
                    "Ending": .string(
                        alert.status == "resolved" ? MessageTitle.end(TemplateSample.alert(alert)) : ""),
                ]))
    }
}

extension Composer {
    /// Expands a template over a sample's data.
    /// - Throws: `TemplateError`.
    package func render(_ template: String, _ sample: TemplateSample, escapesHTML: Bool, now: Timestamp)
        throws(TemplateError) -> String
    {
        try set(escapesHTML: escapesHTML, now: now).expand(template, name: "", sample.value)
    }
}
