import Alerts
import Foundation
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
        case hang(taken: Bool)
        case reset(taken: Bool)
        case refused
    }

    private let time: VirtualTime
    private let random: SeededRandom
    private let ledger: Ledger
    private(set) var modes: [String: Mode] = [:]
    private(set) var requests = 0

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
        let place = String(request.url.dropFirst("http://".count))
        // Nothing leaves a dead process.
        guard life.isAlive, let message = SentMessage(place, request.body) else { throw TransportError(.connect, "connection refused") }
        requests += 1
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
            ledger.arrives(message, life: life.number, now: time.now(), isDoubtful: mode != .fine || isCut || !life.isAlive)
        case .fine, .hang, .reset: ledger.doubts(message)
        default: break
        }
        switch mode {
        case .hang:
            try? await time.sleep(for: request.timeout)
            throw TransportError(.timeout, "no answer in time")
        case .reset: throw TransportError(.reset, "connection reset")
        default: break
        }
        if (try? await time.sleep(for: .milliseconds(random.below(150)))) == nil || isCut {
            ledger.doubts(message)
            throw TransportError(.cancelled, "cancelled")
        }
        switch mode {
        case .status(let code): return HTTPResponse(status: code)
        case .limited(let seconds): return HTTPResponse(status: 429, headers: [("retry-after", String(seconds))])
        case .limitedUntil(let seconds):
            let date = MailDate.write(time.wall() + .seconds(seconds)).replacing("+0000", with: "GMT")
            return HTTPResponse(status: 429, headers: [("retry-after", date)])
        default: return HTTPResponse(status: place.hasSuffix("pd") ? 202 : 200)
        }
    }
}

/// What one life sees of the network.
final class LifeNetwork: HTTPClient, MailSender, PostgresConnector, @unchecked Sendable {
    private let receivers: Receivers
    weak var life: Life?

    init(_ receivers: Receivers) { self.receivers = receivers }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        guard let life else { throw TransportError(.connect, "no process") }
        return try await receivers.send(request, life)
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void) async throws(TransportError) -> HTTPResponse {
        try await send(request)
    }

    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply { MailReply(code: 250) }
    func connection(to options: PostgresOptions) -> any PostgresConnection { NoDatabase() }
}

private struct NoDatabase: PostgresConnection {
    func query(_ sql: String) async throws(PostgresError) -> PostgresRows { PostgresRows(columns: [], rows: []) }
    func close() async {}
}

/// A request as its receiver reads it: a webhook's payload, or PagerDuty's event, which tells of a group alone.
struct SentMessage: CustomStringConvertible {
    let place: String
    /// The place and its group or incident.
    let destination: String
    let groupKey: String
    /// `Sealed/n0`; of PagerDuty's the incident itself.
    var firing: Set<String> = []
    var resolved: Set<String> = []

    init?(_ place: String, _ body: [UInt8]) {
        guard let payload = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any] else { return nil }
        self.place = place
        if let key = payload["dedup_key"] as? String {
            groupKey = key
            if payload["event_action"] as? String == "trigger" { firing = [key] } else { resolved = [key] }
        } else {
            guard let key = payload["groupKey"] as? String, let alerts = payload["alerts"] as? [[String: Any]] else { return nil }
            groupKey = key
            for alert in alerts {
                let labels = alert["labels"] as? [String: String] ?? [:]
                let name = (labels["alertname"] ?? "?") + "/" + (labels["node"] ?? "")
                if alert["status"] as? String == "firing" { firing.insert(name) } else { resolved.insert(name) }
            }
        }
        destination = place + " " + groupKey
    }

    var isIncident: Bool { place.hasSuffix("/pd") }
    var description: String { "\(destination): \(firing.sorted()) fire, \(resolved.sorted()) ended" }
}

extension SentMessage {
    /// Where a message of the outbox goes, and what it speaks of, in the words of its receiver.
    static func destination(_ place: String, _ notification: Alerts.Notification) -> (name: String, alerts: Set<String>) {
        guard place.hasSuffix("/pd") else {
            return (place + " " + notification.groupKey, Set(notification.alerts.map { ($0.labels["alertname"] ?? "?") + "/" + ($0.labels["node"] ?? "") }))
        }
        let key = Digest.sha256(notification.groupKey)
        return (place + " " + key, [key])
    }
}
