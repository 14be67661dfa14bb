import CCrypto
import Delivery
import FoundationEssentials
import HTTPServer
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Text
import Transport
import Web
import WebSocket
#if canImport(Glibc)
    import Glibc
#endif

/// What PagerDuty and Slack send by themselves.
enum RemoteFuzzing {
    // MARK: PagerDuty

    private static let secret = "GExy0F4QW8lJQEXAMPLE"

    /// The first part is a webhook's body, the second its signature. It is asked with that signature, with the right one
    /// among others, and with the right one of another body.
    static func pagerDuty(_ bytes: [UInt8]) async throws {
        let parts = Parts.of(bytes)
        let header = parts.count > 1 ? String(decoding: parts[1].prefix(4096), as: UTF8.self) : ""
        let heard = Mutex<[(key: String, by: String)]>([])
        var sources = WebSources()
        sources.acknowledgeFromPagerDuty = { key, _, _, by in
            heard.withLock { $0.append((key, by)) }
            return []
        }
        var options = WebService.Options()
        options.access.pagerDutySecret = secret
        let service = WebService(
            options, sources: sources, platform: Surroundings.platform(VirtualTime(wall: Surroundings.wall)),
            registry: Registry())
        func status(_ body: [UInt8], _ signature: String) async -> Int {
            let request = ServerRequest(
                method: "POST", target: "/api/v1/vaultwatch/pagerduty",
                headers: [("X-PagerDuty-Signature", signature), ("Content-Type", "application/json")], body: body,
                remote: "192.0.2.7")
            return await service.respond(to: request).status
        }
        let right = signature(of: parts[0])
        if !header.lowercased().contains(right.dropFirst(3)) {
            guard await status(parts[0], header) == 401 else { throw FuzzFinding("a wrong signature is accepted") }
        }
        guard await status(parts[0] + [0], right) == 401 else {
            throw FuzzFinding("the signature of another body is accepted")
        }
        guard heard.withLock({ $0.isEmpty }) else { throw FuzzFinding("something without a signature is taken") }
        for signatures in [right, "v1=00, \(right)"] {
            let code = await status(parts[0], signatures)
            guard [200, 400].contains(code) else { throw FuzzFinding("a signed webhook is answered with \(code)") }
        }
        guard heard.withLock({ $0 }).allSatisfy({ $0.by.hasSuffix(" (PagerDuty)") }) else {
            throw FuzzFinding("an acknowledgement does not say that it is PagerDuty's")
        }
    }

    private static func signature(of body: [UInt8]) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var length: UInt32 = 0
        let key = Array(secret.utf8)
        // Checked: the secret is short.
        _ = HMAC(EVP_sha256(), key, Int32(key.count), body, body.count, &digest, &length)
        return "v1=" + digest.hexadecimal
    }

    // MARK: Slack

    /// Says its messages, and keeps what is answered.
    private final class PlayedWebSocket: WebSocketClient {
        private let messages: [String]
        let answers = Mutex<[[String]?]>([])
        private let isDone = Mutex(false)
        private let end: @Sendable () -> Void

        init(_ messages: [String], end: @escaping @Sendable () -> Void) {
            self.messages = messages
            self.end = end
        }

        func converse(
            _ url: String, timeout: Duration, _ answer: @escaping @Sendable (_ message: String) async -> [String]?
        ) async throws(WebSocketError) {
            if !isDone.withLock({ $0 }) {
                for message in messages {
                    let said = await answer(message)
                    answers.withLock { $0.append(said) }
                    if said == nil { break }
                }
            }
            isDone.withLock { $0 = true }
            end()
        }
    }

    /// Parts are messages of Socket Mode.
    static func slack(_ bytes: [UInt8]) async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let socket = PlayedWebSocket(Parts.of(bytes).map { String(decoding: $0, as: UTF8.self) }) { end.yield() }
        let api = Secret(value: "https://slack.com/api/chat.postMessage")
        var slack = SlackOptions(.api(url: SlackOptions.apiURL, token: api))
        slack.socketToken = Secret(value: "xapp-1")
        var delivery = DeliveryOptions()
        var receiver = ReceiverOptions(name: "ops")
        receiver.integrations = [IntegrationOptions(.slack(slack))]
        delivery.receivers = [receiver]
        let presses = Mutex<[SlackInteractions.Press]>([])
        let opened = Array(#"HTTP/1.1 200 OK\#n\#n{"ok":true,"url":"wss://wss.slack.example/link?ticket=1"}"#.utf8)
        let interactions = SlackInteractions(
            delivery, http: PlayedHTTP([opened]), webSocket: socket,
            platform: Surroundings.platform(VirtualTime(wall: Surroundings.wall)), registry: Registry()
        ) { press in
            presses.withLock { $0.append(press) }
            return "done"
        }
        let running = Task { await interactions.run() }
        for await _ in ends { break }
        running.cancel()
        await running.value
        for said in socket.answers.withLock({ $0 }).compactMap(\.self) {
            guard said.count <= 1 else { throw FuzzFinding("one message has \(said.count) answers") }
            for text in said {
                struct Receipt: Decodable { var envelope_id: String }
                guard text.utf8.count <= 4096,
                    let receipt = try? JSONDecoder().decode(Receipt.self, from: Data(text.utf8)),
                    receipt.envelope_id.utf8.count <= 256
                else { throw FuzzFinding("an answer that Slack can't read: \(text.prefix(200))") }
            }
        }
        // Presses are carried out beside the conversation.
        for _ in 0..<20 { await Task.yield() }
        for press in presses.withLock({ $0 }) {
            guard press.group.utf8.count <= 128, press.user.hasSuffix(" (Slack)") else {
                throw FuzzFinding("a press that is not bounded, or not Slack's: \(press.user.prefix(200))")
            }
        }
    }

    // MARK: WebSocket

    /// The server's side of the current input, and what was wrong with the client's frames.
    private final class Script: Sendable {
        let parts = Mutex<[[UInt8]]>([])
        let finding = Mutex<String?>(nil)
        let end = Mutex<AsyncStream<Void>.Continuation?>(nil)
    }

    private static let script = Script()
    private static let client = NIOWebSocketClient()
    private static let server = try? RawServer { connection in
        defer { script.end.withLock { $0?.finish() } }
        var patience = timeval(tv_sec: 0, tv_usec: 10_000)
        guard let request = connection.readRequest() else { return }
        setsockopt(connection.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let parts = script.parts.withLock { $0 }
        // An input may answer the handshake itself.
        if parts.first?.starts(with: Array("HTTP/".utf8)) != true {
            connection.write(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: \(acceptance(of: request))\r\n\r\n"
            )
        }
        var heard: [UInt8] = []
        for part in parts {
            guard connection.write(part) else { break }
            heard += connection.read()
        }
        shutdown(connection.descriptor, Int32(SHUT_WR))
        while heard.count < 4 << 20 {
            let more = connection.read()
            if more.isEmpty { break }
            heard += more
        }
        if let wrong = fault(ofFrames: heard) { script.finding.withLock { $0 = wrong } }
    }

    /// Parts are bytes of the server after the handshake; the first may be the handshake's answer.
    static func webSocket(_ bytes: [UInt8]) async throws {
        guard let server else { throw FuzzFinding("no port to listen on") }
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        script.parts.withLock { $0 = Parts.of(bytes) }
        script.finding.withLock { $0 = nil }
        script.end.withLock { $0 = end }
        let before = server.connections
        let longest = Mutex(0)
        _ = try? await client.converse("ws://127.0.0.1:\(server.port)/link?ticket=1", timeout: .seconds(2)) { message in
            longest.withLock { $0 = max($0, message.utf8.count) }
            return message.hasPrefix("bye") ? nil : [message]
        }
        if server.connections > before { for await _ in ends {} }
        // Three bytes stand for each that is not UTF-8.
        guard longest.withLock({ $0 }) <= 3 << 20 else { throw FuzzFinding("a message over its bound") }
        if let wrong = script.finding.withLock({ $0 }) { throw FuzzFinding(wrong) }
    }

    /// RFC 6455, 4.2.2.
    private static func acceptance(of request: String) -> String {
        let line = request.split(separator: "\r\n").first { $0.lowercased().hasPrefix("sec-websocket-key:") }
        let key = Array((line?.drop { $0 != ":" }.dropFirst().drop { $0 == " " } ?? "").utf8)
        let text = key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        var digest = [UInt8](repeating: 0, count: 20)
        _ = EVP_Digest(text, text.count, &digest, nil, EVP_sha1(), nil)
        return Data(digest).base64EncodedString()
    }

    /// A client's frames are whole, masked and without reserved bits; control frames have at most 125 bytes. The last
    /// may be cut off, since the server did not listen to the end. RFC 6455, 5.2.
    private static func fault(ofFrames bytes: [UInt8]) -> String? {
        var at = 0
        while at + 2 <= bytes.count {
            let (first, second) = (bytes[at], bytes[at + 1])
            guard second & 0x80 != 0 else { return "a frame without a mask" }
            guard first & 0x70 == 0 else { return "a frame with reserved bits" }
            var length = Int(second & 0x7f)
            at += 2
            guard first & 0x08 == 0 || length <= 125 else { return "a control frame of more than 125 bytes" }
            let more = length == 126 ? 2 : length == 127 ? 8 : 0
            guard at + more <= bytes.count else { return nil }
            if more > 0 { length = bytes[at..<at + more].reduce(0) { $0 << 8 | Int($1) } }
            guard length >= 0, length <= 4 << 20 else { return "a frame of \(length) bytes" }
            at += more + 4 + length
        }
        return nil
    }
}
