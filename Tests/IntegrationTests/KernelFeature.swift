import Foundation

/// A feature of the kernel that some tests need and that containers and hardened hosts often refuse.
enum KernelFeature: String {
    /// Mount, PID and network namespaces, made by root; namespaces(7).
    case namespaces
    /// TUN devices, which tests put between a namespace and the world.
    case tun

    /// Whether `VAULTWATCH_REQUIRE`, a list separated by spaces, names the feature: then its tests fail where it is
    /// missing, in place of being skipped.
    var isRequired: Bool {
        let names = ProcessInfo.processInfo.environment["VAULTWATCH_REQUIRE"] ?? ""
        return names.split(separator: " ").contains { $0 == rawValue }
    }

    /// The reason for which the feature cannot be had, or nil.
    var refusal: String? {
        guard geteuid() == 0 else { return "\(rawValue): only root can make them" }
        if self == .tun {
            let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC)
            if descriptor < 0 { return "\(rawValue): /dev/net/tun: \(String(cString: strerror(errno)))" }
            close(descriptor)
            return nil
        }
        let attempt = Process()
        let said = Pipe()
        attempt.executableURL = URL(filePath: "/usr/bin/unshare")
        attempt.arguments = ["--mount", "--pid", "--fork", "--net", "true"]
        attempt.standardError = said
        do { try attempt.run() } catch { return "\(rawValue): \(error)" }
        let text = String(decoding: said.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        attempt.waitUntilExit()
        guard attempt.terminationStatus != 0 else { return nil }
        return "\(rawValue): " + text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
