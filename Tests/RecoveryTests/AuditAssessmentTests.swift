import Foundation
import Lab
import Platform
import Probes
import Samples
import Simulation
import Testing

@testable import Recovery

/// Breaches as audit logs tell them. The numbers of the recording were counted with another JSON parser.
struct AuditAssessmentTests {
    private static let recording: String = {
        let url = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(path: "Recordings/audit-incident.jsonl")
        return (try? String(contentsOf: url, encoding: .utf8)) ?? ""
    }()

    private static let from = Timestamp(milliseconds: 1_795_800_000_000)

    private func options(_ change: (inout AuditAssessmentOptions) -> Void = { _ in }) -> AuditAssessmentOptions {
        var options = AuditAssessmentOptions(from: Self.from, to: Self.from + .seconds(86_400))
        options.tenantPatterns = [TenantPattern(TenantPattern.usual)].compactMap(\.self)
        change(&options)
        return options
    }

    private func assess(_ texts: [String], _ options: AuditAssessmentOptions) -> AuditAssessment {
        let names = texts.indices.map { "/audit-\($0).log" }
        let files = MemoryFiles(Dictionary(zip(names, texts)) { first, _ in first })
        return AuditAssessment.assess(names, options, files)
    }

    private func line(
        _ path: String, second: Int64 = 0, who: String = "app", entity: String = "entity-1", error: String = "",
        operation: String = "read", address: String = "10.0.0.7", type: String = "response", id: String = "r",
        mount: String = "kv", response: String = #"{"secret":{},"data":{"password":"hmac-sha256:00"}}"#
    ) -> String {
        """
        {"time":"\((Self.from + .seconds(second)).rfc3339)","type":"\(type)","error":"\(error)","auth":{"display_name":"\(who)","policies":["app"],"entity_id":"\(entity)"},"request":{"id":"\(id)","operation":"\(operation)","mount_type":"\(mount)","path":"\(path)","remote_address":"\(address)"},"response":\(response)}

        """
    }

    @Test func theRecordedIncident() throws {
        let found = assess(
            [Self.recording],
            options { $0.exclusions = [AuditExclusion(who: "approle", path: "smtp/test-tenant-id/admin")] })
        #expect(found.entries == 152 && found.requests == 77 && found.responses == 75)
        // Both requests without a response are of the kind that has none.
        #expect(found.unanswered == 0 && found.excluded == 4)
        #expect(found.secrets.count == 27 && found.reachedSecrets == 27)
        #expect(found.reachedTenants == (1...12).map { "tenant-\($0 < 10 ? "0" : "")\($0)" })
        #expect(found.scope == .widespread)
        let alice = try #require(found.rankedClients.first { $0.displayName == "userpass-alice" })
        #expect(alice.isSuspicious && alice.entityID == "0c71b8ef-245c-ec0c-4038-77d89c4867a4")
        #expect(alice.addresses == ["127.0.9.66"] && alice.reads == 27 && alice.secrets.count == 27)
        #expect(alice.suspicions == [.event(.denied): 5, .loginAfterFailures: 1])
        #expect(alice.accessors.count == 1 && alice.accessors[0].hasPrefix("hmac-sha256:57c9cb7c"))
        let root = try #require(found.rankedClients.first { $0.displayName == "root" })
        #expect(root.suspicions[.event(.rootTokenUse)] == 21 && root.reads == 0)
        let nobody = try #require(found.clients.first { $0.displayName.isEmpty && $0.addresses == ["127.0.9.66"] })
        #expect(nobody.suspicions == [.event(.loginFailed): 5, .event(.tokenMissing): 1, .event(.tokenUnknown): 1])
        let agent = try #require(found.clients.first { $0.displayName == "approle" })
        #expect(!agent.isSuspicious && agent.reads == 0)
        #expect(found.suspicions[.event(.auditDeviceDisabled)] == 1 && found.suspicions[.event(.seal)] == 1)
        #expect(found.timeline.first?.kind == "login_failed" && found.timeline.last?.kind == "seal")
        // What was done with a root token is one line each: 15 of its 21 uses.
        #expect(found.suspiciousEvents == 53 && found.timeline.count == 38 && found.omittedEvents == 0)
        #expect(found.timeline.last?.text == "asked to seal a node, with a root token")
        #expect(found.sources[0].lines == 152 && found.sources[0].faults.isEmpty)
    }

    /// The procedures' own reading of the log would have found none of it.
    @Test func asJSONItCanBeReadByPrograms() throws {
        let found = assess([Self.recording], options())
        let json = try #require(try JSONSerialization.jsonObject(with: Data(found.json())) as? [String: Any])
        #expect(json["verdict"] as? String == "suspicious" && json["scope"] as? String == "widespread")
        #expect((json["affected_tenants"] as? [String])?.count == 12 && json["secrets_reached"] as? Int == 27)
        #expect(json["secrets_read"] as? Int == 28)
        let clients = try #require(json["clients"] as? [[String: Any]])
        #expect(clients.first?["suspicious"] as? Bool == true)
        #expect((json["timeline"] as? [[String: Any]])?.count == 38 && json["suspicious_events"] as? Int == 53)
        #expect((json["files"] as? [[String: Any]])?.first?["lines"] as? Int == 152)
        #expect((json["history"] as? [String: Any])?["joined"] as? Bool == true)
    }

    @Test func everydayLifeIsNotSuspicious() {
        let found = assess([(0..<50).map { line("kv/a/s\($0)", second: $0) }.joined()], options())
        #expect(found.suspiciousEvents == 0 && found.scope == .none && found.secrets.count == 50)
        #expect(found.clients.count == 1 && found.timeline.isEmpty)
    }

    /// Refusals happen to every client; many of them are suspicious, and so is everything that it read.
    @Test func refusalsAddUp() throws {
        let denied = { (count: Int64) in
            (0..<count).map {
                self.line("kv/b/x", second: $0, error: #"1 error occurred:\n\t* permission denied\n\n"#, response: "{}")
            }.joined()
        }
        let few = assess([denied(9) + line("kv/a/s", second: 20)], options())
        #expect(few.suspiciousEvents == 9 && few.scope == .none && !few.clients[0].isSuspicious)
        let many = assess([denied(10) + line("kv/a/s", second: 20)], options())
        #expect(many.scope == .limited && many.reachedTenants == ["a"])
    }

    @Test func massReadsAreSuspiciousOnce() throws {
        let found = assess(
            [(0..<200).map { line("kv/t\($0)/s", second: $0) }.joined()], options { $0.massReads = 50 })
        #expect(found.suspicions == [.massReads: 1] && found.scope == .widespread && found.reachedTenants.count == 200)
        // As many, but slowly.
        let slow = assess(
            [(0..<200).map { line("kv/t\($0)/s", second: $0 * 60) }.joined()], options { $0.massReads = 50 })
        #expect(slow.suspiciousEvents == 0)
    }

    /// Each node writes its own log, and only while it is active.
    @Test func logsAreReadInTheOrderOfTime() {
        let first =
            line("sys/auth/a", second: 1, operation: "update", mount: "system", response: "{}")
            + line("sys/auth/c", second: 300, operation: "update", mount: "system", response: "{}")
        let second = line("sys/auth/b", second: 100, operation: "update", mount: "system", response: "{}")
        for texts in [[first, second], [second, first]] {
            let found = assess(texts, options())
            #expect(found.timeline.map(\.path) == ["sys/auth/a", "sys/auth/b", "sys/auth/c"])
        }
    }

    @Test func onlyTheTimeThatIsAskedForCounts() {
        let text = (0..<10).map { line("kv/a/s\($0)", second: $0 * 60) }.joined()
        let found = assess(
            [text], options { ($0.from, $0.to) = (Self.from + .seconds(120), Self.from + .seconds(240)) })
        #expect(found.entries == 3 && found.sources[0].entries == 10 && found.secrets.map(\.path).first == "kv/a/s2")
        let none = assess([text], options { $0.from = Self.from + .seconds(10_000) })
        #expect(none.entries == 0 && none.sources[0].first == Self.from)
    }

    @Test func requestsWithoutAResponseAreCounted() {
        let text =
            line("kv/a", second: 1, type: "request", id: "1") + line("kv/a", second: 1, id: "1")
            + line("kv/a", second: 2, type: "request", id: "2")
        #expect(assess([text], options()).unanswered == 1)
    }

    /// What a stranger can fill is bounded, and what did not fit is told.
    @Test func memoryIsBounded() throws {
        var assessor = AuditAssessor(options())
        for number in 0..<30_000 {
            var entry = AuditEntry()
            (entry.time, entry.isResponse, entry.operation) = (Self.from + .milliseconds(number), true, "read")
            (entry.path, entry.mountType, entry.id) = ("kv/t/s\(number)", "kv", "\(number)")
            (entry.auth.entityID, entry.auth.hasPolicies, entry.auth.isRoot) = ("client \(number)", true, true)
            entry.response = AuditEntry.Response()
            entry.response?.hasSecret = true
            entry.response?.hasData = true
            assessor.take(entry)
        }
        let found = assessor.finish([])
        #expect(found.clients.count == 2000 && found.secrets.count == 20_000 && found.timeline.count == 100)
        #expect(found.omittedReads == 10_000 && found.omittedClientEvents == 28_000 && found.omittedEvents == 29_900)
        #expect(found.suspiciousEvents == 30_000)
        #expect(found.json().count < 2 << 20)
    }

    /// Rotated files are compressed; what is damaged or cut is told.
    @Test func compressedLogsAreRead() async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let path = try folder.write("audit.log", Self.recording)
        try await ChildProcess.run("/bin/gzip", [path])
        let packed = Array(try Data(contentsOf: URL(filePath: path + ".gz")))
        try Data(packed.prefix(packed.count / 2)).write(to: URL(filePath: folder.file("cut.gz")))
        var damaged = packed
        damaged[packed.count / 2] ^= 0xff
        try Data(damaged).write(to: URL(filePath: folder.file("damaged.gz")))
        let whole = AuditAssessment.assess([path + ".gz"], options(), SystemFiles())
        #expect(whole.entries == 152 && whole.sources[0].failure == nil)
        let cut = AuditAssessment.assess([folder.file("cut.gz")], options(), SystemFiles())
        #expect(cut.entries > 0 && cut.entries < 152 && cut.sources[0].failure?.contains("middle") == true)
        let broken = AuditAssessment.assess([folder.file("damaged.gz")], options(), SystemFiles())
        #expect(broken.sources[0].failure?.contains("damaged") == true)
        let missing = AuditAssessment.assess([folder.file("none"), path + ".gz"], options(), SystemFiles())
        #expect(missing.sources[0].failure?.contains("No such file") == true && missing.entries == 152)
    }
}
