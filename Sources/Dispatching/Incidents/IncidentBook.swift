import Alerts
import Samples

/// Every incident under a number of its own, those that have ended too: what pages show, `/i/318` names and the journal keeps.
///
/// It only takes note. What is told to whom is decided without it, by groups and `Incidents`; an alert that nothing explains
/// has a number here and no incident there.
struct IncidentBook: Sendable {
    /// How much is kept.
    struct Limits: Sendable, Hashable {
        /// Incidents under way of our own alerts. What begins beyond it has no number until others end.
        var open = 1000
        /// Incidents under way of alerts from outside.
        var openExternal = 200
        /// Incidents that have ended; the oldest go first.
        var ended = 1000
        /// Bytes of all records, as `IncidentRecord.sizeBytes` counts them. Of incidents under way beyond it only labels
        /// are kept. 8 MiB.
        var bytes = 8 << 20
        /// Bytes of one record. 64 KiB.
        var recordBytes = 64 << 10
        /// How long ended ones are kept. 90 days.
        var age = Duration.seconds(90 * 86_400)
        /// An alert that returns this soon after its incident has ended goes on with it.
        var reopening = Duration.seconds(300)
    }

    /// Incidents of a run that can't read the journal get numbers from here on, which name none of those in it.
    static let provisionalBase = 1_000_000

    /// How many alerts have their number at hand, before those that have ended are left out. More than may fire.
    private static let numberLimit = 50_000

    let limits: Limits
    /// By number.
    private(set) var records: [Int: IncidentRecord] = [:]
    private(set) var bytes = 0
    /// The incidents under way: ids of their alerts that fire.
    private var open: [Int: Set<UInt64>] = [:]
    /// Those of them that are of alerts from outside.
    private var external: Set<Int> = []
    /// The incident of each alert that fires, or whose incident ended a short time ago.
    private var numbers: [UInt64: Int] = [:]
    /// Numbers of those that are over, rising.
    private var ended: [Int] = []
    private var next = 1
    private var changed: Set<Int> = []
    /// Incidents whose order or causes are to be worked out anew.
    private var unsorted: Set<Int> = []

    init(limits: Limits = Limits()) { self.limits = limits }

    /// The incident of an alert that fires or has ended a short time ago.
    func number(of alert: UInt64) -> Int? { numbers[alert] }

    /// The ids of an incident's alerts that fire.
    func firing(in number: Int) -> Set<UInt64> { open[number] ?? [] }

    /// The record that a number leads to: of an incident that is part of another, the other one.
    func record(_ number: Int) -> IncidentRecord? {
        guard let found = records[number] else { return nil }
        return found.mergedInto.flatMap { records[$0] } ?? found
    }

    // MARK: What happens

    /// Alerts that are told together fire, or go on with other texts.
    /// - Parameter peers: ids of all alerts that are told with them.
    mutating func take(_ alerts: [Alert], with peers: [UInt64]) {
        var known = Set(peers.compactMap { numbers[$0] })
        known.formUnion(alerts.compactMap { numbers[$0.id] })
        known = known.filter { open[$0] != nil }
        var number = known.min()
        if let number { for other in known where other != number { merge(other, into: number) } }
        for alert in alerts {
            if number == nil { number = begin(alert) }
            if let number { put(alert, into: number) }
        }
    }

    /// - Returns: the number of the incident that a new alert begins, or goes on with; nil where there is no place.
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

    /// How many times one alert that comes and goes is listed in its incident.
    private static let returns = 3

    private mutating func put(_ alert: Alert, into number: Int) {
        guard let record = records[number] else { return }
        numbers[alert.id] = number
        let isNew = open[number, default: []].insert(alert.id).inserted
        let member = kept(alert, beside: record.sizeBytes)
        let places = record.members.indices.filter { record.members[$0].id == alert.id }
        // The first alert is there already; one of those that are left out was counted.
        let isListed = places.contains { record.members[$0].alert.endsAt == nil }
        if !isNew && !isListed { return }
        if let last = places.last, isListed || places.count >= IncidentBook.returns {
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

    /// An alert has ended.
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
        external.remove(number)
        change(number) { record in
            record.endedAt = record.members.compactMap(\.alert.endsAt).max().map { max($0, end) } ?? end
            record.mergedInto = other
        }
        let place = ended.firstIndex { $0 > number } ?? ended.endIndex
        ended.insert(number, at: place)
    }

    /// Two incidents turn out to be one.
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
        // What it was is told by the other one.
        change(number) {
            $0.members = Array($0.members.prefix(1)); $0.notes = []
        }
        unsorted.insert(other)
    }

    /// Somebody acknowledges an incident, or that is over.
    mutating func acknowledge(_ number: Int, _ acknowledgement: Acknowledgement?) {
        guard let record = records[number], open[number] != nil, record.acknowledgement != acknowledgement else {
            return
        }
        change(number) { record in
            record.acknowledgement = acknowledgement
            record.firstAcknowledgedAt = record.firstAcknowledgedAt ?? acknowledgement?.at
        }
    }

    /// A receiver has accepted a message about these alerts.
    mutating func told(_ alerts: some Sequence<UInt64>, at now: Timestamp) {
        for number in Set(alerts.compactMap { numbers[$0] }) where records[number]?.toldAt == nil {
            change(number) { $0.toldAt = now }
        }
    }

    /// Writes a note to an incident, an ended one too.
    /// - Returns: the record with it; nil where there is none with that number, or no place for another note.
    mutating func add(_ note: IncidentNote, to number: Int) -> IncidentRecord? {
        guard let record = record(number), record.notes.count < IncidentRecord.noteLimit else { return nil }
        change(record.number) { $0.notes.append(note) }
        return records[record.number]
    }

    // MARK: Keeping

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

    /// What is kept of an alert: its labels, and the annotations that pages show.
    /// - Parameter used: bytes of its record.
    private func kept(_ alert: Alert, beside used: Int) -> IncidentMember {
        let isFull = bytes > limits.bytes - (limits.bytes >> 2) || used + alert.sizeBytes > limits.recordBytes
        return IncidentMember(alert.cutForRecord(bare: isFull), id: alert.id)
    }

    /// Works out causes and order where that may have changed, and drops what is too old or too much.
    /// - Returns: what the journal is to have: nil for a record that is gone.
    mutating func takeChanges(_ now: Timestamp) -> [Int: IncidentRecord?] {
        for number in unsorted {
            guard let record = records[number], record.mergedInto == nil else { continue }
            let sorted = IncidentBook.sorted(record)
            if sorted != record { set(number, sorted) }
        }
        unsorted = []
        prune(now)
        defer { changed = [] }
        return changed.reduce(into: [:]) { $0[$1] = .some(records[$1]) }
    }

    /// Whether `takeChanges` has something to give.
    var hasChanges: Bool { !changed.isEmpty || !unsorted.isEmpty }

    private mutating func prune(_ now: Timestamp) {
        var count = 0
        // The last one stays, so that its number is not given again.
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

    /// Incidents of a run without the journal get numbers that name none of those in it.
    mutating func beginWithoutPast() { next = max(next, IncidentBook.provisionalBase + 1) }

    /// Takes the records of a journal. Of two with one number the journal's keeps it.
    /// - Parameter isHeld: whether an alert is held and fires; what is not has ended while nobody looked.
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
        for var record in own {
            if records[record.number] != nil { record.number = next; next += 1 }
            adopt(record, firing: ownOpen[record.number] ?? [])
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

    /// Takes a record of this run beside those of the journal; alerts that both have stay with the journal's.
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
