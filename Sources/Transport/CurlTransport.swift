package import Platform
import Samples

/// Limits of a `CurlTransport`.
package struct CurlTransportOptions: Sendable {
    /// Transfers that may be connecting or in a TLS handshake at once; more wait. Default 20: a thousand at once cost
    /// 87 MB.
    ///
    /// While name servers and mounts are dead the agent has about 140 threads, plus two per core: for each of its two
    /// transports and for PostgreSQL 16 lookups (`NameResolver`), 32 of `MailLoops`, 32 for files (`FileThreads`), and
    /// about twenty of its own; mail servers that are watched as services have up to 32 more of `MailLoops`. `TasksMax=` in packaging/vaultwatch.service allows for that.
    package var concurrentConnects = 20
    /// The same limit for one origin. Default 4: behind a firewall that drops packets each takes seconds, and other
    /// origins must be reached meanwhile.
    package var concurrentConnectsPerOrigin = 4
    /// Transfers that run or wait; one more fails at once with `.other`. Default 4096.
    package var queueLimit = 4096
    /// Maximum number of connections to all targets together, including those in use; beyond it an idle one is closed.
    /// Default 1024. It must not be below what the targets need: otherwise each request closes the connection that
    /// another one needs next.
    package var idleConnectionLimit = 1024
    /// Whether a request whose name can't be resolved, since name servers do not answer, retries the lookup until its
    /// connect timeout. Default false: a probe reports at once that names are not resolved, while a message should
    /// arrive even if every other query is lost.
    package var asksNamesAgain = false
    /// Called with the origin (`https://vault-1.example:8200`) when the peer closes an idle connection: the peer has
    /// died, or closes connections after some idle time. Runs on libcurl's thread and must not block.
    package var onIdleConnectionLost: (@Sendable (String) -> Void)?

    /// Every option at its default.
    package init() {}
}

/// HTTP(S) and SMTP with libcurl, see `CurlLoop`. `close()` or its deallocation stops the threads.
package final class CurlTransport: HTTPClient, MailSender, DialogueClient {
    private let platform: Platform
    private let web: CurlLoop
    private let mail: MailLoops
    private let credentials: CredentialFiles

    /// - Parameter name: the prefix of its threads' names: at most 10 bytes.
    package convenience init(
        name: String = "curl", options: CurlTransportOptions = CurlTransportOptions(), platform: Platform
    ) {
        self.init(name: name, options: options, platform: platform, resolver: NameResolver(platform))
    }

    init(name: String, options: CurlTransportOptions, platform: Platform, resolver: NameResolver) {
        self.platform = platform
        credentials = CredentialFiles(platform)
        web = CurlLoop(name: name, options: options, platform: platform, resolver: resolver)
        mail = MailLoops {
            CurlLoop(name: "\(name)-mail", options: options, platform: platform, resolver: resolver)
        }
    }

    deinit { close() }

    /// Fails what is under way with `.cancelled` and stops the threads.
    package func close() {
        web.stop()
        mail.stop()
    }

    /// Changes `CurlTransportOptions.idleConnectionLimit` when the number of targets has changed.
    package func setIdleConnectionLimit(_ limit: Int) { web.setIdleConnectionLimit(limit) }

    /// libcurl's thread.
    package var executor: (any TaskExecutor)? { web.inbox }

    /// Follows as many redirects as the request allows, within its timeout.
    /// - Throws: `TransportError`; cancelling the task ends the transfer with `.cancelled`.
    package func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        try await following(request, receive: nil)
    }

    /// An error of `receive` ends the transfer: a `TransportError` unchanged, any other as `.other`.
    package func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        try await following(request, receive: receive)
    }

    /// Sends over a new connection, on one of up to 32 threads.
    /// - Throws: `TransportError` if there was no reply; cancelling the task results in `.cancelled` at once.
    package func send(_ mail: MailRequest) async throws(TransportError) -> MailReply {
        let host = mail.host.contains(":") ? "[\(mail.host)]" : mail.host
        let origin = "\(mail.security == .implicitTLS ? "smtps" : "smtp")://\(host):\(mail.port)"
        let end = platform.time.monotonic() + mail.timeout.bounded
        var mail = mail
        if mail.security != .none { mail.tls = try await credentials.load(mail.tls, origin) }
        mail.credentials = try await credentials.load(mail.credentials, origin)
        let loops = self.mail
        guard let loop = loops.take(origin) else {
            throw TransportError(.cancelled, "\(origin): the transport is closed")
        }
        let ended = TransferMailbox()
        let now = platform.time.monotonic()
        let transfer = CurlTransfer(.mail(mail), origin: origin, timeout: end - now, now: now) { result in
            loops.giveBack(loop)
            ended.finish(result)
        }
        let result = await withTaskCancellationHandler {
            loop.submit(transfer)
            return await ended.result()
        } onCancel: {
            loop.cancel(transfer)
            // libcurl may block waiting for the server's answer, and the loop would only read the command afterwards.
            ended.finish(.failure(TransportError(.cancelled, "\(origin): cancelled")))
        }
        switch try result.get() {
        case .mail(let reply): return reply
        case .http, .dialogue: throw TransportError(.other, "\(origin): not an SMTP answer")
        }
    }

    /// Talks over a new connection, which is closed afterwards.
    /// - Throws: `TransportError` if there is no connection; cancelling the task results in `.cancelled`.
    package func converse(_ request: DialogueRequest) async throws(TransportError) -> DialogueReply {
        let end = platform.time.monotonic() + request.timeout.bounded
        var request = request
        if request.usesTLS { request.tls = try await credentials.load(request.tls, request.origin) }
        let left = end - platform.time.monotonic()
        switch try await perform(.dialogue(request), origin: request.origin, timeout: left, on: web) {
        case .dialogue(let reply): return reply
        case .http, .mail: throw TransportError(.other, "\(request.origin): not a conversation")
        }
    }

    /// Follows as many redirects as the request allows; libcurl itself would send every header to any redirect target.
    private func following(
        _ request: HTTPRequest, receive: (@Sendable ([UInt8]) throws -> Void)?
    ) async throws(TransportError) -> HTTPResponse {
        var request = request
        let end = platform.time.monotonic() + request.timeout.bounded
        while true {
            guard let parts = URLParts(request.url), parts.scheme == "http" || parts.scheme == "https" else {
                throw TransportError(.other, "the URL is not an absolute http or https URL")
            }
            let response = try await exchange(request, parts.origin, until: end, receive)
            guard request.redirectLimit > 0, let next = try Redirect.next(after: response, to: request) else {
                return response
            }
            request = next
            guard platform.time.monotonic() < end else {
                throw TransportError(.timeout, "\(parts.origin): the redirects took too long")
            }
        }
    }

    private func exchange(
        _ given: HTTPRequest, _ origin: String, until end: Instant, _ receive: (@Sendable ([UInt8]) throws -> Void)?
    ) async throws(TransportError) -> HTTPResponse {
        var request = given
        if origin.hasPrefix("https:") { request.tls = try await credentials.load(given.tls, origin) }
        if let signing = given.signing { request.signing = try await credentials.load(signing, origin) }
        request.timeout = end - platform.time.monotonic()
        let outcome =
            if let receive {
                try await performStreaming(request, origin, receive)
            } else {
                try await perform(.http(request), origin: origin, timeout: request.timeout, on: web)
            }
        switch outcome {
        case .http(let response): return response
        case .mail, .dialogue: throw TransportError(.other, "\(origin): not an HTTP answer")
        }
    }

    private func perform(_ job: CurlTransfer.Job, origin: String, timeout: Duration, on loop: CurlLoop)
        async throws(TransportError) -> CurlTransfer.Outcome
    {
        let pieces = TransferMailbox()
        let transfer = CurlTransfer(
            job, origin: origin, timeout: timeout, now: platform.time.monotonic(), completion: pieces.finish)
        let result = await withTaskCancellationHandler {
            loop.submit(transfer)
            return await pieces.result()
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }

    private func performStreaming(
        _ request: HTTPRequest, _ origin: String, _ receive: @Sendable ([UInt8]) throws -> Void
    ) async throws(TransportError) -> CurlTransfer.Outcome {
        let pieces = TransferMailbox()
        let transfer = CurlTransfer(
            .http(request), origin: origin, timeout: request.timeout, now: platform.time.monotonic(), pieces: pieces,
            completion: pieces.finish)
        let web = web
        let result = await withTaskCancellationHandler {
            web.submit(transfer)
            var refusal: TransportError?
            while true {
                switch await pieces.next() {
                case .bytes(let bytes, let wasPaused):
                    if refusal == nil {
                        do {
                            try receive(bytes)
                        } catch {
                            refusal =
                                error as? TransportError
                                ?? TransportError(.other, "\(origin): the receiver stopped: \(error)")
                            web.cancel(transfer)
                        }
                    }
                    if wasPaused { web.resume(transfer) }
                case .end(let result): return refusal.map { .failure($0) } ?? result
                }
            }
        } onCancel: {
            web.cancel(transfer)
        }
        return try result.get()
    }
}
