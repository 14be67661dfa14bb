import Alerts
import Dispatching
import FoundationEssentials
import Journal
import Platform
import Rules
import Samples
import Simulation
import YAML

/// What a damaged or forged journal holds.
enum JournalFuzzing {
    /// Each part as every kind of row; what is read is written again, restored, and gone on with for an hour.
    static func rows(_ bytes: [UInt8]) throws {
        var saved = Dispatcher.Saved()
        var groups: [GroupEvaluator.Saved] = []
        for (index, part) in Parts.of(bytes).enumerated() {
            if let alert = try? JournalCoding.alert(part) {
                saved.alerts.append(alert)
                try check("alert", alert, JournalCoding.encode, JournalCoding.alert)
            }
            if let notification = try? JournalCoding.notification(part) {
                let id = [UInt64(index), .max - UInt64(index)][index % 2]
                saved.outbox.append(Outgoing(id: id, notification: notification))
                try check("notification", notification, JournalCoding.encode, JournalCoding.notification)
            }
            if let silence = try? Silence(encoded: part) {
                saved.silences.append(silence)
                try check("silence", silence, { try $0.encoded() }, Silence.init(encoded:))
            }
            if let entry = try? NotificationLogEntry(encoded: part) {
                saved.logEntries.append(entry)
                try check("log entry", entry, { $0.encoded() }, NotificationLogEntry.init(encoded:))
            }
            if let record = try? EscalationRecord(encoded: part) {
                saved.escalations.append(record)
                try check("escalation", record, { try $0.encoded() }, EscalationRecord.init(encoded:))
            }
            if let group = try? JSONDecoder().decode(GroupEvaluator.Saved.self, from: Data(part)) {
                groups.append(group)
            }
        }
        dispatch(saved)
        for group in groups { evaluate(group) }
    }

    private static func check<Row: Hashable>(
        _ what: String, _ row: Row, _ encode: (Row) throws -> [UInt8], _ decode: ([UInt8]) throws -> Row
    ) throws {
        do {
            guard try decode(encode(row)) == row else { throw FuzzFinding("the \(what) is another when read again") }
        } catch let error as FuzzFinding {
            throw error
        } catch {
            throw FuzzFinding("the \(what) can't be stored again: \(error)")
        }
    }

    private static func dispatch(_ saved: Dispatcher.Saved) {
        let time = VirtualTime(wall: Surroundings.wall)
        var dispatcher = Dispatcher(
            DispatchOptions(
                route: Route(
                    receiver: "ops", groupBy: .labels(["alertname"]), groupWait: .seconds(30),
                    groupInterval: .seconds(300), repeatInterval: .seconds(14400)),
                receivers: [
                    .init(name: "ops", integrations: [.init(.init(.email, 0), sendResolved: true)], fallback: "more"),
                    .init(name: "more", integrations: [.init(.init(.webhook, 0), sendResolved: true)]),
                ]))
        _ = dispatcher.restore(saved, now: Surroundings.moment(time))
        for minute in 0..<60 {
            time.move(to: Instant(nanoseconds: Int64(minute) * 60_000_000_000))
            _ = dispatcher.advance(Surroundings.moment(time))
        }
        _ = dispatcher.alertStatuses(Surroundings.moment(time))
        _ = dispatcher.groupStatuses(Surroundings.moment(time))
        _ = dispatcher.counts(Surroundings.moment(time))
    }

    private static let groups = RuleFile.parse(
        Array("groups: [{name: g, rules: [{alert: A, expr: a > 0, for: 5m, keep_firing_for: 5m}]}]".utf8),
        file: "r.yml", errors: ErrorList())

    private static func evaluate(_ saved: GroupEvaluator.Saved) {
        var context = RuleContext(source: SmallStore.Source())
        context.limits = SmallStore.limits(turns: 300)
        for group in groups {
            var evaluator = GroupEvaluator(group)
            evaluator.restore(saved, now: Timestamp(seconds: 600))
            for seconds in [600.0, 630, 100_000] { _ = evaluator.evaluate(at: Timestamp(seconds: seconds), context) }
            _ = evaluator.ends(at: Timestamp(seconds: 600))
            _ = evaluator.ending(at: Timestamp(seconds: 600))
        }
    }
}
