import Foundation
import Glibc
import Lab
import Platform
import Testing

struct ChildProcessTests {
    @Test func outputAndExitStatusAreKept() async throws {
        let child = try await ChildProcess.start("sh", ["-c", "echo out; echo err >&2; exit 3"])
        #expect(await child.wait() == .exited(3))
        #expect(child.standardOutput(limit: 100) == Array("out\n".utf8))
        #expect(child.standardError(limit: 2) == Array("r\n".utf8))
        #expect(!child.signal(SIGTERM))
    }

    @Test func childThatIgnoresTermIsKilledWithItsGroup() async throws {
        let child = try await ChildProcess.start(
            "sh", ["-c", "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done"])
        #expect(await waitUntil { child.standardOutput(limit: 20).last == UInt8(ascii: "\n") })
        let grandchild = try #require(
            pid_t(String(decoding: child.standardOutput(limit: 20).dropLast(), as: UTF8.self)))
        #expect(await child.terminate(grace: .milliseconds(50)) == .signalled(SIGKILL))
        // In a container without an init the dead grandchild may stay as a zombie, which kill(2) still finds.
        #expect(await waitUntil { kill(grandchild, 0) != 0 || state(grandchild) == "Z" })
    }

    @Test func failureTellsWhatTheProgramSaid() async throws {
        await #expect(throws: ChildProcessError(program: "sh", reason: "exit status 1: no\n")) {
            try await ChildProcess.run("sh", ["-c", "echo no >&2; exit 1"])
        }
    }

    @Test func environmentAndDirectoryAreTheGiven() async throws {
        let output = try await ChildProcess.run(
            "/bin/sh", ["-c", "pwd; echo $A"],
            options: ChildProcess.Options(environment: ["A": "b"], workingDirectory: "/usr"))
        #expect(String(decoding: output, as: UTF8.self) == "/usr\nb\n")
    }

    /// What a child writes without end does not fill the disk; its last words are kept.
    @Test(.timeLimit(.minutes(2))) func whatIsCapturedIsBounded() async throws {
        let child = try await ChildProcess.start(
            "/bin/sh", ["-c", "head -c 300000000 /dev/zero; echo last words; echo ready >&2; cat"],
            options: ChildProcess.Options(standardInput: try held()))
        #expect(await waitUntil { !child.standardError(limit: 100).isEmpty })
        let path = try #require(
            try FileManager.default.contentsOfDirectory(atPath: "/proc/\(child.pid)/fd").contains("1")
                ? "/proc/\(child.pid)/fd/1" : nil)
        let isFreed = await waitUntil {
            var status = stat()
            return stat(path, &status) == 0 && status.st_size > 300_000_000
                && Int64(status.st_blocks) * 512 < 150_000_000
        }
        #expect(isFreed)
        #expect(String(decoding: child.standardOutput(limit: 11), as: UTF8.self) == "last words\n")
        _ = await child.terminate(asking: [SIGKILL])
    }

    /// An input that never ends.
    private func held() throws -> Int32 {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return ends[0]
    }

    /// The kernel kills children of a process that is itself killed.
    @Test func childDiesWithItsParent() async throws {
        let child = try await ChildProcess.start("/usr/bin/setpriv", ["--dump"])
        await child.wait()
        let dump = String(decoding: child.standardOutput(limit: 4096), as: UTF8.self)
        #expect(dump.contains("Parent death signal: KILL") || dump.contains("Parent death signal: killed"), "\(dump)")
    }

    @Test func temporaryDirectoryGoesWithItsLastReference() throws {
        var directory: TemporaryDirectory? = try TemporaryDirectory()
        let path = try #require(try directory?.write("a", "b"))
        #expect(access(path, F_OK) == 0)
        directory = nil
        #expect(access(path, F_OK) != 0)
    }

    @Test func portsDiffer() throws {
        let ports = try (0..<50).map { _ in try freePort() }
        #expect(Set(ports).count == 50)
        #expect(!accepts(port: ports[0]))
    }
}

/// The state letter in /proc/PID/stat.
private func state(_ pid: pid_t) -> Character? {
    guard let file = fopen("/proc/\(pid)/stat", "r") else { return nil }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 256)
    guard fgets(&buffer, 256, file) != nil else { return nil }
    let line = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return line.split(separator: ")").last?.dropFirst().first
}
