import Samples
import Testing

@testable import Probes

/// Where secrets lie, whose they are, and who reads many.
struct AuditPathTests {
    private func secret(
        _ path: String, type: String = "kv", mount: String = "",
        _ change: (inout AuditEntry.Response) -> Void = { _ in }
    ) -> String {
        var entry = AuditEntry()
        (entry.path, entry.mountType, entry.mountPoint) = (path, type, mount)
        var response = AuditEntry.Response()
        change(&response)
        entry.response = response
        return AuditPath.secret(entry)
    }

    @Test func bothVersionsHaveOnePath() {
        #expect(secret("smtp/tenant-01/admin") { $0.hasSecret = true } == "smtp/tenant-01/admin")
        #expect(secret("smtp/data/tenant-01/admin") { $0.isVersion2 = true } == "smtp/tenant-01/admin")
        #expect(secret("smtp/metadata/tenant-01/") == "smtp/tenant-01/")
        #expect(secret("smtp/destroy/tenant-01/admin") == "smtp/tenant-01/admin")
        // A secret of version 1 whose first name is data.
        #expect(secret("smtp/data/admin") { $0.hasSecret = true } == "smtp/data/admin")
        #expect(secret("team/kv/data/t/x") { $0.isVersion2 = true } == "team/kv/t/x")
        #expect(secret("team/kv/data/t/data", mount: "team/kv/") == "team/kv/t/data")
        #expect(secret("database/data/x", type: "database") == "database/data/x")
        #expect(secret("") == "" && secret("data") == "data")
    }

    @Test func patternsTellTheTenant() throws {
        let usual = try #require(TenantPattern(TenantPattern.usual))
        #expect(usual.tenant(in: "smtp/tenant-01/admin") == "tenant-01" && usual.tenant(in: "smtp") == nil)
        let domains = try #require(TenantPattern("dkim/*/{tenant}"))
        #expect([domains, usual].tenant(in: "dkim/x/example.com/s1") == "example.com")
        #expect([domains].tenant(in: "smtp/x/example.com") == nil)
        #expect(usual.tenant(in: "smtp//x") == nil)
        for wrong in ["", "*", "*/*", "{tenant}/{tenant}", "**/{tenant}", "a//{tenant}"] {
            #expect(TenantPattern(wrong) == nil, "\(wrong)")
        }
    }

    private func read(_ readers: inout AuditReaders, _ who: String, _ path: String, at second: Int64) -> Int {
        var entry = AuditEntry()
        entry.time = .init(milliseconds: second * 1000)
        entry.auth.entityID = who
        return readers.take(entry, path: path, tenant: path)
    }

    @Test func readsCountWithinTheWindow() {
        var readers = AuditReaders()
        for number in 0..<50 { #expect(read(&readers, "a", "s\(number)", at: Int64(number)) == number + 1) }
        for _ in 0..<500 { #expect(read(&readers, "b", "same", at: 60) == 1) }
        var peak = readers.takePeak(at: readers.newest)
        #expect(peak.secrets == 50 && peak.identity.entityID == "a" && peak.reads == 50 && peak.tenants == 50)
        // Ten minutes after the first of them.
        peak = readers.takePeak(at: .init(milliseconds: 1000))
        #expect(peak.secrets == 50)
        peak = readers.takePeak(at: .init(milliseconds: 625_000))
        #expect(peak.secrets == 50, "what was seen since the last call")
        peak = readers.takePeak(at: .init(milliseconds: 625_000))
        #expect(peak.secrets == 25)
        peak = readers.takePeak(at: .init(milliseconds: 700_000))
        #expect(peak.secrets == 25)
        peak = readers.takePeak(at: .init(milliseconds: 700_000))
        #expect(peak.secrets == 0)
    }

    /// What was read in a burst while nobody watched is seen, though it is long over.
    @Test func aPeakInThePastIsSeenOnce() {
        var readers = AuditReaders()
        for number in 0..<200 { _ = read(&readers, "thief", "s\(number)", at: Int64(number)) }
        _ = read(&readers, "app", "s", at: 86_400)
        let now = readers.newest
        #expect(readers.takePeak(at: now).secrets == 200 && readers.takePeak(at: now).secrets == 1)
    }

    @Test func memoryIsBounded() {
        var readers = AuditReaders()
        for number in 0..<5000 { _ = read(&readers, "thief", "s\(number)", at: 1) }
        for number in 0..<1000 { _ = read(&readers, "client \(number)", "s", at: 2) }
        let peak = readers.takePeak(at: readers.newest)
        #expect(peak.secrets == AuditReaders.secretLimit && peak.identity.entityID == "thief" && peak.reads == 5000)
        for client in 0..<100 {
            for number in 0..<1000 { _ = read(&readers, "many \(client)", "\(client) \(number)", at: 3) }
        }
        #expect(readers.takePeak(at: readers.newest).secrets <= AuditReaders.secretLimit)
    }
}
