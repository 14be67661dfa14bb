import Lab
import Platform
import Samples
import Simulation
import TestServers
import Testing
import Text

@testable import Transport

/// Conversations over TCP and TLS: as a state, and over real sockets.
struct DialogueTests {
    private let transport = CurlTransport.test()

    private static func expect(_ pattern: String) throws -> DialogueRequest.Step {
        .expect(try RegularExpression(pattern))
    }

    // MARK: The state

    private func needs(_ dialogue: Dialogue) -> String {
        switch dialogue.need {
        case .nothing: "nothing"
        case .read: "read"
        case .write(let bytes): "write " + String(decoding: bytes, as: UTF8.self)
        }
    }

    @Test func stepsAreTakenInOrder() throws {
        var dialogue = Dialogue([try Self.expect("^220 "), .send(Array("QUIT\r\n".utf8)), try Self.expect("^221")])
        #expect(needs(dialogue) == "read")
        dialogue.read("220-hello\r\n22".utf8)
        #expect(needs(dialogue) == "read")
        dialogue.read("0 ready\r\n".utf8)
        #expect(needs(dialogue) == "write QUIT\r\n")
        dialogue.wrote(4)
        #expect(needs(dialogue) == "write \r\n")
        dialogue.wrote(2)
        dialogue.read("221 bye".utf8)
        #expect(needs(dialogue) == "nothing" && dialogue.unmet == nil)
        #expect(String(decoding: dialogue.lastLine, as: UTF8.self) == "221 bye")
    }

    /// Each search of a long line costs: a server that sends byte by byte must not keep all others waiting.
    @Test func aLineInManyPiecesIsSearchedAFewTimes() throws {
        var dialogue = Dialogue([try Self.expect("ready")])
        for _ in 0..<5000 { dialogue.read("x".utf8) }
        #expect(dialogue.partials <= 200)
        #expect(needs(dialogue) == "read")
        dialogue.read("ready\n".utf8)
        #expect(needs(dialogue) == "nothing" && dialogue.unmet == nil)
    }

    @Test func aLineMeetsOneStep() throws {
        var dialogue = Dialogue([try Self.expect("ok"), try Self.expect("ok")])
        dialogue.read("ok\n".utf8)
        #expect(needs(dialogue) == "read")
        dialogue.read("ok\n".utf8)
        #expect(needs(dialogue) == "nothing")
        // Both in one piece, too.
        var both = Dialogue([try Self.expect("a"), .send([]), try Self.expect("b")])
        both.read("a\nb\n".utf8)
        #expect(needs(both) == "nothing" && both.unmet == nil)
    }

    @Test func whatCannotBeTakenIsSaid() throws {
        var closed = Dialogue([.send([1]), try Self.expect("x")])
        closed.wrote(1)
        closed.end(.closed)
        #expect(closed.unmet == .init(step: 1, cause: .closed))
        var long = Dialogue([try Self.expect("x")])
        long.read([UInt8](repeating: 65, count: Dialogue.limitBytes + 1))
        #expect(long.unmet == .init(step: 0, cause: .tooLong) && needs(long) == "nothing")
        // All steps are taken: an end afterwards is none.
        var done = Dialogue([])
        done.end(.closed)
        #expect(done.unmet == nil)
    }

    // MARK: Over sockets

    @Test func talksOverTCP() async throws {
        let server = try RawServer { connection in
            connection.write("+OK <123@host> ready\r\n")
            let said = String(decoding: connection.read(), as: UTF8.self)
            connection.write(said == "NOOP\r\n" ? "+OK nothing\r\n" : "-ERR\r\n")
            _ = connection.read()
        }
        var request = DialogueRequest(host: "127.0.0.1", port: server.port)
        request.steps = [try Self.expect("^\\+OK .*ready"), .send(Array("NOOP\r\n".utf8)), try Self.expect("nothing$")]
        let reply = try await transport.converse(request)
        #expect(reply.unmet == nil && reply.lastLine == "+OK nothing" && reply.certificateExpiry == nil)
        // A port that takes connections suffices where nothing is to be said.
        request.steps = []
        #expect(try await transport.converse(request).unmet == nil)
        server.stop()
        transport.close()
    }

    @Test func whatIsNotSaidIsMissing() async throws {
        let server = try RawServer { connection in connection.write("554 go away\r\n") }
        var request = DialogueRequest(host: "127.0.0.1", port: server.port)
        request.steps = [try Self.expect("^220 ")]
        let closed = try await transport.converse(request)
        #expect(closed.unmet == .init(step: 0, cause: .closed) && closed.lastLine == "554 go away")
        server.stop()
        let silent = try RawServer { connection in _ = connection.read() }
        request.port = silent.port
        request.timeout = .milliseconds(300)
        #expect(try await transport.converse(request).unmet == .init(step: 0, cause: .timeout))
        silent.stop()
        transport.close()
    }

    @Test func noConnectionIsAnError() async throws {
        let request = DialogueRequest(host: "127.0.0.1", port: Int(try freePort()))
        #expect(
            await reason { () async throws(TransportError) in try await transport.converse(request) } == .connect)
        transport.close()
    }

    @Test func talksOverTLS() async throws {
        let authority = try await CertificateAuthority()
        let sink = try await SMTPSink.start(
            SMTPSink.Options(
                security: .implicit, certificate: try await authority.issue("mail", validity: .days(30))))
        var request = DialogueRequest(host: "127.0.0.1", port: Int(sink.port))
        request.usesTLS = true
        request.tls.caFile = authority.certificateFile
        request.steps = [try Self.expect("^220 "), .send(Array("QUIT\r\n".utf8)), try Self.expect("^221 ")]
        let reply = try await transport.converse(request)
        #expect(reply.unmet == nil && reply.timing.tls > 0)
        let left = try #require(reply.certificateExpiry) - SystemTime().wall()
        #expect(left > .seconds(29 * 86400) && left < .seconds(31 * 86400))
        // Nobody has signed it that the system trusts.
        request.tls.caFile = nil
        let unknown = request
        #expect(await reason { () async throws(TransportError) in try await transport.converse(unknown) } == .tls)
        await sink.stop()
        transport.close()
    }

    /// Those that wait hold up neither each other nor requests.
    @Test func manyAtOnce() async throws {
        let silent = try RawServer { connection in _ = connection.read() }
        let server = try RawServer { connection in connection.write("ready\n") }
        let transport = transport
        try await withThrowingTaskGroup(of: DialogueReply.Unmet?.self) { group in
            for index in 0..<40 {
                let (port, step) = (index < 20 ? silent.port : server.port, try Self.expect("ready"))
                group.addTask {
                    var request = DialogueRequest(host: "127.0.0.1", port: port)
                    request.steps = [step]
                    request.timeout = .seconds(2)
                    return try await transport.converse(request).unmet
                }
            }
            var met = 0
            for try await unmet in group where unmet == nil { met += 1 }
            #expect(met == 20)
        }
        silent.stop()
        server.stop()
        transport.close()
    }
}
