/// The names of a queue's files: `mimir.00000000000000000007.segment` and `mimir.progress`.
enum QueueName {
    private static let digits = 20
    /// No queue gets that far: at one segment a microsecond it takes 146,000 years.
    static let limit: UInt64 = 1 << 62

    static func segment(_ number: UInt64, of name: String) -> String {
        let digits = String(number)
        return "\(name).\(String(repeating: "0", count: max(0, QueueName.digits - digits.count)))\(digits).segment"
    }

    /// The number of a segment of this queue; nil for any other file.
    static func segment(_ file: String, of name: String) -> UInt64? {
        guard file.hasPrefix(name + "."), file.hasSuffix(".segment") else { return nil }
        let number = file.dropFirst(name.count + 1).dropLast(".segment".count)
        guard number.count == digits, number.allSatisfy({ $0.isASCII && $0.isNumber }) else { return nil }
        return UInt64(number).flatMap { $0 < limit ? $0 : nil }
    }

    static func progress(of name: String) -> String { name + ".progress" }

    /// Whether a file belongs to the queue of this name.
    static func isFile(_ file: String, of name: String) -> Bool {
        segment(file, of: name) != nil || file == progress(of: name) || file == progress(of: name) + ".new"
    }
}
