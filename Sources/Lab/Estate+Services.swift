import Synchronization

/// What the estate serves beside Vault: mail submission, a website, a zone of the DNS.
extension Estate {
    /// The state of the services.
    struct Services {
        /// The tokens of the test mails that have arrived, the newest last.
        var arrived: [String] = []
        var isWebsiteBroken = false
    }

    private static let arrivedLimit = 100
    static let mailExchanger = LabNameServer.Key("example.org", "MX")
    static let goodExchanger = "10 mail.example.org"

    /// The zone as it should be.
    static let zone: [LabNameServer.Key: [String]] = [
        mailExchanger: [goodExchanger],
        .init("example.org", "TXT"): ["v=spf1 mx -all"],
        .init("mail._domainkey.example.org", "TXT"): ["v=DKIM1; k=ed25519; p=MCowBQYDK2VwAyEA"],
        .init("mail.example.org", "A"): ["192.0.2.25"],
    ]

    func websiteReply(_ request: LabRequest) -> LabReply {
        state.withLock { $0.services.isWebsiteBroken }
            ? .response(LabResponse(500, type: "text/plain", "Internal Server Error\n"))
            : .response(LabResponse(200, type: "text/plain", "ready\n"))
    }

    /// Takes a mail; one with a token has arrived where the hook looks.
    func relayMail(_ data: [UInt8]) -> String {
        let mark = "X-Vaultwatch-Token: "
        let line = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline).first { $0.hasPrefix(mark) }
        if let token = line?.dropFirst(mark.count) {
            state.withLock { state in
                state.services.arrived.append(String(token))
                if state.services.arrived.count > Estate.arrivedLimit { state.services.arrived.removeFirst() }
            }
        }
        return "250 2.0.0 OK"
    }

    /// Whether the mail with a token has arrived: `/returned/TOKEN`.
    func returned(_ path: String) -> LabReply {
        let token = String(path.split(separator: "/").last ?? "")
        return state.withLock { $0.services.arrived.contains(token) }
            ? .response(LabResponse(200, type: "text/plain", token + "\n"))
            : .response(LabResponse(404, type: "text/plain", "not yet\n"))
    }
}
