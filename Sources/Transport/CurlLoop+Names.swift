import CCurl
import Platform
import Samples

/// libcurl gets addresses and resolves no names itself: each of its lookups would occupy a thread for as long as dead
/// name servers take, without a limit.
extension CurlLoop {
    /// Requests the names that the transfer still needs.
    /// - Parameter hasConnection: an idle connection is available, so that no name is needed; should libcurl open
    ///   another one anyway, the earlier addresses are used.
    /// - Returns: the name that it waits for.
    func missingName(_ transfer: CurlTransfer, hasConnection: Bool, _ now: Instant) -> String? {
        var missing: String?
        for endpoint in transfer.endpoints where transfer.addresses[endpoint.name] == nil {
            if hasConnection, names.hasPinned(endpoint) { continue }
            missing = endpoint.name
            transfer.lookupBegan(now)
            guard names.asks(endpoint.name, now) else { continue }
            let name = endpoint.name
            resolver.lookUp(name) { [inbox] in inbox.post(.found(name, $0)) }
        }
        return missing
    }

    func found(_ name: String, _ answer: NameResolver.Answer) {
        names.answered(name)
        let again = platform.time.monotonic() + NameResolver.failureFreshness
        var failed: [CurlTransfer] = []
        for transfer in waiting where transfer.awaits(name) {
            switch answer {
            case .success(let addresses): transfer.addresses[name] = addresses
            case .failure(let error):
                if options.asksNamesAgain, !error.isFinal, transfer.waitDeadline > again {
                    names.askAgain(name, at: again)
                } else {
                    failed.append(transfer)
                }
            }
        }
        guard case .failure(let error) = answer, !failed.isEmpty else { return }
        waiting.removeAll { transfer in failed.contains { $0 === transfer } }
        for transfer in failed { end(transfer, .failure(TransportError(.dns, "\(transfer.origin): \(error)"))) }
    }
}

extension CurlTransfer {
    /// The endpoints that libcurl will connect to by name. It knows localhost itself; it also encodes and resolves
    /// names that are not ASCII.
    static func endpoints(_ job: Job, origin: String) -> [Endpoint] {
        var found: [Endpoint] = []
        func add(_ host: String, _ port: Int) {
            let lower = host.lowercased()
            let isLocal = lower == "localhost" || lower == "localhost." || lower.hasSuffix(".localhost")
            guard !host.isEmpty, !isLocal, !NameResolver.isNumeric(host), host.utf8.allSatisfy({ $0 < 0x80 }) else {
                return
            }
            found.append(Endpoint(name: host, port: port))
        }
        switch job {
        case .http(let request):
            let proxy = request.proxy.flatMap(URLParts.proxy)
            if let proxy { add(proxy.host, proxy.port) }
            // SOCKS 4 and 5 proxies are given an address, not a name.
            if proxy == nil || proxy?.scheme == "socks4" || proxy?.scheme == "socks5", let parts = URLParts(request.url)
            {
                add(parts.host, parts.port)
            }
        case .mail: if let parts = URLParts(origin) { add(parts.host, parts.port) }
        case .dialogue(let request): add(request.host, request.port)
        }
        return found
    }

    /// From the first attempt to resolve a name to the end of the TLS handshake.
    var connectTimeout: Duration {
        switch job {
        case .http(let request): min(request.connectTimeout.bounded, timeout)
        case .mail, .dialogue: timeout
        }
    }

    /// When it is too late to begin: with less than half of its time left its answer might be missed, for no fault of the
    /// peer. That its name takes long to be found is no such reason.
    var latestStart: Instant { lookupStart == nil ? deadline - timeout / 2 : deadline }

    func awaits(_ name: String) -> Bool {
        addresses[name] == nil && endpoints.contains { $0.name == name } && lookupStart != nil
    }

    func lookupBegan(_ now: Instant) {
        guard lookupStart == nil else { return }
        lookupStart = now
        waitDeadline = min(deadline, now + connectTimeout)
    }

    func lookupEnded(_ now: Instant) {
        guard let began = lookupStart, waitDeadline != deadline || lookupDuration == .zero else { return }
        lookupDuration = now - began
        waitDeadline = deadline
    }

    /// Passes the addresses to libcurl. Source: CURLOPT_RESOLVE(3).
    func pin(_ lines: [String], _ easy: UnsafeMutableRawPointer) throws(TransportError) {
        guard !lines.isEmpty else { return }
        try CurlSetup(easy: easy, origin: origin).set(CURLOPT_RESOLVE, list: lines, of: self)
    }
}
