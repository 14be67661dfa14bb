import Text

/// A node's last body of sys/health and what it says. The next one nearly always differs in the time alone; such a body is
/// recognised by its bytes and not decoded again.
struct HealthMemory: Sendable {
    fileprivate static let key = Array("\"server_time_utc\":".utf8)
    /// Longer bodies are not kept.
    fileprivate static let bodyLimit = 2048
    /// More might not fit into 64 bits.
    fileprivate static let digitLimit = 18

    fileprivate struct Known: Sendable {
        let body: [UInt8]
        /// Where the time is in the body.
        let digits: Range<Int>
        let answer: HealthAnswer
    }

    private var known: Known?

    /// What a body says, as `decodeJSON` decodes it.
    mutating func answer(_ body: [UInt8]) -> HealthAnswer? {
        if let known, let time = known.time(in: body) {
            var answer = known.answer
            answer.serverTimeUTC = time
            return answer
        }
        let answer = decodeJSON(HealthAnswer.self, body)
        known = answer.flatMap { Known(body, $0) }
        return answer
    }
}

extension HealthMemory.Known {
    /// - Returns: nil if the body does not have the time exactly once, as a whole number.
    fileprivate init?(_ body: [UInt8], _ answer: HealthAnswer) {
        let key = HealthMemory.key
        guard body.count <= HealthMemory.bodyLimit, let time = answer.serverTimeUTC,
            let found = body.firstRange(of: key), body[found.upperBound...].firstRange(of: key) == nil
        else { return nil }
        let start = body[found.upperBound...].firstIndex { $0 != UInt8(ascii: " ") } ?? body.endIndex
        let end = body[start...].firstIndex { !HealthMemory.isDigit($0) } ?? body.endIndex
        // What follows the digits belongs to no number, and the key is not one of an inner object.
        guard end < body.endIndex, [UInt8(ascii: ","), UInt8(ascii: "}")].contains(body[end]),
            HealthMemory.number(body[start..<end]) == time
        else { return nil }
        self.init(body: body, digits: start..<end, answer: answer)
    }

    /// The time in a body that differs in nothing else; nil for any other.
    fileprivate func time(in other: [UInt8]) -> Int64? {
        guard other.count == body.count, other[..<digits.lowerBound] == body[..<digits.lowerBound],
            other[digits.upperBound...] == body[digits.upperBound...]
        else { return nil }
        return HealthMemory.number(other[digits])
    }
}

extension HealthMemory {
    fileprivate static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// A number of JSON without sign, which does not begin with 0; nil for anything else.
    fileprivate static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
        guard (1...digitLimit).contains(digits.count), digits.first != UInt8(ascii: "0"), digits.allSatisfy(isDigit)
        else { return nil }
        return digits.reduce(0) { $0 * 10 + Int64($1 - UInt8(ascii: "0")) }
    }
}
