import FoundationEssentials
import Testing

@testable import Text

/// What `JSONDecoder` accepts, and nothing else.
struct JSONReaderTests {
    private static func accepts(_ bytes: [UInt8]) -> Bool {
        var reader = JSONReader(bytes)
        do {
            try reader.skip()
            try reader.end()
            return true
        } catch {
            return false
        }
    }

    /// `JSONDecoder` looks into a value only when it is asked for.
    private struct Anything: Decodable {
        private struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(from decoder: any Decoder) throws {
            if var list = try? decoder.unkeyedContainer() {
                while !list.isAtEnd { _ = try list.decode(Anything.self) }
            } else if let members = try? decoder.container(keyedBy: Key.self) {
                for key in members.allKeys { _ = try members.decode(Anything.self, forKey: key) }
            } else {
                let value = try decoder.singleValueContainer()
                if value.decodeNil() || (try? value.decode(Bool.self)) != nil { return }
                if (try? value.decode(String.self)) == nil { _ = try value.decode(Double.self) }
            }
        }
    }

    private static func decoderAccepts(_ bytes: [UInt8]) -> Bool {
        (try? JSONDecoder().decode(Anything.self, from: Data(bytes))) != nil
    }

    private static let valid = [
        "{}", "[]", " [ ] ", "null", "true", "false", "0", "-0", "12.5", "-1e9", "1E+09", "0.1e-3", "\"\"",
        "\"a\\n\\u00e9\"",
        "\"\\ud83d\\ude00\"", "{\"a\": [1, {\"b\": null}], \"c\": \"ü€😀\"}", "[\r\n\t1 ,2]",
        "\"\\/\\b\\f\\t\\r\\\\\\\"\"",
    ]

    private static let invalid = [
        "", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "nul", "tru", "01", "1.", ".5", "-",
        "1e", "+1",
        "\"", "\"a", "\"\\", "\"\\\"", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"", "\"\\u12g4\"", "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ude00\"",
        "\"\\ud83d\\u0041\"", "\"a\nb\"", "[1 2]", "{} {}", "[1]]", "'a'", "\u{feff}{}x",
    ]

    @Test(arguments: valid) func takes(_ text: String) {
        #expect(Self.accepts(Array(text.utf8)))
        #expect(Self.decoderAccepts(Array(text.utf8)))
    }

    @Test(arguments: invalid) func refuses(_ text: String) { #expect(!Self.accepts(Array(text.utf8)), "\(text)") }

    @Test func refusesWhatIsNotUTF8() {
        for bytes: [UInt8] in [[0x22, 0xff, 0x22], [0x22, 0xc0, 0x80, 0x22], [0x22, 0xed, 0xa0, 0x80, 0x22]] {
            #expect(!Self.accepts(bytes))
        }
    }

    @Test func refusesWhatIsNestedTooDeeply() {
        #expect(Self.accepts(Array((String(repeating: "[", count: 512) + String(repeating: "]", count: 512)).utf8)))
        #expect(!Self.accepts([UInt8](repeating: UInt8(ascii: "["), count: 100_000)))
        #expect(!Self.accepts(Array(String(repeating: "{\"a\":", count: 100_000).utf8)))
    }

    /// Each valid text with a byte replaced, left out or doubled, or cut: both take the same. But for a comma at the end of
    /// an array, which the decoder takes.
    @Test func agreesWithTheDecoder() {
        let replacements = Array("\"\\{}[],:0-eu ".utf8)
        for text in Self.valid {
            let bytes = Array(text.utf8)
            for index in bytes.indices {
                var variants = [Array(bytes[..<index]), Array(bytes[..<index] + bytes[(index + 1)...])]
                variants.append(Array(bytes[...index] + bytes[index...]))
                variants += replacements.map { byte in
                    var changed = bytes
                    changed[index] = byte
                    return changed
                }
                for variant in variants {
                    let packed = variant.filter { $0 > 0x20 }
                    if zip(packed, packed.dropFirst()).contains(where: { $0 == (UInt8(ascii: ","), UInt8(ascii: "]")) })
                    {
                        continue
                    }
                    #expect(
                        Self.accepts(variant) == Self.decoderAccepts(variant),
                        "\(String(decoding: variant, as: UTF8.self))")
                }
            }
        }
    }

    @Test func readsValues() throws {
        var reader = JSONReader(
            Array("{\"a\": {\"x\": \"1\", \"y\\t\": \"\\ud83d\\ude00\", \"x\": \"2\"}, \"b\": null}".utf8))
        var (strings, isNull): ([String: String], Bool) = ([:], false)
        try reader.object { (reader, name) throws(JSONReader.Mistake) in
            switch name {
            case "a": strings = try reader.strings()
            default: isNull = reader.null()
            }
        }
        try reader.end()
        #expect(strings == ["x": "2", "y\t": "😀"])
        #expect(isNull)
        var wrong = JSONReader(Array("{\"a\": 1}".utf8))
        #expect(throws: JSONReader.Mistake(offset: 6)) { try wrong.strings() }
    }
}
