/// A type of resource records. Source: RFC 1035, 3.2.2; RFC 3596 for AAAA.
package enum DNSType: String, Sendable, Hashable, CaseIterable {
    case a = "A"
    case aaaa = "AAAA"
    case cname = "CNAME"
    case mx = "MX"
    case ns = "NS"
    case ptr = "PTR"
    case txt = "TXT"

    /// Its number in messages.
    package var code: UInt16 {
        switch self {
        case .a: 1
        case .ns: 2
        case .cname: 5
        case .ptr: 12
        case .mx: 15
        case .txt: 16
        case .aaaa: 28
        }
    }
}

/// What a name server is asked.
package struct DNSQuestion: Sendable, Hashable {
    /// The name, without a final dot, in lower case: `_dmarc.example.org`. ASCII; international names in their encoded
    /// form (RFC 5891).
    package let name: String
    /// The type of the records.
    package let type: DNSType

    /// - Returns: nil if the name can't be one: RFC 1035, 2.3.4.
    package init?(_ name: String, _ type: DNSType) {
        let name = DNSName.normal(name)
        guard DNSName.encoded(name) != nil else { return nil }
        self.name = name
        self.type = type
    }
}

/// A name server's address.
package struct DNSServer: Sendable, Hashable, CustomStringConvertible {
    /// IPv4 or IPv6, without brackets.
    package let address: String
    /// Usually 53.
    package let port: UInt16

    /// The server at an address.
    package init(address: String, port: UInt16 = 53) {
        self.address = address
        self.port = port
    }

    /// Parses `9.9.9.9`, `9.9.9.9:5353`, `2620:fe::fe` and `[2620:fe::fe]:5353`; nil for anything else, such as a name.
    package init?(_ text: String) {
        var host = Substring(text)
        var port: UInt16? = 53
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty { port = UInt16(rest.dropFirst()) }
        } else if let colon = text.firstIndex(of: ":"), text[text.index(after: colon)...].allSatisfy({ $0 != ":" }) {
            host = text[..<colon]
            port = UInt16(text[text.index(after: colon)...])
        }
        guard let port, port > 0, DNSAddress.normal(String(host)) != nil else { return nil }
        self.init(address: String(host), port: port)
    }

    /// `9.9.9.9`; `9.9.9.9:5353` where the port is another than 53.
    package var description: String {
        port == 53 ? address : (address.contains(":") ? "[\(address)]" : address) + ":\(port)"
    }
}

/// What a name server has answered.
package struct DNSAnswer: Sendable, Hashable {
    /// The response code: 0 no error, 2 the server failed, 3 no such name, 5 refused; RFC 1035, 4.1.1, with the upper
    /// bits of RFC 6891.
    package var code: Int
    /// The values of the records, in the order of the answer, those behind aliases (CNAME) too. Addresses as
    /// inet_ntop(3) writes them, MX as `10 mail.example.org`, a TXT record's strings joined, names in lower case without
    /// the final dot.
    package var values: [String] = []
    /// The shortest time to live of these records and of the aliases that lead to them, in seconds; nil without records.
    package var secondsToLive: UInt32?
    /// Whether the server answers for the zone itself.
    package var isAuthoritative = false
    /// From the question to the answer.
    package var duration: Duration = .zero

    /// An answer without records.
    package init(code: Int) { self.code = code }
}

/// Asks name servers. `DNSTransport` is the real one; tests script their own.
package protocol DNSClient: Sendable {
    /// Any response code is an answer.
    /// - Throws: `TransportError` if there is none: timeout, connect, unreachable, body (it is malformed).
    func ask(_ question: DNSQuestion, _ server: DNSServer, timeout: Duration) async throws(TransportError) -> DNSAnswer
}
