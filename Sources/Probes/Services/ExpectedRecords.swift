package import Transport

/// The records of one type that a name must have.
package struct ExpectedRecords: Sendable, Hashable {
    /// Name and type.
    package var question: DNSQuestion
    /// The values, as `normal` returns them; empty: the name must have none of this type.
    package var values: [String]
    /// Whether the name may have further records of the type. Of TXT records that begin with the version of an expected
    /// one (`v=spf1`) there may be no others in any case: mail servers then accept none (RFC 7208, 4.5).
    package var allowsOthers: Bool

    /// - Parameter values: as `normal` returns them.
    package init(_ question: DNSQuestion, values: [String], allowsOthers: Bool) {
        self.question = question
        self.values = values
        self.allowsOthers = allowsOthers
    }

    /// What an answer lacks, and what it has too many.
    struct Comparison: Sendable, Hashable {
        var missing: [String]
        var unexpected: [String]

        var matches: Bool { missing.isEmpty && unexpected.isEmpty }
    }

    func compare(_ found: [String]) -> Comparison {
        let type = question.type
        let keys = Set(found.map { ExpectedRecords.key($0, type) })
        let wanted = Set(values.map { ExpectedRecords.key($0, type) })
        let versions = Set(values.compactMap { type == .txt ? ExpectedRecords.version($0) : nil })
        return Comparison(
            missing: values.filter { !keys.contains(ExpectedRecords.key($0, type)) },
            unexpected: found.filter { value in
                guard !wanted.contains(ExpectedRecords.key(value, type)) else { return false }
                return !allowsOthers || ExpectedRecords.version(value).map(versions.contains) == true
            })
    }

    /// A value in the form in which answers have it; nil if it is no value of the type.
    package static func normal(_ text: String, _ type: DNSType) -> String? {
        switch type {
        case .a, .aaaa:
            return DNSAddress.normal(text).flatMap { $0.contains(":") == (type == .aaaa) ? $0 : nil }
        case .cname, .ns, .ptr: return name(text)
        case .mx:
            let words = text.split(whereSeparator: \.isWhitespace)
            // RFC 7505: a host of "." says that there is no mail.
            guard words.count == 2, let preference = UInt16(words[0]),
                let host = words[1] == "." ? "." : name(String(words[1]))
            else { return nil }
            return "\(preference) \(host)"
        case .txt: return text
        }
    }

    private static func name(_ text: String) -> String? {
        DNSQuestion(text, .a).flatMap { $0.name.isEmpty ? nil : $0.name }
    }

    /// What is compared. In a key for DKIM, white space may stand anywhere between tags, and a semicolon at the end
    /// (RFC 6376, 3.2): zone editors differ in that.
    private static func key(_ value: String, _ type: DNSType) -> String {
        guard type == .txt, version(value) == "v=dkim1" else { return value }
        let bare = value.filter { !$0.isWhitespace }
        return String(bare.reversed().drop { $0 == ";" }.reversed())
    }

    /// `v=spf1`, `v=dkim1`, `v=dmarc1`; nil for a text that has no version.
    private static func version(_ value: String) -> String? {
        let word = value.prefix { $0 != ";" && $0 != " " }.lowercased()
        return word.hasPrefix("v=") && word.count > 2 ? word : nil
    }
}
