import Alerts
import FoundationEssentials
import Logging
package import Platform
import Samples
import Synchronization
package import Telemetry
package import Transport

/// Receives presses of the buttons below Slack messages through Socket Mode: the agent connects to Slack, so no access
/// to this network is needed. Anyone who may write in the channel may press them, unless `socket_users` restricts that.
/// Source: api.slack.com/apis/socket-mode.
package final class SlackInteractions: Sendable {
    /// What a button does; the raw values are Slack's `action_id`.
    package enum Action: String, Sendable, CaseIterable {
        /// Acknowledges the incidents of the message.
        case acknowledge = "vaultwatch_acknowledge"
        /// Silences its alerts for an hour.
        case silence = "vaultwatch_silence"
    }

    /// A press of a button.
    package struct Press: Sendable, Hashable {
        /// The button's action.
        package var action: Action
        /// `GroupDigest` of the message's group.
        package var group: String
        /// The user who pressed it: `ann (Slack)`.
        package var user: String
    }

    /// One Slack app.
    private struct Service: Sendable, Hashable {
        var url: String
        var token: Secret
        var users: [String]
        var http: HTTPClientOptions
        var timeout: Duration
    }

    /// Slack pings every few seconds.
    private static let silenceLimit = Duration.seconds(60)
    private static let defaultURL = "https://slack.com/api/apps.connections.open"

    /// Presses that are being processed: repeated presses wait for the first.
    private final class UnderWay: Sendable {
        private static let limit = 16
        private let count = Mutex(0)

        func begin() -> Bool {
            count.withLock { count in
                if count >= UnderWay.limit { return false }
                count += 1
                return true
            }
        }

        func end() { count.withLock { $0 -= 1 } }
    }

    private let underWay = UnderWay()
    private let state: Mutex<DeliveryOptions>
    private let client: ReceiverClient
    private let webSocket: any WebSocketClient
    private let platform: Platform
    private let reloaded = Wake()
    private let connected: Gauge
    private let presses: Counter
    private let act: @Sendable (Press) async -> String

    /// Connects only in `run`.
    /// - Parameter act: carries out a press, and describes the outcome in a sentence.
    package init(
        _ options: DeliveryOptions, http: any HTTPClient, webSocket: any WebSocketClient, platform: Platform,
        registry: Registry, act: @escaping @Sendable (Press) async -> String
    ) {
        state = Mutex(options)
        client = ReceiverClient(http: http, files: platform.files, time: platform.time)
        self.webSocket = webSocket
        self.platform = platform
        self.act = act
        connected = registry.gauge(
            "vaultwatch_slack_socket_connected", help: "Slack apps whose buttons currently reach this agent.")
        connected.set(0)
        presses = registry.counter(
            "vaultwatch_slack_presses_total", help: "Button presses below Slack messages, by action.",
            labels: ["action"])
        for action in Action.allCases { presses.declare(action.rawValue) }
    }

    /// Applies another configuration; if apps changed, all connections are reopened.
    package func reload(_ options: DeliveryOptions) {
        let isSame = state.withLock { state in
            defer { state = options }
            return SlackInteractions.services(state) == SlackInteractions.services(options)
        }
        if !isSame { reloaded.signal() }
    }

    private static func services(_ options: DeliveryOptions) -> [Service] {
        var found: [Service] = []
        for case .slack(let slack) in options.receivers.flatMap(\.integrations).map(\.settings) {
            guard let token = slack.socketToken, !found.contains(where: { $0.token == token }) else { continue }
            var url = defaultURL
            let method = "/chat.postMessage"
            if case .api(let api, _) = slack.endpoint, api.hasSuffix(method) {
                url = api.dropLast(method.utf8.count) + "/apps.connections.open"
            }
            found.append(
                Service(url: url, token: token, users: slack.socketUsers, http: slack.http, timeout: slack.timeout))
        }
        return found
    }

    /// Keeps a connection for each app until its task is cancelled.
    package func run() async {
        while !Task.isCancelled {
            let services = state.withLock { SlackInteractions.services($0) }
            await withTaskGroup(of: Void.self) { group in
                for service in services { group.addTask { await self.serve(service) } }
                await reloaded.wait(until: nil, time: platform.time)
                group.cancelAll()
            }
        }
    }

    private func serve(_ service: Service) async {
        var failures = 0
        while !Task.isCancelled {
            let isGreeted = Mutex(false)
            var failure: String?
            do {
                let url = try await open(service)
                try await webSocket.converse(url, timeout: SlackInteractions.silenceLimit) { [self] message in
                    if isGreeted.withLock({ state in
                        defer { state = true }
                        return !state
                    }) {
                        connected.add(1)
                    }
                    return await answer(message, service)
                }
            } catch {
                failure = "\(error)"
            }
            let wasGreeted = isGreeted.withLock { $0 }
            if wasGreeted { connected.add(-1) }
            if Task.isCancelled { return }
            if let failure {
                platform.log.warning(
                    "Slack's buttons do not reach this agent; reconnecting", metadata: ["err": "\(failure)"])
            }
            failures = wasGreeted ? 1 : failures + 1
            let unit = platform.random.unit()
            let pause = RetryPolicy().delay(afterAttempt: failures, retryAfter: nil, unit: unit)
            guard (try? await platform.time.sleep(for: pause)) != nil else { return }
        }
    }

    private struct Opened: Decodable {
        var ok: Bool
        var url: String?
        var error: String?
    }

    /// - Returns: the address to connect to, which contains a single-use ticket. Source: apps.connections.open.
    private func open(_ service: Service) async throws(DeliveryError) -> String {
        let token = try await client.reveal(service.token)
        var call = ReceiverClient.Call(
            url: service.url, body: [], options: service.http, timeout: service.timeout, secrets: [token])
        call.readsBody = true
        call.headers = [
            ("Content-Type", "application/x-www-form-urlencoded"), ("Authorization", "Bearer \(token)"),
        ]
        let answer = try await client.send(call)
        if let refusal = client.refusal(answer) { throw refusal }
        let opened = try? JSONDecoder().decode(Opened.self, from: Data(answer.response.body))
        guard let opened, opened.ok, let url = opened.url else {
            throw DeliveryError(.clientError, retryable: true, opened?.error ?? "not an answer of Slack's")
        }
        // A ticket is a secret: it is not sent in plaintext unless its own request already was.
        guard url.hasPrefix("wss://") || service.url.hasPrefix("http://") else {
            throw DeliveryError(.clientError, retryable: true, "Slack names an address without encryption")
        }
        return url
    }

    private struct Envelope: Decodable {
        struct Payload: Decodable {
            struct User: Decodable {
                var id: String
                var username: String?
                var name: String?
            }
            struct Pressed: Decodable {
                var action_id: String?
                var value: String?
            }
            var type: String?
            var user: User?
            var actions: [Pressed]?
            var response_url: String?
        }
        var type: String?
        var envelope_id: String?
        var payload: Payload?
    }

    /// - Returns: messages to be sent; nil to reconnect.
    private func answer(_ message: String, _ service: Service) async -> [String]? {
        guard let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(message.utf8)) else { return [] }
        if envelope.type == "disconnect" { return nil }
        guard let id = envelope.envelope_id, id.utf8.count <= 256 else { return [] }
        // Slack requires an answer within three seconds, whatever the outcome.
        if let payload = envelope.payload, payload.type == "block_actions", underWay.begin() {
            Task {
                await handle(payload, service)
                underWay.end()
            }
        }
        return [String(decoding: JSON.object([("envelope_id", .string(id))]).bytes, as: UTF8.self)]
    }

    private func handle(_ payload: Envelope.Payload, _ service: Service) async {
        guard let user = payload.user else { return }
        for pressed in (payload.actions ?? []).prefix(5) {
            guard let action = pressed.action_id.flatMap({ Action(rawValue: $0) }), let group = pressed.value,
                group.utf8.count <= 128
            else { continue }
            presses.increment(action.rawValue)
            let said: String
            if service.users.isEmpty || service.users.contains(user.id) {
                let name = user.name ?? user.username ?? user.id
                said = await act(Press(action: action, group: group, user: "\(name) (Slack)"))
            } else {
                said = "You may not do that: socket_users does not name \(user.id)."
            }
            await reply(said, payload.response_url ?? "", service)
        }
    }

    /// Reports the outcome of a press, visible only to the user who pressed the button.
    private func reply(_ text: String, _ url: String, _ service: Service) async {
        guard url.hasPrefix("https://hooks.slack.com/") || service.url.hasPrefix("http://") && url.hasPrefix("http://")
        else { return }
        let body = JSON.object([
            ("response_type", .string("ephemeral")), ("replace_original", .bool(false)), ("text", .string(text)),
        ]).bytes
        let call = ReceiverClient.Call(
            url: url, body: body, options: service.http, timeout: service.timeout,
            secrets: Redaction.parts(ofURL: url))
        do throws(DeliveryError) {
            _ = try await client.send(call)
        } catch {
            platform.log.debug("Slack did not take the answer to a press", metadata: ["err": "\(error.message)"])
        }
    }
}
