import Platform
import Samples
import Simulation
import Testing
import Transport

@testable import Probes

/// Records of the DNS against what is expected, and name servers that do not answer.
struct NameServiceTests {
    private static let first = DNSServer(address: "192.0.2.53")
    private static let second = DNSServer(address: "192.0.2.54")

    private static func expected(_ name: String, _ type: DNSType, _ values: [String], others: Bool = false) throws
        -> ExpectedRecords
    {
        ExpectedRecords(try #require(DNSQuestion(name, type)), values: values, allowsOthers: others)
    }

    private static func answer(_ values: [String], code: Int = 0) -> DNSAnswer {
        var answer = DNSAnswer(code: code)
        answer.values = values
        answer.secondsToLive = values.isEmpty ? nil : 300
        return answer
    }

    private func report(
        _ records: [ExpectedRecords],
        _ names: @escaping @Sendable (DNSQuestion, DNSServer) -> Result<DNSAnswer, TransportError>
    ) async throws -> ProbeReport {
        var options = DNSServiceOptions(records: records)
        options.servers = [Self.first, Self.second]
        var services = ScriptedServices()
        services.names = names
        let network = services.network()
        let set = ProbeSet(
            services: [ServiceOptions(name: "zone", check: .dns(options))], network: network, http: network.http,
            database: network.database, platform: testPlatform())
        return try await #require(set.probes.first).run()
    }

    // MARK: Values

    @Test func valuesHaveOneForm() {
        #expect(ExpectedRecords.normal("192.0.2.1", .a) == "192.0.2.1")
        #expect(ExpectedRecords.normal("2001:DB8:0::1", .aaaa) == "2001:db8::1")
        #expect(ExpectedRecords.normal("10  Mail.Example.org.", .mx) == "10 mail.example.org")
        #expect(ExpectedRecords.normal("0 .", .mx) == "0 .")
        #expect(ExpectedRecords.normal("WWW.example.org.", .cname) == "www.example.org")
        #expect(ExpectedRecords.normal("v=spf1 MX -all", .txt) == "v=spf1 MX -all")
        for (text, type) in [
            ("192.0.2.1", DNSType.aaaa), ("::1", .a), ("mail.example.org", .mx), ("70000 a", .mx), ("10 a..b", .mx),
            ("", .ns), ("a b", .ptr), ("192.0.2.256", .a),
        ] { #expect(ExpectedRecords.normal(text, type) == nil, "\(text)") }
    }

    @Test func recordsAreCompared() throws {
        let mail = try Self.expected("example.org", .mx, ["10 a.example", "20 b.example"])
        #expect(mail.compare(["20 b.example", "10 a.example"]).matches)
        #expect(
            mail.compare(["10 a.example", "5 c.example"])
                == .init(missing: ["20 b.example"], unexpected: ["5 c.example"]))
        let none = try Self.expected("old.example.org", .a, [])
        #expect(none.compare([]).matches && none.compare(["192.0.2.1"]).unexpected == ["192.0.2.1"])
    }

    /// Among other texts only one may say what mail servers are allowed; two are an error of their own.
    @Test func aSecondPolicyIsWrong() throws {
        let policy = try Self.expected("example.org", .txt, ["v=spf1 mx -all"], others: true)
        #expect(policy.compare(["google-site-verification=x", "v=spf1 mx -all"]).matches)
        let two = policy.compare(["v=spf1 mx -all", "v=spf1 +all"])
        #expect(two.missing.isEmpty && two.unexpected == ["v=spf1 +all"])
        #expect(policy.compare(["V=SPF1 +all"]) == .init(missing: ["v=spf1 mx -all"], unexpected: ["V=SPF1 +all"]))
    }

    /// RFC 6376, 3.2: white space between tags means nothing.
    @Test func aKeyMayBeWrittenOtherwise() throws {
        let key = try Self.expected("k._domainkey.example.org", .txt, ["v=DKIM1; k=rsa; p=MIIB"], others: true)
        #expect(key.compare(["v=DKIM1;k=rsa;  p=MI IB;"]).matches)
        #expect(!key.compare(["v=DKIM1; k=rsa; p=MIIC"]).matches)
    }

    // MARK: Answers

    @Test func allServersAreAsked() async throws {
        let report = try await report([try Self.expected("example.org", .mx, ["10 a.example"])]) { question, server in
            .success(Self.answer([server == Self.first ? "10 a.example" : "10 x.example"]))
        }
        let samples = report.samples
        let wrong = ["name_server": "192.0.2.54", "record": "example.org", "type": "MX"]
        #expect(samples.value("service_up") == 1 && samples.value("service_as_expected") == 0)
        #expect(samples.value("service_dns_record_matches", ["name_server": "192.0.2.53"]) == 1)
        #expect(samples.value("service_dns_record_matches", wrong) == 0)
        #expect(samples.value("service_dns_records_missing", wrong) == 1)
        #expect(samples.value("service_dns_records_unexpected", wrong) == 1)
        #expect(samples.value("service_dns_record_ttl_seconds", wrong) == 300)
        #expect(samples.value("service_dns_rcode", wrong) == 0)
        let words = "example.org MX at 192.0.2.54 lacks \"10 a.example\" and has unexpected \"10 x.example\""
        #expect(report.failure == ProbeFailure("record", words) && report.status.warnings == [words])
    }

    @Test func aNameThatDoesNotExistLacksItsRecords() async throws {
        let report = try await report([try Self.expected("example.org", .a, ["192.0.2.1"])]) { _, _ in
            .success(Self.answer([], code: 3))
        }
        #expect(
            report.failure?.message
                == "example.org A, which does not exist, at 192.0.2.53 lacks \"192.0.2.1\"; and 1 more")
        #expect(!report.samples.has("service_dns_record_ttl_seconds"))
    }

    @Test func oneSilentServerIsAWarning() async throws {
        let records = [try Self.expected("example.org", .a, ["192.0.2.1"])]
        let report = try await report(records) { _, server in
            server == Self.first
                ? .success(Self.answer(["192.0.2.1"])) : .failure(TransportError(.timeout, "no answer"))
        }
        #expect(report.failure == nil && report.status.health == .warning && report.status.warnings == ["no answer"])
        #expect(report.samples.value("service_dns_server_up", ["name_server": "192.0.2.54"]) == 0)
        #expect(report.samples.value("service_up") == 1)
    }

    @Test func serversThatRefuseAreDown() async throws {
        let records = [try Self.expected("example.org", .a, ["192.0.2.1"])]
        let refused = try await report(records) { _, _ in .success(Self.answer([], code: 5)) }
        #expect(
            refused.failure == ProbeFailure("rcode", "name server 192.0.2.53 answers with code REFUSED")
                && refused.samples.value("service_up") == 0 && !refused.samples.has("service_dns_record_matches"))
        let silent = try await report(records) { _, _ in .failure(TransportError(.timeout, "nothing")) }
        #expect(silent.failure == ProbeFailure("timeout", "nothing") && silent.status.state == "down")
    }

    @Test func theSystemsServersAreTaken() {
        let text = "# comment\nsearch example.org\nnameserver 192.0.2.1\nnameserver\tfe80::1%eth0\nnameserver ::1\n"
        let found = DNSServiceCheck.servers(
            inResolverConfiguration: text + "nameserver 192.0.2.3\nnameserver 192.0.2.4\n")
        #expect(found.map(\.description) == ["192.0.2.1", "::1", "192.0.2.3"])
        #expect(DNSServiceCheck.servers(inResolverConfiguration: "").map(\.description) == ["127.0.0.1"])
    }
}
