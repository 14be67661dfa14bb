import Glibc
import Platform
import Samples
import Synchronization
import Testing

@testable import Platform

/// A folder with one FIFO.
private struct Folder {
    let path: String
    var fifo: String { path + "/fifo" }

    init() throws {
        path = "/tmp/vaultwatch-files-\(SystemRandom().next())"
        try #require(mkdir(path, 0o700) == 0)
        try #require(mkfifo(fifo, 0o600) == 0)
    }

    func write(_ name: String, _ text: String) throws -> String {
        let file = try #require(fopen("\(path)/\(name)", "w"))
        fputs(text, file)
        fclose(file)
        return "\(path)/\(name)"
    }

    func remove() {
        for name in SystemFiles().glob(path + "/*") { unlink(name) }
        rmdir(path)
    }
}

struct SpecialFilesTests {
    /// Nobody ever writes to it, so that opening it would wait for ever.
    @Test func aFIFOIsRefusedAtOnce() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let error = FileError(path: folder.fifo, reason: "is a FIFO (named pipe); expected a regular file")
        #expect(throws: error) { try SystemFiles().read(folder.fifo, limit: 100) }
        #expect(throws: error) { try SystemFiles().tail(folder.fifo, limit: 100) }
        #expect(throws: error) { try Secret(file: folder.fifo).reveal(SystemFiles()) }
    }

    @Test(arguments: [
        ("/dev/zero", "is a device; expected a regular file"), ("/dev/null", "is a device; expected a regular file"),
        ("/tmp", "Is a directory"),
    ])
    func whatIsNoRegularFileIsRefused(_ path: String, _ reason: String) {
        #expect(throws: FileError(path: path, reason: reason)) { try SystemFiles().read(path, limit: 100) }
    }

    @Test func aLinkToAFileIsRead() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let file = try folder.write("file", "text")
        try #require(symlink(file, folder.path + "/link") == 0)
        #expect(try SystemFiles().read(folder.path + "/link", limit: 100) == Array("text".utf8))
        try #require(symlink(folder.fifo, folder.path + "/trap") == 0)
        #expect(throws: FileError.self) { try SystemFiles().read(folder.path + "/trap", limit: 100) }
    }

    /// As `check rules <(generate)` does it in a shell.
    @Test func aPipeThatTheProcessWasGivenIsRead() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        #expect(write(ends[1], "text", 4) == 4)
        close(ends[1])
        #expect(try SystemFiles().read("/dev/fd/\(ends[0])", limit: 100) == Array("text".utf8))
    }
}

/// Calls that do not return, as on a dead mount.
struct FileThreadsTests {
    /// What holds the calls.
    private final class Mount: Sendable {
        private let ends: (read: Int32, write: Int32)
        private let begun = Mutex(0)

        init() throws {
            var ends: [Int32] = [0, 0]
            try #require(pipe(&ends) == 0)
            self.ends = (ends[0], ends[1])
        }

        deinit { close(ends.read) }

        var calls: Int { begun.withLock { $0 } }

        func call() {
            begun.withLock { $0 += 1 }
            var byte: UInt8 = 0
            _ = read(ends.read, &byte, 1)
        }

        /// Every call returns, now and later.
        func answer() { close(ends.write) }
    }

    private func failure(_ threads: FileThreads, _ path: String, _ mount: Mount) async -> FileError? {
        let result = await threads.run(path) { () throws(FileError) in mount.call() }
        if case .failure(let error) = result { return error }
        return nil
    }

    @Test func aCallThatDoesNotReturnHoldsItsCallerForTwoSeconds() async throws {
        let mount = try Mount()
        let threads = FileThreads()
        let error = await failure(threads, "/dead/secret", mount)
        #expect(error?.isStuck == true)
        #expect(error?.reason == "not read in 2 s: its disk or mount does not answer")
        // It holds one thread, whoever asks again, and no other file.
        for _ in 0..<100 { #expect(await failure(threads, "/dead/secret", mount)?.isStuck == true) }
        #expect(mount.calls == 1)
        #expect(try await threads.run("/live") { () throws(FileError) in 7 }.get() == 7)
        mount.answer()
        var isBack = false
        while !isBack { isBack = await failure(threads, "/dead/secret", mount) == nil }
        #expect(isBack)
    }

    @Test func stuckFilesHoldABoundedNumberOfThreads() async throws {
        let mount = try Mount()
        let threads = FileThreads()
        let errors = await withTaskGroup(of: FileError?.self) { group in
            for index in 0..<200 { group.addTask { await failure(threads, "/dead/\(index)", mount) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.count == 200)
        #expect(errors.allSatisfy { $0?.isStuck == true })
        #expect(mount.calls == FileThreads.limit)
        mount.answer()
        while (try? await threads.run("/live", { () throws(FileError) in 7 }).get()) != 7 {}
    }

    private struct DeadFolder: FileAccess {
        let mount: Mount

        func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
            if path.hasPrefix("/dead/") { mount.call() }
            return [7]
        }
        func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
            (try read(path, limit: limit), Timestamp(milliseconds: 0))
        }
        func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
            (try read(path, limit: limit), false)
        }
        func glob(_ pattern: String) -> [String] { [pattern] }
        func makeFolder(_ path: String, mode: UInt32) throws(FileError) {}
        func makePrivate(_ path: String) throws(FileError) {}
        func rename(_ path: String, to new: String) throws(FileError) {}
        func remove(_ path: String) throws(FileError) {}
    }

    /// For a start, which may block: a dead folder costs it two seconds, however many files it names there.
    @Test func aStartWaitsForADeadFolderOnce() throws {
        let mount = try Mount()
        let files = TimedFiles(DeadFolder(mount: mount), threads: FileThreads())
        for name in ["token", "password", "key"] {
            let error = #expect(throws: FileError.self) { try files.read("/dead/" + name, limit: 10) }
            #expect(error?.isStuck == true && error?.path == "/dead/" + name)
        }
        #expect(mount.calls == 1)
        #expect(try files.read("/live/token", limit: 10) == [7])
        #expect(files.glob("/live/*") == ["/live/*"])
        mount.answer()
    }

    @Test func aCancelledCallerWaitsNoLonger() async throws {
        let mount = try Mount()
        let threads = FileThreads()
        let caller = Task { await failure(threads, "/dead", mount) }
        caller.cancel()
        #expect(await caller.value != nil)
        mount.answer()
    }
}
