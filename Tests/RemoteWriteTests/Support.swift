import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Telemetry

@testable import RemoteWrite

/// A folder in memory that can be full, or can hang, as a disk may.
final class MemoryFolder: QueueFiles {
    struct State {
        /// A file keeps its number when it is renamed.
        var names: [String: Int] = [:]
        var contents: [Int: [UInt8]] = [:]
        var next = 0
        /// Bytes that all files together may have.
        var room = Int.max
        /// What each write waits for.
        var hold: (@Sendable () -> Void)?

        var size: Int { contents.values.reduce(0) { $0 + $1.count } }
    }

    private struct File: QueueFile {
        let folder: MemoryFolder
        let number: Int

        func write(_ bytes: [UInt8], at offset: Int64) throws(FileError) {
            folder.state.withLock(\.hold)?()
            let isWritten = folder.state.withLock { state -> Bool in
                var file = state.contents[number] ?? []
                let end = Int(offset) + bytes.count
                // A full disk takes the part that it has room for, and what replaces other bytes.
                let growth = max(0, min(end - file.count, state.room - state.size))
                let count = min(bytes.count, max(0, file.count + growth - Int(offset)))
                if file.count < Int(offset) + count {
                    file += [UInt8](repeating: 0, count: Int(offset) + count - file.count)
                }
                file.replaceSubrange(Int(offset)..<(Int(offset) + count), with: bytes.prefix(count))
                state.contents[number] = file
                return count == bytes.count
            }
            if !isWritten { throw FileError(path: "segment", reason: "No space left on device") }
        }

        func read(at offset: Int64, limit: Int) throws(FileError) -> [UInt8] {
            folder.state.withLock { Array(($0.contents[number] ?? []).dropFirst(Int(offset)).prefix(limit)) }
        }
    }

    let state = Mutex(State())

    /// The files by their names.
    var files: [String: [UInt8]] {
        state.withLock { state in state.names.mapValues { state.contents[$0] ?? [] } }
    }

    var segments: [String] { files.keys.filter { $0.hasSuffix(".segment") }.sorted() }

    /// What a process that starts now would find.
    func copy() -> MemoryFolder {
        let copy = MemoryFolder()
        for (name, bytes) in files { copy.put(name, bytes) }
        return copy
    }

    func put(_ name: String, _ bytes: [UInt8]) {
        state.withLock { state in
            if let number = state.names[name] { state.contents[number] = nil }
            state.names[name] = state.next
            state.contents[state.next] = bytes
            state.next += 1
        }
    }

    /// Changes the bytes of a file in place.
    func change(_ name: String, _ body: (inout [UInt8]) -> Void) {
        var bytes = files[name] ?? []
        body(&bytes)
        put(name, bytes)
    }

    func makeFolder() throws(FileError) {}

    func names() -> [String] { files.keys.sorted() }

    func create(_ name: String) throws(FileError) -> any QueueFile {
        put(name, [])
        return try open(name)
    }

    func open(_ name: String) throws(FileError) -> any QueueFile {
        guard let number = state.withLock({ $0.names[name] }) else { throw MemoryFolder.missing(name) }
        return File(folder: self, number: number)
    }

    func rename(_ name: String, to new: String) throws(FileError) {
        let isThere = state.withLock { state -> Bool in
            guard let number = state.names.removeValue(forKey: name) else { return false }
            if let old = state.names[new] { state.contents[old] = nil }
            state.names[new] = number
            return true
        }
        if !isThere { throw MemoryFolder.missing(name) }
    }

    func remove(_ name: String) throws(FileError) {
        let isThere = state.withLock { state -> Bool in
            guard let number = state.names.removeValue(forKey: name) else { return false }
            state.contents[number] = nil
            return true
        }
        if !isThere { throw MemoryFolder.missing(name) }
    }

    /// ENOENT, by the words of strerror(3).
    private static func missing(_ name: String) -> FileError {
        FileError(path: name, reason: "No such file or directory")
    }
}

/// A server that answers as a test says, and keeps what it was sent.
final class ScriptedServer: Sendable {
    typealias Script = @Sendable (_ call: WriteCall, _ turn: Int) async -> WriteAnswer

    private struct State {
        var calls: [WriteCall] = []
        var script: Script
    }

    private let state: Mutex<State>

    init(_ script: @escaping Script = { _, _ in .status(204) }) { state = Mutex(State(script: script)) }

    var calls: [WriteCall] { state.withLock(\.calls) }

    func answer(_ script: @escaping Script) { state.withLock { $0.script = script } }

    func post(_ call: WriteCall) async -> WriteAnswer {
        let (script, turn) = state.withLock { state in
            state.calls.append(call)
            return (state.script, state.calls.count - 1)
        }
        return await script(call, turn)
    }

    /// Times and values of all series in the calls' order, as `up 1000=1`, with the message's version.
    var received: [String] { get throws { try received(from: 0) } }

    /// The same from one call on.
    func received(from first: Int) throws -> [String] {
        try calls[first...].map { call in
            guard let body = Snappy.uncompress(call.body, limit: 1 << 24) else {
                throw WriteDecoder.Malformed(what: "Snappy")
            }
            let isSecond = call.headers.contains { $0.value.contains("v2.Request") }
            let series = isSecond ? try WriteDecoder.version2(body).series : try WriteDecoder.version1(body)
            return (isSecond ? "v2: " : "v1: ")
                + series.map { one in
                    let name = one.labels.first { $0.name == Labels.metricName }?.value ?? ""
                    return name + one.points.map { " \($0.t)=\($0.v)" }.joined()
                }.joined(separator: ", ")
        }
    }
}

/// Samples of series `name`, a second apart.
func samples(_ name: String, _ times: some Sequence<Int64>) -> [Sample] {
    times.map { Sample(Labels(name: name), Double($0), at: Timestamp(milliseconds: $0 * 1000)) }
}

/// Random numbers that are all the largest: waits are not shortened.
struct FullWaits: RandomSource {
    func next() -> UInt64 { .max }
}

extension VirtualTime {
    /// Runs everything that is due within a duration. What one request and its answer lead to takes several hundred turns,
    /// on threads that a busy machine may hold.
    func pass(_ span: Duration) async { await run(for: span, settle: 8000) }
}

/// A platform in virtual time.
func platform(_ time: VirtualTime, log: LogLines = LogLines()) -> Platform {
    let logger = Logger(label: "test") { _ in
        LineLogHandler(level: .info, now: { time.wall() }, write: { log.add($0) }, lost: { 0 })
    }
    return Platform(time: time, random: FullWaits(), files: MemoryFiles(), log: logger)
}
