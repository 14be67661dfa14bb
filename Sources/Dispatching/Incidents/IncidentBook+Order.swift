import Alerts
import Samples
import Text

extension IncidentBook {
    /// The record with its cause first, the others by start time, and each with the member that explains it.
    static func sorted(_ record: IncidentRecord, toldAs labels: Labels? = nil) -> IncidentRecord {
        let firing = record.members.filter { $0.alert.endsAt == nil }
        let candidates = firing.isEmpty ? record.members : firing
        guard let cause = cause(among: candidates, toldAs: labels, first: record.members.first) else { return record }
        var sorted = record
        let byName = Dictionary(grouping: record.members, by: \.alert.name)
        sorted.members = record.members.map { member in
            var member = member
            member.explainedBy =
                member.id == cause.id ? nil : explainer(of: member, among: byName, cause: cause)
            return member
        }.sorted { a, b in
            if (a.id == cause.id) != (b.id == cause.id) { return a.id == cause.id }
            return (a.alert.startsAt, a.alert.labels) < (b.alert.startsAt, b.alert.labels)
        }
        return sorted
    }

    /// The first of its rule's causes that is a member, preferring one that fired at the same time.
    private static func explainer(
        of member: IncidentMember, among byName: [String: [IncidentMember]], cause: IncidentMember
    ) -> UInt64? {
        for explanation in member.alert.explanations {
            let found = (byName[explanation.alertName] ?? []).filter {
                $0.id != member.id && explanation.holds(between: $0.alert.labels, and: member.alert.labels)
            }
            // Two alerts that explain each other, or that the cause explains both, must not hide the cause.
            if let chosen = found.first(where: { $0.id == cause.id }) ?? found.first(where: { overlaps($0, member) })
                ?? found.first
            {
                return chosen.id
            }
        }
        return nil
    }

    private static func overlaps(_ a: IncidentMember, _ b: IncidentMember) -> Bool {
        let far = Timestamp(milliseconds: .max)
        return a.alert.startsAt <= b.alert.endsAt ?? far && b.alert.startsAt <= a.alert.endsAt ?? far
    }

    /// The member that no other one explains; of several the one first notified as the cause, else the previous cause,
    /// else the most severe, else the first.
    private static func cause(
        among members: [IncidentMember], toldAs labels: Labels?, first: IncidentMember?
    ) -> IncidentMember? {
        let byName = Dictionary(grouping: members, by: \.alert.name)
        let roots = members.filter { member in
            !member.alert.explanations.contains { explanation in
                (byName[explanation.alertName] ?? []).contains {
                    $0.id != member.id && explanation.holds(between: $0.alert.labels, and: member.alert.labels)
                }
            }
        }
        return (roots.isEmpty ? members : roots).min { a, b in
            if (a.alert.labels == labels) != (b.alert.labels == labels) { return a.alert.labels == labels }
            if (a.id == first?.id) != (b.id == first?.id) { return a.id == first?.id }
            return (b.alert.severity, a.alert.startsAt, a.alert.labels) < (
                a.alert.severity, b.alert.startsAt, b.alert.labels
            )
        }
    }
}

extension Alert {
    private static let recordAnnotations: Set<String> = [
        "summary", "impact", "because", "description", "action", "runbook_url", Explanation.annotation,
        Alert.drillAnnotation,
    ]
    private static let recordTextBytes = 1024

    /// The part of an alert that a record keeps.
    /// - Parameter bare: without annotations except the explanations, and with truncated labels.
    func cutForRecord(bare: Bool) -> Alert {
        var alert = self
        alert.endsAt = nil
        alert.annotations = annotations.filter {
            Alert.recordAnnotations.contains($0.key) && (!bare || $0.key == Explanation.annotation)
        }.mapValues { $0.truncated(toBytes: Alert.recordTextBytes) }
        // A truncated list of causes could name other alerts.
        if let causes = annotations[Explanation.annotation], causes.utf8.count > Alert.recordTextBytes {
            alert.annotations[Explanation.annotation] = nil
        }
        if generatorURL.utf8.count > 2 * Alert.recordTextBytes || bare { alert.generatorURL = "" }
        // The time of the last update changes every minute and is not a change worth recording.
        alert.updatedAt = startsAt
        if bare || labels.pairs.count > 40 || labels.pairs.contains(where: { $0.value.utf8.count > 512 }) {
            alert.labels = Labels(
                sorted: labels.pairs.prefix(40).map { Label($0.name, $0.value.truncated(toBytes: bare ? 128 : 512)) })
        }
        return alert
    }
}
