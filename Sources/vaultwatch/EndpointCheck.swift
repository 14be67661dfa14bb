import Alerts
import Delivery
import Platform
import Transport

/// Checks whether receivers can be reached, without sending a message.
enum EndpointCheck {
    struct Result: Sendable {
        let receiver: String
        let integration: String
        /// Scheme, host and port only: the path may be a secret.
        let endpoint: String
        let answer: String
        let isReachable: Bool
    }

    static func run(_ options: DeliveryOptions, _ platform: Platform) async -> [Result] {
        let transport = CurlTransport(platform: platform)
        var results: [Result] = []
        for receiver in options.receivers {
            for integration in receiver.integrations {
                let (url, http) = target(integration.settings, platform)
                let origin = origin(url)
                let answer =
                    if let http { await ask(origin, http, transport, platform) } else {
                        await mail(integration.settings, transport)
                    }
                results.append(
                    Result(
                        receiver: receiver.name, integration: integration.id.description, endpoint: origin,
                        answer: answer.0,
                        isReachable: answer.1))
            }
        }
        return results
    }

    /// Sends a HEAD request with the same TLS and proxy settings as messages, without the receiver's credentials.
    private static func ask(
        _ origin: String, _ options: HTTPClientOptions, _ transport: CurlTransport, _ platform: Platform
    ) async -> (String, Bool) {
        var request = HTTPRequest(url: origin + "/")
        request.tls = options.tls
        request.method = "HEAD"
        do {
            if let proxy = options.proxy.proxy(for: request.url) {
                request.proxy = try proxy.reveal(platform.files)
                request.proxyHeaders = try options.proxy.connectHeaders.map {
                    ($0.name, try $0.value.reveal(platform.files))
                }
            }
            let status = try await transport.send(request).status
            return status == 407
                ? ("the proxy refuses the credentials, HTTP 407", false) : ("reachable, HTTP \(status)", true)
        } catch {
            return ("\(error)", false)
        }
    }

    /// Connects, starts TLS and authenticates, without sending mail.
    private static func mail(_ settings: IntegrationOptions.Settings, _ transport: CurlTransport) async -> (
        String, Bool
    ) {
        guard case .email(let options) = settings else { return ("", false) }
        var request = MailRequest(
            host: options.host, port: options.port, from: "vaultwatch@localhost", recipients: [], message: [])
        request.security = options.security
        request.tls = options.tls
        request.credentials = options.credentials
        request.timeout = .seconds(10)
        request.isGreetingOnly = true
        do {
            let code = try await transport.send(request).code
            return (200..<300).contains(code) ? ("reachable, SMTP \(code)", true) : ("refuses, SMTP \(code)", false)
        } catch {
            return (error.description, false)
        }
    }

    private static func target(_ settings: IntegrationOptions.Settings, _ platform: Platform) -> (
        url: String, http: HTTPClientOptions?
    ) {
        func reveal(_ secret: Secret) -> String { (try? secret.reveal(platform.files)) ?? "" }
        switch settings {
        case .email(let options): return ("smtp://\(options.host):\(options.port)", nil)
        case .slack(let options):
            switch options.endpoint {
            case .webhook(let url): return (reveal(url), options.http)
            case .api(let url, _): return (url, options.http)
            }
        case .pagerDuty(let options): return (options.url, options.http)
        case .webhook(let options): return (reveal(options.url), options.http)
        case .alertmanager(let options): return (options.url, options.http)
        case .heartbeat(let options): return (reveal(options.url), options.http)
        }
    }

    private static func origin(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3 else { return "no URL" }
        // A password may precede the host, a token may follow it.
        let authority = parts[2].prefix { $0 != "?" && $0 != "#" }
        return "\(parts[0])//\(authority.split(separator: "@", omittingEmptySubsequences: false).last ?? "")"
    }
}
