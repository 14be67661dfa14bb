/// Something that takes bytes from outside. Whatever the bytes are, it must return: no trap, no hang, no memory without
/// bound. libFuzzer feeds it (`make fuzz`), and an ordinary test replays the corpora and seeded changes to them.
package struct FuzzTarget: Sendable {
    /// Of its corpus folder, and of its dictionary where it has one.
    package let name: String
    /// How it is run.
    package let work: Work

    /// Where an input is worked on.
    package enum Work: Sendable {
        /// On the calling thread.
        case computing(@Sendable ([UInt8]) throws -> Void)
        /// As a task, since it asks something that answers later.
        case asking(@Sendable ([UInt8]) async throws -> Void)
    }

    /// Feeds it one input.
    /// - Throws: `FuzzFinding` for a result that contradicts itself.
    package func run(_ bytes: [UInt8]) async throws {
        switch work {
        case .computing(let body): try body(bytes)
        case .asking(let body): try await body(bytes)
        }
    }

    /// Every target, by name.
    package static let all: [FuzzTarget] =
        ([
            ("api", .asking(APIFuzzing.requests)),
            ("configuration", .computing(ConfigurationFuzzing.agent)),
            ("alertmanager-file", .computing(ConfigurationFuzzing.alertmanager)),
            ("drill", .computing(ConfigurationFuzzing.drill)),
            ("web-configuration", .computing(ConfigurationFuzzing.web)),
            ("yaml", .computing(ConfigurationFuzzing.yaml)),
            ("exposition", .computing(TextFuzzing.exposition)),
            ("time-windows", .computing(TextFuzzing.timeWindows)),
            ("values", .computing(TextFuzzing.values)),
            ("journal-rows", .computing(JournalFuzzing.rows)),
            ("remote-queue", .computing(QueueFuzzing.segments)),
            ("promql", .computing(RuleFuzzing.promQL)),
            ("rule-file", .computing(RuleFuzzing.file)),
            ("template", .computing(RuleFuzzing.template)),
            ("vault", .asking(AnswerFuzzing.vault)),
            ("s3", .asking(AnswerFuzzing.s3)),
            ("backup-content", .asking(AnswerFuzzing.backupContent)),
            ("postgres-rows", .asking(AnswerFuzzing.postgresRows)),
            ("records", .asking(AnswerFuzzing.records)),
            ("postgres-backups", .asking(AnswerFuzzing.postgresBackups)),
            ("audit", .asking(AuditFuzzing.lines)),
            ("dns", .asking(AnswerFuzzing.dns)),
            ("receivers", .asking(AnswerFuzzing.receivers)),
            ("console-pages", .asking(ConsoleFuzzing.pages)),
            ("console-requests", .asking(ConsoleFuzzing.requests)),
            ("runbook", .asking(ConsoleFuzzing.runbook)),
            ("pagerduty", .asking(RemoteFuzzing.pagerDuty)),
            ("slack", .asking(RemoteFuzzing.slack)),
            ("websocket", .asking(RemoteFuzzing.webSocket)),
            ("http", .asking(PeerFuzzing.http)),
            ("smtp", .asking(PeerFuzzing.smtp)),
            ("postgres", .asking(PeerFuzzing.postgres)),
        ] as [(String, Work)]).map { FuzzTarget(name: $0.0, work: $0.1) }
}

/// A result that contradicts itself, such as a text that was written and can't be read again.
package struct FuzzFinding: Error, Sendable, CustomStringConvertible {
    /// What was expected and what was found.
    package let description: String

    init(_ description: String) { self.description = description }
}
