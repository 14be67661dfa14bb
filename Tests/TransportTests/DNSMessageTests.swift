import Testing

@testable import Transport

/// Messages of name servers, well-formed and hostile. The bytes are written out by hand, from RFC 1035.
struct DNSMessageTests {
    private static let id: UInt16 = 0x1234

    private static func number(_ value: Int) -> [UInt8] { [UInt8(value >> 8 & 0xff), UInt8(value & 0xff)] }

    private static func name(_ text: String) -> [UInt8] { DNSName.encoded(text) ?? [] }

    /// - Parameters:
    ///   - flags: the third and fourth byte.
    ///   - counts: of answers, authorities and additional records; nil for those that are there.
    private static func message(
        _ flags: Int = 0x8180, _ type: DNSType = .a, name: String = "example.org", answers: [[UInt8]] = [],
        more: [[UInt8]] = [], counts: [Int]? = nil
    ) -> [UInt8] {
        let counts = counts ?? [answers.count, 0, more.count]
        return number(Int(id)) + number(flags) + number(1) + counts.flatMap(number) + Self.name(name)
            + number(Int(type.code)) + number(1) + answers.joined() + more.joined()
    }

    private static func record(_ owner: [UInt8], _ type: DNSType, _ data: [UInt8], seconds: Int = 300) -> [UInt8] {
        owner + number(Int(type.code)) + number(1) + number(seconds >> 16) + number(seconds & 0xffff)
            + number(data.count) + data
    }

    /// A pointer to the name of the question.
    private static let asked: [UInt8] = [0xc0, 12]

    private static func read(_ bytes: [UInt8], _ type: DNSType = .a, name: String = "example.org") throws
        -> DNSMessage.Reading
    {
        DNSMessage.read(bytes, id: id, try #require(DNSQuestion(name, type)))
    }

    private func answer(_ bytes: [UInt8], _ type: DNSType = .a) throws -> DNSAnswer? {
        if case .answer(let answer) = try Self.read(bytes, type) { answer } else { nil }
    }

    @Test func aQueryIsWhatRFC1035Says() throws {
        let question = try #require(DNSQuestion("Mail.Example.org.", .mx))
        #expect(question.name == "mail.example.org")
        let plain = DNSMessage.query(id: 0xabcd, question, hasEDNS: false)
        #expect(
            plain == [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + Self.name("mail.example.org") + [0, 15, 0, 1])
        let extended = try #require(DNSMessage.query(id: 0xabcd, question, hasEDNS: true))
        // OPT with 1232 bytes, RFC 6891.
        #expect(extended.suffix(11) == [0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0] && extended[11] == 1)
    }

    @Test(arguments: [
        "a..b", ".a", "a b", "ä.example", "a\\b", String(repeating: "a", count: 64) + ".org",
        Array(repeating: "abcdefghi", count: 26).joined(separator: "."),
    ])
    func whatIsNoNameIsRefused(_ text: String) { #expect(DNSQuestion(text, .a) == nil) }

    @Test func eachTypeIsRead() throws {
        let mail = Self.number(10) + [4] + Array("MAIL".utf8) + Self.asked
        let cases: [(DNSType, [UInt8], String)] = [
            (.a, [192, 0, 2, 1], "192.0.2.1"),
            (.aaaa, [0x20, 1, 0xd, 0xb8] + [UInt8](repeating: 0, count: 11) + [1], "2001:db8::1"),
            (.mx, mail, "10 mail.example.org"), (.mx, Self.number(0) + [0], "0 ."),
            (.ns, Self.name("ns.example.net"), "ns.example.net"), (.ptr, Self.name("host.example"), "host.example"),
            (.cname, Self.name("www.example.net"), "www.example.net"),
            // The strings of one record are one text: RFC 7208, 3.3.
            (.txt, [10] + Array("v=spf1 mx ".utf8) + [4] + Array("-all".utf8), "v=spf1 mx -all"), (.txt, [0], ""),
        ]
        for (type, data, text) in cases {
            let found = try #require(
                try answer(Self.message(0x8580, type, answers: [Self.record(Self.asked, type, data)]), type), "\(type)")
            #expect(found.values == [text] && found.secondsToLive == 300 && found.code == 0 && found.isAuthoritative)
        }
    }

    @Test func aliasesAreFollowedAndOthersLeftOut() throws {
        let answers = [
            Self.record(Self.asked, .cname, Self.name("www.example.net"), seconds: 60),
            Self.record(Self.name("www.example.net"), .a, [192, 0, 2, 1]),
            Self.record(Self.name("other.example"), .a, [192, 0, 2, 2]),
        ]
        let found = try #require(try answer(Self.message(answers: answers)))
        #expect(found.values == ["192.0.2.1"] && found.secondsToLive == 60)
        // Two that lead to each other end, without records.
        let circle = [
            Self.record(Self.asked, .cname, Self.name("b.example")),
            Self.record(Self.name("b.example"), .cname, Self.name("example.org")),
        ]
        let nothing = try #require(try answer(Self.message(answers: circle)))
        #expect(nothing.values.isEmpty && nothing.secondsToLive == nil)
    }

    @Test func whatIsNotTheAnswerIsIgnored() throws {
        let good = Self.message(answers: [Self.record(Self.asked, .a, [192, 0, 2, 1])])
        var otherID = good
        otherID[1] ^= 1
        let foreign: [[UInt8]] = [
            [], [0x12], Array(good.prefix(11)), otherID, Self.message(0x0100), Self.message(0x9180),
            Self.message(0x8180, .mx), Self.message(name: "example.net"),
            // Without a question, which only an error may be.
            Array(good[0..<4]) + [0, 0, 0, 0, 0, 0, 0, 0],
        ]
        for bytes in foreign { #expect(try Self.read(bytes) == .foreign, "\(bytes)") }
        #expect(
            try Self.read(Array(good[0..<2]) + [0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0]) == .answer(DNSAnswer(code: 1)))
    }

    @Test func codesAndTruncation() throws {
        #expect(try Self.read(Self.message(0x8380)) == .truncated)
        #expect(try answer(Self.message(0x8183))?.code == 3)
        // The upper bits are in OPT: BADVERS is 16.
        let opt: [UInt8] = [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0]
        #expect(try answer(Self.message(0x8180, more: [opt]))?.code == 16)
        // RFC 2181, 8.
        let old = [Self.record(Self.asked, .a, [192, 0, 2, 1], seconds: 0x8000_0001)]
        #expect(try answer(Self.message(answers: old))?.secondsToLive == 0)
    }

    @Test func whatIsMalformedIsSaidToBe() throws {
        let base = Self.message(0x8180, counts: [1, 0, 0])
        let here = base.count
        func pointer(_ target: Int) -> [UInt8] { [0xc0 | UInt8(target >> 8), UInt8(target & 0xff)] }
        let tails: [[UInt8]] = [
            // A record that is missing, a name that points at itself, ahead, or has a label of a kind that there is not.
            [], pointer(here), pointer(here + 40), [0x40, 1, 0], [5, 1, 2],
            Self.asked + [0, 1, 0, 1, 0, 0, 0], Self.asked + [0, 1, 0, 1, 0, 0, 0, 0, 0, 200],
            Self.record(Self.asked, .a, [1, 2, 3]), Self.record(Self.asked, .a, [1, 2, 3, 4, 5]),
        ]
        for tail in tails { #expect(try Self.read(base + tail) == .malformed, "\(tail)") }
        let mail = Self.message(0x8180, .mx, counts: [1, 0, 0])
        for data in [[], [0, 10], [0, 10, 200], Self.number(10) + Self.name("a.example") + [1]] as [[UInt8]] {
            #expect(try Self.read(mail + Self.record(Self.asked, .mx, data), .mx) == .malformed, "\(data)")
        }
        let text = Self.message(0x8180, .txt, counts: [1, 0, 0])
        #expect(try Self.read(text + Self.record(Self.asked, .txt, [9, 65]), .txt) == .malformed)
        // Records that are promised and not there.
        #expect(try Self.read(Self.message(0x8180, counts: [65535, 65535, 65535])) == .malformed)
    }

    /// A name of pointers to pointers would cost its length for each record that has it.
    @Test func aLongChainOfPointersIsNoName() {
        var message = [UInt8](repeating: 0, count: 12) + [1, 97, 0]
        for index in 0..<100 { message += [0xc0, UInt8(index == 0 ? 12 : 15 + 2 * (index - 1))] }
        var position = 15 + 2 * 10
        #expect(DNSName.read(message, at: &position) == "a" && position == 15 + 2 * 11)
        position = 15 + 2 * 99
        #expect(DNSName.read(message, at: &position) == nil)
    }

    @Test func namesOfAnyBytesAreTexts() {
        var position = 0
        #expect(DNSName.read([3, 65, 46, 7, 0], at: &position) == "a\\.\\007" && position == 5)
        var start = 0
        // 255 bytes at most, RFC 1035, 2.3.4.
        let long = Array(repeating: [9] + Array("abcdefghi".utf8), count: 26).joined() + [0]
        #expect(DNSName.read(Array(long), at: &start) == nil)
    }

    @Test func addressesOfServers() {
        #expect(DNSServer("9.9.9.9") == DNSServer(address: "9.9.9.9"))
        #expect(DNSServer("127.0.0.1:5353")?.description == "127.0.0.1:5353")
        #expect(DNSServer("2620:fe::fe")?.description == "2620:fe::fe")
        #expect(DNSServer("[2620:fe::fe]:5353") == DNSServer(address: "2620:fe::fe", port: 5353))
        #expect(DNSServer("[2620:fe::fe]") == DNSServer(address: "2620:fe::fe"))
        for text in ["", "dns.example", "9.9.9.9:0", "9.9.9.9:70000", "9.9.9", "[::1", "[::1]x", "[9.9.9.9", ":53"] {
            #expect(DNSServer(text) == nil, "\(text)")
        }
    }
}
