import Platform
import Samples
import Transport

/// Sends requests the way `http_config` says, and tells answers apart.
struct ReceiverClient: Sendable {
    let http: any HTTPClient
    let files: any FileAccess
    let time: any TimeSource

    /// What makes one attempt differ from another.
    struct Call {
        var url: String
        var body: [UInt8]
        var headers: [(name: String, value: String)] = [("Content-Type", "application/json")]
        var options: HTTPClientOptions
        var timeout: Duration
        var method = "POST"
    }

    private static let answerLimitBytes = 64 << 10
    private static let redirectLimit = 5

    func send(_ call: Call) async throws(DeliveryError) -> HTTPResponse {
        var request = HTTPRequest(url: call.url)
        request.method = call.method
        request.body = call.body
        request.headers = call.headers + [("User-Agent", "vaultwatch")]
        request.timeout = call.timeout
        request.connectTimeout = min(call.timeout, .seconds(5))
        request.bodyLimitBytes = ReceiverClient.answerLimitBytes
        request.tls = call.options.tls
        request.redirectLimit = call.options.followRedirects ? ReceiverClient.redirectLimit : 0
        for header in call.options.headers { request.headers.append((header.name, try reveal(header.value))) }
        switch call.options.authorization {
        case .none: break
        case .basic(let username, let password):
            let pair = try reveal(username) + ":" + (try password.map { (secret) throws(DeliveryError) in try reveal(secret) } ?? "")
            request.headers.append(("Authorization", "Basic " + Base64.encode(Array(pair.utf8))))
        case .scheme(let scheme, let credentials):
            request.headers.append(("Authorization", scheme + " " + (try reveal(credentials))))
        }
        if let proxy = call.options.proxy, !ReceiverClient.isExempt(call.url, call.options.noProxy) { request.proxy = try reveal(proxy) }
        do {
            return try await http.send(request)
        } catch {
            throw DeliveryError(error)
        }
    }

    func reveal(_ secret: Secret) throws(DeliveryError) -> String {
        do {
            return try secret.reveal(files)
        } catch {
            // A file that is missing now may be there after a rotation.
            throw DeliveryError(.authError, retryable: true, "cannot read a secret: \(error)")
        }
    }

    /// The error that a status means, nil for 2xx. Server errors, timeouts and rate limits pass; other refusals do not.
    func refusal(_ response: HTTPResponse, retrying: Set<Int> = [], detail: String? = nil) -> DeliveryError? {
        if (200..<300).contains(response.status) { return nil }
        let said = detail ?? ReceiverClient.printable(response.body)
        let message = "HTTP \(response.status)" + (said.isEmpty ? "" : ": \(said)")
        switch response.status {
        case 429: return DeliveryError(.rateLimited, retryable: true, message, retryAfter: retryAfter(response))
        case 401, 403: return DeliveryError(.authError, retryable: false, message)
        case 500...: return DeliveryError(.serverError, retryable: true, message, retryAfter: retryAfter(response))
        case 408, 425: return DeliveryError(.clientError, retryable: true, message)
        default: return DeliveryError(.clientError, retryable: retrying.contains(response.status), message)
        }
    }

    /// `Retry-After` in either form: seconds, or an HTTP date. Source: RFC 9110, 10.2.3.
    func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let text = response[header: "retry-after"] else { return nil }
        if let seconds = Int64(text), seconds >= 0 { return .seconds(min(seconds, 86_400)) }
        guard let date = HTTPDate.parse(text) else { return nil }
        return min(max(.zero, date - time.wall()), .seconds(86_400))
    }

    /// The start of an answer, on one line.
    static func printable(_ body: [UInt8]) -> String {
        String(String(decoding: body.prefix(300), as: UTF8.self).map { $0.isNewline ? " " : $0 })
    }

    private static func isExempt(_ url: String, _ hosts: [String]) -> Bool {
        let rest = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).dropFirst().first ?? ""
        let host = String(rest.split(separator: ":").first ?? "").lowercased()
        return hosts.contains { $0 == "*" || host == $0.lowercased() || host.hasSuffix("." + $0.lowercased()) }
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`. Source: RFC 9110, 5.6.7.
enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

    static func parse(_ text: String) -> Timestamp? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), let month = months.firstIndex(of: String(words[2])), let year = Int64(words[3]) else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3 else { return nil }
        return Timestamp(year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1], second: clock[2])
    }

    /// As a mail's `Date` header wants it. Source: RFC 5322, 3.3.
    static func mail(_ time: Timestamp) -> String {
        let c = time.civil
        func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
        return "\(days[c.weekday]), \(two(c.day)) \(months[c.month - 1]) \(c.year) \(two(c.hour)):\(two(c.minute)):\(two(c.second)) +0000"
    }
}
