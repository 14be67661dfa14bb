import Alerts
import Samples

/// All incidents, open and resolved, by number: what pages show, `/i/318` refers to and the journal stores.
///
/// It only records. Notifications are decided independently of it, by groups and `Incidents`; an alert that nothing
/// explains has a number here but no incident there.
struct IncidentBook: Sendable {
    /// Limits on what is kept.
    struct Limits: Sendable, Hashable {
        /// Open incidents of our own alerts. Beyond it new ones get no number until others are resolved.
        var open = 1000
        /// Open incidents of external alerts.
        var openExternal = 200
        /// Resolved incidents; beyond it the oldest are dropped.
        var ended = 1000
        /// Total size of all records, as counted by `IncidentRecord.sizeBytes`. Beyond it only labels of open incidents
        /// are kept. 8 MiB.
        var bytes = 8 << 20
        /// Size of one record. 64 KiB.
        var recordBytes = 64 << 10
        /// How long resolved incidents are kept. 90 days.
        var age = Duration.seconds(90 * 86_400)
        /// An alert that fires again within this time after its incident was resolved reopens it.
        var reopening = Duration.seconds(300)
    }

    /// While the journal can't be read, incidents are numbered from here, so that the numbers differ from those in the
    /// journal.
    static let provisionalBase = 1_000_000

    /// Maximum number of alerts in `numbers` before resolved ones are removed. More than can fire.
    private static let numberLimit = 50_000

    let limits: Limits
    /// By number.
    private(set) var records: [Int: IncidentRecord] = [:]
    private(set) var bytes = 0
    /// The open incidents: ids of their firing alerts.
    private var open: [Int: Set<UInt64>] = [:]
    /// Those of them that consist of external alerts.
    private var external: Set<Int> = []
    /// The incident of each firing or recently resolved alert.
    private var numbers: [UInt64: Int] = [:]
    /// Numbers of resolved incidents, ascending.
    private var ended: [Int] = []
    private var next = 1
    /// Labels of the alert as which an open incident was first notified.
    private var toldAs: [Int: Labels] = [:]
    private var changed: Set<Int> = []
    /// Incidents whose order or causes have to be recomputed.
    private var unsorted: Set<Int> = []

    init(limits: Limits = Limits()) { self.limits = limits }

    /// The incident of a firing or recently resolved alert.
    func number(of alert: UInt64) -> Int? { numbers[alert] }

    /// The ids of an incident's firing alerts.
    func firing(in number: Int) -> Set<UInt64> { open[number] ?? [] }

    /// The record for a number; if the incident was merged into another, the other's.
    func record(_ number: Int) -> IncidentRecord? {
        guard let found = records[number] else { return nil }
        return found.mergedInto.flatMap { records[$0] } ?? found
    }

    // MARK: Events

    /// Alerts that are notified together have started firing or have changed annotations.
    /// - Parameters:
    ///   - peers: ids of all alerts that are notified together with them.
    ///   - labels: those of the alert that they were first notified as; it is the cause if there are several
    ///     candidates.
    mutating func take(_ alerts: [Alert], with peers: [UInt64], toldAs labels: Labels? = nil) {
        var known = Set(peers.compactMap { numbers[$0] })
        known.formUnion(alerts.compactMap { numbers[$0.id] })
        known = known.filter { open[$0] != nil }
        var number = known.min()
        if let number { for other in known where other != number { merge(other, into: number) } }
        for alert in alerts {
            if number == nil { number = begin(alert) }
            if let number { put(alert, into: number) }
        }
        guard let number, let labels, open[number] != nil, toldAs[number] != labels else { return }
        toldAs[number] = labels
        unsorted.insert(number)
    }

    /// - Returns: the number of the incident that a new alert opens or reopens; nil if the limit is reached.
    private mutating func begin(_ alert: Alert) -> Int? {
        guard hasPlace(alert) else { return nil }
        let number: Int
        if let last = numbers[alert.id], let record = records[last], let end = record.endedAt, record.mergedInto == nil,
            alert.startsAt - end <= limits.reopening
        {
            number = last
            ended.removeAll { $0 == number }
            change(number) { $0.endedAt = nil }
        } else {
            number = next
            next += 1
            set(number, IncidentRecord(number: number, kept(alert, beside: 0)))
        }
        open[number] = []
        if alert.isExternal { external.insert(number) }
        return number
    }

    private func hasPlace(_ alert: Alert) -> Bool {
        alert.isExternal ? external.count < limits.openExternal : open.count - external.count < limits.open
    }

    /// How many times one flapping alert is listed in its incident.
    private static let returns = 3

    private mutating func put(_ alert: Alert, into number: Int) {
        guard let record = records[number] else { return }
        numbers[alert.id] = number
        let isNew = open[number, default: []].insert(alert.id).inserted
        let member = kept(alert, beside: record.sizeBytes)
        let indices = record.members.indices.filter { record.members[$0].id == alert.id }
        // The first alert is already listed; an alert omitted earlier was counted then.
        let isListed = indices.contains { record.members[$0].alert.endsAt == nil }
        if !isNew && !isListed { return }
        if let last = indices.last, isListed || indices.count >= IncidentBook.returns {
            var now = member
            now.explainedBy = record.members[last].explainedBy
            if isListed { now.alert.startsAt = min(now.alert.startsAt, record.members[last].alert.startsAt) }
            if isNew { unsorted.insert(number) }
            guard now != record.members[last] else { return }
            unsorted.insert(number)
            change(number) { record in
                record.members[last] = now
                record.severity = max(record.severity, alert.severity)
            }
            return
        }
        let limitBytes = limits.recordBytes
        change(number) { record in
            record.severity = max(record.severity, alert.severity)
            record.startsAt = min(record.startsAt, alert.startsAt)
            if record.members.count < IncidentRecord.memberLimit,
                record.sizeBytes + member.alert.sizeBytes <= limitBytes
            {
                record.members.append(member)
            } else {
                record.omittedMembers += 1
            }
        }
        unsorted.insert(number)
    }

    /// Records that an alert was resolved.
    mutating func end(_ alert: UInt64, at end: Timestamp) {
        guard let number = numbers[alert], open[number]?.remove(alert) != nil else { return }
        change(number) { record in
            for index in record.members.indices
            where record.members[index].id == alert && record.members[index].alert.endsAt == nil {
                record.members[index].alert.endsAt = max(end, record.members[index].alert.startsAt)
            }
        }
        unsorted.insert(number)
        if open[number]?.isEmpty == true { close(number, at: end) }
    }

    private mutating func close(_ number: Int, at end: Timestamp, mergedInto other: Int? = nil) {
        open[number] = nil
        toldAs[number] = nil
        external.remove(number)
        change(number) { record in
            record.endedAt = record.members.compactMap(\.alert.endsAt).max().map { max($0, end) } ?? end
            record.mergedInto = other
        }
        let position = ended.firstIndex { $0 > number } ?? ended.endIndex
        ended.insert(number, at: position)
    }

    /// Merges two incidents that turn out to be one.
    private mutating func merge(_ number: Int, into other: Int) {
        guard let record = records[number] else { return }
        for id in open[number] ?? [] { numbers[id] = other }
        open[other, default: []].formUnion(open[number] ?? [])
        let limitBytes = limits.recordBytes
        change(other) { target in
            target.startsAt = min(target.startsAt, record.startsAt)
            target.severity = max(target.severity, record.severity)
            target.toldAt = [target.toldAt, record.toldAt].compactMap { $0 }.min()
            target.firstAcknowledgedAt = [target.firstAcknowledgedAt, record.firstAcknowledgedAt].compactMap { $0 }
                .min()
            target.notes = Array(
                (target.notes + record.notes).sorted { $0.at < $1.at }.prefix(IncidentRecord.noteLimit))
            target.omittedMembers += record.omittedMembers
            for member in record.members {
                let isListed = target.members.contains { $0.id == member.id && $0.alert.endsAt == nil }
                if isListed, member.alert.endsAt == nil { continue }
                if target.members.count < IncidentRecord.memberLimit,
                    target.sizeBytes + member.alert.sizeBytes <= limitBytes
                {
                    target.members.append(member)
                } else {
                    target.omittedMembers += 1
                }
            }
        }
        close(number, at: records[other]?.startsAt ?? record.startsAt, mergedInto: other)
        // The other record now contains the details.
        change(number) {
            $0.members = Array($0.members.prefix(1)); $0.notes = []
        }
        unsorted.insert(other)
    }

    /// Records an acknowledgement, or its end.
    mutating func acknowledge(_ number: Int, _ acknowledgement: Acknowledgement?) {
        guard let record = records[number], open[number] != nil, record.acknowledgement != acknowledgement else {
            return
        }
        change(number) { record in
            record.acknowledgement = acknowledgement
            record.firstAcknowledgedAt = record.firstAcknowledgedAt ?? acknowledgement?.at
        }
    }

    /// Records that a receiver has accepted a message about these alerts.
    mutating func notified(_ alerts: some Sequence<UInt64>, at now: Timestamp) {
        for number in Set(alerts.compactMap { numbers[$0] }) where records[number]?.toldAt == nil {
            change(number) { $0.toldAt = now }
        }
    }

    /// Adds a note to an incident, open or resolved.
    /// - Returns: the updated record; nil if there is none with that number, or it has the maximum number of notes.
    mutating func add(_ note: IncidentNote, to number: Int) -> IncidentRecord? {
        guard let record = record(number), record.notes.count < IncidentRecord.noteLimit else { return nil }
        change(record.number) { $0.notes.append(note) }
        return records[record.number]
    }

    // MARK: Retention

    private mutating func set(_ number: Int, _ record: IncidentRecord) {
        bytes += record.sizeBytes - (records[number]?.sizeBytes ?? 0)
        records[number] = record
        changed.insert(number)
    }

    private mutating func change(_ number: Int, _ body: (inout IncidentRecord) -> Void) {
        guard var record = records[number] else { return }
        body(&record)
        set(number, record)
    }

    /// The part of an alert that is kept: its labels, and the annotations that pages show.
    /// - Parameter used: current size of its record in bytes.
    private func kept(_ alert: Alert, beside used: Int) -> IncidentMember {
        let isFull = bytes > limits.bytes - (limits.bytes >> 2) || used + alert.sizeBytes > limits.recordBytes
        return IncidentMember(alert.cutForRecord(bare: isFull), id: alert.id)
    }

    /// Recomputes causes and order where they may have changed, and drops records that are too old or exceed the
    /// limits.
    /// - Returns: the changes for the journal: nil for a dropped record.
    mutating func takeChanges(_ now: Timestamp) -> [Int: IncidentRecord?] {
        for number in unsorted {
            guard let record = records[number], record.mergedInto == nil else { continue }
            let sorted = IncidentBook.sorted(record, toldAs: toldAs[number])
            if sorted != record { set(number, sorted) }
        }
        unsorted = []
        prune(now)
        defer { changed = [] }
        return changed.reduce(into: [:]) { $0[$1] = .some(records[$1]) }
    }

    /// Whether `takeChanges` would return changes.
    var hasChanges: Bool { !changed.isEmpty || !unsorted.isEmpty }

    private mutating func prune(_ now: Timestamp) {
        var count = 0
        // The record with the highest number is kept, so that its number is not reused.
        while count < ended.count, ended[count] != next - 1 {
            let number = ended[count]
            let isOld = records[number]?.endedAt.map { $0 + limits.age < now } ?? true
            guard isOld || ended.count - count > limits.ended || bytes > limits.bytes else { break }
            forget(number)
            count += 1
        }
        ended.removeFirst(count)
        guard numbers.count > IncidentBook.numberLimit else { return }
        numbers = numbers.filter { open[$0.value]?.contains($0.key) == true }
    }

    private mutating func forget(_ number: Int) {
        guard let record = records.removeValue(forKey: number) else { return }
        bytes -= record.sizeBytes
        for member in record.members where numbers[member.id] == number { numbers[member.id] = nil }
        changed.insert(number)
    }

    // MARK: The journal

    /// Numbers the incidents of a run without the journal so that they differ from those in it.
    mutating func beginWithoutPast() { next = max(next, IncidentBook.provisionalBase + 1) }

    /// Merges the journal's records with those of this run. If both use a number, the journal's record keeps it.
    /// - Parameter isHeld: whether an alert is known and fires; any other was resolved while the agent did not run.
    mutating func restore(_ saved: [IncidentRecord], now: Timestamp, isHeld: (UInt64) -> Bool) {
        let own = records.values.sorted { $0.number < $1.number }
        let ownOpen = open
        self = IncidentBook(limits: limits)
        for record in saved.sorted(by: { $0.number < $1.number }) where record.number > 0 {
            insert(record, now, isHeld)
        }
        next = (records.keys.filter { $0 < IncidentBook.provisionalBase }.max() ?? 0) + 1
        let before = Dictionary(saved.map { ($0.number, $0) }, uniquingKeysWith: { first, _ in first })
        changed = Set(records.keys.filter { records[$0] != before[$0] })
        var renumbered: [Int: Int] = [:]
        for record in own where records[record.number] != nil {
            renumbered[record.number] = next
            next += 1
        }
        for var record in own {
            let firing = ownOpen[record.number] ?? []
            record.number = renumbered[record.number] ?? record.number
            record.mergedInto = record.mergedInto.map { renumbered[$0] ?? $0 }
            adopt(record, firing: firing)
        }
        prune(now)
    }

    private mutating func insert(_ saved: IncidentRecord, _ now: Timestamp, _ isHeld: (UInt64) -> Bool) {
        var record = saved
        guard record.isOpen else {
            ended.append(record.number)
            return set(record.number, record)
        }
        var firing: Set<UInt64> = []
        for index in record.members.indices where record.members[index].alert.endsAt == nil {
            let id = record.members[index].id
            if isHeld(id), numbers[id] == nil {
                firing.insert(id)
                numbers[id] = record.number
            } else {
                record.members[index].alert.endsAt = max(now, record.members[index].alert.startsAt)
            }
        }
        if firing.isEmpty {
            record.endedAt = record.members.compactMap(\.alert.endsAt).max() ?? now
            ended.append(record.number)
        } else {
            open[record.number] = firing
            if record.members.first?.alert.isExternal == true { external.insert(record.number) }
        }
        set(record.number, record)
    }

    /// Adds a record of this run to those of the journal; alerts in both remain with the journal's record.
    private mutating func adopt(_ record: IncidentRecord, firing: Set<UInt64>) {
        let known = firing.compactMap { numbers[$0] }.min()
        set(record.number, record)
        guard record.isOpen else {
            ended.insert(record.number, at: ended.firstIndex { $0 > record.number } ?? ended.endIndex)
            return
        }
        open[record.number] = firing
        if record.members.first?.alert.isExternal == true { external.insert(record.number) }
        for id in firing where numbers[id] == nil { numbers[id] = record.number }
        if let known, open[known] != nil { merge(record.number, into: known) }
    }
}
