import Foundation
import FuzzTargets
import Testing

/// Whatever comes from outside: the corpora, extremes in the place of each word of theirs, and seeded changes. A trap
/// ends the test process: the seed that was printed last replays it, and `make fuzz` names the input.
@Suite(.serialized) struct FuzzTargetsTests {
    private static let corpora = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fuzzing/Corpus")

    private static func inputs(_ target: String) throws -> [(name: String, bytes: [UInt8])] {
        let folder = corpora.appending(path: target)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            ("\(target)/\($0)", Array(try Data(contentsOf: folder.appending(path: $0))))
        }
    }

    /// Set for longer runs; see Tests/README.md.
    private static let rounds = ProcessInfo.processInfo.environment["VAULTWATCH_FUZZ"].flatMap { Int($0) } ?? 1

    /// How many inputs each test makes: those over sockets, and those that make many pages, take milliseconds.
    private static func count(_ target: FuzzTarget) -> Int {
        (["http", "smtp", "postgres", "websocket", "console-pages"].contains(target.name) ? 60 : 600) * rounds
    }

    private static func feed(_ target: FuzzTarget, _ bytes: [UInt8], _ origin: String) async {
        do { try await target.run(bytes) } catch {
            let text = Data(bytes.prefix(2000)).base64EncodedString()
            Issue.record("\(target.name): \(error), from \(origin): \(text)")
        }
    }

    @Test func everyTargetHasACorpusAndNoCorpusIsLeftOver() throws {
        let names = Set(FuzzTarget.all.map(\.name))
        #expect(names.count == FuzzTarget.all.count)
        #expect(Set(try FileManager.default.contentsOfDirectory(atPath: Self.corpora.path)) == names)
        for name in names { #expect(try Self.inputs(name).count >= 3, "\(name)") }
    }

    @Test(arguments: FuzzTarget.all.map(\.name)) func corpusIsSurvived(_ name: String) async throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        for input in try Self.inputs(name) { await Self.feed(target, input.bytes, input.name) }
    }

    private static let extremes: [[UInt8]] =
        [
            "-9223372036854775808", "9223372036854775807", "18446744073709551615", "99999999999999999999999", "1e308",
            "-1e308", "1e400", "5e-324", "NaN", "+Inf", "-Inf", "-0", "+41", "0x7fffffffffffffff", "", "\"", "\0",
            "\r\n",
            "\u{1f}", "\u{2028}", "null", "[]", "{}", "-1", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z",
        ].map { Array($0.utf8) } + [
            [UInt8](repeating: UInt8(ascii: "9"), count: 65_536), [UInt8](repeating: UInt8(ascii: "a"), count: 65_536),
            [UInt8](repeating: UInt8(ascii: "["), count: 65_536), [0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80],
        ]

    /// Runs of letters, digits and what numbers and times have, and what stands between quotes.
    private static func words(_ bytes: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start: Int?
        var quote: Int?
        for (index, byte) in bytes.enumerated() {
            let isWord =
                (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a) || (byte >= 0x30 && byte <= 0x39)
                || [0x2b, 0x2d, 0x2e, 0x3a, 0x5f].contains(byte)
            if isWord, start == nil { start = index }
            if !isWord, let first = start {
                found.append(first..<index)
                start = nil
            }
            if byte == UInt8(ascii: "\"") {
                if let first = quote, first + 1 < index { found.append(first + 1..<index) }
                quote = quote == nil ? index : nil
            }
        }
        if let start { found.append(start..<bytes.count) }
        return found
    }

    /// Each word of each input becomes each extreme; where those are too many for one run, a seed chooses among them.
    @Test(arguments: FuzzTarget.all.map(\.name)) func extremesInPlaceOfAnyWord(_ name: String) async throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        var dice = Dice.seeded(name)
        let inputs = try Self.inputs(name).map { (name: $0.name, bytes: $0.bytes, words: Self.words($0.bytes)) }
        let all = inputs.reduce(0) { $0 + $1.words.count } * Self.extremes.count
        let count = Self.count(target)
        for input in inputs {
            for (number, word) in input.words.enumerated() {
                for (index, extreme) in Self.extremes.enumerated() where dice.roll(max(all, 1)) < count {
                    var bytes = input.bytes
                    bytes.replaceSubrange(word, with: extreme)
                    await Self.feed(target, bytes, "\(input.name), word \(number), extreme \(index)")
                }
            }
        }
    }

    @Test(arguments: FuzzTarget.all.map(\.name)) func damagedInputs(_ name: String) async throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        var dice = Dice.seeded(name)
        let inputs = try Self.inputs(name)
        for round in 0..<Self.count(target) {
            var bytes = inputs[dice.roll(inputs.count)].bytes
            for _ in 0...dice.roll(4) where !bytes.isEmpty {
                let place = dice.roll(bytes.count)
                let end = min(bytes.count, place + 1 + dice.roll(20))
                switch dice.roll(6) {
                case 0: bytes.removeSubrange(place..<end)
                case 1: bytes[place] = UInt8(dice.roll(256))
                case 2: bytes.insert(contentsOf: bytes[place..<end], at: dice.roll(bytes.count))
                case 3: bytes = Array(bytes[..<place])
                case 4: bytes.insert(contentsOf: Self.extremes[dice.roll(Self.extremes.count)], at: place)
                default:
                    let other = inputs[dice.roll(inputs.count)].bytes
                    bytes = Array(bytes[..<place]) + other.suffix(dice.roll(other.count + 1))
                }
            }
            await Self.feed(target, bytes, "round \(round)")
        }
    }

    /// A seeded generator, so that a failure can be repeated.
    private struct Dice {
        var state: UInt64

        static func seeded(_ what: String) -> Dice {
            let seed =
                ProcessInfo.processInfo.environment["VAULTWATCH_SEED"].flatMap { UInt64($0) }
                ?? UInt64.random(in: .min ... .max)
            print("\(what): seed \(seed)")
            return Dice(state: seed)
        }

        mutating func roll(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
    }
}
