import Foundation
import Lab
import Platform
import Simulation
import Synchronization
import Text
#if canImport(Glibc)
    import Glibc
#endif

/// A network namespace whose one way out are two TUN devices with this process between them, which loses, delays and
/// reorders their packets; kernels without netem(8) have no such thing of their own.
/// Source: Linux, Documentation/networking/tuntap.rst; ip-netns(8).
final class LossyLink: Sendable {
    /// What happens to packets, in both directions.
    struct Fault: Sendable {
        var lossPercent = 0
        /// One way.
        var delay = Duration.zero
        /// Up to so much more for each packet by itself, which also reorders them.
        var jitter = Duration.zero
        /// Nothing arrives, and nobody is told.
        var isBlackHole = false
    }

    private struct State {
        var fault = Fault()
        var isClosed = false
        var lost = 0
        var passed = 0
    }

    /// Why there can be no such link here; nil where there can.
    static let refusal = KernelFeature.namespaces.refusal ?? KernelFeature.tun.refusal

    /// For `ip netns exec`.
    let namespace: String
    /// Of this process, as the namespace sees it. RFC 2544 keeps 198.18.0.0/15 for tests of networks.
    let outside: String
    private let state = Mutex(State())
    private let random: SeededRandom
    private let name: String
    private static let counter = Mutex(0)
    private static let packetLimit = 2000

    init(seed: UInt64) async throws {
        let number = LossyLink.counter.withLock { counter in
            counter += 1
            return (Int(getpid()) * 16 + counter) % 16_000
        }
        name = "vw\(number)"
        namespace = "vaultwatch-test-\(number)"
        let prefix = "198.\(18 + number / 16_384).\(number / 64 % 256).\(number % 64 * 4)"
        let parts = prefix.split(separator: ".").compactMap { Int($0) }
        func address(_ host: Int) -> String { "\(parts[0]).\(parts[1]).\(parts[2]).\(parts[3] + host)" }
        outside = address(1)
        random = SeededRandom(seed: seed)
        let (near, far) = (try LossyLink.device(name + "a"), try LossyLink.device(name + "b"))
        for words in [
            ["netns", "add", namespace],
            ["link", "set", name + "b", "netns", namespace],
            ["addr", "add", outside + "/30", "dev", name + "a"],
            ["link", "set", name + "a", "up"],
            ["-n", namespace, "link", "set", "lo", "up"],
            ["-n", namespace, "addr", "add", address(2) + "/30", "dev", name + "b"],
            ["-n", namespace, "link", "set", name + "b", "up"],
            ["-n", namespace, "route", "add", "default", "via", outside],
        ] {
            try await ChildProcess.run("ip", words)
        }
        // ip-netns(8) puts what lies there over the files of /etc.
        try FileManager.default.createDirectory(
            atPath: "/etc/netns/" + namespace, withIntermediateDirectories: true)
        try "nameserver \(outside)\noptions timeout:1 attempts:2\n".write(
            toFile: "/etc/netns/\(namespace)/resolv.conf", atomically: true, encoding: .utf8)
        for (from, to) in [(near, far), (far, near)] {
            try SystemThreads().start("lossy-link") { [self] in relay(from, to) }
        }
    }

    func set(_ fault: Fault) { state.withLock { $0.fault = fault } }

    /// Takes the device inside the namespace up or down, as a cable would.
    func setInterface(up: Bool) async throws {
        try await ChildProcess.run("ip", ["-n", namespace, "link", "set", name + "b", up ? "up" : "down"])
        // Its routes went with it.
        if up {
            _ = try? await ChildProcess.run("ip", ["-n", namespace, "route", "add", "default", "via", outside])
        }
    }

    /// Packets so far.
    var counts: (passed: Int, lost: Int) { state.withLock { ($0.passed, $0.lost) } }

    func close() async {
        state.withLock { $0.isClosed = true }
        _ = try? await ChildProcess.run("ip", ["netns", "del", namespace])
        _ = try? await ChildProcess.run("ip", ["link", "del", name + "a"])
        try? FileManager.default.removeItem(atPath: "/etc/netns/" + namespace)
    }

    /// Opens a TUN device of packets without a header of its own.
    private static func device(_ name: String) throws -> Int32 {
        let descriptor = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw NetworkSetupError(reason: "/dev/net/tun: \(String(cString: strerror(errno)))")
        }
        // struct ifreq of netdevice(7): the name, then the flags IFF_TUN and IFF_NO_PI.
        var request = [UInt8](repeating: 0, count: 40)
        request.replaceSubrange(0..<name.utf8.count, with: Array(name.utf8))
        (request[16], request[17]) = (0x01, 0x10)
        let tunSetInterface: UInt = 0x4004_54ca
        guard ioctl(descriptor, tunSetInterface, &request) == 0 else {
            throw NetworkSetupError(reason: "TUNSETIFF: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// One direction: packets wait for their time in the order in which they are due.
    private func relay(_ from: Int32, _ to: Int32) {
        var waiting: [(due: Instant, packet: [UInt8])] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let time = SystemTime()
        while true {
            let fault = state.withLock { $0.isClosed ? nil : $0.fault }
            guard let fault else { break }
            let now = time.monotonic()
            while let first = waiting.first, first.due <= now {
                waiting.removeFirst()
                _ = write(to, first.packet, first.packet.count)
            }
            let wait = waiting.first.map { max(1, Int32(clamping: ($0.due - now).milliseconds)) } ?? 50
            var readable = pollfd(fd: from, events: Int16(POLLIN), revents: 0)
            guard poll(&readable, 1, min(wait, 50)) > 0 else { continue }
            let count = read(from, &buffer, buffer.count)
            guard count > 0 else {
                // The device is down.
                poll(nil, 0, 10)
                continue
            }
            let isLost =
                fault.isBlackHole || random.chance(fault.lossPercent) || waiting.count >= LossyLink.packetLimit
            state.withLock { state in
                if isLost { state.lost += 1 } else { state.passed += 1 }
            }
            if isLost { continue }
            let due =
                time.monotonic() + fault.delay + .milliseconds(random.below(Int(fault.jitter.milliseconds) + 1))
            let index = waiting.firstIndex { $0.due > due } ?? waiting.count
            waiting.insert((due, Array(buffer[..<count])), at: index)
        }
        Glibc.close(from)
    }
}

/// The system refused a part of the network.
struct NetworkSetupError: Error {
    let reason: String
}
