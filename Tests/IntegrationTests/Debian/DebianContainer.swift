import Foundation
import Lab
import Platform
import Testing

/// A bare Debian 12 with systemd as its init, booted by systemd-nspawn(1): what the package meets on a server.
///
/// Its root is unpacked from the archive that `make deps-test` made. It has a network of its own with loopback alone;
/// apt(8) finds the packages that vaultwatch depends on in its cache.
final class DebianContainer: Sendable {
    /// A command line of sh(1), run by root inside.
    struct Step {
        let name: String
        let script: String

        init(_ name: String, _ script: String) {
            self.name = name
            self.script = script
        }
    }

    /// Why no container can be booted here, or nil.
    static let refusal: String? = KernelFeature.namespaces.refusal

    private static let archive = Binary.root + "/.build-tools/debian-12.tar"
    private let folder: TemporaryDirectory

    /// Unpacks the root.
    init() async throws {
        folder = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        try await ChildProcess.run("tar", ["-xf", DebianContainer.archive, "-C", root])
    }

    var root: String { folder.path + "/root" }

    func remove() { folder.remove() }

    /// Writes a file inside, with the folders above it.
    func write(_ path: String, _ text: String, mode: Int = 0o644) throws {
        try makeFolder(above: path)
        try Data(text.utf8).write(to: URL(filePath: root + path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: root + path)
    }

    /// Copies a file or a folder of this machine to a path inside.
    func copy(_ source: String, to path: String) throws {
        try makeFolder(above: path)
        try FileManager.default.copyItem(atPath: source, toPath: root + path)
    }

    private func makeFolder(above path: String) throws {
        try FileManager.default.createDirectory(
            at: URL(filePath: root + path).deletingLastPathComponent(), withIntermediateDirectories: true)
    }

    /// Boots, runs the steps in turn up to the first that fails, and powers off. A step that fails, or that takes
    /// longer than the limit, is an issue of the test.
    /// - Parameters:
    ///   - hasHostNetwork: servers of this machine's loopback are within reach, and its ports are taken.
    ///   - memory: is `/memory` inside.
    /// - Returns: what each step that was run printed, by its name.
    @discardableResult
    func boot(
        _ steps: [Step], limit: Duration = .seconds(60), hasHostNetwork: Bool = false, memory: MemoryGroup? = nil
    ) async throws -> [String: String] {
        let results = "/var/lib/steps"
        var script = "cd \(results)\n"
        for step in steps {
            try write("\(results)/\(step.name).sh", step.script + "\n")
            script +=
                "timeout \(limit.components.seconds) sh -eu \(step.name).sh >\(step.name).output 2>&1 && "
                + "touch \(step.name).done &&\n"
        }
        try write("\(results)/all.sh", script + "true\njournalctl --no-pager -o short-monotonic >journal\n")
        try write(
            "/etc/systemd/system/steps.service",
            """
            [Unit]
            Description=The steps of a test
            SuccessAction=poweroff
            FailureAction=poweroff
            [Service]
            Type=oneshot
            ExecStart=/bin/sh \(results)/all.sh
            """)
        try write("/etc/systemd/system/multi-user.target.d/steps.conf", "[Unit]\nWants=steps.service\n")
        var arguments = [
            "--quiet", "--directory=\(root)", "--boot", "--keep-unit", "--register=no",
            "--resolv-conf=off", "--console=pipe",
            "--machine=vaultwatch-\(UUID().uuidString.prefix(8).lowercased())",
        ]
        if !hasHostNetwork { arguments.append("--private-network") }
        if let memory { arguments.append("--bind=\(memory.path):/memory") }
        if let folder = DebianContainer.runtimeFolder {
            arguments.append("--bind-ro=\(folder):/usr/lib/swift/linux")
            // ldconfig(8) runs when apt has installed a library.
            try write("/etc/ld.so.conf.d/swift.conf", "/usr/lib/swift/linux\n")
        }
        let container = try await ChildProcess.start("systemd-nspawn", arguments)
        let exit = await container.wait(atMost: limit * (steps.count + 1))
        if exit == nil { _ = await container.terminate(asking: []) }
        let console =
            String(decoding: container.standardOutput(limit: 1 << 16), as: UTF8.self)
            + String(decoding: container.standardError(limit: 1 << 16), as: UTF8.self)
        #expect(exit == .exited(0), "\(console)")
        let folder = root + results
        func text(_ name: String) -> String {
            (try? Data(contentsOf: URL(filePath: "\(folder)/\(name)"))).map { String(decoding: $0, as: UTF8.self) }
                ?? ""
        }
        var outputs: [String: String] = [:]
        for step in steps {
            outputs[step.name] = text("\(step.name).output")
            guard FileManager.default.fileExists(atPath: "\(folder)/\(step.name).done") else {
                Issue.record(
                    "step \(step.name): \(text("\(step.name).output").suffix(4000))\n\(text("journal").suffix(8000))")
                break
            }
        }
        return outputs
    }

    /// Waits until a step has made the file at a path inside. A test that goes on beside the steps meets them so.
    func reached(_ path: String) async -> Bool {
        await waitUntil(atMost: .seconds(240)) { FileManager.default.fileExists(atPath: root + path) }
    }

    /// Where this process has the shared libraries of Swift from; the program under test needs them too. Nil when they
    /// are linked statically.
    private static let runtimeFolder: String? = {
        guard let maps = FileHandle(forReadingAtPath: "/proc/self/maps"), let data = try? maps.readToEnd() else {
            return nil
        }
        let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first {
            $0.hasSuffix("/libswiftCore.so")
        }
        return line?.split(separator: " ").last.map { URL(filePath: String($0)).deletingLastPathComponent().path }
    }()
}
