import FoundationEssentials
import Platform
import Probes
import Recovery
import Samples
import Simulation

/// Lines of an audit log, as they arrive, and what is made of them.
enum AuditFuzzing {
    /// Whatever the pieces are, the entries are the same; each has a path of a bounded length. The assessment of them is
    /// JSON, and the probe that reads them makes a page of metrics.
    static func lines(_ bytes: [UInt8]) async throws {
        let bytes = Array(bytes.prefix(1 << 20))
        let whole = entries(bytes, pieceBytes: .max)
        guard entries(bytes, pieceBytes: 61) == whole else { throw FuzzFinding("the pieces make a difference") }
        for entry in whole {
            guard entry.path.utf8.count <= 3 * 1024, entry.auth.displayName.utf8.count <= 3 * 256 else {
                throw FuzzFinding("a text is not cut")
            }
            let path = AuditPath.secret(entry)
            _ = TenantPattern(TenantPattern.usual)?.tenant(in: path)
        }
        try assess(bytes, whole)
        try await follow(bytes)
    }

    private static func entries(_ bytes: [UInt8], pieceBytes: Int) -> [AuditEntry] {
        var splitter = AuditLineSplitter()
        var found: [AuditEntry] = []
        func line(_ bytes: [UInt8], _ range: Range<Int>?) {
            guard let range else { return }
            _ = AuditEntry.read(bytes, range) { found.append($0) }
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            splitter.take(Array(rest.prefix(pieceBytes)), line)
            rest = rest.dropFirst(pieceBytes)
        }
        splitter.finish(line)
        return found
    }

    /// What is checked of an assessment.
    private struct Answer: Decodable {
        var suspicious_events: Int
        var secrets_reached: Int
    }

    private static func assess(_ bytes: [UInt8], _ entries: [AuditEntry]) throws {
        var options = AuditAssessmentOptions(
            from: Timestamp(milliseconds: .min), to: Timestamp(milliseconds: .max))
        options.tenantPatterns = [TenantPattern(TenantPattern.usual)].compactMap(\.self)
        options.massReads = 3
        let assessment = AuditAssessment.assess(["/a.log", "/b.log"], options, PlayedFiles(others: bytes))
        guard let answer = try? JSONDecoder().decode(Answer.self, from: Data(assessment.json())) else {
            throw FuzzFinding("the assessment is not JSON")
        }
        // Both files are the same.
        guard assessment.entries == 2 * entries.count || PackedAuditLog.isPacked(bytes),
            answer.suspicious_events == assessment.suspiciousEvents, answer.secrets_reached <= assessment.secrets.count
        else { throw FuzzFinding("the assessment contradicts itself") }
    }

    private static func follow(_ bytes: [UInt8]) async throws {
        let files = PlayedFiles(others: bytes)
        let time = VirtualTime(wall: Surroundings.wall)
        var options = AuditLogOptions(cluster: "main", node: "a", paths: ["/var/log/audit.log"])
        options.tenantPatterns = [TenantPattern(TenantPattern.usual)].compactMap(\.self)
        let positions = AuditPositions()
        // A position in a file that is gone: the log is read from its beginning.
        positions.restore(
            options.name,
            Array(
                #"[{"path":"/var/log/audit.log","identity":{"device":9,"inode":9},"offset":9,"head":{"length":0,"hash":0}}]"#
                    .utf8))
        positions.restore("other", bytes)
        try await AnswerFuzzing.probe(
            ProbeSet(
                auditLogs: [options], auditPositions: positions, http: PlayedHTTP([]), database: NoDatabase(),
                platform: Surroundings.platform(time, files: files)),
            time, files: files)
    }
}
