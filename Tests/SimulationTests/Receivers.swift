import Platform
import Samples
import Simulation
import Transport

@testable import Delivery

/// The receivers, and the network to them. Each place has a mode that the script changes.
/// Touched by the thread of its run alone.
final class Receivers: @unchecked Sendable {
    enum Mode: Hashable {
        case fine
        case status(Int)
        /// 429, `Retry-After` in seconds.
        case limited(Int)
        /// 429, `Retry-After` as a date.
        case limitedUntil(Int)
        /// Slack's `ok: false` under a 200; of others a 500.
        case notOK
        case hang(taken: Bool)
        case reset(taken: Bool)
        case refused
    }

    private let time: VirtualTime
    private let random: SeededRandom
    private let ledger: Ledger
    private var modes: [String: Mode] = [:]
    private(set) var requests = 0
    /// What webhooks' payloads gave for links.
    private(set) var externalURLs: Set<String> = []

    init(time: VirtualTime, random: SeededRandom, ledger: Ledger) {
        self.time = time
        self.random = random
        self.ledger = ledger
    }

    func set(_ place: String, _ mode: Mode) {
        modes[place] = mode
        ledger.note("\(place) is \(mode)", time.now())
    }

    func send(_ request: HTTPRequest, _ life: Life) async throws(TransportError) -> HTTPResponse {
        var place = String(request.url.dropFirst("http://".count))
        if place.hasSuffix("/am/api/v2/alerts") { place.removeLast("/api/v2/alerts".count) }
        let message = SentMessage(place, request.body, now: time.wall())
        if let url = message?.externalURL { externalURLs.insert(url) }
        let (mode, id) = try await hand(message, place, request.timeout, life)
        switch mode {
        case .status(let code): return HTTPResponse(status: code)
        case .limited(let seconds): return HTTPResponse(status: 429, headers: [("retry-after", String(seconds))])
        case .limitedUntil(let seconds):
            let date = (time.wall() + .seconds(seconds)).httpDate
            return HTTPResponse(status: 429, headers: [("retry-after", date)])
        case .notOK:
            guard place.hasSuffix("/slack") else { return HTTPResponse(status: 500) }
            return HTTPResponse(status: 200, body: Array(#"{"ok":false,"error":"internal_error"}"#.utf8))
        default:
            if place.hasSuffix("/slack") {
                return HTTPResponse(status: 200, body: Array(#"{"ok":true,"ts":"\#(id)"}"#.utf8))
            }
            return HTTPResponse(status: place.hasSuffix("/pd") ? 202 : 200)
        }
    }

    func send(_ mail: MailRequest, _ life: Life) async throws(TransportError) -> MailReply {
        let place = mail.host + "/mail"
        switch try await hand(SentMessage(mail: place, mail.message), place, mail.timeout, life).mode {
        case .status(401): return MailReply(code: 535)
        case .status(400): return MailReply(code: 550)
        case .status, .notOK: return MailReply(code: 451)
        case .limited, .limitedUntil: return MailReply(code: 452)
        default: return MailReply(code: 250)
        }
    }

    /// A message on its way there and the answer on its way back.
    /// - Returns: the mode that the answer follows from, and the message's number.
    private func hand(_ message: SentMessage?, _ place: String, _ timeout: Duration, _ life: Life)
        async throws(TransportError) -> (mode: Mode, id: Int)
    {
        // Nothing leaves a dead process.
        guard life.isAlive, let message else { throw TransportError(.connect, "connection refused") }
        requests += 1
        let id = requests
        ledger.leaves(message, life: life.number, now: time.now())
        defer { ledger.returns(message, life: life.number) }
        let mode = modes[place] ?? .fine
        if mode == .refused {
            try? await time.sleep(for: .milliseconds(random.below(30)))
            throw TransportError(.connect, "connection refused")
        }
        let isCut = (try? await time.sleep(for: .milliseconds(random.below(150)))) == nil
        // What left a process that has died since may or may not arrive.
        let isUnheard = (isCut || !life.isAlive) && random.chance(50)
        switch mode {
        case .fine where !isUnheard, .hang(taken: true), .reset(taken: true):
            ledger.arrives(
                message, id, life: life.number, now: time.now(), isDoubtful: mode != .fine || isCut || !life.isAlive)
        case .fine, .hang, .reset: ledger.doubts(message)
        default: break
        }
        switch mode {
        case .hang:
            try? await time.sleep(for: timeout)
            throw TransportError(.timeout, "no answer in time")
        case .reset: throw TransportError(.reset, "connection reset")
        default: break
        }
        if (try? await time.sleep(for: .milliseconds(random.below(150)))) == nil || isCut {
            ledger.doubts(message)
            throw TransportError(.cancelled, "cancelled")
        }
        return (mode, id)
    }
}

/// What one life sees of the network.
final class LifeNetwork: HTTPClient, MailSender, PostgresConnector, @unchecked Sendable {
    let executor: (any TaskExecutor)? = nil
    private let receivers: Receivers
    weak var life: Life?

    init(_ receivers: Receivers) { self.receivers = receivers }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let life else { throw TransportError(.connect, "no process") }
        return try await receivers.send(request, life)
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        try await send(request)
    }

    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply {
        guard let life else { throw TransportError(.connect, "no process") }
        return try await receivers.send(mail, life)
    }

    func connection(to options: PostgresOptions) -> any PostgresConnection { NoDatabase() }
}

private struct NoDatabase: PostgresConnection {
    func query(_ sql: String, patience: Duration?) async throws(PostgresError) -> PostgresRows {
        PostgresRows(columns: [], rows: [])
    }
    func close() async {}
}
