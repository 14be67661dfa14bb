import Foundation
import Testing

@testable import Probes

/// A body that is recognised says the same as one that is decoded.
struct HealthMemoryTests {
    /// `A` stands for the time.
    private static let bodies = [
        #"{"initialized":true,"sealed":false,"standby":true,"server_time_utc":A,"version":"1.15.4","cluster_name":"main"}"#,
        #"{"initialized":true,"sealed":false,"server_time_utc": A}"#,
        #"{"server_time_utc":A,"sealed":true,"initialized":true,"server_time_utc":7}"#,
        #"{"initialized":true,"sealed":false,"license":{"server_time_utc":A}}"#,
        #"{"initialized":true,"sealed":false,"cluster_name":"\"server_time_utc\":A","server_time_utc":1700000000}"#,
        #"{"initialized":true,"sealed":false,"server_time_utc":A.5}"#,
        #"{"initialized":true,"sealed":false,"server_time_utc":Ae1}"#,
        #"{"initialized":true,"sealed":false,"server_time_utc":"A"}"#,
        #"{"initialized":true,"sealed":false,"server_time_utc":-A}"#, #"[A]"#, "A", "",
    ]
    private static let times = [
        "1700000000", "1700000001", "1700000009", "9999999999", "0700000000", "170000000x", "1.00000000", "-700000000",
        "17000000000", "922337203685477580", "9223372036854775808", "", " 170000000", "1700000000,\"sealed\":true",
    ]

    @Test func whatIsRecognisedIsWhatWouldBeDecoded() {
        for body in Self.bodies {
            for first in Self.times {
                for second in Self.times {
                    var memory = HealthMemory()
                    for time in [first, second, first] {
                        let bytes = Array(body.replacingOccurrences(of: "A", with: time).utf8)
                        #expect(
                            memory.answer(bytes) == decodeJSON(HealthAnswer.self, bytes), "\(body) \(first) \(time)")
                    }
                }
            }
        }
    }

    /// Each byte of a body matters, at any place.
    @Test func anyOtherChangeIsDecoded() throws {
        let body = Array(Self.bodies[0].replacingOccurrences(of: "A", with: "1700000000").utf8)
        for index in body.indices {
            for byte in Array("0x\",}".utf8) {
                var memory = HealthMemory()
                _ = memory.answer(body)
                var changed = body
                changed[index] = byte
                #expect(memory.answer(changed) == decodeJSON(HealthAnswer.self, changed), "\(index)")
                #expect(memory.answer(body) == decodeJSON(HealthAnswer.self, body))
            }
        }
    }
}
