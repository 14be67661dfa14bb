import Alerts
import FoundationEssentials
import Lab
import Platform
import Samples
import Testing

@testable import Recovery

/// What is said of a drill, and where it is kept.
struct DrillReportTests {
    private static func report(
        _ id: String = "DR-2026-11-26-vault_failure-prod", startedAt: String = "2026-11-26T09:00:00Z"
    )
        -> DrillReport
    {
        DrillReport(
            id: id, scenario: "vault_failure", description: "The active node fails | or is *killed*.", cluster: "prod",
            outcome: .failed, startedAt: startedAt, endedAt: "2026-11-26T09:05:00Z", faultAt: "2026-11-26T09:00:10Z",
            knownAt: "2026-11-26T09:00:13Z", pagedAt: "2026-11-26T09:00:15Z", interruptedAt: "2026-11-26T09:00:12Z",
            servedAt: "2026-11-26T09:00:24Z",
            objectives: [
                .init(name: "rto", promised: 10, measured: 14, isMet: false),
                .init(name: "rpo", promised: nil, measured: nil, isMet: nil),
                .init(name: "paged", promised: 300, measured: 5, isMet: true),
            ], issues: ["the service was back after 14 s, promised within 10 s"],
            steps: [
                .init(
                    name: "Kill vault-1", action: "run", isFinal: false, outcome: .passed,
                    startedAt: "2026-11-26T09:00:10Z", seconds: 1, reason: ""),
                .init(
                    name: "Start", action: "run", isFinal: true, outcome: .failed, startedAt: "2026-11-26T09:01:00Z",
                    seconds: 2, reason: "/start ended with status 1"),
            ], timeline: [.init(at: "2026-11-26T09:00:10Z", offset: 0, what: "fault: Kill vault-1")],
            previous: .init(
                id: "DR-2026-08-01-vault_failure-prod", startedAt: "2026-08-01T09:00:00Z", outcome: .passed,
                objectives: [.init(name: "rto", promised: 10, measured: 9, isMet: true)], issues: 0))
    }

    @Test func theMarkdownSaysAll() {
        #expect(
            Self.report().markdown == """
                # Drill DR-2026-11-26-vault\\_failure-prod: failed

                The active node fails | or is \\*killed\\*.

                | | |
                |---|---|
                | scenario | vault\\_failure |
                | cluster | prod |
                | begun | 2026-11-26T09:00:00Z |
                | over | 2026-11-26T09:05:00Z |
                | fault | 2026-11-26T09:00:10Z |
                | known | 2026-11-26T09:00:13Z (3.0 s after the fault) |
                | paged | 2026-11-26T09:00:15Z (5.0 s after the fault) |
                | service seen away | 2026-11-26T09:00:12Z (2.0 s after the fault) |
                | service back | 2026-11-26T09:00:24Z (14 s after the fault) |

                ## Objectives

                | | promised | measured | met | last time |
                |---|---|---|---|---|
                | recovery time | 10 s | 14 s | **no** | 9.0 s (+5.0 s) |
                | data loss | – | unknown | – | – |
                | fault to page | 5 min | 5.0 s | yes | – |

                The last one was DR-2026-08-01-vault\\_failure-prod at 2026-08-01T09:00:00Z: passed, with no issues.

                ## Issues

                - the service was back after 14 s, promised within 10 s

                ## Steps

                | step | | ended | took |
                |---|---|---|---|
                | Kill vault-1 | run | passed | 1.0 s |
                | finally: Start | run | failed: /start ended with status 1 | 2.0 s |

                ## Timeline

                | at | from the fault | |
                |---|---|---|
                | 2026-11-26T09:00:10Z | +0 s | fault: Kill vault-1 |

                """)
    }

    @Test func itIsStoredAsItWas() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let archive = DrillArchive(folder: folder.path + "/drills", files: SystemFiles())
        let lock = try archive.lock()
        #expect(throws: FileError.self) { _ = try archive.lock() }
        withExtendedLifetime(lock) {}
        let report = Self.report()
        try archive.store(report)
        #expect(try archive.report(report.id) == report)
        #expect(archive.newID(scenario: "vault_failure", cluster: "prod", day: "2026-11-26") == report.id + "-2")
        #expect(archive.newID(scenario: "a", cluster: "../x y", day: "2026-11-26") == "DR-2026-11-26-a-___x_y")
        #expect(archive.previous(scenario: "vault_failure", cluster: "prod")?.id == report.id)
        #expect(archive.previous(scenario: "vault_failure", cluster: "test") == nil)
        #expect(throws: FileError.self) { _ = try archive.report("../../etc/passwd") }
        #expect(throws: FileError.self) { _ = try archive.report("DR-none") }
    }

    @Test func onlyTheNewestAreKept() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let archive = DrillArchive(folder: folder.path, files: SystemFiles())
        for number in 0...DrillArchive.limit {
            let digits = String(String(number + 1000).dropFirst())
            try archive.store(Self.report("DR-\(digits)", startedAt: "2026-01-01T00:00:00.\(digits)Z"))
        }
        #expect(archive.ids.count == DrillArchive.limit)
        #expect(archive.ids.first == "DR-001" && archive.reports.first?.id == "DR-500")
    }

    // MARK: A period

    private static let start = Timestamp(milliseconds: 1_795_671_000_000)

    private func entry(_ seconds: Int64, _ kind: HistoryEntry.Kind, _ incidents: [Int] = [1]) -> HistoryEntry {
        HistoryEntry(at: Self.start + .seconds(seconds), kind: kind, subject: "x", incidents: incidents)
    }

    @Test func anIncidentIsMeasuredFromItsDetection() throws {
        let at = { (seconds: Int64) in Self.start + .seconds(seconds) }
        let incident = PeriodReport.Incident(
            number: 1, sentence: "vault-1 is sealed", severity: "critical", startsAt: at(15), endedAt: at(100),
            toldAt: at(20), acknowledgedAt: at(40), owner: "ann",
            entries: [entry(10, .pending), entry(15, .firing), entry(20, .sent), entry(100, .ended)])
        let other = PeriodReport.Incident(
            number: 2, sentence: "old", severity: "low", startsAt: at(-900), endedAt: at(-600))
        let open = PeriodReport.Incident(
            number: 3, sentence: "DRILL: vault-2 is down", severity: "high", startsAt: at(50), drill: "vault_failure")
        let report = PeriodReport(
            from: at(0), to: at(200), incidents: [open, incident, other],
            entries: [entry(20, .sent), entry(60, .agent, [])],
            backups: [(at(-3600), at(-3500)), (at(-60), at(30)), (at(60), nil)])
        #expect(report.incidents.map(\.number) == [1, 3])
        let first = try #require(report.incidents.first)
        #expect(first.detectedAt == at(10).rfc3339)
        #expect(first.toPage == 10 && first.toAcknowledgement == 30 && first.recovery == 90)
        // The newer backup was still on its way.
        #expect(first.dataLoss == 3610)
        #expect(report.incidents.last?.recovery == nil && report.incidents.last?.dataLoss == 110)
        // What two lists have in common is said once.
        #expect(report.timeline.count == 5 && !report.isCut)
        let text = report.markdown
        for part in [
            "## Incident 1: vault-1 is sealed", "| paged | \(at(20).rfc3339) | 10 s |",
            "Recovery time (RTO): 1 min 30 s",
            "restore would have lost (RPO): 1 h", "(drill vault\\_failure)", "| resolved | goes on |  |",
        ] { #expect(text.contains(part), "\(part) is not in:\n\(text)") }
    }

    @Test func nothingIsSaidWhereNothingWas() {
        let report = PeriodReport(
            from: Self.start, to: Self.start + .seconds(10), incidents: [], entries: [], backups: [])
        #expect(report.markdown.contains("There were none."))
    }
}
