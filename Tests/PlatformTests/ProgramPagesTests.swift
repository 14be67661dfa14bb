import Foundation
import Testing

@testable import Platform

struct ProgramPagesTests {
    /// KiB of files' pages that can't be written to, as they are in their files. Source: proc(5), /proc/pid/smaps.
    private static func resident() throws -> Int {
        var (sum, isCounted) = (0, false)
        let text = String(decoding: try SystemFiles().read("/proc/self/smaps", limit: 16 << 20), as: UTF8.self)
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count >= 5, fields[0].contains("-") {
                isCounted = ["r-xp", "r--p"].contains(fields[1]) && fields.last?.hasPrefix("/") == true
            } else if isCounted, fields.first == "Shared_Clean:" || fields.first == "Private_Clean:" {
                sum += Int(fields[1]) ?? 0
            }
        }
        return sum
    }

    /// What is used comes back: the code of this test, and what it reads of others'.
    @Test func whatIsUsedComesBack() throws {
        let before = try Self.resident()
        ProgramPages.release()
        let after = try Self.resident()
        #expect(after < before / 2, "\(before) KiB before, \(after) after")
        #expect((1...100).reduce(0, +) == 5050)
        #expect(
            Locale(identifier: "de_DE").identifier == "de_DE" && "\(Date(timeIntervalSince1970: 0))".hasPrefix("1970"))
    }
}
