import Alerts
import Foundation
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry
import Transport

@testable import Delivery

/// An HTTP service that answers as a test says, and remembers what it was asked.
final class ScriptedHTTP: HTTPClient {
    typealias Script = @Sendable (_ request: HTTPRequest, _ turn: Int) async throws(TransportError) -> HTTPResponse
    private let asked = Mutex<[HTTPRequest]>([])
    private let script: Script

    init(_ script: @escaping Script) { self.script = script }

    convenience init(_ status: Int, _ body: String = "", headers: [(name: String, value: String)] = []) {
        self.init { (_, _) throws(TransportError) in
            HTTPResponse(status: status, headers: headers, body: Array(body.utf8))
        }
    }

    var requests: [HTTPRequest] { asked.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        let turn = asked.withLock { asked in
            asked.append(request)
            return asked.count - 1
        }
        return try await script(request, turn)
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        try await send(request)
    }
}

/// A mail server that answers as a test says, and keeps what it was given.
final class ScriptedMail: MailSender {
    private let given = Mutex<[MailRequest]>([])
    private let answer: Result<MailReply, TransportError>

    init(_ answer: Result<MailReply, TransportError> = .success(MailReply(code: 250))) { self.answer = answer }

    var mails: [MailRequest] { given.withLock { $0 } }

    func send(_ mail: MailRequest) async throws(TransportError) -> MailReply {
        given.withLock { $0.append(mail) }
        return try answer.get()
    }
}

/// Closed until it is opened; any number may wait, and none waits once it is open.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { waiter in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(waiter) }
                return state.isOpen
            }
            if isOpen { waiter.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}

/// Lets others run until a condition holds.
func until(_ condition: @Sendable () async -> Bool) async {
    while await !condition() { await Task.yield() }
}

extension Platform {
    static func test(_ time: VirtualTime = VirtualTime(), seed: UInt64 = 7) -> Platform {
        Platform(
            time: time, random: SeededRandom(seed: seed), files: SystemFiles(),
            log: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}

extension Alerts.Notification {
    /// 2025-11-26T02:00:00Z, when `VirtualTime` begins.
    static let now = Timestamp(milliseconds: 1_764_122_400_000)

    static func test(
        _ integration: IntegrationID, receiver: String = "team", summary: String = "Vault is sealed",
        annotations: [String: String] = [:],
        resolved: Bool = false, alerts: Int = 1, groupKey: String = #"{}:{alertname="VaultSealed"}"#,
        reason: Alerts.Notification.Reason? = nil
    ) -> Alerts.Notification {
        var all = annotations
        all["summary"] = summary
        return Alerts.Notification(
            receiver: receiver, integration: integration, groupKey: groupKey,
            groupLabels: Labels(["alertname": "VaultSealed"]),
            alerts: (0..<alerts).map { index in
                Alert(
                    labels: Labels(["alertname": "VaultSealed", "severity": "critical", "node": "vault-\(index)"]),
                    annotations: all,
                    startsAt: now + .seconds(-120), endsAt: resolved ? now + .seconds(-1) : nil, updatedAt: now,
                    generatorURL: "http://agent/graph")
            },
            reason: reason ?? (resolved ? .resolved : .first), decidedAt: now)
    }
}

extension Notifier {
    /// One receiver, `team`, with one integration.
    static func test(
        _ settings: IntegrationOptions.Settings, http: any HTTPClient = ScriptedHTTP(200),
        mail: any MailSender = ScriptedMail()
    ) throws -> Notifier {
        var options = DeliveryOptions()
        options.externalURL = "https://watch.example.org"
        options.receivers = [ReceiverOptions(name: "team")]
        options.receivers[0].integrations = [IntegrationOptions(settings)]
        return try Notifier(
            options, http: http, mail: mail, platform: .test(), registry: Registry(), events: NotifierEvents())
    }

    /// One attempt.
    func outcome(_ make: @escaping @Sendable (_ integration: IntegrationID) -> Alerts.Notification) async
        -> DeliveryOutcome?
    {
        await test(receivers: ["team"]) { _, integration in make(integration) }.first?.outcome
    }
}

extension DeliveryOutcome {
    /// The answer with which it was accepted.
    var detail: String? { if case .accepted(let detail, _) = self { detail } else { nil } }
    var isAccepted: Bool { if case .accepted = self { true } else { false } }
    var error: DeliveryError? { if case .failed(let error) = self { error } else { nil } }
}

extension HTTPRequest {
    var json: [String: Any] { (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any] ?? [:] }
    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// A folder with one template file.
final class TemplateFolder: Sendable {
    private let path = FileManager.default.temporaryDirectory.path + "/templates-" + UUID().uuidString

    init(_ text: String) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path + "/own.tmpl"))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var pattern: String { path + "/*.tmpl" }
}
