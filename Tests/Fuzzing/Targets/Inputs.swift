import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Transport
#if canImport(Glibc)
    import Glibc
#endif

/// An input that stands for several things, one after the other.
enum Parts {
    /// What lies between two parts.
    static let mark = Array("\n%%\n".utf8)

    /// The parts, at least one and at most 32.
    static func of(_ bytes: [UInt8]) -> [[UInt8]] {
        var parts: [[UInt8]] = []
        var start = 0
        var at = 0
        while at + mark.count <= bytes.count, parts.count < 31 {
            if bytes[at] == mark[0], bytes[at..<at + mark.count].elementsEqual(mark) {
                parts.append(Array(bytes[start..<at]))
                at += mark.count
                start = at
            } else {
                at += 1
            }
        }
        return parts + [Array(bytes[start...])]
    }
}

/// The start line, headers and body of a message in HTTP's form; lines may end in LF alone.
struct PlayedMessage: Sendable {
    var startLine = ""
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    init(_ bytes: [UInt8]) {
        var rest = bytes[...]
        var isFirst = true
        while let end = rest.firstIndex(of: 10) {
            var line = rest[..<end]
            if line.last == 13 { line = line.dropLast() }
            rest = rest[(end + 1)...]
            if isFirst {
                startLine = String(decoding: line, as: UTF8.self)
                isFirst = false
            } else if line.isEmpty {
                break
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")), headers.count < 100 {
                headers.append(
                    (
                        String(decoding: line[..<colon], as: UTF8.self).lowercased(),
                        String(decoding: line[(colon + 1)...].drop { $0 == 0x20 }, as: UTF8.self)
                    ))
            }
        }
        body = Array(rest)
    }

    /// The second word of a status line; 200 where there is none.
    var status: Int {
        let words = startLine.split(separator: " ")
        guard words.count > 1, let status = Int(words[1].prefix(4)), (100...999).contains(status) else { return 200 }
        return status
    }
}

/// Answers each request with the next of its parts whose `X-Path` ends the request's path, else with the next of all.
struct PlayedHTTP: HTTPClient {
    private let answers: [PlayedMessage]
    private let turn = Counter()

    init(_ parts: [[UInt8]]) { answers = parts.map(PlayedMessage.init) }

    private func answer(_ request: HTTPRequest) throws(TransportError) -> HTTPResponse {
        let path = request.url.prefix { $0 != "?" }
        let turn = turn.next()
        let named = answers.filter { answer in
            answer.headers.contains { $0.name == "x-path" && !$0.value.isEmpty && path.hasSuffix($0.value) }
        }
        let choice = named.isEmpty ? answers : named
        guard !choice.isEmpty else { throw TransportError(.other, "nothing to answer") }
        let answer = choice[turn % choice.count]
        guard answer.body.count <= request.bodyLimitBytes else { throw TransportError(.body, "longer than the limit") }
        var timing = HTTPTiming()
        if let text = answer.headers.first(where: { $0.name == "x-seconds" })?.value {
            timing.total = Double(text) ?? 0
        }
        return HTTPResponse(
            status: answer.status, headers: answer.headers, body: request.method == "HEAD" ? [] : answer.body,
            timing: timing)
    }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse { try answer(request) }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        var response = try answer(request)
        do { try receive(response.body) } catch { throw TransportError(.body, "\(error)") }
        response.body = []
        return response
    }
}

/// Counts from 0.
final class Counter: Sendable {
    private let value = Mutex(0)

    func next() -> Int {
        value.withLock { value in
            defer { value += 1 }
            return value
        }
    }
}

/// Every path that is asked for has the same content, or one of its own.
struct PlayedFiles: FileAccess {
    var contents: [String: [UInt8]] = [:]
    var others: [UInt8]?

    func read(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        guard let bytes = contents[path] ?? others else {
            throw FileError(path: path, reason: String(cString: strerror(ENOENT)))
        }
        guard bytes.count <= limit else { throw FileError(path: path, reason: "larger than \(limit) bytes") }
        return bytes
    }

    func readDated(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], modified: Timestamp) {
        (try read(path, limit: limit), Surroundings.wall)
    }

    func tail(_ path: String, limit: Int) throws(FileError) -> (bytes: [UInt8], isCut: Bool) {
        let bytes = try read(path, limit: .max)
        return (Array(bytes.suffix(limit)), bytes.count > limit)
    }

    func glob(_ pattern: String) -> [String] {
        let found = contents.keys.filter { fnmatch(pattern, $0, FNM_PATHNAME) == 0 }.sorted()
        return found.isEmpty && others != nil && !pattern.contains(where: { "*?[".contains($0) }) ? [pattern] : found
    }

    func makeFolder(_ path: String, mode: UInt32) throws(FileError) { throw PlayedFiles.readOnly(path) }
    func makePrivate(_ path: String) throws(FileError) { throw PlayedFiles.readOnly(path) }
    func rename(_ path: String, to new: String) throws(FileError) { throw PlayedFiles.readOnly(path) }
    func remove(_ path: String) throws(FileError) { throw PlayedFiles.readOnly(path) }

    private static func readOnly(_ path: String) -> FileError {
        FileError(path: path, reason: "Read-only file system")
    }
}

/// The surroundings of what is fed: time that stands still, the same random numbers, no log.
enum Surroundings {
    static let log = Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    /// 2026-01-02T03:04:05Z.
    static let wall = Timestamp(milliseconds: 1_767_323_045_000)

    static func platform(_ time: any TimeSource, files: any FileAccess = PlayedFiles()) -> Platform {
        Platform(time: time, random: SeededRandom(seed: 1), files: files, log: log)
    }

    static func moment(_ time: VirtualTime) -> Moment { Moment(monotonic: time.monotonic(), wall: time.wall()) }
}
