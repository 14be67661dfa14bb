import Foundation

/// A folder of cgroup v1 below this process's own, in which a container may limit memory: its systemd has that
/// controller only from cgroup v2 on. Source: the kernel's admin-guide/cgroup-v1/memory.rst.
final class MemoryGroup: Sendable {
    let path: String

    /// Nil where there is no cgroup v1 or nobody may make groups in it.
    init?() {
        guard let own = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8),
            let line = own.split(separator: "\n").first(where: { $0.contains(":memory:") }),
            let group = line.split(separator: ":", maxSplits: 2).last
        else { return nil }
        path = "/sys/fs/cgroup/memory\(group)/vaultwatch-\(UUID().uuidString.lowercased())"
        guard mkdir(path, 0o755) == 0 else { return nil }
    }

    /// Removes it; nothing may be in it any more.
    func remove() { rmdir(path) }
}
