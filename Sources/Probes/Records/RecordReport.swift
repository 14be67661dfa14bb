import Samples

/// The last success and failure of backup runs, restore tests and drills, from recorded events.
struct RecordReport: Sendable {
    /// When something last succeeded and last failed.
    private struct Outcomes: Sendable {
        var lastSuccess: Timestamp?
        var lastFailure: Timestamp?
        /// In milliseconds; of the last success that says so.
        var duration: (value: Double, at: Timestamp)?
        /// The phases and the backup's age in milliseconds; of the last success that says so.
        var parts: (phases: [RestorePhase: Double], age: Double?, at: Timestamp)?

        mutating func note(_ success: Bool, at time: Timestamp, duration: Double? = nil) {
            if success {
                lastSuccess = max(lastSuccess ?? time, time)
                if let duration, RecordReport.isDuration(duration), time >= self.duration?.at ?? time {
                    self.duration = (duration, time)
                }
            } else {
                lastFailure = max(lastFailure ?? time, time)
            }
        }
    }

    private static func isDuration(_ milliseconds: Double) -> Bool { milliseconds.isFinite && milliseconds >= 0 }

    private var backups = Outcomes()
    private var restoreTests = Outcomes()
    private var drills: [String: Outcomes] = [:]
    private var latestDrills: [String: RecordedEvent] = [:]
    private(set) var unreadableLines = 0
    /// Events dated in the future. They are ignored: a future success would suppress reminders until then.
    private(set) var futureEvents = 0
    private let limit: Timestamp

    /// Maximum number of scenarios with series of their own; further ones count as `other`.
    private static let scenarioLimit = 32

    /// The clock that dated an event may run ahead of ours by this much.
    private static let futureTolerance: Duration = .seconds(300)

    init(now: Timestamp) { limit = now + RecordReport.futureTolerance }

    /// Adds the events of a file or of its end.
    /// - Parameters:
    ///   - isCut: whether the first line may be incomplete and is to be skipped.
    ///   - isRotated: whether the file was rotated: malformed lines in it can't be corrected any more.
    mutating func take(_ bytes: [UInt8], isCut: Bool, isRotated: Bool = false) {
        var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: true)[...]
        if isCut { lines = lines.dropFirst() }
        for line in lines {
            switch RecordedEvent.line(line) {
            case .event(let event): take(event)
            case .other: break
            case .unreadable: unreadableLines += isRotated ? 0 : 1
            }
        }
    }

    mutating func take(_ event: RecordedEvent) {
        guard event.time <= limit else {
            futureEvents += 1
            return
        }
        switch event.kind {
        case .backupStarted: break
        case .backupCompleted, .backupFailed: backups.note(event.kind == .backupCompleted, at: event.time)
        case .restoreTestSucceeded, .restoreTestFailed:
            restoreTests.note(
                event.kind == .restoreTestSucceeded, at: event.time, duration: event.details.duration)
            if event.kind == .restoreTestSucceeded { takeParts(of: event) }
        case .drillCompleted, .drillFailed:
            var scenario = event.details.scenario ?? "unknown"
            if drills[scenario] == nil, drills.count >= RecordReport.scenarioLimit { scenario = "other" }
            // A drill can complete and still show that the procedure does not work.
            drills[scenario, default: Outcomes()].note(
                event.kind == .drillCompleted && event.details.success != false, at: event.time)
            if latestDrills[scenario].map({ $0.time <= event.time }) ?? true { latestDrills[scenario] = event }
        }
    }

    /// Only phases that are known, so that a file of another's making makes no series of its own.
    private mutating func takeParts(of event: RecordedEvent) {
        var phases: [RestorePhase: Double] = [:]
        for (name, duration) in event.details.phases ?? [:] {
            guard let phase = RestorePhase(rawValue: name), RecordReport.isDuration(duration) else { continue }
            phases[phase] = duration
        }
        let age = event.details.backupAge.flatMap { RecordReport.isDuration($0) ? $0 : nil }
        guard !phases.isEmpty || age != nil, event.time >= restoreTests.parts?.at ?? event.time else { return }
        restoreTests.parts = (phases, age, event.time)
    }

    func add(to set: inout SampleSet) {
        for (name, outcomes) in [("backup_run", backups), ("restore_test", restoreTests)] {
            set.add("\(name)_last_success_timestamp_seconds", outcomes.lastSuccess)
            set.add("\(name)_last_failure_timestamp_seconds", outcomes.lastFailure)
        }
        set.add("restore_test_last_duration_seconds", restoreTests.duration.map { $0.value / 1000 })
        set.add("restore_test_last_backup_age_seconds", restoreTests.parts?.age.map { $0 / 1000 })
        for (phase, duration) in restoreTests.parts?.phases ?? [:] {
            set.add("restore_test_last_phase_seconds", duration / 1000, ["phase": phase.rawValue])
        }
        for (scenario, outcomes) in drills {
            set.add("drill_last_success_timestamp_seconds", outcomes.lastSuccess, ["scenario": scenario])
            set.add("drill_last_failure_timestamp_seconds", outcomes.lastFailure, ["scenario": scenario])
            guard let latest = latestDrills[scenario]?.details else { continue }
            set.add("drill_last_duration_seconds", latest.duration.map { $0 / 1000 }, ["scenario": scenario])
            for (name, span) in [("page", latest.paged), ("data_loss", latest.dataLoss)] {
                guard let span, RecordReport.isDuration(span) else { continue }
                set.add("drill_last_\(name)_seconds", span / 1000, ["scenario": scenario])
            }
            set.add("drill_last_recovery_time_met", latest.rtoMet, ["scenario": scenario])
            set.add("drill_last_issues", latest.issues?.count, ["scenario": scenario])
        }
    }

    var status: TargetStatus {
        func phrase(_ name: String, _ outcomes: Outcomes) -> String {
            "\(name) \(outcomes.lastSuccess.map { "last succeeded \($0.rfc3339)" } ?? "never succeeded")"
        }
        let lastDrill = drills.values.compactMap(\.lastSuccess).max()
        let detail = [
            phrase("backup run", backups), phrase("restore test", restoreTests),
            "drill \(lastDrill.map { "last succeeded \($0.rfc3339)" } ?? "never succeeded")",
        ].joined(separator: ", ")
        let failing = [backups, restoreTests].contains { outcomes in
            outcomes.lastFailure.map { failure in outcomes.lastSuccess.map { $0 < failure } ?? true } ?? false
        }
        var warnings: [String] = []
        if unreadableLines > 0 {
            warnings.append(
                unreadableLines == 1 ? "1 line is not a JSON event" : "\(unreadableLines) lines are not JSON events")
        }
        if futureEvents > 0 {
            warnings.append(
                futureEvents == 1
                    ? "1 event is dated in the future and does not count"
                    : "\(futureEvents) events are dated in the future and do not count")
        }
        return TargetStatus(
            failing || !warnings.isEmpty ? .warning : .ok, failing ? "last run failed" : "read", detail: detail,
            warnings: warnings)
    }
}
