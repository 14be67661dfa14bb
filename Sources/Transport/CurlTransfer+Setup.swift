import CCurl
import Platform
import Samples
import Text

extension CurlTransfer {
    /// What libcurl waits longer than the loop: more than a deadline may be put off.
    private static let backstop = LoopStall.limit * 2

    /// Sets an easy handle's options for this transfer. Source: curl_easy_setopt(3).
    /// - Parameter files: for reading secrets when they are used.
    func prepare(_ easy: UnsafeMutableRawPointer, remaining: Duration, files: any FileAccess) throws(TransportError) {
        self.easy = easy
        let setup = CurlSetup(easy: easy, origin: origin)
        try setup.set(CURLOPT_NOSIGNAL, 1)
        // A thread that still resolves a name is abandoned, not joined: joining would block every other transfer.
        try setup.set(CURLOPT_QUICK_EXIT, 1)
        // Names are only cached as the loop has pinned them; with any other value libcurl 7.88 scans the whole cache at
        // each request.
        try setup.set(CURLOPT_DNS_CACHE_TIMEOUT, -1)
        // The loop ends it in time; libcurl would count time in which this process did not run, and not look first whether
        // the answer has come.
        try setup.set(CURLOPT_TIMEOUT_MS, max(1, (remaining + CurlTransfer.backstop).wholeMilliseconds))
        try setup.set(
            CURLOPT_CONNECTTIMEOUT_MS, max(1, min(connectTimeout - lookupDuration, remaining).wholeMilliseconds))
        try setup.set(CURLOPT_ERRORBUFFER, pointer: errorText)
        try setup.set(CURLOPT_PRIVATE, pointer: Unmanaged.passUnretained(self).toOpaque())
        // The default would be the environment's proxy.
        try setup.set(CURLOPT_PROXY, "")
        try setup.set(CURLOPT_NOPROXY, "")
        let context = Unmanaged.passUnretained(self).toOpaque()
        try setup.check(vw_set_bytes_callback(easy, CURLOPT_WRITEFUNCTION, CurlTransfer.onBody))
        try setup.set(CURLOPT_WRITEDATA, pointer: context)
        try setup.check(vw_set_bytes_callback(easy, CURLOPT_HEADERFUNCTION, CurlTransfer.onHeader))
        try setup.set(CURLOPT_HEADERDATA, pointer: context)
        try setup.check(vw_set_prerequest(easy, CurlTransfer.onConnected, context))
        try setup.check(vw_set_open_socket(easy, CurlTransfer.onOpenSocket, context))
        switch job {
        case .http(let request): try prepare(request, setup, files)
        case .mail(let mail): try prepare(mail, setup, files)
        case .dialogue(let request): try prepare(request, setup, files)
        }
    }

    private func prepare(_ request: HTTPRequest, _ setup: CurlSetup, _ files: any FileAccess)
        throws(TransportError)
    {
        guard let parts = URLParts(request.url) else {
            throw TransportError(.other, "\(origin): the URL has no host or a bad port")
        }
        try setup.set(CURLOPT_PROTOCOLS_STR, "http,https")
        try setup.set(CURLOPT_FOLLOWLOCATION, 0)
        try setup.set(CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        try setup.set(CURLOPT_HTTP09_ALLOWED, 0)
        try setup.set(CURLOPT_PATH_AS_IS, 1)
        if pieces != nil { try setup.set(CURLOPT_BUFFERSIZE, 131_072) }
        try setup.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        if let proxy = request.proxy { try setup.set(CURLOPT_PROXY, proxy) }
        if let path = request.unixSocket { try setup.set(CURLOPT_UNIX_SOCKET_PATH, path) }
        // Without a tunnel libcurl would put them into the request itself.
        if request.proxy != nil, parts.scheme == "https" {
            try setup.set(CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
            try setup.set(
                CURLOPT_PROXYHEADER,
                list: request.proxyHeaders.map { (header) throws(TransportError) in try line(header, given: true) },
                of: self)
        }

        var url = request.url
        var headers = request.headers
        func given(_ name: String) -> Bool { request.headers.contains { $0.name.lowercased() == name } }
        if let name = request.tls.serverName, parts.scheme == "https", name != parts.host {
            // libcurl sends and verifies the URL's host name: so the URL names the server, and the connection goes to
            // the original host.
            guard let renamed = URLParts.replacingHost(of: url, by: name) else {
                throw TransportError(.tls, "\(origin): \(name) is not a server name")
            }
            url = renamed
            let bracketed = name.contains(":") ? "[\(name)]" : name
            try setup.set(
                CURLOPT_CONNECT_TO, list: ["\(bracketed):\(parts.port):\(parts.hostInURL):\(parts.port)"], of: self)
            if !given("host") { headers.append((name: "Host", value: parts.authority)) }
        }
        try setup.set(CURLOPT_URL, url)
        try prepare(tls: request.tls, setup, files)

        if let slice = request.bodyFile { try prepare(slice, setup) }
        switch (request.method, request.body.isEmpty && request.bodyFile == nil) {
        case ("GET", true): try setup.set(CURLOPT_HTTPGET, 1)
        case ("HEAD", true): try setup.set(CURLOPT_NOBODY, 1)
        case ("POST", _), ("PUT", _), ("PATCH", _), (_, false):
            if request.bodyFile == nil {
                try setup.set(CURLOPT_POST, 1)
                try setup.set(CURLOPT_POSTFIELDS, pointer: upload.baseAddress)
                try setup.check(vw_set_offset(setup.easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(upload.count)))
            }
            // A server that never says 100 would cost a second for each body; one that refuses says so meanwhile.
            try setup.set(CURLOPT_EXPECT_100_TIMEOUT_MS, 1)
            // With CURLOPT_UPLOAD libcurl's own method is PUT.
            if request.method != "POST" || request.bodyFile != nil {
                try setup.set(CURLOPT_CUSTOMREQUEST, request.method)
            }
            // Neither an implied form content type, nor a round trip for `Expect: 100-continue`. libcurl 7.88 still
            // lists removed headers among the signed ones, so that no server could verify the signature.
            let isSigned = request.signing != nil
            if !given("content-type") {
                headers.append((name: "Content-Type", value: isSigned ? "application/octet-stream" : ""))
            }
            if !given("expect"), !isSigned { headers.append((name: "Expect", value: "")) }
        default: try setup.set(CURLOPT_CUSTOMREQUEST, request.method)
        }
        if let signing = request.signing { headers += try sign(signing, request, setup, files) }
        // Not one of the headers: libcurl signs those, and a proxy may change this one.
        try setup.set(CURLOPT_USERAGENT, "vaultwatch")

        let lines = try headers.map { (header) throws(TransportError) in
            try line(header, given: given(header.name.lowercased()))
        }
        try setup.set(CURLOPT_HTTPHEADER, list: lines, of: self)
    }

    /// Source: CURLOPT_UPLOAD(3), CURLOPT_READFUNCTION(3).
    private func prepare(_ slice: FileSlice, _ setup: CurlSetup) throws(TransportError) {
        try setup.set(CURLOPT_UPLOAD, 1)
        try setup.check(vw_set_offset(setup.easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(slice.count)))
        try setup.check(vw_set_bytes_callback(setup.easy, CURLOPT_READFUNCTION, CurlTransfer.onUpload))
        try setup.set(CURLOPT_READDATA, pointer: Unmanaged.passUnretained(self).toOpaque())
        try setup.set(CURLOPT_UPLOAD_BUFFERSIZE, 262_144)
    }

    /// A header in libcurl's form: `Name:` alone removes one of its own; `Name;` sends an empty one.
    /// - Parameter given: whether the caller set it, empty or not.
    private func line(_ header: (name: String, value: String), given: Bool) throws(TransportError) -> String {
        let (name, value) = header
        guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: ":") }),
            !value.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 })
        else {
            throw TransportError(
                .other, "\(origin): the request's header \(name.quoted) has a line break or a bad name")
        }
        return value.isEmpty ? (given ? "\(name);" : "\(name):") : "\(name): \(value)"
    }

    /// AWS Signature Version 4 by libcurl, which also signs the given headers.
    private func sign(_ signing: AWSSigning, _ request: HTTPRequest, _ setup: CurlSetup, _ files: any FileAccess)
        throws(TransportError) -> [(name: String, value: String)]
    {
        try setup.set(CURLOPT_AWS_SIGV4, "aws:amz:\(signing.region):\(signing.service)")
        try setup.set(CURLOPT_USERNAME, reveal(signing.accessKeyID, files))
        try setup.set(CURLOPT_PASSWORD, reveal(signing.secretAccessKey, files))
        var headers: [(name: String, value: String)] = []
        let isGiven = request.headers.contains { $0.name.lowercased() == "x-amz-content-sha256" }
        if request.body.isEmpty, !isGiven {
            // SHA-256 of the empty string. Requests with a body bring their own where the service asks for one.
            headers.append(
                (
                    name: "x-amz-content-sha256",
                    value: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
                ))
        }
        if let token = signing.sessionToken {
            headers.append((name: "x-amz-security-token", value: try reveal(token, files)))
        }
        return headers
    }

    /// Takes only texts: `CredentialFiles` has read the files. Source: CURLOPT_CAINFO_BLOB(3), CURLOPT_SSLCERT_BLOB(3),
    /// CURLOPT_SSLKEY_BLOB(3).
    func prepare(tls: TLSOptions, _ setup: CurlSetup, _ files: any FileAccess) throws(TransportError) {
        let least = tls.minimumVersion == .tls13 ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2
        // The upper half is the maximum version: CURL_SSLVERSION_MAX_TLSv1_2, a macro that Swift can't import.
        let most = tls.maximumVersion == .tls12 ? Int(CURL_SSLVERSION_TLSv1_2) << 16 : 0
        try setup.set(CURLOPT_SSLVERSION, Int(least) | most)
        try setup.set(CURLOPT_CERTINFO, 1)
        // A resumed session is not verified again: every connection must show the server's certificate and its chain.
        try setup.set(CURLOPT_SSL_SESSIONID_CACHE, 0)
        try setup.set(CURLOPT_SSL_VERIFYPEER, tls.insecureSkipVerify ? 0 : 1)
        try setup.set(CURLOPT_SSL_VERIFYHOST, tls.insecureSkipVerify ? 0 : 2)
        // Parsing the system's bundle for every new connection costs 10 ms, but a replaced one must be noticed soon.
        try setup.set(CURLOPT_CA_CACHE_TIMEOUT, 300)
        if let text = tls.ca {
            try setup.set(CURLOPT_CAINFO_BLOB, blob: text)
            // Only the given authorities.
            try setup.check(vw_set_string(setup.easy, CURLOPT_CAPATH, nil))
        }
        if let text = tls.certificate { try setup.set(CURLOPT_SSLCERT_BLOB, blob: text) }
        if let key = tls.key { try setup.set(CURLOPT_SSLKEY_BLOB, blob: reveal(key, files)) }
    }

    func reveal(_ secret: Secret, _ files: any FileAccess) throws(TransportError) -> String {
        do { return try secret.reveal(files) } catch {
            throw TransportError(.auth, "\(origin): no credential: \(error)")
        }
    }
}

/// An easy handle's options, each checked: an option that libcurl was built without must not be ignored silently.
struct CurlSetup {
    let easy: UnsafeMutableRawPointer
    let origin: String

    /// - Parameter option: for the message, which must identify the option.
    func check(_ code: CURLcode, _ option: CURLoption? = nil) throws(TransportError) {
        guard code != CURLE_OK else { return }
        let name =
            option.flatMap { curl_easy_option_by_id($0) }.map { " CURLOPT_" + String(cString: $0.pointee.name) }
            ?? " an option"
        throw TransportError(.other, "\(origin): libcurl refuses\(name): \(String(cString: curl_easy_strerror(code)))")
    }

    func set(_ option: CURLoption, _ value: Int) throws(TransportError) {
        try check(vw_set_long(easy, option, value), option)
    }
    func set(_ option: CURLoption, _ value: String) throws(TransportError) {
        try check(vw_set_string(easy, option, value), option)
    }
    func set(_ option: CURLoption, blob: String) throws(TransportError) {
        let bytes = Array(blob.utf8)
        try check(vw_set_blob(easy, option, bytes, bytes.count), option)
    }

    func set(_ option: CURLoption, pointer: UnsafeRawPointer?) throws(TransportError) {
        try check(vw_set_pointer(easy, option, pointer), option)
    }

    /// The list lives as long as the transfer.
    func set(_ option: CURLoption, list: [String], of transfer: CurlTransfer) throws(TransportError) {
        var head: UnsafeMutablePointer<curl_slist>?
        for line in list {
            guard let longer = curl_slist_append(head, line) else {
                curl_slist_free_all(head)
                throw TransportError(.other, "\(origin): out of memory")
            }
            head = longer
        }
        guard let head else { return }
        transfer.lists.append(head)
        try set(option, pointer: head)
    }
}

extension Duration {
    /// Clamped to what libcurl, poll(2) and PostgreSQL accept, and so that adding it to an instant does not overflow:
    /// from 0 to 2,000,000 s, 23 days.
    var bounded: Duration { min(max(self, .zero), .seconds(2_000_000)) }

    /// Whole milliseconds of `bounded`, rounded down.
    var wholeMilliseconds: Int { Int(bounded.milliseconds) }
}

extension String {
    var quoted: String { "\"\(self)\"" }
}
