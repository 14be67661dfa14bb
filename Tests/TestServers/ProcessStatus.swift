package import Foundation

/// What the kernel tells of a process that runs. Source: proc(5).
package struct ProcessStatus: Sendable {
    /// Resident memory, bytes.
    package let residentBytes: Int
    /// The most resident memory so far, bytes.
    package let peakResidentBytes: Int
    /// How many threads it has.
    package let threads: Int
    /// How many file descriptors it has open.
    package let openFiles: Int

    /// The status at present.
    /// - Throws: what Foundation throws where there is no such process.
    package init(of pid: pid_t) throws {
        let lines = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n")
        func number(_ name: String) -> Int {
            lines.first { $0.hasPrefix(name + ":") }.flatMap { Int($0.filter(\.isNumber)) } ?? 0
        }
        residentBytes = number("VmRSS") << 10
        peakResidentBytes = number("VmHWM") << 10
        threads = number("Threads")
        openFiles = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
    }
}
