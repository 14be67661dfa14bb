import Platform
import Samples
import Text
import Transport

/// Asks each name server for each of the records, and compares them with what is expected.
struct DNSServiceCheck: ServiceCheck {
    let options: DNSServiceOptions
    let timeout: Duration
    let client: any DNSClient
    let platform: Platform

    /// What one server has answered.
    private struct Survey: Sendable {
        let server: DNSServer
        var answers: [(records: ExpectedRecords, answer: DNSAnswer)] = []
        /// Why it gives no further answer.
        var error: TransportError?

        /// Whether it resolves names: each answer says what there is, or that there is nothing.
        var isUp: Bool { error == nil && refusal == nil }
        /// The first response code that is neither.
        var refusal: Int? { answers.lazy.map(\.answer.code).first { $0 != 0 && $0 != 3 } }
    }

    func look() async -> ServiceFinding {
        let servers = options.servers.isEmpty ? await systemServers() : options.servers
        let began = platform.time.monotonic()
        let surveys = await withTaskGroup(of: Survey.self) { group in
            for server in servers { group.addTask { await survey(server, until: began + timeout) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var timing = HTTPTiming()
        timing.processing = (platform.time.monotonic() - began) / .seconds(1)
        timing.total = timing.processing
        return finding(servers.compactMap { server in surveys.first { $0.server == server } }, timing)
    }

    private func survey(_ server: DNSServer, until end: Instant) async -> Survey {
        var survey = Survey(server: server)
        for records in options.records {
            do throws(TransportError) {
                let answer = try await client.ask(
                    records.question, server, timeout: end - platform.time.monotonic())
                survey.answers.append((records, answer))
            } catch {
                // The next question would cost the same time for nothing.
                survey.error = error
                return survey
            }
        }
        return survey
    }

    // MARK: The system's name servers

    /// resolv.conf(5): at most three, and this machine without any.
    private func systemServers() async -> [DNSServer] {
        let bytes = (try? await platform.files.readInTime("/etc/resolv.conf", limit: 64 << 10)) ?? []
        return DNSServiceCheck.servers(inResolverConfiguration: String(decoding: bytes, as: UTF8.self))
    }

    static func servers(inResolverConfiguration text: String) -> [DNSServer] {
        let found = text.split(whereSeparator: \.isNewline).compactMap { line -> DNSServer? in
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, words[0] == "nameserver" else { return nil }
            return DNSServer(String(words[1]))
        }
        return found.isEmpty ? [DNSServer(address: "127.0.0.1")] : Array(found.prefix(3))
    }

    // MARK: What was found

    private func finding(_ surveys: [Survey], _ timing: HTTPTiming) -> ServiceFinding {
        var finding = ServiceFinding(timing: timing)
        finding.isUp = surveys.contains(where: \.isUp)
        var wrong: [String] = []
        for survey in surveys {
            let server = Label("name_server", survey.server.description)
            finding.facts.append(.init(name: "service_dns_server_up", value: survey.isUp ? 1 : 0, labels: [server]))
            for (records, answer) in survey.answers {
                wrong += add(records, answer, survey, server, to: &finding)
            }
            if !survey.isUp { finding.warnings.append(DNSServiceCheck.silence(survey)) }
        }
        if !finding.isUp {
            finding.failure =
                surveys.lazy.compactMap { survey in
                    survey.error.map { ProbeFailure($0.reason.rawValue, $0.message) }
                        ?? survey.refusal.map { _ in ProbeFailure("rcode", DNSServiceCheck.silence(survey)) }
                }.first
            finding.timing = nil
        } else if let first = wrong.first {
            finding.failure = ProbeFailure("record", first + (wrong.count > 1 ? "; and \(wrong.count - 1) more" : ""))
            finding.warnings += wrong
        }
        let servers = Words.count(surveys.count, "name server")
        finding.detail = "\(Words.count(options.records.count, "record set")) as expected, by \(servers)"
        return finding
    }

    /// Adds the samples of one answer.
    /// - Returns: what is wrong with it, each a sentence.
    private func add(
        _ records: ExpectedRecords, _ answer: DNSAnswer, _ survey: Survey, _ server: Label,
        to finding: inout ServiceFinding
    ) -> [String] {
        let question = records.question
        let labels = [server, Label("record", question.name), Label("type", question.type.rawValue)]
        func add(_ name: String, _ value: Double) {
            finding.facts.append(.init(name: name, value: value, labels: labels))
        }
        add("service_dns_rcode", Double(answer.code))
        guard answer.code == 0 || answer.code == 3 else { return [] }
        let comparison = records.compare(answer.values)
        add("service_dns_record_matches", comparison.matches ? 1 : 0)
        add("service_dns_records_missing", Double(comparison.missing.count))
        add("service_dns_records_unexpected", Double(comparison.unexpected.count))
        if let seconds = answer.secondsToLive { add("service_dns_record_ttl_seconds", Double(seconds)) }
        guard !comparison.matches else { return [] }
        var parts: [String] = []
        for (word, values) in [("lacks", comparison.missing), ("has unexpected", comparison.unexpected)]
        where !values.isEmpty {
            parts.append("\(word) \(Words.list(values.map(DNSServiceCheck.shown), limit: 3))")
        }
        let nothing = answer.code == 3 ? ", which does not exist," : ""
        return [
            "\(question.name) \(question.type.rawValue)\(nothing) at \(survey.server) \(parts.joined(separator: " and "))"
        ]
    }

    private static func shown(_ value: String) -> String {
        value.withoutControls().truncated(toBytes: 120).quotedAsInGo
    }

    private static func silence(_ survey: Survey) -> String {
        survey.error?.message ?? "name server \(survey.server) answers with code \(name(of: survey.refusal ?? 2))"
    }

    /// Source: RFC 1035, 4.1.1; RFC 2136, 2.2.
    private static func name(of code: Int) -> String {
        let names = [0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 9: "NOTAUTH"]
        return names[code] ?? "\(code)"
    }
}
