import CCurl
import Platform

/// SMTP. Source: RFC 5321; curl_easy_setopt(3), the options named MAIL.
extension CurlTransfer {
    func prepare(_ mail: MailRequest, _ setup: CurlSetup, _ files: any FileAccess) throws(TransportError) {
        guard !mail.hello.isEmpty,
            mail.hello.utf8.allSatisfy({
                $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#")
                    && $0 != UInt8(ascii: "%")
            })
        else {
            throw TransportError(.other, "\(origin): \(mail.hello.quoted) is not a valid name for EHLO")
        }
        guard let parts = URLParts(origin) else { throw TransportError(.other, "\(origin): no host or a bad port") }
        try setup.set(CURLOPT_PROTOCOLS_STR, "smtp,smtps")
        // libcurl sends and verifies the URL's host name.
        let name = mail.tls.serverName ?? parts.host
        let nameInURL = name.contains(":") ? "[\(name)]" : name
        try setup.set(CURLOPT_URL, "\(parts.scheme)://\(nameInURL):\(parts.port)/\(mail.hello)")
        if name != parts.host {
            try setup.set(
                CURLOPT_CONNECT_TO, list: ["\(nameInURL):\(parts.port):\(parts.hostInURL):\(parts.port)"], of: self)
        }
        let usage =
            switch mail.security {
            case .startTLSRequired, .implicitTLS: CURLUSESSL_ALL
            case .startTLSOptional: CURLUSESSL_TRY
            case .none: CURLUSESSL_NONE
            }
        try setup.set(CURLOPT_USE_SSL, Int(usage.rawValue))
        try prepare(tls: mail.tls, setup, files)
        try setup.set(CURLOPT_FRESH_CONNECT, 1)
        try setup.set(CURLOPT_FORBID_REUSE, 1)
        if mail.isGreetingOnly {
            try setup.set(CURLOPT_CUSTOMREQUEST, "NOOP")
            try setup.set(CURLOPT_NOBODY, 1)
        } else {
            try prepareMessage(mail, setup)
        }
        if mail.allowsRefusedRecipients {
            allowsRefusedRecipients = true
            try setup.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1)
        }
        switch mail.credentials {
        case .none: break
        case .password(let username, let password, let named):
            try setup.set(CURLOPT_USERNAME, username)
            try setup.set(CURLOPT_PASSWORD, reveal(password, files))
            let mechanisms = named.isEmpty ? ["CRAM-MD5", "PLAIN", "LOGIN"] : named
            try setup.set(CURLOPT_LOGIN_OPTIONS, mechanisms.map { "AUTH=\($0.uppercased())" }.joined(separator: ";"))
            if let identity = mail.identity, !identity.isEmpty { try setup.set(CURLOPT_SASL_AUTHZID, identity) }
        case .oauthToken(let username, let token):
            try setup.set(CURLOPT_USERNAME, username)
            try setup.set(CURLOPT_XOAUTH2_BEARER, reveal(token, files))
            try setup.set(CURLOPT_LOGIN_OPTIONS, "AUTH=XOAUTH2")
        }
    }

    private func prepareMessage(_ mail: MailRequest, _ setup: CurlSetup) throws(TransportError) {
        for address in [mail.from] + mail.recipients where !CurlTransfer.isAddress(address) {
            throw TransportError(.other, "\(origin): \(address.quoted) is no mail address")
        }
        guard !mail.recipients.isEmpty else { throw TransportError(.other, "\(origin): the mail has no recipient") }
        try setup.set(CURLOPT_MAIL_FROM, "<\(mail.from)>")
        try setup.set(CURLOPT_MAIL_RCPT, list: mail.recipients.map { "<\($0)>" }, of: self)
        try setup.set(CURLOPT_UPLOAD, 1)
        try setup.check(vw_set_bytes_callback(setup.easy, CURLOPT_READFUNCTION, CurlTransfer.onUpload))
        try setup.set(CURLOPT_READDATA, pointer: Unmanaged.passUnretained(self).toOpaque())
        try setup.check(vw_set_offset(setup.easy, CURLOPT_INFILESIZE_LARGE, curl_off_t(upload.count)))
    }

    /// No control character, space or angle bracket: nothing that could end the command that contains it.
    private static func isAddress(_ address: String) -> Bool {
        !address.isEmpty
            && address.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") }
    }

    /// Called for each line of the server.
    func takeReply(_ line: UnsafeBufferPointer<UInt8>) {
        headerBytes += line.count
        guard line.count >= 3, let easy else { return }
        let code = line[..<3].reduce(0) { $0 * 10 + Int($1) - 48 }
        if code == 354 {
            mailDataSeen = true
            // If no answer to the message comes in time, libcurl still sends QUIT, and would wait two minutes for its
            // answer.
            if let loop { vw_set_long(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, loop.secondsLeft(for: self)) }
        }
        // The outcome is known; only QUIT is left, for whose answer libcurl would block for two minutes. With the
        // connection there is, a greeting has one command left.
        if case .mail(let mail) = job, mail.isGreetingOnly, connections > 0 {
            vw_set_long(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, 1)
        }
        if (code >= 400 && !(allowsRefusedRecipients && !mailDataSeen)) || (mailDataSeen && code == 250) {
            vw_set_long(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT, 1)
        }
    }

    func concludeMail(_ code: CURLcode) -> Result<Outcome, TransportError> {
        var reply = 0
        if let easy { vw_get_long(easy, CURLINFO_RESPONSE_CODE, &reply) }
        let isReply =
            switch code {
            case CURLE_OK: true
            case CURLE_SEND_ERROR, CURLE_WEIRD_SERVER_REPLY, CURLE_REMOTE_ACCESS_DENIED: (400..<600).contains(reply)
            // A temporary refusal (RFC 4954, 454).
            case CURLE_LOGIN_DENIED: (400..<500).contains(reply)
            default: false
            }
        guard isReply else { return .failure(failure(code)) }
        var answer = MailReply(code: reply)
        answer.timing = timing()
        answer.certificateExpiry = certificate?.expiry
        answer.certificateLifetime = certificate?.lifetime
        return .success(.mail(answer))
    }
}
