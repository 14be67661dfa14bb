package import Platform
import Samples
import Text

/// A time zone that could not be loaded.
package struct TimeZoneError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The zone's name as requested.
    package let name: String
    /// Why it could not be loaded.
    package let reason: String
    package var description: String { "unknown time zone \(name.quotedAsInGo): \(reason)" }
}

extension TimeZoneData {
    /// The maximum size of a TZif file, in bytes. The largest in the tz database is 4 KB.
    private static let sizeLimit = 1 << 20

    /// Loads a zone by its name in the tz database. `UTC` needs no file; `Local` is /etc/localtime, or UTC without it.
    /// - Throws: `TimeZoneError` where the name is not well-formed or its file is missing or not TZif.
    package static func named(_ name: String, _ files: any FileAccess, root: String = "/usr/share/zoneinfo")
        throws(TimeZoneError) -> TimeZoneData
    {
        if name == "UTC" || name.isEmpty { return .utc }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isWellFormed = parts.allSatisfy { part in
            !part.isEmpty && part != "." && part != ".."
                && part.utf8.allSatisfy {
                    ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39)
                        || [0x2b, 0x2d, 0x5f].contains($0)
                }
        }
        guard isWellFormed else {
            throw TimeZoneError(name: name, reason: "not a name of the tz database such as \"Europe/Berlin\"")
        }
        let bytes: [UInt8]
        do {
            bytes = try files.read(name == "Local" ? "/etc/localtime" : root + "/" + name, limit: sizeLimit)
        } catch {
            if name == "Local" { return .utc }
            throw TimeZoneError(name: name, reason: error.description)
        }
        guard let zone = TimeZoneData(name: name, tzif: bytes) else {
            throw TimeZoneError(name: name, reason: "not a TZif file")
        }
        return zone
    }

    /// Parses a TZif file; nil where it is malformed. Source: RFC 8536.
    /// - Parameter tzif: the file, in version 1 to 4. From version 2 on its 64-bit block is used.
    init?(name: String, tzif bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let first = reader.header() else { return nil }
        var header = first
        var wide = false
        if first.version >= 0x32 {
            guard reader.skip(first.blockSize(timeSize: 4)), let second = reader.header() else { return nil }
            header = second
            wide = true
        }
        let timeSize = wide ? 8 : 4
        var transitions: [Int64] = []
        for _ in 0..<header.times {
            guard let time = reader.integer(timeSize) else { return nil }
            if let last = transitions.last, time <= last { return nil }
            transitions.append(time)
        }
        var indices: [Int] = []
        for _ in 0..<header.times {
            guard let index = reader.byte(), Int(index) < header.types else { return nil }
            indices.append(Int(index))
        }
        var types: [(offset: Int, daylight: Bool, name: Int)] = []
        for _ in 0..<header.types {
            guard let offset = reader.integer(4), let daylight = reader.byte(), let name = reader.byte() else {
                return nil
            }
            types.append((Int(offset), daylight == 1, Int(name)))
        }
        guard let firstType = types.first(where: { !$0.daylight }) ?? types.first,
            let characters = reader.take(header.characters),
            reader.skip(header.leaps * (timeSize + 4) + header.standards + header.universals)
        else { return nil }
        let names = types.map { String(decoding: characters.dropFirst($0.name).prefix { $0 != 0 }, as: UTF8.self) }
        let firstName = String(decoding: characters.dropFirst(firstType.name).prefix { $0 != 0 }, as: UTF8.self)
        var rule: ZoneRule?
        if wide, let footer = reader.footer(), !footer.isEmpty { rule = ZoneRule(posix: footer) }
        // A silence stores the table, which must be decodable again.
        guard TimeZoneData.isInRange(types.map(\.offset), rule) else { return nil }
        self.init(
            name: name, transitions: transitions, offsets: indices.map { types[$0].offset },
            abbreviations: indices.map { names[$0] },
            firstOffset: firstType.offset, firstAbbreviation: firstName, rule: rule)
    }

    /// Whether calendar fields can be computed with these offsets, and with this rule.
    private static func isInRange(_ offsets: [Int], _ rule: ZoneRule?) -> Bool {
        offsets.allSatisfy { $0.magnitude <= ZoneRule.secondLimit } && rule?.isInRange != false
    }

    private struct Header {
        var version: UInt8
        var universals, standards, leaps, times, types, characters: Int

        func blockSize(timeSize: Int) -> Int {
            times * timeSize + times + types * 6 + characters + leaps * (timeSize + 4) + standards + universals
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func byte() -> UInt8? {
            guard at < bytes.count else { return nil }
            defer { at += 1 }
            return bytes[at]
        }

        mutating func skip(_ count: Int) -> Bool {
            guard count >= 0, count <= bytes.count - at else { return false }
            at += count
            return true
        }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            let start = at
            return skip(count) ? bytes[start..<at] : nil
        }

        /// Big-endian, two's complement.
        mutating func integer(_ size: Int) -> Int64? {
            guard size <= bytes.count - at else { return nil }
            var value: UInt64 = 0
            for byte in bytes[at..<at + size] { value = value << 8 | UInt64(byte) }
            at += size
            // Checked: 64 bits hold 32.
            return size == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
        }

        mutating func header() -> Header? {
            guard bytes.count - at >= 44, bytes[at..<at + 4].elementsEqual("TZif".utf8) else { return nil }
            let version = bytes[at + 4]
            at += 20
            var counts: [Int] = []
            for _ in 0..<6 {
                guard let count = integer(4), count >= 0, count <= Int64(bytes.count) else { return nil }
                counts.append(Int(count))
            }
            return Header(
                version: version, universals: counts[0], standards: counts[1], leaps: counts[2], times: counts[3],
                types: counts[4],
                characters: counts[5])
        }

        /// The footer: a POSIX rule between two line feeds.
        mutating func footer() -> String? {
            guard byte() == 10 else { return nil }
            return String(decoding: bytes[at...].prefix { $0 != 10 }, as: UTF8.self)
        }
    }
}

extension TimeZoneData: Codable {
    /// A zone is stored with its table, so that a silence's schedule keeps its meaning where the tz database has
    /// changed or is missing after a restart.
    private enum Key: String, CodingKey {
        case name, transitions, offsets, abbreviations, firstOffset, firstAbbreviation, rule
    }

    /// Decodes a stored zone. Abbreviations are optional: zones stored by early versions have none.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let transitions = try values.decode([Int64].self, forKey: .transitions)
        let offsets = try values.decode([Int].self, forKey: .offsets)
        let firstOffset = try values.decode(Int.self, forKey: .firstOffset)
        let rule = try values.decodeIfPresent(ZoneRule.self, forKey: .rule)
        guard transitions.count == offsets.count else {
            throw DecodingError.dataCorruptedError(
                forKey: .offsets, in: values, debugDescription: "expected as many offsets as transitions")
        }
        guard TimeZoneData.isInRange(offsets + [firstOffset], rule) else {
            throw DecodingError.dataCorruptedError(
                forKey: .offsets, in: values, debugDescription: "an offset or a rule is out of range")
        }
        self.init(
            name: try values.decode(String.self, forKey: .name), transitions: transitions, offsets: offsets,
            abbreviations: try values.decodeIfPresent([String].self, forKey: .abbreviations) ?? [],
            firstOffset: firstOffset,
            firstAbbreviation: try values.decodeIfPresent(String.self, forKey: .firstAbbreviation),
            rule: rule)
    }

    /// Encodes the zone with its table.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(name, forKey: .name)
        try values.encode(transitions, forKey: .transitions)
        try values.encode(offsets, forKey: .offsets)
        try values.encode(abbreviations, forKey: .abbreviations)
        try values.encode(firstOffset, forKey: .firstOffset)
        try values.encodeIfPresent(firstAbbreviation, forKey: .firstAbbreviation)
        try values.encodeIfPresent(rule, forKey: .rule)
    }
}
