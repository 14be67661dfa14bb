import Lab
import Logging
import Platform
import Simulation
import Testing

@testable import Transport

/// Questions to a name server on loopback, over UDP and TCP.
struct DNSTransportTests {
    private let transport = DNSTransport(platform: .real(log: Logger(label: "test")))

    private static func server() async throws -> LabNameServer {
        let server = try LabNameServer([
            .init("example.org", "MX"): ["10 mail.example.org", "20 mx.example.net"],
            .init("example.org", "TXT"): [String(repeating: "long ", count: 200)],
            .init("mail.example.org", "AAAA"): ["2001:db8::25"],
        ])
        try await server.start()
        return server
    }

    private func ask(_ name: String, _ type: DNSType, _ port: UInt16, timeout: Duration = .seconds(10))
        async throws -> DNSAnswer
    {
        let question = try #require(DNSQuestion(name, type))
        return try await transport.ask(question, DNSServer(address: "127.0.0.1", port: port), timeout: timeout)
    }

    @Test func answersAreRead() async throws {
        let server = try await Self.server()
        let mail = try await ask("Example.org", .mx, server.port)
        #expect(mail.code == 0 && mail.values == ["10 mail.example.org", "20 mx.example.net"])
        #expect(mail.secondsToLive == 300 && mail.isAuthoritative)
        #expect(try await ask("mail.example.org", .aaaa, server.port).values == ["2001:db8::25"])
        let none = try await ask("mail.example.org", .a, server.port)
        #expect(none.code == 0 && none.values.isEmpty && none.secondsToLive == nil)
        #expect(try await ask("no.example.org", .a, server.port).code == 3)
        server.fail(code: 5)
        #expect(try await ask("example.org", .mx, server.port).code == 5)
        await server.close()
        transport.close()
    }

    @Test func whatIsTooLongComesOverTCP() async throws {
        let server = try await Self.server()
        server.truncate(true)
        let text = try await ask("example.org", .txt, server.port)
        #expect(text.values == [String(repeating: "long ", count: 200)])
        await server.close()
        transport.close()
    }

    @Test func silenceAndRefusalEnd() async throws {
        let server = try await Self.server()
        server.silence(true)
        await #expect(throws: TransportError.self) {
            try await ask("example.org", .mx, server.port, timeout: .milliseconds(60))
        }
        await server.close()
        // The system says that nobody listens.
        let error = await #expect(throws: TransportError.self) { try await ask("example.org", .mx, server.port) }
        #expect(error?.reason == .connect)
        transport.close()
        let closed = await #expect(throws: TransportError.self) { try await ask("example.org", .mx, server.port) }
        #expect(closed?.reason == .cancelled)
    }

    @Test func aCancelledQuestionEnds() async throws {
        let server = try await Self.server()
        server.silence(true)
        let task = Task { [transport] in
            guard let question = DNSQuestion("example.org", .mx) else { return TransportError.Reason?.none }
            let server = DNSServer(address: "127.0.0.1", port: server.port)
            do throws(TransportError) {
                _ = try await transport.ask(question, server, timeout: .seconds(600))
                return nil
            } catch { return error.reason }
        }
        task.cancel()
        #expect(await task.value == .cancelled)
        await server.close()
        transport.close()
    }

    /// Datagrams that are no answer do not end the question, and are not read without end.
    @Test func foreignDatagramsAreIgnored() throws {
        let question = try #require(DNSQuestion("example.org", .mx))
        let query = try #require(DNSMessage.query(id: 1, question, hasEDNS: true))
        // An echo of the query is no response.
        #expect(DNSMessage.read(query, id: 1, question) == .foreign)
    }
}
