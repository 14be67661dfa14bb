import Foundation
#if canImport(Glibc)
    import Glibc
#endif

/// What the kernel counts for a process.
enum ProcessFigures {
    /// User and system time. Source: proc(5), /proc/pid/stat, fields 14 and 15.
    static func cpuTicks(_ pid: pid_t) throws -> Int {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        let fields = (text.components(separatedBy: ") ").last ?? "").split(separator: " ")
        return fields.count > 12 ? (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0) : 0
    }

    /// Resident and private memory, MiB. Source: proc(5), /proc/pid/smaps_rollup.
    static func memory(_ pid: pid_t) throws -> (resident: Double, private: Double) {
        let lines = try String(contentsOfFile: "/proc/\(pid)/smaps_rollup", encoding: .utf8).split(separator: "\n")
        func mebibytes(_ name: String) -> Double {
            lines.filter { $0.hasPrefix(name + ":") }.compactMap { Double($0.filter(\.isNumber)) }.reduce(0, +) / 1024
        }
        return (mebibytes("Rss"), mebibytes("Private_Clean") + mebibytes("Private_Dirty"))
    }
}
