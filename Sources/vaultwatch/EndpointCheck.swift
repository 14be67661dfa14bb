import Delivery
import Platform
import Transport

/// Whether receivers can be reached: a connection and no message.
enum EndpointCheck {
    struct Result: Sendable {
        let receiver: String
        let integration: String
        /// Scheme, host and port: paths are secrets.
        let endpoint: String
        let answer: String
        let isReachable: Bool
    }

    static func run(_ options: DeliveryOptions) async -> [Result] {
        let platform = Platform.real(log: LogOptions.silent)
        let transport = CurlTransport(platform: platform)
        var results: [Result] = []
        for receiver in options.receivers {
            for integration in receiver.integrations {
                let (url, tls) = target(integration.settings, platform)
                let origin = origin(url)
                var request = HTTPRequest(url: url.hasPrefix("smtp") ? "telnet" : origin + "/")
                request.tls = tls
                request.method = "HEAD"
                let answer: (String, Bool)
                if url.hasPrefix("smtp") {
                    answer = await mail(integration.settings, transport)
                } else {
                    do {
                        answer = ("reachable, HTTP \(try await transport.send(request).status)", true)
                    } catch {
                        answer = (error.description, false)
                    }
                }
                results.append(Result(receiver: receiver.name, integration: integration.name, endpoint: origin, answer: answer.0, isReachable: answer.1))
            }
        }
        return results
    }

    /// A greeting, TLS and credentials, and no mail.
    private static func mail(_ settings: IntegrationOptions.Settings, _ transport: CurlTransport) async -> (String, Bool) {
        guard case .email(let options) = settings else { return ("", false) }
        var request = MailRequest(host: options.host, port: options.port, from: "vaultwatch@localhost", recipients: [], message: [])
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

    private static func target(_ settings: IntegrationOptions.Settings, _ platform: Platform) -> (url: String, tls: TLSOptions) {
        func reveal(_ secret: Secret) -> String { (try? secret.reveal(platform.files)) ?? "" }
        switch settings {
        case .email(let options): return ("smtp://\(options.host):\(options.port)", options.tls)
        case .slack(let options):
            switch options.endpoint {
            case .webhook(let url): return (reveal(url), options.http.tls)
            case .api(let url, _): return (url, options.http.tls)
            }
        case .pagerDuty(let options): return (options.url, options.http.tls)
        case .webhook(let options): return (reveal(options.url), options.http.tls)
        case .alertmanager(let options): return (options.urls.first ?? "", options.http.tls)
        case .heartbeat(let options): return (reveal(options.url), options.http.tls)
        }
    }

    private static func origin(_ url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        return parts.count >= 3 ? "\(parts[0])//\(parts[2])" : url
    }
}
