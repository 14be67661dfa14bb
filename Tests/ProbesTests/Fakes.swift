import Foundation
import Logging
import Platform
import Samples
import Simulation
import Synchronization
import Transport

@testable import Probes

/// Answers by the end of the URL, as scripted by the test.
final class ScriptedHTTP: HTTPClient {
    private let answer: @Sendable (HTTPRequest) -> Result<HTTPResponse, TransportError>
    private let log = Mutex<[HTTPRequest]>([])

    init(_ answer: @escaping @Sendable (HTTPRequest) -> Result<HTTPResponse, TransportError>) { self.answer = answer }

    var requests: [HTTPRequest] { log.withLock { $0 } }

    func send(_ request: HTTPRequest) async throws(TransportError) -> HTTPResponse {
        log.withLock { $0.append(request) }
        return try answer(request).get()
    }

    func stream(_ request: HTTPRequest, receive: @escaping @Sendable ([UInt8]) throws -> Void)
        async throws(TransportError) -> HTTPResponse
    {
        throw TransportError(.other, "not scripted")
    }
}

/// Answers of a real Vault 1.8, recorded.
enum Recording {
    static func response(_ name: String) -> HTTPResponse {
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Recordings/\(name).http")
        guard let text = try? String(contentsOf: url, encoding: .utf8) else { return HTTPResponse(status: 0) }
        let lines = text.replacingOccurrences(of: "\r\n", with: "\n")
        guard let end = lines.range(of: "\n\n") else { return HTTPResponse(status: 0) }
        let status = Int(lines.split(separator: " ")[1].prefix(3)) ?? 0
        var response = HTTPResponse(status: status, body: Array(lines[end.upperBound...].utf8))
        response.timing.total = 0.004
        return response
    }
}

func json(_ status: Int, _ body: String) -> HTTPResponse {
    var response = HTTPResponse(status: status, body: Array(body.utf8))
    response.timing.total = 0.004
    return response
}

/// A platform whose clocks stand still and whose log is collected.
func testPlatform(_ time: any TimeSource = VirtualTime(), log lines: LogLines = LogLines(), level: Logger.Level = .info)
    -> Platform
{
    var log = Logger(label: "test") { _ in LineLogHandler(level: level, write: { lines.add($0) }) }
    log.logLevel = level
    return Platform(time: time, random: SeededRandom(seed: 1), files: SystemFiles(), log: log)
}

extension [Sample] {
    /// The value of the one series that has this name and these labels among its own; nil for none or several.
    func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        let found = filter { sample in
            sample.labels.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }
        return found.count == 1 ? found[0].value : nil
    }

    func has(_ name: String) -> Bool { contains { $0.labels.name == name } }
}

func moment(_ seconds: Double) -> Moment {
    Moment(monotonic: Instant(nanoseconds: Int64(seconds * 1e9)), wall: Timestamp(seconds: 1_795_467_000 + seconds))
}

extension VaultObservation {
    /// An observation of all three endpoints.
    init(health: Exchange, seal: Exchange, leader: Exchange, asked: Moment) {
        self.init(health: health, asked: asked)
        add(seal: seal.answer(SealAnswer.self), leader: leader.answer(LeaderAnswer.self))
    }
}

/// A node's observation from three answers, recorded or made up.
func observation(_ health: HTTPResponse, seal: HTTPResponse? = nil, leader: HTTPResponse? = nil, at seconds: Double = 1)
    -> VaultObservation
{
    let none = Exchange.failure(TransportError(.timeout, "silent"))
    return VaultObservation(
        health: .success(health), seal: seal.map { .success($0) } ?? none, leader: leader.map { .success($0) } ?? none,
        asked: moment(seconds))
}
