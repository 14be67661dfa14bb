import Foundation
import Platform
import Synchronization
import Testing

/// The table of faults: each is told once, with its cause first, in time; and each end once.
@Suite(.serialized) struct FaultTableTests {
    /// Each row is a run of its own, on as many threads as there are processors. `VAULTWATCH_FAULT=text` runs those alone
    /// whose names have the text and prints what on-call got; `VAULTWATCH_FAULT_RUNS=n` runs each at n moments between
    /// two polls and prints the table of times.
    @Test func oneFaultIsToldOnce() {
        let environment = ProcessInfo.processInfo.environment
        let part = environment["VAULTWATCH_FAULT"] ?? ""
        let runs = environment["VAULTWATCH_FAULT_RUNS"].flatMap(Int.init) ?? 1
        let rows = FaultTable.rows.filter { part.isEmpty || $0.name.contains(part) }
        let outcomes = Mutex<[Int: [Outcome]]>([:])
        DispatchQueue.concurrentPerform(iterations: rows.count * runs) { index in
            // Half of the time between two polls, or parts of it.
            let phase = Duration.milliseconds(5000 * (index % runs * 2 + 1) / (runs * 2))
            let outcome = Outcome(rows[index / runs], calm: .seconds(120) + phase)
            outcomes.withLock { $0[index / runs, default: []].append(outcome) }
        }
        for (index, row) in rows.enumerated() {
            let found = outcomes.withLock { $0[index] ?? [] }
            for complaint in Set(found.flatMap(\.complaints)).sorted() { Issue.record("\(row.name): \(complaint)") }
            // Of several the first that is wrong.
            let shown = found.first { !$0.complaints.isEmpty } ?? found.first
            if !part.isEmpty { print(shown?.transcript ?? "") }
            print(Self.line(row, found))
        }
    }

    private static func line(_ row: FaultRow, _ outcomes: [Outcome]) -> String {
        let times = outcomes.compactMap(\.first).sorted()
        func seconds(_ part: Double) -> String {
            guard !times.isEmpty else { return "-" }
            let index = min(times.count - 1, Int((Double(times.count) * part).rounded(.down)))
            return String(format: "%.2f s", times[index] / .seconds(1))
        }
        let counts = outcomes.first.map { "\($0.count(.pagerduty)) P \($0.count(.slack)) S \($0.count(.mail)) M" } ?? ""
        return "| \(row.name) | \(seconds(0.5)) | \(seconds(0.95)) | \(counts) | \(outcomes.first?.line ?? "") |"
    }

    /// What on-call got of one run.
    private struct Outcome {
        private(set) var complaints: [String] = []
        private(set) var transcript = ""
        /// From the fault to the first message.
        private(set) var first: Duration?
        /// The first line of that.
        private(set) var line = ""
        private var messages: [FaultReceivers.Message] = []

        /// Incidents of PagerDuty, or threads.
        private func conversations(_ kind: FaultReceivers.Kind) -> Set<String> {
            Set(messages.filter { $0.kind == kind }.map(\.conversation))
        }
        func count(_ kind: FaultReceivers.Kind) -> Int { messages.count { $0.kind == kind } }

        init(_ row: FaultRow, calm: Duration) {
            let rig: FaultRig
            do { rig = try FaultRig(row, calm: calm) } catch {
                complaints = ["the agent does not start: \(error)"]
                return
            }
            let before = rig.estate.receivers.messages
            let began = rig.rig.now
            row.begin(rig)
            rig.rig.pass(row.lasts - (rig.rig.now - began))
            let ended = rig.rig.now
            row.end(rig)
            rig.rig.pass(row.recovers)
            rig.rig.stop()
            let all = rig.estate.receivers.messages
            messages = Array(all.dropFirst(before.count))
            first = messages.first.map { $0.at - began }
            line = messages.first?.line ?? ""
            var transcript = before.map { "before: \($0)" }
            transcript += messages.map { message in
                let at = String(format: "%8.2f", (message.at - began) / .seconds(1))
                return "\(at) \(message)"
            }
            transcript.append(
                "mended after \((ended - began) / .seconds(1)) s; fired: \(rig.rig.everFired.keys.sorted())")
            self.transcript = transcript.joined(separator: "\n")
            complaints = judge(row, before)
        }

        private func judge(_ row: FaultRow, _ before: [FaultReceivers.Message]) -> [String] {
            var complaints: [String] = []
            if !before.isEmpty { complaints.append("told before the fault: \(before)") }
            for (kind, loudness) in [
                (FaultReceivers.Kind.mail, FaultRow.Loudness.mail), (.slack, .chat), (.pagerduty, .page),
            ] {
                let expected = row.loudness >= loudness ? 1 : 0
                let found = conversations(kind)
                // The team and on-call get mails of their own.
                let places = Set(found.map { kind == .mail ? $0.split(separator: " ").last ?? "" : "" })
                if found.count != max(expected, expected * places.count) {
                    complaints.append("\(found.count) conversations of \(kind.rawValue)")
                }
                for conversation in found {
                    let told = messages.filter { $0.kind == kind && $0.conversation == conversation }
                    let ends = told.count(where: \.isEnd)
                    if ends != 1 || told.last?.isEnd != true { complaints.append("\(ends) ends by \(kind.rawValue)") }
                }
            }
            guard row.loudness > .nothing else { return complaints }
            if !line.contains(row.cause) { complaints.append("the first line is \"\(line)\"") }
            if let first, first > row.within { complaints.append("told after \(first / .seconds(1)) s") }
            return complaints
        }
    }
}
