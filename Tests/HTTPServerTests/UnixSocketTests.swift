import Foundation
import Platform
import Testing

@testable import HTTPServer

/// The file of a Unix socket: who may use it, and what is replaced.
struct UnixSocketTests {
    private func folder() throws -> String {
        let folder = FileManager.default.temporaryDirectory.appending(path: "socket-" + UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private func status(_ path: String) -> stat? {
        var found = stat()
        return lstat(path, &found) == 0 ? found : nil
    }

    @Test func aDeadSocketIsReplacedAndALiveOneNever() throws {
        let folder = try folder()
        let path = folder + "/s"
        let first = try UnixSocket.listen(path, group: "")
        let live = #expect(throws: ServerError.self) { try UnixSocket.listen(path, group: "") }
        #expect(live?.message == "\(path): another process listens there")
        // As a process leaves it that was killed.
        close(first.descriptor)
        let second = try UnixSocket.listen(path, group: "")
        // The first one's file is gone: there is nothing of its to remove.
        first.remove()
        #expect(status(path) != nil)
        #expect(throws: ServerError.self) { try UnixSocket.listen(path, group: "") }
        close(second.descriptor)
        second.remove()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func onlyTheGroupMayUseIt() throws {
        let folder = try folder()
        // A group of this process, whatever its name is.
        let name = try #require(getgrgid(getgid()).map { String(cString: $0.pointee.gr_name) })
        let old = umask(0)
        defer { umask(old) }
        for (group, mode) in [(name, mode_t(0o660)), ("nobody has this group", 0o600)] {
            let socket = try UnixSocket.listen(folder + "/s", group: group)
            let found = try #require(status(socket.path))
            #expect(found.st_mode & 0o777 == mode && found.st_gid == getgid(), "\(group)")
            close(socket.descriptor)
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test func whatIsNoSocketStays() throws {
        let folder = try folder()
        let path = folder + "/s"
        try "text".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ServerError.self) { try UnixSocket.listen(path, group: "") }
        #expect(error?.message == "\(path): there is a file that is no socket")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "text")
        let missing = #expect(throws: ServerError.self) { try UnixSocket.listen(folder + "/none/s", group: "") }
        #expect(missing?.message == "\(folder)/none/s: No such file or directory")
        let long = folder + "/" + String(repeating: "s", count: 100)
        #expect(throws: ServerError.self) { try UnixSocket.listen(long, group: "") }
        try FileManager.default.removeItem(atPath: folder)
    }
}
