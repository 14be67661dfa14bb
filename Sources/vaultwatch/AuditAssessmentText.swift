import Probes
import Recovery
import Samples
import Text

/// An assessment for people: what it comes to, who, what was reached, and in which order. Names, paths and addresses are
/// chosen by strangers; each cell of a table makes its text harmless.
struct AuditAssessmentText {
    private let assessment: AuditAssessment

    private static let clientLimit = 30
    private static let secretLimit = 50
    private static let tenantLimit = 50
    private static let eventLimit = 100

    init(_ assessment: AuditAssessment) { self.assessment = assessment }

    /// Why there is nothing to assess.
    static func nothing(_ assessment: AuditAssessment) -> String {
        let times = assessment.sources.flatMap { [$0.first, $0.last].compactMap(\.self) }
        guard let first = times.min(), let last = times.max() else {
            let lines = assessment.sources.reduce(0) { $0 + $1.lines }
            return
                "no audit entry in \(Words.count(lines, "line")): is it the log of a file audit device with format json?"
        }
        return
            "no audit entry between \(assessment.from.rfc3339) and \(assessment.to.rfc3339): the files hold entries from \(first.rfc3339) to \(last.rfc3339); see --since and --until"
    }

    func text(_ display: Display) -> String {
        var parts = [summary(display)]
        if !assessment.suspicions.isEmpty { parts.append(section("Suspicious", reasons, display)) }
        let clients = assessment.rankedClients.filter { !$0.suspicions.isEmpty || $0.isSuspicious }
        if !clients.isEmpty { parts.append(section("Who", self.clients(clients), display)) }
        if assessment.reachedSecrets > 0 { parts.append(section("Secrets reached", secrets, display)) }
        let tenants = assessment.reachedTenants
        if !tenants.isEmpty {
            let shown = tenants.prefix(AuditAssessmentText.tenantLimit).map(\.onOneLine).joined(separator: ", ")
            let rest = tenants.count - AuditAssessmentText.tenantLimit
            parts.append(
                display.styled("Tenants affected: \(tenants.count)", .bold) + "\n"
                    + display.fitted(rest > 0 ? "\(shown) and \(rest) more" : shown))
        }
        if !assessment.timeline.isEmpty { parts.append(section("Timeline", timeline, display)) }
        return parts.joined(separator: "\n\n")
    }

    private func summary(_ display: Display) -> String {
        let lines = assessment.sources.reduce(0) { $0 + $1.lines }
        let unreadable = assessment.sources.flatMap(\.faults.values).reduce(0, +)
        var notes = [
            "Assessed from \(assessment.from.rfc3339) to \(assessment.to.rfc3339): \(Words.count(assessment.entries, "entry", "entries")) of \(Words.count(assessment.sources.count, "file")) with \(Words.count(lines, "line"))."
        ]
        let clients = assessment.clients.count { $0.isSuspicious }
        let verdict: String
        if assessment.suspiciousEvents == 0 {
            verdict =
                "Nothing suspicious; \(Words.count(assessment.secrets.count, "secret")) \(assessment.secrets.count == 1 ? "was" : "were") read."
        } else {
            verdict =
                "Suspicious: \(Words.count(assessment.suspiciousEvents, "event")), \(Words.count(clients, "suspicious client")). Secrets reached: \(assessment.reachedSecrets) of \(Words.count(assessment.reachedTenants.count, "tenant")). Scope: \(assessment.scope.rawValue)."
        }
        if unreadable > 0 {
            notes.append("\(Words.count(unreadable, "line")) could not be read whole: cut off, or no audit entries.")
        }
        if assessment.unanswered > 0 {
            notes.append("\(Words.count(assessment.unanswered, "request")) without a response.")
        }
        if assessment.excluded > 0 { notes.append("\(Words.count(assessment.excluded, "entry", "entries")) excluded.") }
        if assessment.omittedEvents + assessment.omittedClientEvents + assessment.omittedReads > 0 {
            notes.append(
                "More than can be held: \(assessment.omittedEvents) suspicious events are counted and not listed, \(assessment.omittedClientEvents) are of further clients, \(assessment.omittedReads) reads are of further secrets."
            )
        }
        notes.append("Rekeying and unsealing are in no audit log.")
        if let failure = assessment.historyFailure {
            notes.append("The timeline lacks what the agent saw: \(failure.onOneLine)")
        }
        let style: Display.Style = assessment.suspiciousEvents == 0 ? .green : .boldRed
        return ([display.styled(display.fitted(verdict), style)] + notes.map { display.fitted($0) })
            .joined(separator: "\n")
    }

    private func section(_ title: String, _ table: TextTable, _ display: Display) -> String {
        display.styled(title, .bold) + "\n" + table.render(display)
    }

    private var reasons: TextTable {
        let rows = assessment.suspicions.sorted { a, b in
            (a.key.isGrave ? 0 : 1, -a.value, a.key.name) < (b.key.isGrave ? 0 : 1, -b.value, b.key.name)
        }
        return TextTable(
            [.rigid("EVENTS"), "WHAT", .rigid("KIND")],
            rows.map {
                [.init(String($0.value)), .init($0.key.text), .init($0.key.name, $0.key.isGrave ? .red : .none)]
            })
    }

    private func clients(_ clients: [AuditAssessment.Client]) -> TextTable {
        var rows = clients.prefix(AuditAssessmentText.clientLimit).map { client -> [TextTable.Cell] in
            let tenants = assessment.tenants(of: client).count
            let reasons = client.suspicions.sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }
                .map { "\($0.key.name) \($0.value)" }.joined(separator: ", ")
            return [
                .init(
                    client.displayName.isEmpty ? "no valid token" : client.displayName,
                    client.isSuspicious ? .red : .none),
                .init(client.addresses.joined(separator: " ")), .init(client.entityID),
                .init(client.accessors.map { AuditAssessmentText.shortened($0) }.joined(separator: " ")),
                .init(client.first.rfc3339), .init(client.last.rfc3339),
                .init(client.reads == 0 ? "" : "\(client.secrets.count) of \(Words.count(tenants, "tenant"))"),
                .init(reasons),
            ]
        }
        if clients.count > rows.count { rows.append([.init("and \(clients.count - rows.count) more")]) }
        return TextTable(
            [
                "CLIENT", "ADDRESS", "ENTITY", "ACCESSOR", .rigid("FIRST"), .rigid("LAST"), .rigid("SECRETS"),
                "REASONS",
            ], rows)
    }

    private var secrets: TextTable {
        let reached = assessment.rankedSecrets.filter(\.isReached)
        var rows = reached.prefix(AuditAssessmentText.secretLimit).map { secret -> [TextTable.Cell] in
            [
                .init(secret.path), .init(secret.tenant ?? ""), .init(String(secret.reads)),
                .init(secret.first.rfc3339), .init(secret.last.rfc3339),
            ]
        }
        if reached.count > rows.count {
            rows.append([.init("and \(reached.count - rows.count) more; --output=json has them")])
        }
        return TextTable(["SECRET", "TENANT", .rigid("READS"), .rigid("FIRST"), .rigid("LAST")], rows)
    }

    private var timeline: TextTable {
        let events = assessment.timeline
        let limit = AuditAssessmentText.eventLimit / 2
        let shown = events.count <= 2 * limit ? events : Array(events.prefix(limit) + events.suffix(limit))
        var rows = shown.map { event -> [TextTable.Cell] in
            [
                .init(event.time.rfc3339), .init(event.source),
                .init(event.client.isEmpty && event.source == "audit" ? "no valid token" : event.client),
                .init(event.address), .init(event.text), .init(event.path),
            ]
        }
        if events.count > shown.count {
            rows.insert([.init("… \(events.count - shown.count) more; --output=json has them")], at: limit)
        }
        return TextTable([.rigid("TIME"), .rigid("SOURCE"), "CLIENT", "ADDRESS", "WHAT", "PATH"], rows)
    }

    /// A hash is long; its beginning tells it from others: `hmac-sha256:57c9cb7c5881`.
    private static func shortened(_ accessor: String) -> String { String(accessor.prefix(24)) }
}
