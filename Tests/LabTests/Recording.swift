import Foundation
import Platform
import Samples
import Testing

/// An answer of a real Vault 1.8, recorded.
struct Recording {
    let status: Int?
    private let body: Data

    init(_ name: String) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/\(name).http")
        let text = try String(contentsOf: file, encoding: .utf8).replacingOccurrences(of: "\r\n", with: "\n")
        status = Int(text.split(separator: " ")[1].prefix(3))
        let start = try #require(text.range(of: "\n{"))
        body = Data(text[start.lowerBound...].utf8)
    }

    /// Its keys down to the leaves with their values, but for those of the keys that live.
    func shape(live: Set<String>) throws -> String { try shape([UInt8](body), live) }

    /// The same of another answer.
    func shape(_ body: [UInt8], _ live: Set<String>) throws -> String {
        func shape(_ value: Any, _ key: String = "") -> String {
            if let object = value as? [String: Any] {
                return "{"
                    + object.keys.sorted().map { "\($0):\(shape(object[$0] as Any, $0))" }.joined(separator: ",") + "}"
            }
            if let list = value as? [Any] { return "[" + list.map { shape($0) }.joined(separator: ",") + "]" }
            return live.contains(key) ? "live" : "\(value)"
        }
        return shape(try JSONSerialization.jsonObject(with: Data(body)))
    }
}

/// The same number each time.
struct FixedRandom: RandomSource {
    func next() -> UInt64 { 0x0123_4567_89ab_cdef }
}

/// So many seconds after the start of a simulated estate.
func at(_ seconds: Double) -> Moment {
    Moment(monotonic: Instant(nanoseconds: Int64(seconds * 1e9)), wall: Timestamp(seconds: 1_795_467_001 + seconds))
}
