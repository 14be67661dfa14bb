extension Words {
    /// A sentence with its durations in the form of `duration`. Templates of rules write them as Prometheus does,
    /// `2h 3m 4s` and `24.99s`; other texts, such as `15m` in a query or `vault-2s`, stay.
    ///
    /// Source: Prometheus' template reference, `humanizeDuration`.
    package static func sentence(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if isDigit(bytes[index]), mayBegin(bytes, index), let (seconds, isExact, end) = spoken(bytes, index) {
                result += Array((isExact ? duration(seconds) : measured(seconds)).utf8)
                index = end
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || byte == 0x5f || byte >= 0x80
    }

    /// At the beginning, after a space or a bracket, or after a sign that stands there.
    private static func mayBegin(_ bytes: [UInt8], _ index: Int) -> Bool {
        guard index > 0 else { return true }
        let before = bytes[index - 1]
        if before == UInt8(ascii: "-") { return index == 1 || bytes[index - 2] == UInt8(ascii: " ") }
        return before == UInt8(ascii: " ") || before == UInt8(ascii: "(")
    }

    /// Units from the largest to the smallest, with their seconds.
    private static let units: [(name: [UInt8], seconds: Double)] = [
        (Array("d".utf8), 86400), (Array("h".utf8), 3600), (Array("m".utf8), 60), (Array("s".utf8), 1),
        (Array("ms".utf8), 1e-3), (Array("us".utf8), 1e-6), (Array("ns".utf8), 1e-9),
    ]

    /// The duration that begins at a digit: of one unit below minutes, or of several down to seconds.
    private static func spoken(_ bytes: [UInt8], _ start: Int) -> (seconds: Double, isExact: Bool, end: Int)? {
        var (seconds, isExact, index, lastUnit, count) = (0.0, true, start, -1, 0)
        while true {
            var end = index
            while end < bytes.count, isDigit(bytes[end]) || bytes[end] == UInt8(ascii: ".") { end += 1 }
            guard end > index, end - index <= 18,
                let value = Double(String(decoding: bytes[index..<end], as: UTF8.self))
            else { return nil }
            if bytes[index..<end].contains(UInt8(ascii: ".")) { isExact = false }
            let name = bytes[end...].prefix { $0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a }
            guard let unit = units.firstIndex(where: { $0.name.elementsEqual(name) }), unit > lastUnit else {
                return nil
            }
            seconds += value * units[unit].seconds
            (lastUnit, index, count) = (unit, end + name.count, count + 1)
            // Prometheus always goes down to seconds.
            if unit >= 3 { break }
            guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: " "), isDigit(bytes[index + 1]) else {
                return nil
            }
            index += 1
        }
        if index < bytes.count {
            let next = bytes[index]
            if isWord(next) || next == UInt8(ascii: "-") || next == UInt8(ascii: "/") { return nil }
        }
        return (seconds, isExact, index)
    }
}
