import Glibc

/// Queries and responses of the DNS as bytes. Source: RFC 1035, 4; RFC 6891 for EDNS.
package enum DNSMessage {
    /// What a received message is to the question.
    package enum Reading: Sendable, Hashable {
        /// The answer, without its duration.
        case answer(DNSAnswer)
        /// The whole answer needs TCP.
        case truncated
        /// Not the answer to this question: another id, another question, or no response at all. To be ignored, since
        /// anybody can send such a datagram.
        case foreign
        /// It ends in the middle, or names in it lead nowhere.
        case malformed
    }

    /// The largest datagram that is asked for: what passes every network without being split. Source: dnsflagday.net/2020.
    static let datagramBytes = 1232
    private static let headerBytes = 12
    /// Aliases that are followed from the name that was asked for.
    private static let aliasLimit = 16

    private struct Record {
        var name: String
        var type: UInt16
        var seconds: UInt32
        var value: String?
    }

    /// A query that asks the server to resolve the name for us.
    /// - Parameter hasEDNS: says that larger datagrams than 512 bytes are welcome; a few old servers refuse it.
    /// - Returns: nil for a name that can't be one.
    static func query(id: UInt16, _ question: DNSQuestion, hasEDNS: Bool) -> [UInt8]? {
        guard let name = DNSName.encoded(question.name) else { return nil }
        var bytes: [UInt8] = []
        func add(_ number: UInt16) { bytes += [UInt8(number >> 8), UInt8(number & 0xff)] }
        add(id)
        // Recursion desired.
        add(0x0100)
        for count: UInt16 in [1, 0, 0, hasEDNS ? 1 : 0] { add(count) }
        bytes += name
        add(question.type.code)
        add(internet)
        if hasEDNS {
            // The root's name, OPT, the datagram's size, no flags, no options.
            bytes.append(0)
            add(optType)
            add(UInt16(datagramBytes))
            bytes += [0, 0, 0, 0, 0, 0]
        }
        return bytes
    }

    private static let internet: UInt16 = 1
    private static let optType: UInt16 = 41

    /// Reads a response to a question. Whatever the bytes are, it returns, in time linear in their number.
    package static func read(_ message: [UInt8], id: UInt16, _ question: DNSQuestion) -> Reading {
        guard message.count >= headerBytes, number(message, 0) == Int(id), message[2] & 0x80 != 0 else {
            return .foreign
        }
        var answer = DNSAnswer(code: Int(message[3] & 0x0f))
        answer.isAuthoritative = message[2] & 0x04 != 0
        // Opcode 0 is a query's.
        guard message[2] & 0x78 == 0 else { return .foreign }
        var position = headerBytes
        switch number(message, 4) {
        case 0:
            // A server that can't read the question need not repeat it. With an answer it must.
            guard answer.code != 0, answer.code != 3 else { return .foreign }
        case 1:
            guard let name = DNSName.read(message, at: &position), position + 4 <= message.count else {
                return .malformed
            }
            guard name == question.name, number(message, position) == Int(question.type.code),
                number(message, position + 2) == Int(internet)
            else { return .foreign }
            position += 4
        default: return .foreign
        }
        if message[2] & 0x02 != 0 { return .truncated }

        var found: [Record] = []
        for (section, offset) in [6, 8, 10].enumerated() {
            for _ in 0..<number(message, offset) {
                guard let record = record(message, at: &position) else { return .malformed }
                if section == 0 { found.append(record) }
                // Checked: the shift leaves 8 bits.
                if section == 2, record.type == optType { answer.code |= Int(record.seconds >> 24) << 4 }
            }
        }
        return conclude(&answer, found, question) ? .answer(answer) : .malformed
    }

    /// Takes the records that belong to the question.
    /// - Returns: false if one of them is malformed.
    private static func conclude(_ answer: inout DNSAnswer, _ found: [Record], _ question: DNSQuestion) -> Bool {
        var name = question.name
        if question.type != .cname {
            let aliases = Dictionary(
                found.filter { $0.type == DNSType.cname.code }.map { ($0.name, $0) },
                uniquingKeysWith: { first, _ in first })
            for _ in 0..<aliasLimit {
                guard let alias = aliases[name] else { break }
                guard let target = alias.value else { return false }
                take(alias.seconds, &answer)
                name = target
            }
        }
        for record in found where record.type == question.type.code && record.name == name {
            guard let value = record.value else { return false }
            take(record.seconds, &answer)
            answer.values.append(value)
        }
        if answer.values.isEmpty { answer.secondsToLive = nil }
        return true
    }

    /// A time of 2^31 and more counts as zero: RFC 2181, 8.
    private static func take(_ seconds: UInt32, _ answer: inout DNSAnswer) {
        let seconds = seconds >> 31 == 0 ? seconds : 0
        answer.secondsToLive = min(answer.secondsToLive ?? seconds, seconds)
    }

    /// Reads one resource record and moves the position behind it; nil if the message ends before.
    private static func record(_ message: [UInt8], at position: inout Int) -> Record? {
        guard let name = DNSName.read(message, at: &position), position + 10 <= message.count else { return nil }
        let type = UInt16(truncatingIfNeeded: number(message, position))
        let seconds = UInt32(number(message, position + 4)) << 16 | UInt32(number(message, position + 6))
        let length = number(message, position + 8)
        let begin = position + 10
        guard begin + length <= message.count else { return nil }
        position = begin + length
        let isInternet = number(message, begin - 8) == Int(internet)
        // An OPT record has the sender's datagram size where others have their class.
        guard isInternet || type == optType else { return Record(name: name, type: 0, seconds: seconds, value: nil) }
        let kind = DNSType.allCases.first { $0.code == type }
        return Record(
            name: name, type: type, seconds: seconds,
            value: kind.flatMap { value($0, message, begin..<(begin + length)) })
    }

    /// A record's data as text; nil if malformed.
    private static func value(_ type: DNSType, _ message: [UInt8], _ data: Range<Int>) -> String? {
        func name(at start: Int) -> String? {
            var position = start
            guard let name = DNSName.read(message, at: &position), position == data.upperBound else { return nil }
            return name
        }
        switch type {
        case .a: return DNSAddress.text(AF_INET, Array(message[data]))
        case .aaaa: return DNSAddress.text(AF_INET6, Array(message[data]))
        case .cname, .ns, .ptr: return name(at: data.lowerBound)
        case .mx:
            guard data.count > 2 else { return nil }
            return name(at: data.lowerBound + 2).map { "\(number(message, data.lowerBound)) \($0.isEmpty ? "." : $0)" }
        case .txt:
            var bytes: [UInt8] = []
            var position = data.lowerBound
            while position < data.upperBound {
                let end = position + 1 + Int(message[position])
                guard end <= data.upperBound else { return nil }
                bytes += message[(position + 1)..<end]
                position = end
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Two bytes in network order. The caller has checked that they are there.
    private static func number(_ message: [UInt8], _ position: Int) -> Int {
        Int(message[position]) << 8 | Int(message[position + 1])
    }
}
