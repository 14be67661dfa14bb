import Alerts
import Platform
import Samples
import Simulation
import Testing

@testable import Dispatching

/// Every incident has a permanent number: what `/i/318` refers to and the journal stores.
struct IncidentBookTests {
    /// The content of the journal: written by each step, never read by the dispatcher.
    private struct Disk {
        var records: [Int: [UInt8]] = [:]
        mutating func write(_ decisions: Decisions) {
            for (number, record) in decisions.records { records[number] = record?.encoded() }
        }
        func read() throws -> [IncidentRecord] { try records.values.map { try IncidentRecord(encoded: $0) } }
    }

    private static let options: DispatchOptions = {
        var options = DispatchOptions(
            route: Route(
                receiver: "ops", groupBy: .labels(["alertname", "cluster"]), groupWait: .zero,
                groupInterval: .seconds(60), repeatInterval: .seconds(3600)),
            receivers: [
                .init(
                    name: "ops", integrations: [.init(.init(.slack, 0), sendResolved: true)], fallback: "boss",
                    responseTime: .seconds(300), escalateAfter: .seconds(600)),
                .init(name: "boss", integrations: [.init(.init(.email, 0), sendResolved: true)]),
            ])
        options.suspectWait = .zero
        return options
    }()

    private static func alert(
        _ name: String, _ seconds: Double, by cause: String? = nil, severity: String = "high", ended end: Double? = nil
    ) -> Alert {
        Alert(
            labels: ["alertname": name, "cluster": "prod", "severity": severity],
            annotations: cause.map { ["explained_by": $0, "summary": "s"] } ?? ["summary": "s"],
            startsAt: at(seconds).wall, endsAt: end.map { at($0).wall }, updatedAt: at(end ?? seconds).wall)
    }

    /// One step with all messages accepted.
    private static func step(_ d: inout Dispatcher, _ disk: inout Disk, _ seconds: Double, _ alerts: Alert...) {
        _ = d.receive(alerts, now: at(seconds))
        let decisions = d.advance(at(seconds))
        disk.write(decisions)
        for message in decisions.send where d.beginAttempt(message) != nil {
            disk.write(d.recordAccepted(message, now: at(seconds)))
        }
    }

    /// `1 open NoActive(PostgresDown) …`: each member with the one that explains it.
    private static func text(_ record: IncidentRecord) -> String {
        let names = Dictionary(record.members.map { ($0.id, $0.alert.name) }, uniquingKeysWith: { a, _ in a })
        let members = record.members.map { member in
            member.alert.name + (member.explainedBy.map { "(\(names[$0] ?? "?"))" } ?? "")
                + (member.alert.endsAt == nil ? "" : "†")
        }
        let state = record.mergedInto.map { "→\($0)" } ?? (record.isOpen ? "open" : "ended")
        return "\(record.number) \(state) \(members.joined(separator: " "))"
    }

    private static func text(_ d: Dispatcher) -> [String] {
        d.incidentRecords.sorted { $0.number < $1.number }.map(text)
    }

    @Test func aCauseAndItsConsequencesHaveOneNumberAndOthersTheirOwn() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Disk", 0), Self.alert("Down", 0, severity: "critical"))
        Self.step(&d, &disk, 1, Self.alert("NoActive", 1, by: "Down"), Self.alert("ReadFails", 1, by: "NoActive Down"))
        #expect(Self.text(d) == ["1 open Disk", "2 open Down NoActive(Down) ReadFails(NoActive)"])
        #expect(d.incidentRecord(2)?.severity == .critical && d.incidentRecord(2)?.toldAt == at(0).wall)
        #expect(d.incidents(at(2)).compactMap(\.number).sorted() == [1, 2])
    }

    /// With two candidates for the cause, the list of incidents and the record name the same one.
    @Test func theCauseIsTheOneThatMessagesName() {
        for names in [["Down", "Gone"], ["Gone", "Down"]] {
            var (d, disk) = (Dispatcher(Self.options), Disk())
            _ = d.receive(names.map { Self.alert($0, 0) }, now: at(0))
            disk.write(d.advance(at(0)))
            Self.step(&d, &disk, 1, Self.alert("NoActive", 1, by: "\(names[0]) \(names[1])"))
            for incident in d.incidents(at(2)) {
                let record = incident.number.flatMap { d.incidentRecord($0) }
                #expect(record?.cause?.alert.labels == incident.cause.labels)
            }
        }
    }

    /// The consequence was seen first: its number is kept, and the cause becomes the first member.
    @Test func aCauseThatComesLaterTakesTheNumberOfItsConsequence() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("NoActive", 0, by: "Down"))
        Self.step(&d, &disk, 2, Self.alert("Down", 2, severity: "critical"))
        #expect(Self.text(d) == ["1 open Down NoActive(Down)"])
        #expect(d.incidentRecord(1)?.startsAt == at(0).wall)
    }

    @Test func anEndedOneIsKeptAndItsNumberNeverGivenAgain() throws {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Down", 0))
        Self.step(&d, &disk, 90, Self.alert("Down", 0, ended: 90))
        #expect(Self.text(d) == ["1 ended Down†"] && d.incidentRecord(1)?.endedAt == at(90).wall)
        Self.step(&d, &disk, 1000, Self.alert("Down", 1000))
        #expect(Self.text(d) == ["1 ended Down†", "2 open Down"])
        // A restart while nothing fires.
        Self.step(&d, &disk, 1100, Self.alert("Down", 1000, ended: 1100))
        var next = Dispatcher(Self.options)
        disk.write(next.restore(.init(records: try disk.read()), now: at(1200)))
        Self.step(&next, &disk, 1300, Self.alert("Other", 1300))
        #expect(Self.text(next) == ["1 ended Down†", "2 ended Down†", "3 open Other"])
    }

    /// A flapping alert is one incident, not a new number per flap.
    @Test func anAlertThatReturnsSoonGoesOnWithItsIncident() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        for round in 0..<10 {
            let start = Double(round) * 200
            Self.step(&d, &disk, start, Self.alert("Down", start))
            Self.step(&d, &disk, start + 90, Self.alert("Down", start, ended: start + 90))
        }
        #expect(d.incidentRecords.count == 1)
        #expect(d.incidentRecord(1)?.members.count == 3 && d.incidentRecord(1)?.endedAt == at(1890).wall)
    }

    @Test func theEndOfTheCauseLeavesTheRestUnderItsNumber() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Down", 0, severity: "critical"))
        Self.step(&d, &disk, 1, Self.alert("NoActive", 1, by: "Down"))
        Self.step(&d, &disk, 70, Self.alert("Down", 0, severity: "critical", ended: 70))
        #expect(Self.text(d) == ["1 open NoActive Down†"])
        #expect(d.incidentRecord(1)?.severity == .critical && d.incidentRecord(1)?.currentSeverity == .high)
    }

    // MARK: Restarts

    @Test func numbersSurviveARestart() throws {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Disk", 0), Self.alert("Down", 0))
        Self.step(&d, &disk, 1, Self.alert("NoActive", 1, by: "Down"))
        _ = d.acknowledge(.number(2), Acknowledgement(by: "ann", at: at(2).wall), now: at(2)).decisions.records.map {
            disk.records[$0.key] = $0.value?.encoded()
        }
        var saved = d.saved
        saved.records = try disk.read()
        // `Disk` was resolved while the agent did not run.
        saved.alerts.removeAll { $0.name == "Disk" }
        var next = Dispatcher(Self.options)
        disk.write(next.restore(saved, now: at(60)))
        #expect(Self.text(next) == ["1 ended Disk†", "2 open Down NoActive(Down)"])
        #expect(next.incidentRecord(2)?.acknowledgement?.by == "ann")
        #expect(try Set(disk.read()) == Set(next.incidentRecords))
    }

    /// A journal of a version without numbers.
    @Test func whatFiresWithoutANumberGetsOneAtTheStart() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Down", 0))
        Self.step(&d, &disk, 1, Self.alert("NoActive", 1, by: "Down"))
        var saved = d.saved
        saved.records = []
        var next = Dispatcher(Self.options)
        let decisions = next.restore(saved, now: at(60))
        #expect(Self.text(next) == ["1 open Down NoActive(Down)"] && decisions.records.keys.sorted() == [1])
    }

    /// A start that can't read the journal must not assign numbers that are in it; incidents in both continue.
    @Test func aRunWithoutPastHasNumbersOfItsOwnUntilTheyAreMerged() throws {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Down", 0))
        let saved = d.saved
        var (next, other) = (Dispatcher(Self.options), Disk())
        next.beginWithoutPast(now: at(100))
        Self.step(&next, &other, 100, Self.alert("Down", 0), Self.alert("New", 100))
        #expect(Self.text(next) == ["1000001 open Down", "1000002 open New"])
        other.write(next.merge(saved, now: at(110)))
        #expect(Self.text(next) == ["1 open Down", "1000001 →1 Down", "1000002 open New"])
        #expect(next.incidentRecord(1_000_001)?.number == 1)
        Self.step(&next, &other, 120, Self.alert("Third", 120))
        #expect(Self.text(next).contains("2 open Third"))
    }

    /// A number of this run is in the journal from an earlier run that could not read it either.
    @Test func whatIsRenumberedContinuesAndEnds() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        d.beginWithoutPast(now: at(0))
        Self.step(&d, &disk, 0, Self.alert("Old", 0))
        let saved = d.saved
        var (next, other) = (Dispatcher(Self.options), Disk())
        next.beginWithoutPast(now: at(100))
        Self.step(&next, &other, 100, Self.alert("New", 100))
        other.write(next.merge(saved, now: at(110)))
        #expect(Self.text(next) == ["1 open New", "1000001 open Old"])
        Self.step(&next, &other, 120, Self.alert("New", 100, ended: 120))
        #expect(next.incidentRecord(1)?.endedAt == at(120).wall && next.incidentRecord(1_000_001)?.endedAt == nil)
    }

    @Test func aRecordIsReadAsItWasWritten() throws {
        var record = IncidentRecord(number: 318, IncidentMember(Self.alert("Down", 0), id: .max))
        record.endedAt = at(9).wall
        record.members.append(IncidentMember(Self.alert("NoActive", 1, ended: 5), explainedBy: .max))
        record.members[1].alert.updatedAt = record.members[1].alert.startsAt
        record.acknowledgement = Acknowledgement(by: "ann", comment: "\"ü\"\n", at: at(2).wall)
        (record.firstAcknowledgedAt, record.toldAt, record.mergedInto) = (at(1).wall, at(1).wall, 7)
        record.omittedMembers = 4
        record.notes = [IncidentNote(at: at(3).wall, by: "bob", text: "line\nline\u{7}")]
        #expect(try IncidentRecord(encoded: record.encoded()) == record)
        #expect(record.notes[0].text == "line\nline ")
        for broken in ["", "{}", #"{"number":1,"startsAt":0,"severity":"high","members":[]}"#] {
            #expect(throws: (any Error).self) { try IncidentRecord(encoded: Array(broken.utf8)) }
        }
    }

    // MARK: Limits

    @Test func aStormHasBoundedNumbersMembersAndBytes() {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        let text = String(repeating: "x", count: 3000)
        let storm = (0..<1500).map { index in
            var alert = Self.alert("N\(index)", 0)
            for name in ["summary", "description", "action", "because"] { alert.annotations[name] = text }
            return alert
        }
        _ = d.receive(storm, now: at(0))
        disk.write(d.advance(at(0)))
        #expect(d.incidentRecords.count == 1000 && d.book.bytes <= 9 << 20)
        // Explained alerts are members of one record, up to the limit.
        var (one, other) = (Dispatcher(Self.options), Disk())
        Self.step(&one, &other, 0, Self.alert("Down", 0))
        _ = one.receive((0..<500).map { Self.alert("C\($0)", 1, by: "Down") }, now: at(1))
        other.write(one.advance(at(1)))
        let record = one.incidentRecord(1)
        #expect(one.incidentRecords.count == 1)
        #expect(record?.members.count == 60 && record?.omittedMembers == 441)
        // Sending the same ones again, as happens every minute, changes nothing.
        _ = one.receive((0..<500).map { Self.alert("C\($0)", 1, by: "Down") }, now: at(61))
        #expect(one.advance(at(61)).records.isEmpty)
        // It is resolved with the last of them, listed or not.
        _ = one.receive((0..<500).map { Self.alert("C\($0)", 1, by: "Down", ended: 70) }, now: at(70))
        _ = one.advance(at(70))
        #expect(one.incidentRecord(1)?.isOpen == true)
        _ = one.receive([Self.alert("Down", 0, ended: 80)], now: at(80))
        _ = one.advance(at(80))
        #expect(one.incidentRecord(1)?.endedAt == at(80).wall)
    }

    @Test func endedOnesAreDroppedByNumberAndAgeAndTheLastOneStays() {
        var limits = IncidentBook.Limits()
        limits.ended = 3
        var book = IncidentBook(limits: limits)
        for index in 0..<6 {
            let seconds = Double(index) * 1000
            let alert = Self.alert("A\(index)", seconds)
            book.take([alert], with: [alert.id])
            book.end(alert.id, at: at(seconds + 1).wall)
        }
        let changes = book.takeChanges(at(6000).wall)
        #expect(book.records.keys.sorted() == [4, 5, 6])
        #expect(changes.filter { $0.value == nil }.keys.sorted() == [1, 2, 3])
        _ = book.takeChanges(at(100 * 86_400).wall)
        #expect(book.records.keys.sorted() == [6])
        let alert = Self.alert("B", 100 * 86_400)
        book.take([alert], with: [alert.id])
        #expect(book.records.keys.sorted() == [6, 7])
    }

    @Test func alertsFromOutsideCannotUseUpTheNumbers() {
        var d = Dispatcher(Self.options)
        _ = d.receive((0..<400).map { Self.alert("E\($0)", 0) }, external: true, now: at(0))
        _ = d.advance(at(0))
        #expect(d.incidentRecords.count == 200)
        _ = d.receive([Self.alert("Own", 1)], now: at(1))
        _ = d.advance(at(1))
        #expect(d.incidentRecords.count == 201)
    }

    @Test func theWatchdogHasNoNumber() {
        var d = Dispatcher(Self.options)
        _ = d.receive([Self.alert("Watchdog", 0, severity: "none")], now: at(0))
        _ = d.advance(at(0))
        #expect(d.incidentRecords.isEmpty)
    }

    @Test func notesAreBoundedAndGoToEndedOnesToo() throws {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        Self.step(&d, &disk, 0, Self.alert("Down", 0))
        Self.step(&d, &disk, 90, Self.alert("Down", 0, ended: 90))
        for index in 0..<60 {
            let note = IncidentNote(at: at(100).wall, by: "ann", text: String(repeating: "ü", count: 5000) + "\(index)")
            if let (_, decisions) = d.addNote(note, to: 1, now: at(100)) { disk.write(decisions) }
        }
        let notes = try #require(d.incidentRecord(1)?.notes)
        #expect(notes.count == 50 && notes.allSatisfy { $0.text.utf8.count <= 2000 })
        #expect(try disk.read().first?.notes == notes)
        #expect(d.addNote(notes[0], to: 2, now: at(100)) == nil)
    }

    // MARK: Next steps

    @Test func theNextStepsAreTheFallbackTheRepeatAndTheEndOfAnAcknowledgement() throws {
        var (d, disk) = (Dispatcher(Self.options), Disk())
        _ = d.receive([Self.alert("Down", 0)], now: at(0))
        let sent = d.advance(at(0)).send
        func steps(_ seconds: Double) -> [String] {
            d.incidentRecord(1).map { d.nextSteps(of: $0, at(seconds)) }?.map {
                "\($0.kind.rawValue) \($0.receiver) \(($0.at.milliseconds - at(0).wall.milliseconds) / 1000)"
            } ?? []
        }
        func told() -> [String] {
            d.incidentRecord(1).map { d.told(of: $0, at(1)) }?.map { "\($0.receiver) \($0.state.rawValue)" } ?? []
        }
        #expect(steps(1) == ["escalatesUnaccepted boss 300", "escalatesUnacknowledged boss 600"])
        #expect(told() == ["ops waiting"])
        for message in sent where d.beginAttempt(message) != nil { disk.write(d.recordAccepted(message, now: at(2))) }
        #expect(steps(2) == ["escalatesUnacknowledged boss 600", "repeats ops 3600"])
        #expect(told() == ["ops accepted"])
        _ = d.acknowledge(.number(1), Acknowledgement(by: "ann", at: at(10).wall), now: at(10))
        #expect(steps(11) == ["acknowledgementEnds  28810"])
        #expect(d.incidentRecord(1)?.firstAcknowledgedAt == at(10).wall)
        _ = d.acknowledge(.number(1), nil, now: at(20))
        #expect(d.incidentRecord(1)?.acknowledgement == nil && d.incidentRecord(1)?.firstAcknowledgedAt == at(10).wall)
    }

    // MARK: Random sequences

    /// For any sequence of starts, ends, returns, acknowledgements and explanations: each firing alert is in one
    /// incident, and the journal matches the dispatcher.
    @Test(arguments: 0..<40) func whateverHappensTheJournalHasTheSame(seed: UInt64) throws {
        let random = SeededRandom(seed: seed)
        func below(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }
        let names = ["A", "B", "C", "D", "E"]
        let causes = ["B": "A", "C": "A B", "D": "C", "E": "D A"]
        var (d, disk) = (Dispatcher(Self.options), Disk())
        var firing: [String: Double] = [:]
        for round in 0..<200 {
            let seconds = Double(round) * 7
            let name = names[below(names.count)]
            let severity = ["critical", "high", "medium"][below(3)]
            var alerts: [Alert] = []
            if let start = firing[name], below(2) == 0 {
                alerts = [Self.alert(name, start, by: causes[name], ended: seconds)]
                alerts[0].labels = alerts[0].labels.setting("severity", to: "high")
                firing[name] = nil
            } else {
                let start = firing[name] ?? seconds
                firing[name] = start
                alerts = [Self.alert(name, start, by: causes[name], severity: "high")]
            }
            if below(5) == 0 {
                let result = d.acknowledge(
                    .matchers([matcher("alertname=\(name)")]),
                    below(2) == 0 ? nil : Acknowledgement(by: severity, at: at(seconds).wall), now: at(seconds))
                disk.write(result.decisions)
            }
            _ = d.receive(alerts, now: at(seconds))
            let decisions = d.advance(at(seconds))
            disk.write(decisions)
            for message in decisions.send where below(4) > 0 && d.beginAttempt(message) != nil {
                disk.write(d.recordAccepted(message, now: at(seconds)))
            }
            #expect(try Set(disk.read()) == Set(d.incidentRecords), "seed \(seed), round \(round)")
            for name in firing.keys {
                let id = Self.alert(name, 0).id
                let number = try #require(d.incidentNumber(of: id), "seed \(seed), round \(round)")
                let record = try #require(d.incidentRecord(number))
                #expect(record.isOpen && record.members.contains { $0.id == id && $0.alert.endsAt == nil })
            }
            let open = d.incidentRecords.filter(\.isOpen)
            let listed = open.flatMap { $0.members.filter { $0.alert.endsAt == nil }.map(\.alert.name) }
            #expect(listed.sorted() == firing.keys.sorted(), "seed \(seed), round \(round)")
            if below(30) == 0 {
                var saved = d.saved
                saved.records = try disk.read()
                var next = Dispatcher(Self.options)
                disk.write(next.restore(saved, now: at(seconds)))
                d = next
            }
        }
    }
}
